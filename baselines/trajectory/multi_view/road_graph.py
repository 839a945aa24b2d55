"""Graph attention over the line graph of roads (Veličković et al., ICLR 2018)."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class KeptVectors(nn.Module, ABC):
    """The vectors of all roads, made once for all tokens that ask: without gradients and in evaluation kept until a weight changes."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: tuple[tuple[object, ...], Tensor] | None = None

    def forward(self) -> Tensor:
        """[road, width]."""
        if self.training or torch.is_grad_enabled():
            self._kept = None
            return self._vectors()
        weights = [*self.parameters(), *self.buffers()]
        lower = torch.is_autocast_enabled(weights[0].device.type)
        state = (lower, *((weight.data_ptr(), weight._version) for weight in weights))
        if self._kept is None or self._kept[0] != state:
            self._kept = state, self._vectors()
        return self._kept[1]

    @abstractmethod
    def _vectors(self) -> Tensor:
        """[road, width], made anew."""


class RoadGraph(KeptVectors):
    """A road table, and graph attention over it."""

    def __init__(self, roads: int, links: Tensor, width: int, layers: int, edge_dropout: float, table: nn.Embedding | None = None) -> None:
        """links: int64 [link, 2]; in training each is left out with probability `edge_dropout`, self loops never. No layers: the table.

        table: another graph's, for two graphs of the same roads.
        """
        # more than a second, which nobody waits for who only asks for a method's options
        from torch_geometric.nn import GATConv

        super().__init__()
        self.table = nn.Embedding(roads, width) if table is None else table
        self.layers = nn.ModuleList(GATConv(width, width, add_self_loops=False) for _ in range(layers))
        self.edge_dropout = edge_dropout
        # both [2, link]; loops are given to the layers, which would look for them anew at every call
        self.links = nn.Buffer(links[links[:, 0] != links[:, 1]].T.contiguous(), persistent=False)
        self.loops = nn.Buffer(torch.arange(roads).expand(2, -1).contiguous(), persistent=False)

    def with_every_link(self) -> Tensor:
        """[road, width]; none is left out, in training neither."""
        return self._attended(self.links) if self.training else self()

    def _vectors(self) -> Tensor:
        if not (self.training and self.edge_dropout):
            return self._attended(self.links)
        kept = torch.rand(self.links.shape[1], device=self.links.device) >= self.edge_dropout
        return self._attended(self.links[:, kept])

    def _attended(self, links: Tensor) -> Tensor:
        x, links = self.table.weight, torch.cat([links, self.loops], dim=1)
        for layer in self.layers:
            x = F.relu(layer(x, links))
        return x
