"""The hyper-parameters of CMuST. Profile `code`, the default: what the authors' code runs, but for the start of the prompts
(`prompts.initial`). Profile `text`: what the paper says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from benchmark import TrainingOptions, ranged


@dataclass(frozen=True, kw_only=True)
class CMuSTOptions(TrainingOptions):
    """Where paper and code disagree, then widths of MSTI, then the recipe of RoAda. `learning_rate` is that of stages A and D."""

    # what the fields below give way to; obser_dim stays 3 in `text`, since the parameter count it is checked by includes those inputs
    profiles: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "code": {},
        "text": {
            "cross_order": "space_first", "cross_parallel": True, "pos_encoding": True, "self_layers": 1, "attention_scale": "width",
            "head": "fusion", "loss": "huber", "prompt_init": "summary_fc", "freeze_unit": "element"},
    }

    # the authors' code or the text of the paper, wherever they disagree; each of the next options overrides it
    profile: Literal["code", "text"] = "code"
    # which cross layers come first (code: time_first, paper: space_first)
    cross_order: Literal["time_first", "space_first"] = "time_first"
    # both layers of a pair read what was there before them (paper), not the second what the first wrote (code)
    cross_parallel: bool = False
    # add sinusoids over the steps to H before the first layer along time (paper, TCCI; the code defines and never uses them)
    pos_encoding: bool = False
    # self layers along time, and as many along nodes (code: 2, paper: 1)
    self_layers: int = ranged(2, least=0)
    # scores are divided by the root of a head's width (code) or of the whole attention width (paper)
    attention_scale: Literal["head", "width"] = "head"
    # one linear layer (code), or fusion of the slices and a prompt term (paper, appendix B.3)
    head: Literal["linear", "fusion"] = "linear"
    # common width of the fused slices (a disabled draft in the code; the paper gives none)
    fusion_width: int = ranged(256, least=1)
    # ReLU on the fused maps (the same draft); without it the fusion head spans what the linear head spans
    fusion_relu: bool = True
    # training loss over the targets that count: absolute error (code) or Huber's (paper)
    loss: Literal["mae", "huber"] = "mae"
    # where Huber's loss turns linear, in the task's unit (PyTorch's default in a disabled line of the code; the paper gives none)
    huber_delta: float = ranged(1.0, above=0)
    # channels the observation embedding reads: 3 = value, time of day, weekday (code), 1 = value (paper, section 4.1)
    obser_dim: int = ranged(3, least=1, most=3)
    # what freezes at once: tensor_all (code), element (paper, equation 11), tensor_mean (algorithm 1), none (the ablation no_consistency)
    freeze_unit: Literal["tensor_all", "element", "tensor_mean", "none"] = "tensor_all"
    # prompts: a summary copied into a free parameter, P = FC_p(S) in each pass (paper), Xavier-uniform (older code), the source's file
    # (code), or no prompt at all
    prompt_init: Literal["summary", "summary_fc", "xavier", "file", "none"] = "summary"
    # days that a summary averages: the training rows, or all of the series (paper; it shows the test part)
    prompt_fit: Literal["train", "all"] = "train"
    # the order in which tasks are learnt, each named once (code: a directory listing); empty: the suite's order
    task_order: tuple[str, ...] = ()
    # the cross layers are there; false is the ablation no_context_interaction
    context_interaction: bool = True

    batch_size: int = 16
    weight_decay: float = 3e-4
    milestones: tuple[int, ...] = (30, 50)

    # channels of the observation embedding (d_obs)
    observation_width: int = ranged(24, least=1)
    # channels of the coordinate embedding (d_s)
    space_width: int = ranged(12, least=1)
    # channels of the time-of-day embedding; with the next two they make d_t
    time_of_day_width: int = ranged(24, least=1)
    # channels of the weekday embedding
    weekday_width: int = ranged(24, least=1)
    # channels of the calendar (timestamp) embedding
    calendar_width: int = ranged(12, least=1)
    # channels of a task's prompt (d_p)
    prompt_width: int = ranged(72, least=1)
    # channels of queries, keys and values in the cross layers
    cross_width: int = ranged(24, least=1)
    # the same in the self layers, whatever d_p is
    self_width: int = ranged(168, least=1)
    # attention heads; an attention width that they do not divide is rounded up
    heads: int = ranged(4, least=1)
    # hidden channels of the feed-forward parts
    feed_forward_width: int = ranged(256, least=1)
    # share of channels dropped in training
    dropout: float = ranged(0.1, least=0, below=1)

    # Adam's step size in stages B and C; short stages raise it (`roada.roll_rate`)
    roll_learning_rate: float = ranged(1e-5, above=0)
    # delta: what varies less than this over a stage's epochs freezes, in the unit that freeze_unit names
    stable_variance: float = ranged(1e-6, least=0)
    # most epochs of stage A; the run's budget caps this and the counts below, None: the run's budget
    start_epochs: int | None = ranged(None, least=1)
    # most training windows an epoch of stage A
    start_windows: int | None = ranged(None, least=1)
    # most epochs of stage B for each task, and of C
    roll_epochs: int | None = ranged(None, least=1)
    # most training windows an epoch of stages B and C
    roll_windows: int | None = ranged(None, least=1)
    # most epochs of stage D for each task
    refine_epochs: int | None = ranged(None, least=1)
    # most training windows an epoch of stage D
    refine_windows: int | None = ranged(None, least=1)
    # most validation windows after an epoch of any stage
    validation_windows: int | None = ranged(None, least=1)

    def __post_init__(self) -> None:
        if self.obser_dim not in (1, 3):
            raise ValueError(f"obser_dim is 1 (the value) or 3 (value, time of day, weekday), got {self.obser_dim}.")

    @property
    def time_width(self) -> int:
        """d_t."""
        return self.time_of_day_width + self.weekday_width + self.calendar_width

    @property
    def slice_widths(self) -> tuple[int, int, int, int]:
        """d_obs, d_s, d_t, d_p; without prompts d_p is 0."""
        return self.observation_width, self.space_width, self.time_width, 0 if self.prompt_init == "none" else self.prompt_width

    @property
    def hidden_width(self) -> int:
        """h = d_obs + d_s + d_t + d_p."""
        return sum(self.slice_widths)
