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
    # channels of the time-of-day embedding; with the next two they make d_t
    time_of_day_width: int = 24
    # channels of the weekday embedding
    weekday_width: int = 24
    # channels of the calendar (timestamp) embedding
    calendar_width: int = 12
    # channels of a task's prompt (d_p)
    prompt_width: int = 72
    # channels of queries, keys and values in the cross layers
    cross_width: int = 24
    # the same in the self layers, whatever d_p is
    self_width: int = 168
    # attention heads; an attention width that they do not divide is rounded up
    heads: int = 4
    # hidden channels of the feed-forward parts
    feed_forward_width: int = 256
    # share of channels dropped in training
    dropout: float = 0.1

    # Adam's step size in stages B and C; short stages raise it (`roada.roll_rate`)
    roll_learning_rate: float = 1e-5
    # delta: a tensor freezes when the variance of each of its elements over a stage's epochs is below this
    stable_variance: float = 1e-6
    # most epochs of stage A; the run's budget caps this and the counts below, None: the run's budget
    start_epochs: int | None = None
    # most training windows an epoch of stage A
    start_windows: int | None = None
    # most epochs of stage B for each task, and of C
    roll_epochs: int | None = None
    # most training windows an epoch of stages B and C
    roll_windows: int | None = None
    # most epochs of stage D for each task
    refine_epochs: int | None = None
    # most training windows an epoch of stage D
    refine_windows: int | None = None
    # most validation windows after an epoch of any stage
    validation_windows: int | None = None

    @property
    def time_width(self) -> int:
        """d_t."""
        return self.time_of_day_width + self.weekday_width + self.calendar_width

    @property
    def hidden_width(self) -> int:
        """h = d_obs + d_s + d_t + d_p."""
        return self.observation_width + self.space_width + self.time_width + self.prompt_width
