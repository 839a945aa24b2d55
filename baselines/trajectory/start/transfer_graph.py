"""Graph attention over roads whose scores see how often one road follows another (TPE-GAT, card §3)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.layers.dropout import Dropout
from baselines.trajectory.multi_view.road_graph import KeptVectors


class TransferGraph(KeptVectors):
    """Features of nodes -> their vectors, made once for all tokens that ask."""

    def __init__(self, features: Tensor, links: Tensor, shares: Tensor, heads: Sequence[int], head_width: int, width: int,
                 dropout: float) -> None:
        """float32 [node, feature]; int64 [link, 2]; float32 [link] how often it is taken; heads of each layer."""
        # more than a second, which nobody waits for who only asks for a method's options
        from torch_geometric.nn import GATConv

        super().__init__()
        # [2, link]; no trip takes a loop
        loops = torch.arange(len(features)).expand(2, -1)
        self.features = nn.Buffer(features, persistent=False)
        self.links = nn.Buffer(torch.cat([links.T, loops], dim=1), persistent=False)
        self.shares = nn.Buffer(F.pad(shares, (0, len(features)))[:, None])
        self.dropout = Dropout(dropout)
        self.layers, self.skips = nn.ModuleList(), nn.ModuleList()
        entering = features.shape[1]
        for number, many in enumerate(heads):
            last = number == len(heads) - 1
            leaving = width if last else many * head_width
            layer = GATConv(entering, width if last else head_width, many, concat=not last, dropout=dropout, add_self_loops=False,
                            edge_dim=1)
            layer.lin = nn.Sequential(layer.lin, Dropout(dropout))
            self.layers.append(layer)
            # where the widths are equal what enters is added itself; the map is there because the published counts hold it
            skip = nn.Linear(entering, leaving, bias=False)
            nn.init.xavier_uniform_(skip.weight)
            self.skips.append(skip)
            entering = leaving

    def _vectors(self) -> Tensor:
        x = self.features
        for number, (layer, skip) in enumerate(zip(self.layers, self.skips, strict=True)):
            x = self.dropout(x if number == 0 else F.elu(x))
            told = layer(x, self.links, self.shares)
            x = told + (x if x.shape == told.shape else skip(x))
        return x
