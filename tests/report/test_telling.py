"""What is said under a table of how sure its shares are."""

from dataclasses import replace
from math import sqrt

import pytest
from made.trajectory_records import record

from benchmark.families import FORECASTING, TRAJECTORY
from benchmark.report.telling import telling_notes, wilson

TASK = "chengdu.destination_road"


def of(share, trips=1000, seen=None, method="random", seed=0):
    """A run whose Acc@1 on the task is `share` of so many test trips."""
    made = record(method, seed)
    sums = {TASK: {"trips": {"count": [trips], "hits_1": [share * trips], "hits_5": [share * trips]}}}
    counts = {TASK: {"floor_trips": 6000, "labelled_trips": 400, "test_trips": trips, "test_labels_seen": trips if seen is None else seen}}
    return replace(made, metrics={TASK: {"acc_1": share, "acc_5": share}}, sums=sums, counts=counts)


def said(*methods):
    return "\n".join(telling_notes({TASK: methods}, TRAJECTORY))


@pytest.mark.parametrize(("share", "count"), [(0.0, 10), (0.3, 50), (0.5, 1000), (1.0, 7)])
def test_the_ends_of_an_interval_are_the_shares_from_which_the_seen_one_is_1_96_deviations_away(share, count):
    for end in wilson(share, count):
        assert abs(share - end) == pytest.approx(1.96 * sqrt(end * (1 - end) / count), abs=1e-9)


def test_a_share_of_few_trips_is_said_to_be_unsure_and_one_of_many_is_not():
    assert f"wider than 10 points in {TASK}." in said([of(0.5, 300)])
    assert "wider" not in said([of(0.5, 1000)])
    assert "wider" in said([of(0.5, 300, seed=seed) for seed in range(5)])  # seeds share their trips


def test_methods_whose_intervals_all_overlap_are_not_told_apart():
    low, near, high = ([of(share, method=name)] for share, name in ((0.30, "random"), (0.33, "word2vec"), (0.45, "smartraj2")))
    assert f"Not told apart: the 95 % intervals (Wilson) of all methods overlap, so their order says nothing, in {TASK}." in said(low, near)
    assert "Not told apart" not in said(low, near, high)
    assert "Not told apart" not in said(low)


def test_most_test_labels_unseen_and_what_the_floors_know_are_said_with_their_numbers():
    text = said([of(0.2, seen=430)])
    assert f"most test trips end where no labelled trip did in {TASK} (430 of 1,000 were)." in text
    assert "all training trips (6,000)" in text
    assert "labelled trips (400)" in text
    assert "no labelled trip" not in said([of(0.2, seen=500)])


def test_a_method_without_the_task_and_a_family_of_forecasts_say_nothing():
    assert said([replace(of(0.2), metrics={}, counts={})]) == ""
    assert telling_notes({TASK: [[of(0.2)]]}, FORECASTING) == []


def test_labels_and_test_trips_too_few_to_mean_anything_are_said_with_their_numbers():
    few = replace(of(0.5, 40), counts={TASK: {"floor_trips": 90, "labelled_trips": 19, "test_trips": 40}})
    assert f"Too few trips to mean much (below 100): {TASK} (19 labelled trips and 40 test trips)." in said([few])
    assert "mean much" not in said([of(0.5, 100)])
