"""Floors of the trajectory tasks against counting by hand."""

from collections import Counter, defaultdict
from datetime import datetime
from itertools import pairwise
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.data.trajectory.city import View
from benchmark.families import trajectory_protocol
from benchmark.markov import MarkovTable
from benchmark.testing.tiny_trips import tiny_trajectory_city
from benchmark.trajectory.cuts import TripTable, pose_destination_grid, pose_destination_road
from benchmark.trajectory.floors import label_floor, markov_floor, road_floors, time_floors
from benchmark.trajectory.posing import part_rows

SEEDS = st.integers(0, 2**32 - 1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
STRICT = trajectory_protocol("strict")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return TripTable(tiny_trajectory_city(tmp_path_factory.mktemp("floors") / "tiny"))


@pytest.fixture(scope="module")
def rows(tiny):
    return part_rows(tiny.city, {"unlabelled_trips": None, "labelled_trips": None})


def ranked(counts):
    """Keys by falling count, the smaller number first where equal."""
    return sorted(counts, key=lambda key: (-counts[key], key))


def markov_by_hand(steps, last):
    """Five guesses: what most often followed, then what is the most frequent at all; None where no more is known."""
    after, overall = defaultdict(Counter), Counter()
    for before, unit in steps:
        after[before][unit] += 1
        overall[unit] += 1
    own = ranked(after[last])[:5]
    return own + [unit for unit in ranked(overall) if unit not in own][:5 - len(own)]


def accuracy(guesses, truth):
    return {f"acc_{k}": pytest.approx(sum(t in g[:k] for g, t in zip(guesses, truth, strict=True)) / len(truth), abs=1e-12) for k in (1, 5)}


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(2, 5))
def test_the_majority_class_is_that_of_the_other_folds(seed, folds):
    rng = np.random.default_rng(seed)
    truth, fold = rng.choice(4, 40, p=[0.4, 0.4, 0.1, 0.1]), np.arange(40) % folds
    hits = 0
    for own, k in zip(truth, fold, strict=True):
        others = Counter(t for t, other in zip(truth.tolist(), fold, strict=True) if other != k)
        hits += ranked(others)[0] == own
    found = road_floors(truth, fold, 4)
    assert list(found) == ["majority class"]
    assert found["majority class"]["micro_f1"] == pytest.approx(hits / 40)


def test_the_majority_of_one_class_has_its_share_as_micro_f1_and_a_quarter_of_its_f1_as_macro():
    truth, fold = np.array([2] * 15 + [0] * 5), np.arange(20) % 5
    assert road_floors(truth, fold, 4)["majority class"] == {"micro_f1": 0.75, "macro_f1": pytest.approx(2 * 0.75 / 1.75 / 4)}


def test_the_mean_travel_time_is_that_of_the_training_trips_for_every_test_trip(tiny, rows):
    spans = [int(trip[-1] - trip[0]) for trip in (tiny.gps.trip(k)["time"] for k in range(240))]
    mean = sum(spans[k] for k in rows.train) / len(rows.train)
    errors = [mean - spans[k] for k in rows.test]
    found = time_floors(tiny, rows.train, rows.test)["mean travel time"]
    assert found["mae"] == pytest.approx(sum(map(abs, errors)) / len(errors), rel=1e-9)
    assert found["rmse"] == pytest.approx((sum(e * e for e in errors) / len(errors)) ** 0.5, rel=1e-9)


def test_length_and_hour_is_the_least_squares_line_with_one_column_a_local_hour(tiny, rows):
    def facts(k):
        kilometres = sum(int(tiny.lines.length[road]) for road in tiny.route.trip(k)["road"]) / 1e6
        hour = datetime.fromtimestamp(int(tiny.gps.trip(k)["time"][0]), SHANGHAI).hour
        return [kilometres, *(float(hour == other) for other in range(24))]

    def span(k):
        time = tiny.gps.trip(k)["time"]
        return float(time[-1] - time[0])

    train, asked = (np.array([facts(k) for k in part]) for part in (rows.train, rows.test))
    seconds, truth = (np.array([span(k) for k in part]) for part in (rows.train, rows.test))
    assert 5 < len({tuple(row) for row in train[:, 1:]}) < 24  # some hours have no training trip
    # the ridge of 1e-3 as rows of its own
    weights = np.linalg.lstsq(np.vstack([train, 1e-3**0.5 * np.eye(25)]), np.concatenate([seconds - seconds.mean(), np.zeros(25)]))[0]
    errors = asked @ weights + seconds.mean() - truth
    found = time_floors(tiny, rows.train, rows.test)["length and hour"]
    assert found["mae"] == pytest.approx(np.abs(errors).mean(), rel=1e-6)
    assert found["rmse"] == pytest.approx(np.sqrt((errors**2).mean()), rel=1e-6)


def test_the_floors_of_travel_time_learn_nothing_from_the_trips_they_are_asked_about(tiny, rows):
    both = time_floors(tiny, rows.train, rows.test)
    assert both != time_floors(tiny, rows.seen[:60], rows.test)
    errors = []
    for k in rows.test:  # one at a time gives the same answers as all at once
        errors.append(time_floors(tiny, rows.train, np.array([k]))["length and hour"]["mae"])
    assert both["length and hour"]["mae"] == pytest.approx(np.mean(errors), rel=1e-9)


@settings(max_examples=80, deadline=None)
@given(SEEDS, st.integers(1, 60), st.integers(1, 12))
def test_markov_equals_counting_in_dictionaries_ties_and_unseen_units_included(seed, steps, units):
    rng = np.random.default_rng(seed)
    before, after = rng.integers(0, units, (2, steps))
    asked = np.arange(units + 2)
    best = MarkovTable(before, after).best(asked)
    assert best.shape == (units + 2, 5)
    for unit in asked.tolist():
        guesses = markov_by_hand(list(zip(before.tolist(), after.tolist(), strict=True)), unit)
        assert best[unit].tolist() == guesses + [-1] * (5 - len(guesses)), unit


def test_a_tie_goes_to_the_smaller_number_and_an_unseen_unit_gets_the_most_frequent_ones():
    table = MarkovTable(np.array([0, 0, 0, 0, 1, 1]), np.array([9, 9, 4, 4, 7, 9]))
    assert table.best(np.array([0, 1, 5])).tolist() == [[4, 9, 7, -1, -1], [7, 9, 4, -1, -1], [9, 4, 7, -1, -1]]


@pytest.mark.parametrize(("kind", "unit"), [("route", "road"), ("grid", "cell")])
@pytest.mark.parametrize("share", [None, 0.7])
def test_destination_floors_count_every_step_at_k_1_and_from_the_cut_to_the_end_at_70_percent(tiny, rows, kind, unit, share):
    pose = pose_destination_road if unit == "road" else pose_destination_grid
    view, test = getattr(tiny, kind), pose(tiny, rows.test, STRICT, share)
    steps = []
    for k in rows.train:
        trip = view.trip(k)[unit].tolist()
        steps += list(pairwise(trip)) if share is None else [(trip[len(trip) * 7 // 10 - 1], trip[-1])]
    found = markov_floor(view, unit, rows.train, share, test)
    guesses = [markov_by_hand(steps, last) for last in test.last.tolist()]
    assert found == {"first-order Markov, all trips": accuracy(guesses, test.labels.tolist())}


def test_a_markov_floor_knows_the_named_trips_alone():
    view = View(np.array([0, 3, 5, 8]), {"road": np.array([1, 2, 3, 3, 9, 1, 2, 8])})
    test = SimpleNamespace(last=np.array([2, 3]), labels=np.array([3, 9]))
    assert markov_floor(view, "road", np.array([0]), None, test)["first-order Markov, all trips"]["acc_1"] == 0.5
    assert markov_floor(view, "road", np.array([0, 1]), None, test)["first-order Markov, all trips"]["acc_1"] == 1
    only_last = markov_floor(view, "road", np.array([2]), None, test)["first-order Markov, all trips"]
    assert only_last == {"acc_1": 0, "acc_5": 0}  # it knows 2 → 8, and no step from trip to trip (3 → 3, 9 → 1)


def test_the_next_road_floor_is_hard_to_miss_where_streets_go_straight_on(tiny, rows):
    test = pose_destination_road(tiny, rows.test, STRICT, None)
    found = markov_floor(tiny.route, "road", rows.train, None, test)["first-order Markov, all trips"]
    assert found["acc_1"] > 0.3
    assert found["acc_5"] == 1  # from any road there are three at most


@pytest.mark.parametrize(("kind", "unit"), [(pose_destination_road, "road"), (pose_destination_grid, "cell")])
@pytest.mark.parametrize("share", [None, 0.7])
def test_the_floor_of_equal_labels_knows_the_last_unit_shown_and_the_end_of_each_labelled_trip_alone(tiny, rows, kind, unit, share):
    labelled, test = (kind(tiny, part, STRICT, share) for part in (rows.labelled, rows.test))
    steps = list(zip(labelled.last.tolist(), labelled.labels.tolist(), strict=True))
    guesses = [markov_by_hand(steps, last) for last in test.last.tolist()]
    assert label_floor(unit, labelled, test) == {f"last shown {unit}, same labels": accuracy(guesses, test.labels.tolist())}
