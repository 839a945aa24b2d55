"""Everything that can be set in STEP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from baselines.forecasting.gwnet import GWNETOptions
from benchmark import ranged


@dataclass(frozen=True, kw_only=True)
class STEPOptions(GWNETOptions):
    """The authors' sizes of TSFormer, graph and back-end (whose options are `gwnet`'s); the recipe of METR-LA but for rate and curriculum.

    DEVIATION: time of day and weekday beside the values, as every method here is given them (`ChannelOptions`); the authors cut the
    weekday off (`inputs=paper`). `channels` counts the values of all tasks as one. TSFormer reads values alone, as theirs.
    """

    paper_channels = 2

    # days that end with the window, which TSFormer reads (paper: 7, and 14 for the small PEMS sets)
    history_days: int = ranged(7, least=1)
    # L: steps that make one token (paper: 12)
    patch: int = ranged(12, least=1)
    # what stands for days that begin before the series does: all zeros (code), or zeros only where the series lacks (pad)
    short_history: Literal["zeros", "pad"] = "zeros"

    # d: channels of a token (paper: 96)
    state_width: int = ranged(96, least=1)
    # attention heads; they divide the width (paper: 4)
    heads: int = ranged(4, least=1)
    # hidden channels of the feed-forward parts (paper: four times the width)
    feed_forward_width: int = ranged(384, least=1)
    # attention layers of the encoder (paper: 4)
    encoder_layers: int = ranged(4, least=1)
    # attention layers of the decoder, which pre-training alone uses (paper: 1)
    decoder_layers: int = ranged(1, least=1)
    # rows of the table of positions; at least as many as tokens (code)
    positions: int = ranged(1000, least=2)
    # r: share of the tokens that pre-training hides (paper: 0.75)
    masked_share: float = ranged(0.75, above=0, below=1)
    # share of TSFormer's channels and attention weights zeroed in training (code)
    state_dropout: float = ranged(0.1, least=0, below=1)
    # whether that dropout rests while the back-end is trained: the paper's frozen TSFormer, whose word on a window is then computed once.
    # The authors' code leaves it on (False).
    tsformer_eval: bool = False

    # channels of a node's feature from the whole training series, and of a pair of nodes (code)
    edge_width: int = ranged(100, least=1)
    # k: the graph that guides the learned one has k · N edges (paper: 10)
    neighbours: int = ranged(10, least=1)
    # of the Gumbel-softmax that draws edges (code)
    temperature: float = ranged(0.5, above=0)
    # the graph when nothing is trained. DEVIATION: the edges' probabilities, for one window has one forecast; the authors' code goes on
    # drawing, and forecasts differ from pass to pass (sample: one draw, always the same). argmax: edges more likely than not.
    evaluation_graph: Literal["expectation", "argmax", "sample"] = "expectation"
    # hidden channels on TSFormer's way to the back-end (code)
    context_width: int = ranged(512, least=1)

    # Adam's step size in pre-training (code: METR-LA)
    pretraining_rate: float = ranged(5e-4, above=0)
    # share of the planned epochs after which it is halved (code: 50 of 100)
    pretraining_half: float = ranged(0.5, least=0, most=1)
    # windows a step of pre-training (code: METR-LA)
    pretraining_batch: int = ranged(8, least=1)
    # largest global gradient norm there; 0: no clipping (code)
    pretraining_clip: float = ranged(5.0, least=0)
    # most epochs of pre-training; the run's budget caps this and the next, None: the run's budget
    pretraining_epochs: int | None = ranged(None, least=1)
    # most windows an epoch of pre-training
    pretraining_windows: int | None = ranged(None, least=1)

    batch_size: int = 32
    weight_decay: float = 1e-5
    clip_norm: float = 3.0
    milestones: tuple[int, ...] = (1, 18, 36, 54, 72)
    decay: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.state_width % self.heads:
            raise ValueError(f"heads must divide state_width, {self.state_width}, got heads={self.heads}.")
