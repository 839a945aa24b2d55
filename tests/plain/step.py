"""STEP step by step as its card says (step.md §3), on the weights of the fast form: tasks, heads and pairs of nodes one by one."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from plain.axis import plain_norm
from plain.baselines import plain_gwnet
from torch import Tensor

from baselines.forecasting.step.graph import LearnedGraph
from baselines.forecasting.step.network import STEPNetwork
from baselines.forecasting.step.tsformer import TSFormer
from baselines.layers.attention import EncoderLayer


def plain_states(tsformer: TSFormer, series: Tensor) -> Tensor:
    """[batch, step] of one series → [batch, token, width]."""
    width, patch = tsformer.embed.weight.shape
    # a convolution over steps whose stride is its kernel
    x = F.conv1d(series[:, None], tsformer.embed.weight[:, None], tsformer.embed.bias, stride=patch).transpose(1, 2)
    x = (x + tsformer.positions[: x.shape[1]]) * width**0.5
    for layer in tsformer.encoder:
        x = plain_layer(layer, x)
    return plain_norm(tsformer.encoder_norm, x)


def plain_reconstruction(tsformer: TSFormer, series: Tensor, seen: Tensor, hidden: Tensor) -> Tensor:
    """[batch, step] of one series → its hidden tokens [batch, hidden, patch]."""
    width, patch = tsformer.embed.weight.shape
    tokens = series.view(len(series), -1, patch) @ tsformer.embed.weight.T + tsformer.embed.bias
    x = (tokens + tsformer.positions[: tokens.shape[1]])[:, seen] * width**0.5
    for layer in tsformer.encoder:
        x = plain_layer(layer, x)
    told = plain_norm(tsformer.encoder_norm, x) @ tsformer.to_decoder.weight.T + tsformer.to_decoder.bias
    asked = (tsformer.mask + tsformer.positions[hidden]).expand(len(series), -1, -1)
    x = torch.cat([told, asked], dim=1) * width**0.5
    for layer in tsformer.decoder:
        x = plain_layer(layer, x)
    return (plain_norm(tsformer.decoder_norm, x) @ tsformer.output.weight.T + tsformer.output.bias)[:, len(seen):]


def plain_layer(layer: EncoderLayer, x: Tensor) -> Tensor:
    """[batch, token, width] → the same; nothing is dropped."""
    width = x.shape[-1]
    size = width // layer.attention.heads
    queries, keys, values = (x @ layer.attention.in_weight.T + layer.attention.in_bias).split(width, dim=-1)
    heads = [torch.softmax(q @ k.transpose(1, 2) / size**0.5, dim=-1) @ v
             for q, k, v in zip(queries.split(size, -1), keys.split(size, -1), values.split(size, -1), strict=True)]
    x = plain_norm(layer.attention_norm, x + torch.cat(heads, dim=-1) @ layer.attention.output.weight.T + layer.attention.output.bias)
    first, second = layer.feed_forward[0], layer.feed_forward[3]
    hidden = torch.clamp(x @ first.weight.T + first.bias, min=0)
    return plain_norm(layer.feed_forward_norm, x + hidden @ second.weight.T + second.bias)


def plain_probabilities(learned: LearnedGraph, series: Tensor) -> Tensor:
    """[node, task, step] → the probability of each edge [receiver, sender], by one-hot products as in the authors' code."""
    nodes = len(series)
    feature = learned.feature(series)
    receivers = torch.eye(nodes).repeat_interleave(nodes, dim=0) @ feature  # row i · N + j: i
    senders = torch.eye(nodes).repeat(nodes, 1) @ feature  # row i · N + j: j
    pairs = torch.relu(torch.cat([senders, receivers], dim=1) @ learned.pair.weight.T + learned.pair.bias)
    logits = pairs @ learned.edge.weight.T + learned.edge.bias
    return torch.softmax(logits, dim=1)[:, 0].view(nodes, nodes)


def plain_alike(states: Tensor, neighbours: int) -> Tensor:
    """[batch, node, channel] → bool [batch, node, node], window by window and pair by pair."""
    found = torch.zeros(len(states), states.shape[1], states.shape[1], dtype=torch.bool)
    for window, one in enumerate(states):
        similarity = F.cosine_similarity(one[:, None], one[None], dim=-1)
        for pair in similarity.flatten().argsort(descending=True)[: neighbours * len(one)].tolist():
            found[window, pair // len(one), pair % len(one)] = pair // len(one) != pair % len(one)
    return found


def plain_answer(network: STEPNetwork, x: Tensor, history: Tensor, graph: Tensor) -> Tensor:
    """[batch, step, node, channel], [batch, step, node, task] of the past, [batch, node, node] → [batch, task · horizon, node]."""
    looped = graph + torch.eye(graph.shape[-1])
    supports = [weights / weights.sum(dim=-1, keepdim=True) for weights in (looped, looped.transpose(-1, -2))]
    states = torch.stack([torch.stack([plain_states(network.tsformer, series)[:, -1] for series in node.unbind(-1)]).mean(dim=0)
                          for node in history.unbind(2)], dim=1)  # [batch, node, width]
    first, second = network.context[0], network.context[2]
    context = torch.relu(torch.relu(states @ first.weight.T + first.bias) @ second.weight.T + second.bias)
    return plain_gwnet(network.backend, x.permute(0, 3, 2, 1), supports, context.transpose(1, 2)[..., None])
