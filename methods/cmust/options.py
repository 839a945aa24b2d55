"""The hyper-parameters of CMuST; the defaults are profile `code`: what the authors' code runs."""

from __future__ import annotations

from dataclasses import dataclass

from benchmark import TrainingOptions


@dataclass(frozen=True, kw_only=True)
class CMuSTOptions(TrainingOptions):
    """Widths of MSTI, then the recipe of RoAda. `learning_rate` and `milestones` are those of stages A and D."""

    batch_size: int = 16
    weight_decay: float = 3e-4
    milestones: tuple[int, ...] = (30, 50)

    # channels of the observation embedding (d_obs)
    observation_width: int = 24
    # channels of the coordinate embedding (d_s)
    space_width: int = 12
    # channels of the time-of-day, weekday and calendar embeddings; their sum is d_t
    time_of_day_width: int = 24
    weekday_width: int = 24
    calendar_width: int = 12
    # channels of a task's prompt (d_p)
    prompt_width: int = 72
    # channels of queries, keys and values in the cross layers and in the self layers, whatever d_p is
    cross_width: int = 24
    self_width: int = 168
    # attention heads; an attention width that they do not divide is rounded up
    heads: int = 4
    # hidden channels of the feed-forward parts
    feed_forward_width: int = 256
    # share of channels dropped in training
    dropout: float = 0.1

    # Adam's step size in stages B and C; the least one: short stages raise it (`roada.roll_rate`)
    roll_learning_rate: float = 1e-5
    # delta: a tensor freezes when the variance of each of its elements over a stage's epochs is below this
    stable_variance: float = 1e-6
    # most epochs, and most training windows an epoch, of stage A, of each of B and C, and of D for each task;
    # the run's budget caps them. None: the run's budget
    start_epochs: int | None = None
    start_windows: int | None = None
    roll_epochs: int | None = None
    roll_windows: int | None = None
    refine_epochs: int | None = None
    refine_windows: int | None = None

    @property
    def time_width(self) -> int:
        """d_t."""
        return self.time_of_day_width + self.weekday_width + self.calendar_width

    @property
    def hidden_width(self) -> int:
        """h = d_obs + d_s + d_t + d_p."""
        return self.observation_width + self.space_width + self.time_width + self.prompt_width
