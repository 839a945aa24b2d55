"""STAEformer step by step as its card says (staeformer.md §3), on the weights of the fast form."""

from __future__ import annotations

import torch
from plain.axis import plain_layer
from torch import Tensor

from baselines.forecasting.staeformer import STAEformerNetwork


def plain_staeformer(network: STAEformerNetwork, x: Tensor) -> Tensor:
    """[batch, step, node, (value, time of day in [0, 1), weekday 0 … 6)] → [batch, horizon, node]."""
    batch, steps, nodes, _ = x.shape
    slot = torch.floor(x[..., 1] * len(network.slot) + 1e-4).long()
    parts = [x @ network.input.weight.T + network.input.bias, network.slot[slot], network.weekday[x[..., 2].round().long()],
             network.adaptive.expand(batch, steps, nodes, -1)]
    hidden = torch.cat(parts, dim=-1)
    for layer in network.over_steps:
        hidden = plain_layer(layer, hidden.transpose(1, 2)).transpose(1, 2)
    for layer in network.over_nodes:
        hidden = plain_layer(layer, hidden)
    flat = hidden.transpose(1, 2).reshape(batch, nodes, -1)
    return (flat @ network.readout.weight.T + network.readout.bias).transpose(1, 2)
