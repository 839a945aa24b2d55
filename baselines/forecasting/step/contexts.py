"""What a TSFormer that is at rest says of each window, computed once in a fit."""

from __future__ import annotations

import torch
from torch import Tensor

from baselines.forecasting.step.network import STEPNetwork
from benchmark import Windows

# bytes that may be kept; above, every window is looked at whenever it is drawn
MOST = 2**31
# windows looked at together
TOGETHER = 16


class Contexts:
    """The last states and the alike nodes of windows (`STEPNetwork.look`), from memory where TSFormer rests and they fit."""

    def __init__(self, network: STEPNetwork, windows: Windows, starts: Tensor, first: int = 0) -> None:
        """starts: those that may be asked for. first: the first whose days the series has."""
        nodes = windows.values.shape[1]
        self.network, self.windows, self.first = network, windows, first
        self.kept = network.options.tsformer_eval and len(starts) * nodes * (4 * network.options.state_width + nodes) <= MOST
        if self.kept:
            network.tsformer.eval()
            # always in these batches, so that a resumed fit has the same bits
            looks = [self._look(some) for some in starts.split(TOGETHER)]
            self.state, self.alike = (torch.cat(parts) for parts in zip(*looks, strict=True))
            self.place = torch.full((len(windows),), -1, device=starts.device)
            self.place[starts] = torch.arange(len(starts), device=starts.device)

    def of(self, starts: Tensor) -> tuple[Tensor, Tensor]:
        """[batch, node, width], bool [batch, node, node] of these windows."""
        if not self.kept:
            return self._look(starts)
        place = self.place[starts]
        return self.state[place], self.alike[place]

    def _look(self, starts: Tensor) -> tuple[Tensor, Tensor]:
        return self.network.look(self.windows.inputs(starts), starts < self.first)
