"""START's options. Defaults are the released configurations of the authors' code (card §3-5), which the paper describes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from baselines.trajectory.pretraining import PretrainingOptions
from benchmark import ranged

View = Literal["trim", "shift", "mask", "dropout"]


@dataclass(frozen=True, kw_only=True)
class StartOptions(PretrainingOptions):
    """6.7 million numbers at Xi'an's 4,996 roads."""

    epochs: int = 30
    learning_rate: float = 2e-4
    weight_decay: float = 0.01
    clip_norm: float = 5.0
    # epochs over which the step size rises, of all `epochs`; where fewer are planned, the same share of these
    warm_up_epochs: int = 4
    # mean number of consecutive roads that are masked together
    mask_length: int = 2
    # share of a trip's roads that are masked
    mask_probability: float = 0.15
    feed_forward_width: int = 1024
    # places of a trip that have a vector of their own (sines and cosines); later ones share the last
    places: int = 512
    # share of numbers dropped in the graph attention and in the Transformer, attention weights included
    dropout: float = 0.1
    # Transformer blocks
    layers: int = ranged(6, least=1)
    # attention heads of a block
    heads: int = ranged(8, least=1)
    # probability with which the last block's two branches are skipped for a trip; it rises linearly from 0 at the first
    depth_dropout: float = ranged(0.3, least=0, below=1)
    # attention heads of each layer over the road graph
    graph_heads: tuple[int, ...] = ranged((8, 16, 1), least=1)
    # numbers of such a head; in the last layer `width`
    graph_width: int = ranged(16, least=1)
    # how often road j follows road i, as a share of all arrivals at j (the code), or of all departures from i (the paper)
    transfer: Literal["in", "out"] = "in"
    # weight of recovering masked roads in the loss; the rest is that of telling the two views of a trip from other trips'
    recovery_share: float = ranged(0.6, least=0, most=1)
    # divides the similarities of views
    temperature: float = ranged(0.05, above=0)
    # how each of the two views of a trip is made: a run of its roads cut off, some roads driven faster or slower, roads masked, or nothing
    # but the network's own dropout
    views: tuple[View, ...] = ("trim", "shift")
    # read the class of roads as the authors do; road_label, which asks for it, is then not scored
    road_class: bool = False

    def __post_init__(self) -> None:
        if len(self.views) != 2:
            raise ValueError(f"views names two ways to change a trip, got {','.join(self.views) or 'none'}.")
        if not self.graph_heads:
            raise ValueError("graph_heads names the heads of at least one layer.")
        most = self.mask_length / (1 + self.mask_length)
        if self.mask_probability > most:
            raise ValueError(f"Runs of {self.mask_length} masked roads on average, each between others, cover {most:.0%} of a trip at "
                             f"most, got mask_probability={self.mask_probability:g}.")
