"""SMARTraj2: one encoder for the trips of several cities.

Qian, Li, Chen, Cong, Shao, Zhang, Sun, Wang, Xu, "SMARTraj2: A Stable Multi-City Adaptive Method for Multi-View Spatio-Temporal
Trajectory Representation Learning", NeurIPS 2025. Own code from a description of the paper and of https://github.com/sljhhy/SMARTraj,
which has no licence. Against that code: graph attention is on, cells learn, two gates are two, a negative is never the positive, the
softmax over interval bins is over the bins, padding is never seen, and the schedule is the paper's.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from baselines.trajectory.multi_view.encoder import MultiViewEncoder
from benchmark import TrajectoryProblem, Trips
from methods.smartraj2.losses import loss_terms
from methods.smartraj2.network import CitiesApart, SMARTraj2Network
from methods.smartraj2.options import SMARTraj2Options


class SMARTraj2(MultiViewEncoder):
    """Scope `cities`."""

    Options = SMARTraj2Options
    options: SMARTraj2Options
    network: SMARTraj2Network | CitiesApart

    def build_network(self, problem: TrajectoryProblem) -> nn.Module:
        return (SMARTraj2Network if self.options.share_cities else CitiesApart)(self.options, problem)

    def losses(self, trips: Trips) -> Mapping[str, Tensor]:
        return loss_terms(self.network.of(trips.city), trips, self.options)

    def road_tables(self) -> Mapping[str, Tensor]:
        tables = {city: self.network.of(city).city(city).roads for city in self.problem.cities}
        return {city: roads.table.weight for city, roads in tables.items() if roads is not None}
