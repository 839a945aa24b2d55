"""Sizes, prompts and recipe of PromptST."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from baselines.forecasting.channels import ChannelOptions
from benchmark import ranged


@dataclass(frozen=True, kw_only=True)
class PromptSTOptions(ChannelOptions):
    """What the authors' scripts run; `batch_size`, `learning_rate`, milestones and decays are those of both phases, but for `tuning_rate`.

    DEVIATION: the three channels of `inputs=full` go through the same map as the authors' one, which takes any number of them.
    DEVIATION: windows are shuffled, as the protocol does it for every method; the authors' scripts leave them in order.
    """

    paper_channels = 1

    # prompt: pre-training, then prompts and a head a task; full: pre-training alone, whose one head answers all (authors' code)
    mode: Literal["prompt", "full"] = "prompt"
    # channels of all layers; both numbers of heads divide them (paper: d)
    width: int = ranged(32, least=1)
    # attention layers over the steps, and then as many over the nodes (authors' scripts; the defaults of their classes say 6)
    layers: int = ranged(2, least=1)
    # attention heads over the steps (authors' code)
    step_heads: int = ranged(4, least=1)
    # attention heads over the nodes (authors' code)
    node_heads: int = ranged(8, least=1)
    # hidden channels of the feed-forward parts, in widths (authors' code)
    expansion: int = ranged(4, least=1)
    # share of each part's outputs zeroed in training, in both phases (authors' code: none)
    dropout: float = ranged(0.0, least=0, below=1)
    # rows of the table of step positions, of which the window's are used (authors' code)
    step_rows: int = ranged(300, least=1)
    # rows of the table of node positions, at least the city's nodes (authors' code)
    node_rows: int = ranged(500, least=1)
    # learn both tables (paper), instead of leaving them as they were drawn (authors' code, by accident of reading the tables' raw data)
    learn_positions: bool = False
    # prompt tokens of each node beside the steps, a layer (authors' scripts: family st)
    st_tokens: int = ranged(2, least=0)
    # prompt tokens beside the steps, a layer, the same for all nodes (authors' code: family attr_temp, off in the scripts)
    temporal_tokens: int = ranged(0, least=0)
    # prompt tokens beside the nodes, a layer (authors' code: family attr_spa, off in the scripts)
    spatial_tokens: int = ranged(0, least=0)
    # how prompts start (authors' code: the first)
    prompt_init: Literal["xavier_normal", "xavier_uniform", "kaiming", "uniform", "normal", "ones"] = "xavier_normal"
    # a task's head in tuning: drawn anew (authors' code), or the pre-trained one (ours)
    head: Literal["new", "copied"] = "new"
    # of z-scored values: root of the mean square + mean absolute error (authors' code), or the latter alone (ours)
    loss: Literal["rmse_mae", "masked_mae"] = "rmse_mae"
    learning_rate: float = 3e-3
    # learning rate of prompts and heads at the start (authors' scripts: 1e-3 for taxis, 3e-3 for complaints)
    tuning_rate: float = ranged(1e-3, above=0)
    weight_decay: float = 1e-6

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("step_heads", "node_heads"):
            if self.width % getattr(self, name):
                raise ValueError(f"{name} must divide width={self.width}, got {name}={getattr(self, name)}.")
