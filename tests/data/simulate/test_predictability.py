"""How well trips can be foretold, against counting by hand; and that the command of the checks tells by its exit status."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from itertools import pairwise
from math import log2
from pathlib import Path

import numpy as np
import pytest
from rich.table import Table

from benchmark.data.simulate.checks.command import check
from benchmark.data.simulate.checks.predictability import next_entropy, predictability
from benchmark.data.simulate.checks.series import Row
from benchmark.data.trajectory.splits import LABELLED, TEST, UNLABELLED
from benchmark.testing.tiny_trips import tiny_trajectory_city


def test_the_shares_are_those_counted_trip_by_trip(tmp_path: Path):
    city = tiny_trajectory_city(tmp_path / "tiny")
    route = city.view("route")
    trips = [route.trip(k)["road"].tolist() for k in range(len(city.trip_ids))]
    learnt = [trip for trip, part in zip(trips, city.parts, strict=True) if part in (UNLABELLED, LABELLED)]
    tested = [trip for trip, part in zip(trips, city.parts, strict=True) if part == TEST]
    after: dict[int, Counter[int]] = defaultdict(Counter)
    for trip in learnt:
        for one, two in pairwise(trip):
            after[one][two] += 1
    overall = sum(after.values(), Counter())

    def guess(road: int) -> int:
        counts = after.get(road, overall)
        return min(counts, key=lambda two: (-counts[two], two))

    found = predictability(city)
    steps = [step for trip in tested for step in pairwise(trip)]
    assert found["next road from the road before it"] == pytest.approx(np.mean([guess(one) == two for one, two in steps]))
    assert found["destination from the last road shown"] == pytest.approx(np.mean([guess(trip[-2]) == trip[-1] for trip in tested]))
    ends = Counter(trip[-1] for trip in learnt)
    assert found["trips to the five commonest destinations"] == pytest.approx(sum(n for _, n in ends.most_common(5)) / len(learnt))
    ways_on = Counter(city.network.links[:, 0].tolist())
    assert found["last roads shown with one way on"] == pytest.approx(np.mean([ways_on[trip[-2]] == 1 for trip in trips]))
    assert found["links a road"] == pytest.approx(sum(ways_on.values()) / len(city.network))
    bits = sum(-n * log2(n / sum(counts.values())) for counts in after.values() for n in counts.values())
    assert found["entropy of the next road, bits"] == pytest.approx(bits / sum(overall.values()))


def test_a_road_followed_by_two_others_alike_has_one_bit():
    assert next_entropy(np.array([0, 0, 1, 1]), np.array([2, 3, 2, 2]), 4) == pytest.approx(0.5)


@pytest.mark.parametrize(("near", "failed"), [(True, False), (None, False), (False, True)])
def test_the_command_of_the_checks_fails_where_a_bound_is_missed(monkeypatch: pytest.MonkeyPatch, near: bool | None, failed: bool):
    monkeypatch.setattr("benchmark.data.simulate.checks.command.build", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["checks"])
    rows = [Row("roads", 1.0, 2.0, "= 1", near)]
    if not failed:
        check("a test", {"xian": {"smoke": None}}, "xian", "smoke", lambda _: rows, lambda title, _: Table(title=title), lambda _: "")
        return
    with pytest.raises(SystemExit) as left:
        check("a test", {"xian": {"smoke": None}}, "xian", "smoke", lambda _: rows, lambda title, _: Table(title=title), lambda _: "")
    assert left.value.code == 1
