"""The two gates in front of the joint extractors: by city, then by trip (paper eq. 7-12, card §3.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from baselines.trajectory.multi_view.streams import Stream
from methods.smartraj2.city_features import FEATURES
from methods.smartraj2.options import SMARTraj2Options


class Gate(nn.Module):
    """δ = γ · σ(W2 ReLU(W1 [c ‖ z] + b1) + b2)."""

    def __init__(self, context: int, width: int, gamma: float) -> None:
        super().__init__()
        self.hidden, self.factor = nn.Linear(context + width, width), nn.Linear(width, width)
        self.gamma = gamma

    def forward(self, context: Tensor, z: Tensor) -> Tensor:
        """[trip, context], [trip, streams · width] without gradients -> factors like z in (0, γ)."""
        return self.gamma * torch.sigmoid(self.factor(torch.relu(self.hidden(torch.cat([context, z], dim=1)))))


class Gates(nn.Module):
    """Both gates, over all streams at once; without one of them its step is left out."""

    def __init__(self, options: SMARTraj2Options, streams: Sequence[str], constants: Mapping[str, Tensor]) -> None:
        """constants: city -> [25]."""
        super().__init__()
        for city, numbers in constants.items():
            self.register_buffer(f"constants_{city}", numbers)
        o, width = options, options.width
        self.streams = tuple(streams)
        self.tied = o.tie_gates

        def context(inputs: int) -> nn.Module:
            return nn.Sequential(nn.Linear(inputs, o.embedding_width), nn.ReLU(), nn.Linear(o.embedding_width, width))

        def gate() -> Gate:
            return Gate(width, width * len(streams), o.gamma)

        self.city_context = context(FEATURES) if o.use_city_gate else None
        self.city_gate = gate() if o.use_city_gate else None
        self.trip_context = context(2 * o.embedding_width) if o.use_trajectory_gate else None
        self.trip_gate = gate() if o.use_trajectory_gate and not o.tie_gates else None

    def forward(self, streams: Mapping[str, Stream], city: str, ends: Tensor) -> dict[str, Stream]:
        """Streams of trips of a city, [trip, 2 · embedding width] of the trips' ends -> streams, gated by city, then by trip."""
        gated = dict(streams)
        if self.city_context is not None:
            assert self.city_gate is not None
            context = self.city_context(self.get_buffer(f"constants_{city}"))
            gated = self._gated(self.city_gate, context.expand(len(ends), -1), gated)
        if self.trip_context is not None:
            # DEVIATION: the authors' code applies the city's gate again and leaves this one untrained (card §6, row 4): `tie_gates`.
            gate = self.city_gate if self.tied else self.trip_gate
            assert gate is not None
            gated = self._gated(gate, self.trip_context(ends), gated)
        return gated

    def _gated(self, gate: Gate, context: Tensor, streams: Mapping[str, Stream]) -> dict[str, Stream]:
        """Each stream's pooled vectors and tokens times its part of the factors; the gate learns from z, z not from the gate."""
        z = torch.cat([streams[stream].pooled for stream in self.streams], dim=1).detach()
        gated = {}
        for name, factor in zip(self.streams, gate(context, z).chunk(len(self.streams), dim=1), strict=True):
            one = streams[name]
            gated[name] = Stream(one.pooled * factor, one.tokens * factor.index_select(0, one.layout.sequence), one.layout)
        return gated
