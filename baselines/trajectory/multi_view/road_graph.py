"""Graph attention over the line graph of roads (Veličković et al., ICLR 2018), one head, own implementation."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NEGATIVE_SLOPE = 0.2


class GraphAttention(nn.Module):
    """out_j = Σ_i softmax_i(LeakyReLU(a·W h_i + b·W h_j)) W h_i + bias over the links i -> j and j itself.

    Outputs and gradients are those of torch-geometric's `GATConv` with one head and the same weights (test_graph_attention.py).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(width, width))
        # of the road that gives, and of the road that takes
        self.giving, self.taking = nn.Parameter(torch.empty(1, width)), nn.Parameter(torch.empty(1, width))
        self.bias = nn.Parameter(torch.zeros(width))
        for parameter in (self.weight, self.giving, self.taking):
            nn.init.xavier_uniform_(parameter)

    def forward(self, x: Tensor, links: Tensor) -> Tensor:
        """[road, width], int64 [link, 2] with self loops -> [road, width]."""
        h = F.linear(x, self.weight)
        source, target = links.unbind(1)
        scores = (h @ self.giving[0])[source] + (h @ self.taking[0])[target]
        # softmax in float32 at least, whatever the matrix products were made in
        scores = F.leaky_relu(scores.to(torch.promote_types(scores.dtype, torch.float32)), NEGATIVE_SLOPE)
        # the largest score of each road is taken off: the softmax stays as it is, and exp stays finite
        top = scores.new_full((len(x),), -torch.inf).scatter_reduce(0, target, scores.detach(), "amax")
        weight = torch.exp(scores - top[target])
        total = torch.zeros_like(top).index_add(0, target, weight)
        share = weight / total[target]
        return torch.zeros_like(h, dtype=share.dtype).index_add(0, target, share[:, None] * h.index_select(0, source)) + self.bias


class RoadGraph(nn.Module):
    """A road table, and graph attention over it: the vectors of all roads, made once for all tokens that ask.

    Without gradients and in evaluation the vectors are kept until a weight changes.
    """

    def __init__(self, roads: int, links: Tensor, width: int, layers: int, edge_dropout: float) -> None:
        """links: int64 [link, 2]; in training each is left out with probability `edge_dropout`, self loops never. No layers: the table."""
        super().__init__()
        self.table = nn.Embedding(roads, width)
        self.layers = nn.ModuleList(GraphAttention(width) for _ in range(layers))
        self.edge_dropout = edge_dropout
        self.links = nn.Buffer(links[links[:, 0] != links[:, 1]], persistent=False)
        self.loops = nn.Buffer(torch.arange(roads)[:, None].expand(-1, 2).contiguous(), persistent=False)
        self._kept: tuple[tuple[object, ...], Tensor] | None = None

    def forward(self) -> Tensor:
        """[road, width]."""
        if self.training or torch.is_grad_enabled():
            self._kept = None
            return self._vectors()
        lower = torch.is_autocast_enabled(self.table.weight.device.type)
        state = (lower, *((weight.data_ptr(), weight._version) for weight in self.parameters()))
        if self._kept is None or self._kept[0] != state:
            self._kept = state, self._vectors()
        return self._kept[1]

    def _vectors(self) -> Tensor:
        x, kept = self.table.weight, torch.ones(len(self.links), dtype=torch.bool, device=self.links.device)
        if self.training and self.edge_dropout:
            kept = torch.rand(len(self.links), device=self.links.device) >= self.edge_dropout
        links = torch.cat([self.links[kept], self.loops])
        for layer in self.layers:
            x = F.relu(layer(x, links))
        return x
