"""Toast's pairs and losses by loops over walks, steps and trips (card toast.md §3), to hold the fast forms against."""

from __future__ import annotations

import math


def plain_pairs(walk: list[int], metres: list[float], window: int, reach: float) -> list[tuple[int, int]]:
    """(road, context road) of one walk: on each side at most `window` roads, until their metres reach `reach`; the next always."""
    pairs = []
    for place, road in enumerate(walk):
        for side in (-1, 1):
            driven = 0.0
            for steps in range(1, window + 1):
                if not 0 <= place + side * steps < len(walk):
                    break
                near = walk[place + side * steps]
                driven += metres[near]
                if steps > 1 and driven >= reach:
                    break
                pairs.append((road, near))
    return pairs


def plain_loss(road: list[float], traffic: list[list[float]], context: list[float], noise: list[list[float]], known: list[int]) -> float:
    """Of one pair. traffic: rows of the map to indicators; known: the context's indicators."""
    def sigmoid(x: float) -> float:
        return 1 / (1 + math.exp(-x))

    def dot(one: list[float], other: list[float]) -> float:
        return sum(a * b for a, b in zip(one, other, strict=True))

    foretold = [sigmoid(dot(row, road)) for row in traffic]
    joined = [*road, *foretold]
    loss = -math.log(sigmoid(dot(context, joined))) - sum(math.log(sigmoid(-dot(one, joined))) for one in noise)
    return loss - sum(math.log(p if is_so else 1 - p) for p, is_so in zip(foretold, known, strict=True)) / len(known)
