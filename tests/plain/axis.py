"""`AxisLayer` as the authors' codes compute it, on its weights: three products, heads cut out one by one, an explicit softmax."""

from __future__ import annotations

import torch
from torch import Tensor

from baselines.layers.axis import AxisAttention, AxisLayer


def plain_weights(attention: AxisAttention, x: Tensor) -> list[Tensor]:
    """[..., length, width] → for each head [..., length, length]; rows sum to 1."""
    query, key, _ = _projections(attention, x)
    width = x.shape[-1] // attention.heads
    return [torch.softmax(q @ k.transpose(-1, -2) / width**0.5, dim=-1)
            for q, k in zip(query.split(width, dim=-1), key.split(width, dim=-1), strict=True)]


def plain_attention(attention: AxisAttention, x: Tensor) -> Tensor:
    """[..., length, width] → the same."""
    values = _projections(attention, x)[2].split(x.shape[-1] // attention.heads, dim=-1)
    heads = [weights @ value for weights, value in zip(plain_weights(attention, x), values, strict=True)]
    return torch.cat(heads, dim=-1) @ attention.output.weight.T + attention.output.bias


def plain_layer(layer: AxisLayer, x: Tensor) -> Tensor:
    """[..., length, width] → the same; nothing is dropped."""
    first, second = layer.feed_forward[0], layer.feed_forward[2]
    x = plain_norm(layer.attention_norm, x + plain_attention(layer.attention, x))
    hidden = torch.clamp(x @ first.weight.T + first.bias, min=0)
    return plain_norm(layer.feed_forward_norm, x + hidden @ second.weight.T + second.bias)


def plain_norm(norm: torch.nn.LayerNorm, x: Tensor) -> Tensor:
    """To mean 0 and variance 1 over the channels of each place, then scale and shift."""
    centred = x - x.mean(dim=-1, keepdim=True)
    return centred / torch.sqrt(centred.square().mean(dim=-1, keepdim=True) + 1e-5) * norm.weight + norm.bias


def _projections(attention: AxisAttention, x: Tensor) -> list[Tensor]:
    bias = torch.zeros(3 * x.shape[-1]) if attention.joined.bias is None else attention.joined.bias
    return [x @ weight.T + shift for weight, shift in zip(attention.joined.weight.chunk(3), bias.chunk(3), strict=True)]
