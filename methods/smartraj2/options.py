"""The hyper-parameters of SMARTraj2; where paper and code disagree, the default is what the card resolves (card §6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from baselines.trajectory.multi_view.encoder import MultiViewOptions
from benchmark import ranged


@dataclass(frozen=True, kw_only=True)
class SMARTraj2Options(MultiViewOptions):
    """MVTraj's options, then the gates, the two extractors and the weights of the losses."""

    # one network for all cities; without it each city has one of its own, as if it were alone (the paper's Table 6)
    share_cities: bool = True
    # largest factor of a gate (γ); the paper's sweep: 1, 2, 3, 4
    gamma: float = ranged(2.0, above=0)
    # the gate that reads the city's constants
    use_city_gate: bool = True
    # the gate that reads the places of interest at the trip's ends
    use_trajectory_gate: bool = True
    # one gate for both steps (the code, which leaves the second one untrained), not one each (the paper)
    tie_gates: bool = False
    # the joint extractor that all cities share (V)
    use_invariant: bool = True
    # the joint extractor that each city has of its own (M_k); without both the gated views are the vectors
    use_specific: bool = True
    # difference loss: mean of the squared entries of S^T I (the code, at most 0.004 with 64 trips), their sum over B² (in [0, 1]),
    # or the mean squared cosine of a trip's two vectors (in [0, 1])
    diff_reduction: Literal["mean", "batch", "per_sample"] = "mean"
    # weight of the difference loss; 0 is the ablation no_diff_loss
    w1: float = ranged(1.0, least=0)
    # weight of the recovery of masked units
    w2: float = ranged(1.0, least=0)
    # weight of the matching of views
    w3: float = ranged(1.0, least=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tie_gates and not (self.use_city_gate and self.use_trajectory_gate):
            raise ValueError("tie_gates makes one gate of two; it needs use_city_gate and use_trajectory_gate.")
