"""UniTime step by step as its card says (unitime.md §3), one series after the other, on the weights of the fast form; without dropout."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from baselines.forecasting.unitime.language import LanguageModel, Layer
from baselines.forecasting.unitime.network import UniTimeNetwork


def plain_unitime(network: UniTimeNetwork, task: str, x: Tensor, seen: Tensor) -> Tensor:
    """2 × [batch, history, node], z-scored and bool → [batch, history + horizon, node]."""
    windows = [torch.stack([_series(network, task, x[b, :, n], seen[b, :, n]) for n in range(x.shape[2])], dim=1) for b in range(len(x))]
    return torch.stack(windows)


def _series(network: UniTimeNetwork, task: str, x: Tensor, seen: Tensor) -> Tensor:
    kept = x[seen]
    mean = kept.mean()
    std = torch.sqrt(((kept - mean) ** 2).mean() + 1e-5)
    x = torch.where(seen, (x - mean) / std, 0.0)
    tokens = [_patch(network, part, mask) for part, mask in zip(_cut(network, x), _cut(network, seen.float()), strict=True)]
    words = network.words[network.tasks.index(task)][:network.lengths[network.tasks.index(task)]]
    hidden = plain_language(network.language, torch.stack([*(network.language.token[word] for word in words), *tokens]))
    while len(hidden) < network.length:
        hidden = torch.cat([hidden, network.padding[None]])
    for layer in network.decoder:
        hidden = plain_layer(layer, hidden, torch.relu, causal=False)
    flat = torch.cat([hidden[:, channel] for channel in range(hidden.shape[1])])
    return (network.head.weight @ flat + network.head.bias) * std + mean


def _cut(network: UniTimeNetwork, x: Tensor) -> list[Tensor]:
    """Patches where the stride divides history and patch, or the history is one patch at most."""
    length, stride = network.patches.length, network.patches.stride
    x = torch.cat([x, x[-1:].repeat(max(length - len(x), 0))])
    return [x[begin:begin + length] for begin in range(0, len(x) - length + 1, stride)]


def _patch(network: UniTimeNetwork, x: Tensor, mask: Tensor) -> Tensor:
    patches = network.patches
    e, m = patches.value.weight @ x + patches.value.bias, patches.mask.weight @ mask + patches.mask.bias
    gate = patches.value_gate.weight @ e + patches.value_gate.bias + patches.mask_gate.weight @ m + patches.mask_gate.bias
    g = 1 / (1 + torch.exp(-gate))
    return patches.joined.weight @ (g * e + (1 - g) * m) + patches.joined.bias


def plain_language(model: LanguageModel, x: Tensor) -> Tensor:
    """[token, width] of instruction and patches → the same."""
    x = x + model.position[:len(x)]
    for block in model.blocks:
        x = plain_layer(block, x, _gelu, causal=True)
    return _norm(model.norm, x)


def plain_layer(layer: Layer, x: Tensor, activation, causal: bool) -> Tensor:
    width = x.shape[1]
    query, key, value = (_norm(layer.attention_norm, x) @ layer.joined.weight.T + layer.joined.bias).split(width, dim=1)
    heads, each = [], width // layer.heads
    for h in range(layer.heads):
        part = slice(h * each, (h + 1) * each)
        scores = query[:, part] @ key[:, part].T / math.sqrt(each)
        if causal:
            scores = scores + torch.full_like(scores, -math.inf).triu(1)
        heads.append(torch.softmax(scores, dim=1) @ value[:, part])
    x = x + torch.cat(heads, dim=1) @ layer.output.weight.T + layer.output.bias
    hidden = activation(_norm(layer.feed_forward_norm, x) @ layer.wide.weight.T + layer.wide.bias)
    return x + hidden @ layer.narrow.weight.T + layer.narrow.bias


def _norm(norm: torch.nn.LayerNorm, x: Tensor) -> Tensor:
    centred = x - x.mean(-1, keepdim=True)
    return centred / torch.sqrt(centred.square().mean(-1, keepdim=True) + 1e-5) * norm.weight + norm.bias


def _gelu(x: Tensor) -> Tensor:
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
