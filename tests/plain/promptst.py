"""PromptST step by step as its card says (promptst.md §3), on the weights of the fast form: all steps of all layers, prompts at the end."""

from __future__ import annotations

import torch
from plain.axis import plain_layer
from torch import Tensor

from baselines.forecasting.promptst.network import Backbone, Tuned


def plain_promptst(backbone: Backbone, x: Tensor, tuned: Tuned | None = None) -> Tensor:
    """[batch, step, node, channel] → [batch, horizon, node]."""
    tokens = dict(tuned.tokens) if tuned else {}
    batch, steps, nodes, _ = x.shape
    x = x @ backbone.input.weight.T + backbone.input.bias + backbone.steps[:steps, None]
    for k, layer in enumerate(backbone.over_steps):
        rows = [x]
        if "st" in tokens:
            rows.append(tokens["st"][k].expand(batch, -1, -1, -1))
        if "temporal" in tokens:
            rows.append(tokens["temporal"][k][:, None].expand(batch, -1, nodes, -1))
        x = plain_layer(layer, torch.cat(rows, dim=1).transpose(1, 2)).transpose(1, 2)[:, :steps]
    x = x[:, -1] + plain_sinusoids(nodes, x.shape[-1]) + backbone.nodes[:nodes]
    for k, layer in enumerate(backbone.over_nodes):
        if "spatial" in tokens:
            x = plain_even(torch.cat([x, tokens["spatial"][k].expand(batch, -1, -1)], dim=1))
        x = plain_layer(layer, x)[:, :nodes]
    if "spatial" in tokens:
        x = plain_even(x)
    head = tuned.head if tuned else backbone.head
    return (x @ head.weight.T + head.bias).transpose(1, 2)


def plain_even(x: Tensor) -> Tensor:
    """To mean 0 and variance 1 over the channels of each place."""
    centred = x - x.mean(dim=-1, keepdim=True)
    return centred / torch.sqrt(centred.square().mean(dim=-1, keepdim=True) + 1e-5)


def plain_sinusoids(rows: int, width: int) -> Tensor:
    """[row, width]."""
    table = torch.zeros(rows, width)
    for pair in range(0, width, 2):
        angle = torch.arange(rows) / 10_000 ** (pair / width)
        table[:, pair], table[:, pair + 1] = torch.sin(angle), torch.cos(angle)
    return table
