"""GMAN as the authors' code computes it (card gman.md §3, §8), on the weights of the fast form.

States and embeddings are concatenated, times are one-hot vectors, query, key and value are layers of their own, heads are split and laid
on the batch axis, and the map of every pair is kept.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.forecasting.gman import Active, Block, GMANNetwork
from benchmark import Inputs

MASKED = -32767.0


def plain_gman(network: GMANNetwork, inputs: Inputs) -> Tensor:
    """[batch, horizon, node]."""
    x = both(network.value, inputs.channels(network.channels))
    slots = network.calendar.linear.in_features - 7
    times = torch.cat([F.one_hot(inputs.weekday, 7), F.one_hot(inputs.slot, slots)], dim=-1).float()
    time = network.time(active(network.calendar, times[:, :, None]))  # [batch, history + horizon, 1, width]
    ste = both(network.space, network.nodes[None, None]) + time
    past, future = ste[:, : inputs.history], ste[:, inputs.history :]
    for block in network.encoder:
        x = plain_block(block, x, past)
    transform = network.transform
    q, k, v = active(transform.query, future), active(transform.key, past), active(transform.value, x)
    x = both(transform.output, over_steps(q, k, v, transform.heads, mask=None))
    for block in network.decoder:
        x = plain_block(block, x, future)
    _, first, _, last = network.readout
    return last(active(first, x))[..., 0]


def plain_block(block: Block, x: Tensor, ste: Tensor) -> Tensor:
    z = torch.cat([x, ste], dim=-1)
    width, steps = x.shape[-1], x.shape[1]
    parts = [active(block.project, z, slice(k * width, (k + 1) * width)) for k in range(6)]
    h_s = both(block.spatial, by_heads(*parts[:3], block.heads))
    mask = torch.ones(steps, steps).tril().bool() if block.causal else None
    h_t = both(block.temporal, over_steps(*parts[3:], block.heads, mask))
    gate = torch.sigmoid(h_s @ block.gate_spatial.weight.T + h_t @ block.gate_temporal.weight.T + block.gate_temporal.bias)
    return x + both(block.output, gate * h_s + (1 - gate) * h_t)


def active(layer: Active, x: Tensor, rows: slice = slice(None)) -> Tensor:
    """FC with ReLU: of a layer's output channels only `rows`, as a layer of their own."""
    norm = layer.norm
    x = F.linear(x, layer.linear.weight[rows], layer.linear.bias[rows])
    axes = tuple(range(x.ndim - 1))
    mean = x.mean(axes) if norm.training else norm.running_mean[rows]
    variance = x.var(axes, correction=0) if norm.training else norm.running_var[rows]
    return F.relu((x - mean) / torch.sqrt(variance + 1e-3) * norm.weight[rows] + norm.bias[rows])


def both(layers: nn.Sequential, x: Tensor) -> Tensor:
    return layers[1](active(layers[0], x))


def by_heads(q: Tensor, k: Tensor, v: Tensor, heads: int, mask: Tensor | None = None) -> Tensor:
    """Attention over the last axis but one, heads side by side on the batch axis."""
    q, k, v = (torch.cat(x.split(x.shape[-1] // heads, dim=-1), dim=0) for x in (q, k, v))
    scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
    if mask is not None:
        scores = torch.where(mask, scores, torch.full_like(scores, MASKED))
    mixed = torch.softmax(scores, dim=-1) @ v
    return torch.cat(mixed.split(mixed.shape[0] // heads, dim=0), dim=-1)


def over_steps(q: Tensor, k: Tensor, v: Tensor, heads: int, mask: Tensor | None) -> Tensor:
    """The same over steps, for each node."""
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    return by_heads(q, k, v, heads, mask).transpose(1, 2)
