"""SMARTraj2 trip by trip and run by run, nothing batched and nothing padded: the yardstick of the fast form, on the same weights."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.trajectory.multi_view.streams import PAIRS, TYPE_ROWS, UNITS
from baselines.trajectory.multi_view.trip_features import unit_of_point
from methods.smartraj2.losses import DIVISOR, PAIR, RECOVERY, difference_loss

Plain = dict[str, tuple[Tensor, Tensor]]


def dropped(x: Tensor, layer: nn.Module) -> Tensor:
    return F.dropout(x, layer.rate, layer.training)


def heads_of(query: Tensor, key: Tensor, value: Tensor, heads: int, dropout: nn.Module | None = None) -> Tensor:
    """Softmax attention head by head: [asking, d], 2 × [asked, d] -> [asking, d]."""
    parts = []
    for q, k, v in zip(query.chunk(heads, 1), key.chunk(heads, 1), value.chunk(heads, 1), strict=True):
        weight = torch.softmax(q @ k.T / q.shape[1] ** 0.5, dim=1)
        parts.append((weight if dropout is None else dropped(weight, dropout)) @ v)
    return torch.cat(parts, dim=1)


def plain_transformer(encoder: nn.Module, x: Tensor) -> Tensor:
    """[token, width] of one trip."""
    for layer in encoder.layers:
        own = layer.attention
        told = heads_of(*F.linear(x, own.in_weight, own.in_bias).chunk(3, dim=1), own.heads, own.dropout)
        x = layer.attention_norm(x + dropped(own.output(told), layer.dropout))
        widen, drop, _, narrow = layer.feed_forward
        x = layer.feed_forward_norm(x + dropped(narrow(dropped(torch.relu(widen(x)), drop)), layer.dropout))
    return x


def plain_gps(encoder: nn.Module, points: Tensor, unit: Tensor, masked: Tensor) -> tuple[Tensor, Tensor]:
    """Points of one trip and int64 [point] the unit of each -> pooled [width], tokens [unit, width]."""
    runs = []
    for number in range(len(masked)):
        own = points[unit == number]
        if len(own):
            x = encoder.points(own) * (~masked[number])
            name, x = ("backwards", x.flip(0)) if encoder.direction == "backward" else ("forwards", x)
            runs.append(encoder.inside[name](x[:, None])[1][0, 0])
        else:
            runs.append(points.new_zeros(encoder.points.out_features))
    tokens = encoder.across(torch.stack(runs)[:, None])[0][:, 0]
    return tokens.sum(0) / max(int((~masked).sum()), 1), tokens


def plain_extractor(extractor: nn.Module, streams: Plain, types: Tensor) -> Plain:
    """The joint extractor on one trip."""
    x = {name: torch.cat([pooled[None], tokens]) for name, (pooled, tokens) in streams.items()}
    cross, width = extractor.cross, types.shape[1]

    def projected(stream: str, kind: int, other: str) -> Tensor:
        place = kind * len(cross.others[stream]) + cross.others[stream].index(other)
        rows = slice(place * width, (place + 1) * width)
        return F.linear(x[stream], cross.in_weight[stream][rows], cross.in_bias[stream][rows])

    mixed = []
    for stream in extractor.order:
        total = torch.zeros_like(x[stream])
        for k, other in enumerate(cross.others[stream]):
            told = heads_of(projected(stream, 0, other), projected(other, 1, stream), projected(other, 2, stream), cross.heads)
            total = total + F.linear(told, cross.out_weight[stream][:, k * width:(k + 1) * width], cross.out_bias[stream][k])
        place = torch.arange(len(total)).clamp(max=extractor.positions.table.num_embeddings - 1)
        mixed.append(extractor.mix[UNITS[stream]](total + extractor.positions.table(place) + types[TYPE_ROWS[stream]]))
    joint = plain_transformer(extractor.encoder, torch.cat(mixed)).split([len(part) for part in mixed])
    return {stream: (part[0], part[1:]) for stream, part in zip(extractor.order, joint, strict=True)}


def plain_gates(gates: nn.Module, streams: Plain, city: str, ends: Tensor) -> Plain:
    """Both gates on one trip; ends: [2 · embedding width]."""
    for gate, context in ((gates.city_gate, gates.city_context(gates.get_buffer(f"constants_{city}"))),
                          (gates.trip_gate, gates.trip_context(ends))):
        z = torch.cat([pooled for pooled, _ in streams.values()]).detach()
        factors = gate.gamma * torch.sigmoid(gate.factor(torch.relu(gate.hidden(torch.cat([context, z])))))
        streams = {name: (pooled * factor, tokens * factor) for (name, (pooled, tokens)), factor
                   in zip(streams.items(), factors.chunk(len(streams)), strict=True)}
    return streams


def plain_views(network: nn.Module, trips, encoded) -> list[Plain]:
    """The four streams of each trip; times, channels and masks are those that the fast form made."""
    views, shared = network.city(trips.city), network.shared
    points, roads = views.scaler(trips), views.roads()
    found = []
    for trip in range(len(trips)):
        streams: Plain = {}
        for view, name in (("route", "gps_road"), ("grid", "gps_grid")):
            own = getattr(trips, view).offsets[trip:trip + 2].tolist()
            some = slice(*trips.gps.offsets[trip:trip + 2].tolist())
            streams[name] = plain_gps(shared.gps[name], points[some], unit_of_point(trips, view)[some] - own[0],
                                      encoded.masked[view][slice(*own)])
        for view in ("route", "grid"):
            own = slice(*getattr(trips, view).offsets[trip:trip + 2].tolist())
            units, encoder = encoded.units[view], views.encoders[view]
            table = roads if view == "route" else views.cells.weight
            x = table[units.number[own]] * (~encoded.masked[view][own])[:, None]
            interval = shared.time.interval
            x = x + shared.time.minute(units.minute[own]) + shared.time.weekday(units.weekday[own])
            x = x + torch.stack([torch.softmax(interval.weigh(s[None]), 0) @ interval.bins.weight for s in units.interval[own]])
            if view == "grid":
                x = x + views.poi[units.number[own]] @ shared.poi
            place = torch.arange(len(x)).clamp(max=encoder.positions.table.num_embeddings - 1)
            tokens = plain_transformer(encoder.encoder, encoder.widen(x + encoder.positions.table(place)))
            streams[view] = tokens.mean(0), tokens
        found.append({name: streams[name] for name in ("gps_road", "gps_grid", "route", "grid")})
    return found


def plain_forward(network: nn.Module, trips, encoded) -> tuple[list[Plain], dict[str, list[Plain]]]:
    """Gated streams, and H^s and H^i, of each trip."""
    gated, versions = [], {"specific": [], "invariant": []}
    for trip, streams in enumerate(plain_views(network, trips, encoded)):
        cells = trips.grid.values["cell"][slice(*trips.grid.offsets[trip:trip + 2].tolist())]
        ends = torch.cat([network.city(trips.city).poi[cells[k]] @ network.shared.poi for k in (0, -1)])
        gated.append(plain_gates(network.gates, streams, trips.city, ends))
        versions["specific"].append(plain_extractor(network.specific[trips.city], gated[-1], network.types.weight))
        versions["invariant"].append(plain_extractor(network.invariant, gated[-1], network.types.weight))
    return gated, versions


def plain_recovery(network: nn.Module, trips, encoded, version: list[Plain]) -> Tensor:
    """Weighted recovery losses of one extractor: logits of all tokens, trip by trip."""
    total = torch.zeros(())
    for stream, head in network.recovery[trips.city].heads.items():
        view = UNITS[stream]
        logits = torch.cat([head(one[stream][1]) for one in version])
        chosen = encoded.masked[view]
        total = total + RECOVERY.get(stream, 1) * F.cross_entropy(logits[chosen], encoded.units[view].number[chosen])
    return total


def plain_matching(matching: nn.Module, gated: list[Plain], pairs=PAIRS) -> Tensor:
    """Negatives drawn trip by trip."""
    total = torch.zeros(())
    for pair in pairs:
        one, other = (F.normalize(matching.projections[name](torch.stack([trip[name][0] for trip in gated])), dim=1) for name in pair)
        similarity, rows, labels = one @ other.T / matching.temperature, [], []
        for k in range(len(gated)):
            rows.append(torch.cat([one[k], other[k]]))
            for reverse, side in enumerate((similarity[k], similarity[:, k])):
                weight = torch.softmax(side.detach().index_fill(0, torch.tensor(k), -torch.inf), 0)
                wrong = int(torch.multinomial(weight, 1))
                rows.append(torch.cat([one[wrong], other[k]] if reverse else [one[k], other[wrong]]))
            labels += [1, 0, 0]
        total = total + F.cross_entropy(matching.classifier(torch.stack(rows)), torch.tensor(labels))
    return total


def plain_loss(network: nn.Module, trips, encoded) -> Tensor:
    """The card's total for one batch."""
    gated, versions = plain_forward(network, trips, encoded)
    recovered = sum(plain_recovery(network, trips, encoded, version) for version in versions.values())
    both = [torch.stack([torch.cat([trip[name][0] for name in gated[0]]) for trip in version]) for version in versions.values()]
    pair = plain_matching(network.matching, gated)
    return (recovered + PAIR * pair + difference_loss(both[0], both[1], "mean")) / DIVISOR


