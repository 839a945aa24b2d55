"""Which road or cell was masked? Logits are made at masked units only (SMARTraj2 card §3.8, §4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from baselines.trajectory.masking import masked_mean
from baselines.trajectory.multi_view.streams import UNITS


class UnitRecovery(nn.Module):
    """One linear head a stream, to the roads or the cells of a city; used for every version of the stream's tokens."""

    def __init__(self, streams: Sequence[str], width: int, sizes: Mapping[str, int]) -> None:
        """sizes: how many units each view has."""
        super().__init__()
        self.heads = nn.ModuleDict({stream: nn.Linear(width, sizes[UNITS[stream]]) for stream in streams})

    def forward(self, versions: Sequence[Mapping[str, Tensor]], numbers: Mapping[str, Tensor], masked: Mapping[str, Tensor],
                ) -> list[dict[str, Tensor]]:
        """Stream -> loss for each version.

        versions: each stream -> [unit, width] tokens; numbers, masked: view -> int64 and bool [unit].
        """
        losses: list[dict[str, Tensor]] = [{} for _ in versions]
        for stream, head in self.heads.items():
            where = masked[UNITS[stream]].nonzero()[:, 0]
            labels = numbers[UNITS[stream]][where]
            for loss, version in zip(losses, versions, strict=True):  # one at a time: the logits are the largest tensors of a step
                loss[stream] = masked_mean(head(version[stream].index_select(0, where)), labels)
        return losses
