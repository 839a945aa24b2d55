"""JCLRNT as its authors write it: padded routes through torch's own Transformer, and whole tables of pairs; on the same weights."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from benchmark.trajectory.trips import Trips


def plain_contrast(one: Tensor, other: Tensor, positive: Tensor) -> Tensor:
    """Card §4, term by term; bool [a, b]."""
    products = one @ other.T
    worth_positive = math.log(2) - F.softplus(-products)
    worth_negative = F.softplus(-products) + products - math.log(2)
    return worth_negative[~positive].mean() - worth_positive[positive].mean()


def plain_trips(network: nn.Module, table: Tensor, trips: Trips, kept: Tensor) -> Tensor:
    """[trip, width]: the mean of the tokens that are kept (bool [unit]); the others are padding."""
    roads, mask = trips.route.padded("road"), trips.route.mask()
    shown = torch.zeros_like(mask)
    shown[mask] = kept
    x = (table[roads] + plain_sinusoid(roads.shape[1], table.shape[1])).masked_fill(~mask[:, :, None], 9.0)
    for layer in network.encoder.layers:
        x = _torch_layer(layer, x, ~shown)
    return torch.stack([one[some].mean(0) for one, some in zip(x, shown, strict=True)])


def plain_sinusoid(places: int, width: int) -> Tensor:
    return torch.tensor([[(math.cos if channel % 2 else math.sin)(place / 10_000 ** ((channel - channel % 2) / width))
                          for channel in range(width)] for place in range(places)])


def _torch_layer(layer: nn.Module, x: Tensor, padding: Tensor) -> Tensor:
    own, (widen, _, _, narrow) = layer.attention, layer.feed_forward
    names = {"self_attn.in_proj_weight": own.in_weight, "self_attn.in_proj_bias": own.in_bias,
             **{f"{name}.{part}": getattr(module, part) for part in ("weight", "bias") for name, module in (
                 ("self_attn.out_proj", own.output), ("linear1", widen), ("linear2", narrow), ("norm1", layer.attention_norm),
                 ("norm2", layer.feed_forward_norm))}}
    theirs = nn.TransformerEncoderLayer(x.shape[2], own.heads, widen.out_features, dropout=0.0, batch_first=True).train()
    return functional_call(theirs, names, (x,), {"src_key_padding_mask": padding})


def plain_losses(network: nn.Module, weight: float, trips: Trips, kept: Sequence[Tensor]) -> dict[str, Tensor]:
    """Without edge dropout; `kept`: bool [unit] of each version."""
    graphs = [network.graphs[0], network.graphs[-1]]
    roads = [graph() for graph in graphs]
    made = [plain_trips(network, table, trips, some) for table, some in zip(roads, kept, strict=True)]
    driven = torch.zeros(len(trips), len(roads[0]), dtype=torch.bool)
    for trip, (start, end) in enumerate(zip(trips.route.offsets[:-1], trips.route.offsets[1:], strict=True)):
        for road in trips.route.values["road"][start:end]:
            driven[trip, road] = True
    both = plain_contrast(made[1], roads[0], driven) + plain_contrast(made[0], roads[1], driven)
    return {"trips with roads": weight / 2 * both,
            "roads": (1 - weight) / 2 * plain_contrast(*roads, torch.eye(len(roads[0]), dtype=torch.bool)),
            "trips": (1 - weight) / 2 * plain_contrast(*made, torch.eye(len(trips), dtype=torch.bool))}


def plain_transition_scores(trips: Trips, roads: int) -> Tensor:
    """Pair by pair."""
    counts = torch.zeros(roads, roads)
    for start, end in zip(trips.route.offsets[:-1], trips.route.offsets[1:], strict=True):
        route = trips.route.values["road"][start:end].tolist()
        for place, road in enumerate(route):
            for later in route[place:]:
                counts[road, later] += 1
    for row in counts:
        row /= max(float(row.max()), 1)
    for road in range(roads):
        counts[road, road] = 0
    return counts
