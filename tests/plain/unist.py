"""UniST step by step as its card says (unist.md §3), on the weights of the fast form: convolutions, sorts and explicit softmaxes."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from plain.axis import plain_attention, plain_layer
from torch import Tensor

from baselines.forecasting.unist.network import Block, UniSTNetwork
from baselines.forecasting.unist.prompts import Memory


def plain_tokens(network: UniSTNetwork, frames: Tensor) -> Tensor:
    """[batch, step, row, column] → [batch, token, width] by a three-dimensional convolution, flattened in time, row, column order."""
    size = (network.time_patch, network.patch, network.patch)
    kernel = network.patches.map.weight.view(-1, 1, *size)
    return F.conv3d(frames[:, None], kernel, network.patches.map.bias, stride=size).flatten(2).transpose(1, 2)


def plain_times(network: UniSTNetwork, slot: Tensor, weekday: Tensor, places: int) -> Tensor:
    """[batch, step] each → [batch, token, width], the same at every place."""
    steps = network.times.slot[slot] + network.times.weekday[weekday]
    join = network.times.join
    return F.conv1d(steps.transpose(1, 2), join.weight, join.bias, stride=network.time_patch).transpose(1, 2).repeat_interleave(places, 1)


def plain_positions(frames: int, rows: int, columns: int, width: int) -> Tensor:
    """[token, width], number by number."""
    def waves(position: int, size: int) -> list[float]:
        angles = [position / 10_000 ** (k / (size // 2)) for k in range(size // 2)]
        return [math.sin(a) for a in angles] + [math.cos(a) for a in angles]

    return torch.tensor([[a + b for a, b in zip(waves(column, width // 2) + waves(row, width // 2), waves(frame, width), strict=True)]
                         for frame in range(frames) for row in range(rows) for column in range(columns)])


def plain_block(block: Block, x: Tensor) -> Tensor:
    width = x.shape[-1]
    x = x + plain_attention(block.attention, F.layer_norm(x, (width,), block.attention_norm.weight, block.attention_norm.bias, 1e-6))
    hidden = F.layer_norm(x, (width,), block.feed_forward_norm.weight, block.feed_forward_norm.bias, 1e-6)
    first, second = block.feed_forward[0], block.feed_forward[2]
    return x + F.gelu(hidden @ first.weight.T + first.bias) @ second.weight.T + second.bias


def plain_memory(memory: Memory, x: Tensor) -> Tensor:
    query = torch.tanh(x @ memory.query.weight.T + memory.query.bias)
    return torch.softmax(query @ memory.keys.T, dim=-1) @ memory.values


def plain_auto_encoder(network: UniSTNetwork, frames: Tensor, slot: Tensor, weekday: Tensor, kept: Tensor,
                       period: Tensor | None = None) -> Tensor:
    """[batch, step, row, column] → [batch, token, cell of the patch], all tokens.

    kept: [batch, kept]. period: [batch, day, horizon, row, column]; with it the forecast's tokens are prompted.
    """
    batch, steps, height, length = frames.shape
    rows, columns = height // network.patch, length // network.patch
    tokens = plain_tokens(network, frames)
    where = plain_positions(steps // network.time_patch, rows, columns, tokens.shape[-1])
    times = plain_times(network, slot, weekday, rows * columns)
    tokens = tokens + times
    hidden = torch.ones(batch, tokens.shape[1]).scatter(1, kept, 0.0)
    shuffle = torch.argsort(hidden, dim=1, stable=True)  # kept ones first
    restore = torch.argsort(shuffle, dim=1)
    seen = torch.stack([(one + where)[order[: kept.shape[1]]] for one, order in zip(tokens, shuffle, strict=True)])
    for block in network.encoder:
        seen = plain_block(block, seen)
    norm = network.encoder_norm
    seen = F.layer_norm(seen, norm.weight.shape, norm.weight, norm.bias, 1e-6) @ network.between.weight.T + network.between.bias
    lacking = network.mask_token.expand(batch, tokens.shape[1] - kept.shape[1], -1)
    every = torch.stack([one[order] for one, order in zip(torch.cat([seen, lacking], dim=1), restore, strict=True)]) + where + times
    if period is not None:
        every = every + plain_prompt(network, frames[:, : network.history], every, where + times, period)
    for block in network.decoder:
        every = plain_block(block, every)
    norm = network.decoder_norm
    every = F.layer_norm(every, norm.weight.shape, norm.weight, norm.bias, 1e-6)
    for k, layer in enumerate(layer for layer in network.head if isinstance(layer, torch.nn.Linear)):
        every = (F.gelu(every) if k else every) @ layer.weight.T + layer.bias
    return every


def plain_prompt(network: UniSTNetwork, shown: Tensor, every: Tensor, terms: Tensor, period: Tensor) -> Tensor:
    """[batch, token, width]; zeros for the tokens of the history."""
    prompts, (batch, tokens, width) = network.prompts, every.shape
    frames = (network.history + network.horizon) // network.time_patch
    places, past = tokens // frames, network.history // network.time_patch
    ahead = frames - past
    by_scale = []
    for convolution in prompts.scales:
        found = plain_memory(prompts.space_memory, convolution(shown).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        by_scale.append(prompts.pool(found).flatten(2).transpose(1, 2).repeat(1, ahead, 1))
    sequences = every.view(batch, frames, places, width).transpose(1, 2)
    close = plain_memory(prompts.time_memory, plain_layer(prompts.over_frames, sequences).mean(dim=2)).repeat(1, ahead, 1)
    days = torch.stack([plain_tokens(network, day) for day in period.unbind(1)], dim=2)  # [batch, token ahead, day, width]
    before = plain_memory(prompts.time_memory, plain_layer(prompts.over_days, days).mean(dim=2))
    told = torch.stack(by_scale).mean(dim=0) + close + terms[:, past * places:] + before
    return torch.cat([torch.zeros(batch, past * places, width), told], dim=1)
