"""JGRM trip by trip and road by road, nothing batched and nothing padded: the yardstick of the fast form, on the same weights."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from plain.smartraj2 import Plain, plain_gps, plain_matching, plain_transformer
from torch import Tensor, nn

from baselines.trajectory.multi_view.streams import GPS_ROAD, PAIRS, ROUTE
from baselines.trajectory.multi_view.trip_features import unit_of_point, units_of

TYPES = {ROUTE: 0, GPS_ROAD: 1}


def plain_streams(network: nn.Module, trips, masked: Tensor) -> list[Plain]:
    """Both streams of each trip before they meet; bool [road unit] masked; times and channels are those that the fast form made."""
    points, unit, units, roads = network.scaler(trips), unit_of_point(trips, "route"), units_of(trips, "route"), network.roads()
    found = []
    for trip in range(len(trips)):
        own, some = slice(*trips.route.offsets[trip:trip + 2].tolist()), slice(*trips.gps.offsets[trip:trip + 2].tolist())
        rows = []
        for place, k in enumerate(range(own.start, own.stop)):
            interval = torch.softmax(network.time.interval.weigh(units.interval[k][None]), 0) @ network.time.interval.bins.weight
            road = torch.zeros(roads.shape[1]) if masked[k] else roads[units.number[k]]
            place = min(place, network.route.positions.table.num_embeddings - 1)
            rows.append(road + network.time.minute.weight[units.minute[k]] + network.time.weekday.weight[units.weekday[k]] + interval
                        + network.route.positions.table.weight[place])
        tokens = plain_transformer(network.route.encoder, network.route.widen(torch.stack(rows)))
        found.append({GPS_ROAD: plain_gps(network.gps, points[some], unit[some] - own.start, masked[own]), ROUTE: (tokens.mean(0), tokens)})
    return found


def plain_joint(network: nn.Module, streams: Plain) -> Plain:
    """[GPS pooled; GPS tokens; route pooled; route tokens] of one trip, attending to one another."""
    joint, rows = network.joint, []
    for name in (GPS_ROAD, ROUTE):
        for place, x in enumerate([streams[name][0], *streams[name][1]]):
            place = min(place, joint.positions.table.num_embeddings - 1)
            rows.append(joint.mix["route"](x + joint.positions.table.weight[place] + network.types.weight[TYPES[name]]))
    x, length = plain_transformer(joint.encoder, torch.stack(rows)), 1 + len(streams[ROUTE][1])
    assert len(x) == 2 * length  # 2 · Lr + 2
    return {GPS_ROAD: (x[0], x[1:length]), ROUTE: (x[length], x[length + 1:])}


def plain_loss(network: nn.Module, trips, masked: Tensor) -> Tensor:
    """(MLM_route + MLM_gps + 2 · match) / 3 of one batch: logits of all tokens, negatives drawn trip by trip."""
    streams = plain_streams(network, trips, masked)
    joint, roads = [plain_joint(network, one) for one in streams], trips.route.values["road"]
    recovered = [F.cross_entropy(network.recovery.heads[name](torch.cat([one[name][1] for one in joint]))[masked], roads[masked])
                 for name in (GPS_ROAD, ROUTE)]
    return (sum(recovered) + 2 * plain_matching(network.matching, streams, PAIRS[:1])) / 3
