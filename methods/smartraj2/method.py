"""SMARTraj2: one encoder for the trips of several cities.

Qian, Li, Chen, Cong, Shao, Zhang, Sun, Wang, Xu, "SMARTraj2: A Stable Multi-City Adaptive Method for Multi-View Spatio-Temporal
Trajectory Representation Learning", NeurIPS 2025. Own code from a description of the paper and of https://github.com/sljhhy/SMARTraj,
which has no licence. Against that code: graph attention is on, cells learn, two gates are two, a negative is never the positive, the
softmax over interval bins is over the bins, padding is never seen, and the schedule is the paper's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor, nn

from baselines.trajectory.multi_view.encoder import HALF_VIEWS, NARROW_VIEWS, TINY_VIEWS, MultiViewEncoder
from baselines.trajectory.pretraining import SMALL_STEPS
from benchmark import TrajectoryProblem, Trips
from methods.smartraj2.losses import loss_terms
from methods.smartraj2.network import CitiesApart, SMARTraj2Network
from methods.smartraj2.options import SMARTraj2Options


class SMARTraj2(MultiViewEncoder):
    """Scope `cities`."""

    Options = SMARTraj2Options
    presets: ClassVar = {
        "smoke": {**TINY_VIEWS, "epochs": 1, "warm_up_epochs": 1},
        # smaller steps than the other encoders: travel times were better for it in both cities, on validation trips
        "quick": {**NARROW_VIEWS, **SMALL_STEPS, "learning_rate": 3e-4},
        "medium": {**HALF_VIEWS, **SMALL_STEPS, "learning_rate": 3e-4},
    }
    # docs/search.md
    trials: ClassVar = {"quick": 2}
    ablations: ClassVar = {
        "no_diff_loss": {"w1": 0.0},
        "no_gating": {"use_city_gate": False, "use_trajectory_gate": False},
        "no_grid": {"views": ("gps", "route")},
        "no_gps": {"views": ("route", "grid")},
        "no_route": {"views": ("gps", "grid")},
        "no_invariant_specific": {"use_invariant": False, "use_specific": False},
        "no_gating_specific": {"use_city_gate": False, "use_trajectory_gate": False, "use_specific": False},
        "single_city": {"share_cities": False},
        # figures 3 and 5, with probe=finetune: the encoder learns from its first weights
        "no_pretraining": {"pretrain": False},
    }
    ablation_suite = "chengdu-xian"
    # figures 4 and 6; w1 against w2 = 1. gamma 2 and equal weights are the paper's best
    sweeps: ClassVar = {"gamma": (1.0, 2.0, 3.0, 4.0), "w1": (0.1, 0.5, 1.0, 5.0, 10.0)}
    options: SMARTraj2Options
    network: SMARTraj2Network | CitiesApart

    def build_network(self, problem: TrajectoryProblem) -> nn.Module:
        return (SMARTraj2Network if self.options.share_cities else CitiesApart)(self.options, problem)

    def losses(self, trips: Trips) -> Mapping[str, Tensor]:
        return loss_terms(self.network.of(trips.city), trips, self.options)

    def road_tables(self) -> Mapping[str, Tensor]:
        tables = {city: self.network.of(city).city(city).roads for city in self.problem.cities}
        return {city: roads.table.weight for city, roads in tables.items() if roads is not None}
