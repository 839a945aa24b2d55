"""START trip by trip and road by road, nothing batched, padded or looked up: the yardstick of the fast form, on the same weights."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from plain.smartraj2 import dropped
from torch import Tensor, nn


def plain_graph(graph: nn.Module) -> Tensor:
    """Vectors of all nodes, node by node and head by head."""
    x = graph.features
    for number, (layer, skip) in enumerate(zip(graph.layers, graph.skips, strict=True)):
        x = dropped(x if number == 0 else F.elu(x), graph.dropout)
        heads, width = layer.heads, layer.out_channels
        told = layer.lin(x).view(-1, heads, width)
        asks, says, shares = layer.att_dst[0], layer.att_src[0], layer.lin_edge.weight.view(heads, width)
        rows = []
        for node in range(len(x)):
            edges = (graph.links[1] == node).nonzero()[:, 0]
            row = []
            for head in range(heads):
                scores = torch.stack([says[head] @ told[graph.links[0, edge], head] + asks[head] @ told[node, head]
                                      + layer.att_edge[0, head] @ (shares[head] * graph.shares[edge]) for edge in edges])
                weights = torch.softmax(F.leaky_relu(scores, 0.2), dim=0)
                row.append(sum(weight * told[graph.links[0, edge], head] for weight, edge in zip(weights, edges, strict=True)))
            rows.append(torch.cat(row) if layer.concat else sum(row) / heads)
        out = torch.stack(rows)
        x = out + layer.bias + (x if x.shape == out.shape else x @ skip.weight.T)
    return x


def plain_bias(bias: nn.Module, apart: Tensor) -> Tensor:
    """[a, b] seconds apart -> what is added to the scores."""
    near = 1 / (math.e + apart).log()
    return bias.narrow(F.leaky_relu(bias.widen(near[..., None]), 0.2))[..., 0]


def plain_trip(network: nn.Module, vectors: Tensor, rows: Tensor, minute: Tensor, weekday: Tensor, time: Tensor) -> Tensor:
    """[1 + road, width] tokens of one trip, the one in front first; vectors: of all roads."""
    width, cls = vectors.shape[1], 2
    x = torch.stack([vectors[cls], *(vectors[row] + network.minute(m) + network.weekday(w)
                                     for row, m, w in zip(rows, minute, weekday, strict=True))])
    places = torch.tensor([[(math.sin if k % 2 == 0 else math.cos)(place / 10_000 ** (k // 2 * 2 / width)) for k in range(width)]
                           for place in range(len(x))])
    x = x + places
    time = torch.cat([time[:1], time])
    apart = torch.tensor([[0.0 if math.isnan(float(a - b)) else abs(float(a - b)) for b in time] for a in time])
    for block in network.encoder.blocks:
        own = block.attention
        query, key, value = (part.chunk(own.heads, dim=1) for part in F.linear(x, own.in_weight, own.in_bias).chunk(3, dim=1))
        parts = []
        for q, k, v in zip(query, key, value, strict=True):
            parts.append(torch.softmax(q @ k.T / math.sqrt(q.shape[1]) + plain_bias(block.time, apart), dim=1) @ v)
        x = block.attention_norm(x + own.output(torch.cat(parts, dim=1)))
        widen, act, _, narrow = block.feed_forward
        x = block.feed_forward_norm(x + narrow(act(widen(x))))
    return x


def plain_contrast(one: Tensor, other: Tensor, temperature: float) -> Tensor:
    """NT-Xent, vector by vector."""
    trips, total = len(one), torch.zeros(())
    vectors = torch.cat([one, other])
    for k in range(2 * trips):
        similar = {j: torch.exp(vectors[k] @ vectors[j] / temperature) for j in range(2 * trips) if j != k}
        total = total - torch.log(similar[(k + trips) % (2 * trips)] / sum(similar.values()))
    return total / (2 * trips)
