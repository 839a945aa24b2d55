"""From H to the horizon: the authors' linear layer, or the fusion of the paper's appendix B.3."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from methods.cmust.options import CMuSTOptions


class LinearHead(nn.Linear):
    """Reads the steps of a node in order.

    DEVIATION: the fusion head of appendix B.3 is not in the authors' code.
    """

    def __init__(self, options: CMuSTOptions, history: int, horizon: int) -> None:
        super().__init__(history * options.hidden_width, horizon)

    def forward(self, h: Tensor) -> Tensor:
        """[batch, node, step, h] -> [batch, node, horizon]."""
        return super().forward(h.flatten(2))


class FusionHead(nn.Module):
    """Z = K_o(H_o) + K_s(H_s) + K_t(H_t), Y = FC_y(Z W_z + H_p W_p); K and W act on single positions.

    DEVIATION: the common width and the ReLUs (on each K, on H_p and on both terms) are those of a disabled draft in the authors' code.
    """

    def __init__(self, options: CMuSTOptions, history: int, horizon: int) -> None:
        super().__init__()
        self.widths, self.relu = options.slice_widths, options.fusion_relu
        *fused, prompt = self.widths
        self.slices = nn.ModuleList(nn.Linear(width, options.fusion_width) for width in fused)
        self.fused = nn.Linear(options.fusion_width, options.hidden_width)
        self.prompt = nn.Linear(prompt, options.hidden_width) if prompt else None
        self.output = nn.Linear(history * options.hidden_width, horizon)

    def forward(self, h: Tensor) -> Tensor:
        """[batch, node, step, h] -> [batch, node, horizon]."""
        *slices, p = h.split(self.widths, dim=-1)
        terms = self._rectify(self.fused(sum(self._rectify(k(x)) for k, x in zip(self.slices, slices, strict=True))))
        if self.prompt is not None:
            terms = terms + self._rectify(self.prompt(self._rectify(p)))
        return self.output(terms.flatten(2))

    def _rectify(self, x: Tensor) -> Tensor:
        return F.relu(x) if self.relu else x
