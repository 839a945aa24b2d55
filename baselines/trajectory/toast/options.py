"""The hyper-parameters of Toast; (V): the paper does not say, a public reimplementation does (VecCity, Apache-2.0)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from baselines.trajectory.toast.pairs import SHORTEST
from baselines.trajectory.trip_vector import TripVectorOptions
from benchmark import EncoderOptions, ranged


@dataclass(frozen=True, kw_only=True)
class ToastOptions(EncoderOptions, TripVectorOptions):
    """2.9 million numbers at Xi'an's 4,996 roads: 1.3 of the skip-gram, 1.6 of the Transformer with its heads."""

    # most epochs over the unlabelled trips, in stage 2 (V)
    epochs: int = 100
    # trips a step of stage 2; as many walks stand beside them: 64 sequences, half of them trips (V)
    batch_size: int = 32
    # Adam's step size in stage 2 (V)
    learning_rate: float = 5e-4
    # numbers of a road's vector, and of a token (paper)
    width: int = ranged(128, least=1)
    # hidden numbers of a Transformer layer's feed-forward part (V)
    feed_forward_width: int = ranged(128, least=1)
    # Transformer layers (V)
    layers: int = ranged(2, least=1)
    # attention heads (V)
    heads: int = ranged(4, least=1)
    # places of a sequence that have a vector of their own; later ones share the last (V)
    places: int = ranged(150, least=1)
    # share of numbers dropped, attention weights included (V)
    dropout: float = ranged(0.1, least=0, below=1)
    # share of a sequence's roads, in a row, that are masked (V); the sweep: 0.15 to 0.4
    mask_share: float = ranged(0.25, least=0, most=1)
    # walks from every road, in stage 1 (V)
    walks: int = ranged(20, least=1)
    # roads of the longest walk, in both stages; the shortest has 5 (V)
    walk_length: int = ranged(100, least=SHORTEST)
    # passes over these walks (V)
    walk_epochs: int = ranged(4, least=1)
    # pairs of roads a step of stage 1 (ours)
    pairs: int = ranged(128, least=1)
    # step size of stage 1 at its start; it falls to 0 by a line, epoch by epoch (word2vec's own; V: 0.1 with the mean)
    walk_rate: float = ranged(0.025, above=0)
    # loss of a step of stage 1: over its pairs, their sum (word2vec's own) or their mean (V)
    walk_loss: Literal["sum", "mean"] = "sum"
    # most roads between a road and its context, on each side (V)
    window: int = ranged(5, least=1)
    # metres of road after which the context ends, on each side (V)
    reach_m: float = ranged(1000.0, above=0)
    # noise roads a pair (V)
    negatives: int = ranged(10, least=1)
    # the road's class is an indicator of traffic context, as in (V); such a fit has no road_label
    road_class: bool = False
