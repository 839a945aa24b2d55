"""How answers become numbers: parts, folds and classes under `strict` and under `paper`, with probers that are watched."""

from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import pairwise, product
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import torch
from made.exams import Watched, same_trips
from torch import nn

from benchmark import metrics
from benchmark.data.trajectory.splits import LABELLED, TEST, UNLABELLED, VALIDATION
from benchmark.errors import UserError
from benchmark.families import trajectory_protocol
from benchmark.trajectory import judging
from benchmark.trajectory.cuts import pose_destination_grid, pose_destination_road, pose_travel_time
from benchmark.trajectory.exam import Judge
from benchmark.trajectory.judging import KeptAside, stratified
from benchmark.trajectory.judging_paper import AsTheAuthors
from benchmark.trajectory.posing import ROAD_LABELS, part_rows, road_labels

STRICT, PAPER = trajectory_protocol("strict"), trajectory_protocol("paper")
POSES = {"destination_road": pose_destination_road, "destination_grid": pose_destination_grid}


def by_hash(city, part):
    """Ids of a part's trips, the smallest hash first."""
    ids = [one for one, own in zip(city.trip_ids.tolist(), city.parts.tolist(), strict=True) if own == part]
    return sorted(ids, key=lambda one: blake2b(one.encode(), digest_size=16).digest())


# the parts

@pytest.mark.parametrize("caps", [(None, None), (50, 12), (1, 1), (10_000, 10_000)])
def test_a_budget_takes_the_trips_with_the_smallest_hashes_and_leaves_validation_and_test_whole(tiny, caps):
    found = part_rows(tiny.city, {"unlabelled_trips": caps[0], "labelled_trips": caps[1]})
    for name, part, cap in (("unlabelled", UNLABELLED, caps[0]), ("labelled", LABELLED, caps[1]), ("validation", VALIDATION, None),
                            ("test", TEST, None)):
        ids = tiny.city.trip_ids[getattr(found, name)].tolist()
        assert set(ids) == set(by_hash(tiny.city, part)[:cap]), name
        assert (np.diff(getattr(found, name)) > 0).all()
    assert found.train.tolist() == np.flatnonzero((tiny.city.parts == UNLABELLED) | (tiny.city.parts == LABELLED)).tolist()
    assert found.seen.tolist() == sorted([*found.unlabelled, *found.labelled])


# strict: trips

def test_strict_travel_time_learns_from_labelled_stops_on_validation_and_scores_all_test_trips(make_exam, tiny, rows):
    prober = Watched(lambda trips: (trips.minute % 7)[:, None].float() / 3)
    judged = KeptAside(make_exam(STRICT, prober)).travel_time()
    ((question, train, labels, aside, aside_labels),) = prober.questions
    for shown, truth, part in ((train, labels, rows.labelled), (aside, aside_labels, rows.validation)):
        posed = pose_travel_time(tiny, part, STRICT)
        assert same_trips(shown, posed.trips)
        assert truth.tolist() == posed.labels.tolist() == tiny.seconds(part).tolist()
    (asked,) = prober.asked
    assert same_trips(asked, pose_travel_time(tiny, rows.test, STRICT).trips)
    known = tiny.seconds(rows.labelled)
    predicted = known.mean() + known.std() * (asked.minute % 7).float().numpy().astype(np.float64) / 3
    errors = np.abs(predicted - tiny.seconds(rows.test))
    sums = judged.sums["observed"]
    assert sums["count"].tolist() == [16]
    assert sums["absolute"].tolist() == pytest.approx([errors.sum()], rel=1e-6)
    assert sums["squared"].tolist() == pytest.approx([(errors**2).sum()], rel=1e-6)
    assert judged.counts == {"floor_trips": 208, "labelled_trips": 40, "validation_trips": 16, "test_trips": 16}
    # the labels are standardised by those of the labelled trips
    assert question.error(torch.zeros(2, 1), torch.tensor([known.mean(), known.mean() + 10])) == pytest.approx(5)


@pytest.mark.parametrize("judge", [KeptAside, AsTheAuthors])
def test_sums_by_start_hour_are_those_of_adding_trip_by_trip(make_exam, tiny, monkeypatch, judge):
    """Each trip's local hour by its date and the zone's offset; the hours without a trip hold zeros."""
    exam = make_exam(STRICT if judge is KeptAside else PAPER, Watched(lambda trips: (trips.minute % 7)[:, None].float() / 3))
    seen = []
    monkeypatch.setattr(judge, "by_start_hour", lambda self, posed, mask, name, each: seen.append((posed, each)) or
                        Judge.by_start_hour(self, posed, mask, name, each))
    judged = judge(exam).travel_time()
    ((posed, each),) = seen
    zone, expected = ZoneInfo(tiny.city.zone), {}
    for row, error in zip(posed.rows, each, strict=True):
        hour = datetime.fromtimestamp(int(tiny.gps.trip(row)["time"][0]), zone).replace(minute=0, second=0, tzinfo=None)
        count, total = expected.get(hour, (0, 0.0))
        expected[hour] = (count + 1, total + error)
    first = min(expected)
    hours = [first + timedelta(hours=k) for k in range(int((max(expected) - first).total_seconds()) // 3600 + 1)]
    assert (judged.hours.first, judged.hours.hours) == (f"{first:%Y-%m-%dT%H:00}", 1)
    sums = judged.hours.sums["observed"]
    assert sums["count"].tolist() == [expected.get(hour, (0, 0.0))[0] for hour in hours]
    assert sums["absolute"].tolist() == [expected.get(hour, (0, 0.0))[1] for hour in hours]
    assert judged.sums["observed"]["absolute"][0] == pytest.approx(each.sum())


@pytest.mark.parametrize("kind", POSES)
def test_the_hits_of_a_start_hour_are_those_of_its_trips(make_exam, tiny, rows, kind):
    size = 120 if kind == "destination_road" else tiny.city.grid.cells
    test = POSES[kind](tiny, rows.test, STRICT, None)
    scores = torch.zeros(len(test.rows), size)
    scores[torch.arange(len(test.rows)), torch.from_numpy(test.labels)] = (torch.arange(len(test.rows)) % 3 - 1).float()
    judged = KeptAside(make_exam(STRICT, Watched(lambda trips: scores))).destination(kind)
    _, hour = tiny.start_hours(test.rows)
    sums = judged.hours.sums["trips"]
    right = np.bincount(hour[np.arange(len(hour)) % 3 == 2], minlength=len(sums["count"]))
    # a score of -1 or 0 is a hit only where no other class stands before it
    assert (sums["hits_1"] >= right).all()
    assert sums["hits_1"].sum() == judged.sums["trips"]["hits_1"][0]
    assert sums["count"].tolist() == np.bincount(hour).tolist()


@pytest.mark.parametrize("share", [None, 0.7])
@pytest.mark.parametrize("kind", POSES)
def test_strict_destinations_use_the_right_parts_and_all_roads_or_cells_as_classes(make_exam, tiny, rows, kind, share):
    size = 120 if kind == "destination_road" else tiny.city.grid.cells
    scores = torch.randn(len(rows.test), size, generator=torch.Generator().manual_seed(0))
    prober = Watched(lambda trips: scores)
    judged = KeptAside(make_exam(STRICT, prober, share)).destination(kind)
    ((question, train, labels, aside, aside_labels),) = prober.questions
    for shown, truth, part in ((train, labels, rows.labelled), (aside, aside_labels, rows.validation)):
        posed = POSES[kind](tiny, part, STRICT, share)
        assert same_trips(shown, posed.trips)
        assert truth.tolist() == posed.labels.tolist()
    assert question.head(3)[-1].out_features == size
    test = POSES[kind](tiny, rows.test, STRICT, share)
    assert same_trips(prober.asked[0], test.trips)
    ranks = [int((scores[k] > scores[k, label]).sum()) for k, label in enumerate(test.labels.tolist())]
    assert {name: part.tolist() for name, part in judged.sums["trips"].items()} == {
        "count": [16], "hits_1": [ranks.count(0)], "hits_5": [sum(rank < 5 for rank in ranks)]}


def test_a_destination_that_no_labelled_trip_has_counts_as_an_error_and_is_not_left_out(make_exam, rows, tiny):
    few = replace(rows, labelled=rows.labelled[:20])
    known = set(pose_destination_road(tiny, few.labelled, STRICT, None).labels.tolist())
    truth = pose_destination_road(tiny, rows.test, STRICT, None).labels.tolist()
    assert {label in known for label in truth} == {False, True}
    scores = torch.zeros(len(truth), 120)
    for k, label in enumerate(truth):  # a prober that knows all that can be known
        scores[k, label if label in known else min(known)] = 1
    judged = KeptAside(make_exam(STRICT, Watched(lambda trips: scores), rows=few)).destination("destination_road")
    assert judged.sums["trips"]["count"].tolist() == [len(truth)]
    assert judged.sums["trips"]["hits_1"].tolist() == [sum(label in known for label in truth)]


# strict: roads

def test_stratified_folds_hold_every_class_evenly_and_each_example_once():
    rng = np.random.default_rng(0)
    labels = rng.choice(4, 203, p=[0.6, 0.25, 0.1, 0.05])
    alone = np.arange(203)
    fold = stratified(labels, alone, 5, np.random.default_rng(1))
    for one in range(4):
        counts = np.bincount(fold[labels == one], minlength=5)
        assert counts.max() - counts.min() <= 1
    assert np.bincount(fold).tolist() == [41, 41, 41, 40, 40]
    assert not np.array_equal(fold, stratified(labels, alone, 5, np.random.default_rng(2)))


def twins_of(network):
    """Road -> the roads that drive the same street the other way, by their ends alone, one by one."""
    ends = [tuple((network.lon[k], network.lat[k]) for k in (a, b - 1)) for a, b in pairwise(network.offsets.tolist())]
    return {k: [n for n, other in enumerate(ends) if other == one[::-1]] for k, one in enumerate(ends)}


def test_no_fold_and_no_tenth_aside_separates_the_two_directions_of_a_street(make_exam, tiny, watched_roads):
    """Their vectors are alike, and their classes the same: a probe that has seen one knows the other."""
    twins = twins_of(tiny.network)
    assert sum(map(bool, twins.values())) > 0.9 * len(twins)  # a network of twin directions
    exam = make_exam(STRICT)
    roads, labels = exam.labelled_roads()
    fold = dict(zip(roads.tolist(), KeptAside(exam).folds(roads, labels).tolist(), strict=True))
    assert sum(twin in fold for road in fold for twin in twins[road]) > 20
    assert all(fold[twin] == fold[road] for road in fold for twin in twins[road] if twin in fold)
    KeptAside(exam).road_label()
    for _, train, _, aside, _ in watched_roads:
        assert not {twin for road in aside for twin in twins[road]} & set(train)


def test_streets_of_every_class_and_size_are_spread_evenly_over_the_folds():
    rng = np.random.default_rng(3)
    streets = np.repeat(np.arange(90), rng.integers(1, 3, 90))
    labels = rng.integers(0, 4, 90)[streets]
    order = rng.permutation(len(streets))
    streets, labels = streets[order], labels[order]
    fold = stratified(labels, streets, 5, np.random.default_rng(1))
    assert all(len(set(fold[streets == one])) == 1 for one in range(90))
    for one, size in product(range(4), (1, 2)):
        own = [fold[streets == street][0] for street in range(90) if (labels[streets == street][0], sum(streets == street)) == (one, size)]
        counts = np.bincount(own, minlength=5)
        assert counts.max() - counts.min() <= 1


@pytest.fixture
def watched_roads(monkeypatch):
    """Road probes that answer (road + 1) // 2 % 4, and keep what they were given: vectors are the numbers of roads."""
    given = []

    class Answer(nn.Module):
        def __init__(self):
            super().__init__()
            self.unused = nn.Parameter(torch.zeros(1))

        def forward(self, vectors):
            return nn.functional.one_hot((vectors[:, 0].long() + 1) // 2 % 4, 4).float()

    def fit(question, vectors, labels, aside, aside_labels, run, **more):
        given.append((question, vectors[:, 0].long().tolist(), labels.tolist(), aside[:, 0].long().tolist(), aside_labels.tolist()))
        return Answer()

    monkeypatch.setattr(judging, "fit_probe", fit)
    return given


def test_no_road_is_in_the_training_part_of_its_own_fold_and_every_road_is_tested_once(make_exam, tiny, watched_roads):
    exam = make_exam(STRICT)
    roads, labels = exam.labelled_roads()
    judged = KeptAside(exam).road_label()
    label_of = dict(zip(roads.tolist(), labels.tolist(), strict=True))
    tested = []
    assert len(watched_roads) == 5
    for question, train, train_labels, aside, aside_labels in watched_roads:
        assert len(set(train) | set(aside)) == len(train) + len(aside)
        assert [label_of[road] for road in train + aside] == train_labels + aside_labels
        assert question.head(9).weight.shape == (4, 9)
        own = set(label_of) - set(train) - set(aside)
        assert abs(len(own) - len(roads) / 5) <= 3  # whole streets, of one or two roads
        assert abs(len(aside) - (len(train) + len(aside)) / 10) <= 3
        for one in range(4):  # each class keeps its share
            size = sum(label == one for label in label_of.values())
            assert abs(sum(label_of[road] == one for road in own) - size / 5) < 3
            assert abs(aside_labels.count(one) - (train_labels + aside_labels).count(one) / 10) < 3
        tested += own
    assert sorted(tested) == roads.tolist()
    predicted = (roads + 1) // 2 % 4
    for name, expected in (("hits", [((predicted == labels) & (labels == c)).sum() for c in range(4)]),
                           ("truth", [(labels == c).sum() for c in range(4)]), ("predicted", [(predicted == c).sum() for c in range(4)])):
        assert judged.sums["roads"][name].tolist() == expected
    assert judged.counts == {"roads": len(roads)}
    assert len({question.key for question, *_ in watched_roads}) == 5


def test_labelled_roads_are_those_of_the_four_classes_that_a_training_trip_of_the_budget_drives(make_exam, tiny, rows):
    classes = tiny.network.table["highway"].tolist()
    assert "service" in classes
    for part in (rows, replace(rows, unlabelled=rows.unlabelled[:2], labelled=rows.labelled[:1])):
        driven = {road for k in [*part.unlabelled, *part.labelled] for road in tiny.route.trip(k)["road"].tolist()}
        expected = [road for road in sorted(driven) if classes[road] in ROAD_LABELS]
        roads, labels = make_exam(STRICT, rows=part).labelled_roads()
        assert roads.tolist() == expected
        assert [ROAD_LABELS[label] for label in labels] == [classes[road] for road in expected]
    assert [ROAD_LABELS[n] if n >= 0 else "service" for n in road_labels(tiny.city)] == classes


@pytest.mark.parametrize("protocol", [STRICT, PAPER], ids=lambda protocol: protocol.name)
def test_a_budget_whose_trips_drive_no_road_of_the_four_classes_is_refused_with_a_sentence(make_exam, rows, protocol):
    judge = KeptAside if protocol is STRICT else AsTheAuthors
    nothing = np.zeros(0, np.int64)
    with pytest.raises(UserError, match=r"tiny.*road_label"):
        judge(make_exam(protocol, rows=replace(rows, unlabelled=nothing, labelled=nothing))).floors("road_label")


def test_road_folds_are_the_same_for_judge_and_floor_and_others_for_another_seed(make_exam, watched_roads):
    exam = make_exam(STRICT)
    roads, labels = exam.labelled_roads()
    KeptAside(exam).road_label()
    fold = KeptAside(exam).folds(roads, labels)
    for k, (_, train, _, aside, _) in enumerate(watched_roads):
        assert set(roads[fold == k]) == set(roads) - set(train) - set(aside)
    guess = [np.bincount(labels[fold != k], minlength=4).argmax() for k in fold]
    assert KeptAside(exam).floors("road_label")["majority class"]["micro_f1"] == pytest.approx((guess == labels).mean())
    assert not np.array_equal(fold, KeptAside(make_exam(STRICT, seed=1)).folds(roads, labels))


@pytest.mark.parametrize("kind", ["travel_time", *POSES])
@pytest.mark.parametrize("protocol", [STRICT, PAPER], ids=lambda protocol: protocol.name)
def test_floors_of_trips_are_measured_on_the_trips_that_are_scored(make_exam, monkeypatch, protocol, kind):
    judge, truth = (KeptAside, AsTheAuthors)[protocol is PAPER], []
    monkeypatch.setattr("benchmark.trajectory.floors.metrics", SimpleNamespace(values=lambda sums: sums, **{
        name: lambda predicted, labels, name=name: truth.append(labels.tolist()) or {} for name in ("top_sums", "seconds_sums")}))
    prober = Watched(lambda trips: torch.zeros(len(trips), 500))
    exam = make_exam(protocol, prober)
    judge(exam).floors(kind)
    scored = []
    name = "seconds_sums" if kind == "travel_time" else "top_sums"
    original = getattr(metrics, name)
    monkeypatch.setattr(metrics, name, lambda predicted, labels: scored.append(labels.tolist()) or original(predicted, labels))
    judge(exam).judge(kind)
    assert len(truth) >= 1
    assert all(one == scored[0] for one in truth)
