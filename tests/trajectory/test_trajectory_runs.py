"""Whole runs over tiny trajectory cities: what stands in a record, for methods that read every view, few views, or the road classes."""

import json
import sys
import types
from dataclasses import dataclass, replace

import pytest
import torch
from torch import nn

from benchmark import MethodInfo, Registry, TrajectoryEncoder
from benchmark.contract import Asks
from benchmark.execution.jobs import Job
from benchmark.execution.work import execute
from benchmark.options import as_dict
from benchmark.spec import Record, RunSpec
from benchmark.suites.cities import CityRef
from benchmark.testing.tiny_trips import tiny_trajectory_city
from benchmark.trajectory.neural import EncoderOptions, NeuralEncoder

KINDS = ("road_label", "travel_time", "destination_road", "destination_grid")
DESTINATIONS = KINDS[2:]
BUDGET = {"epochs": 2, "unlabelled_trips": None, "labelled_trips": None}
COLUMNS = {"road_label": {"micro_f1", "macro_f1"}, "travel_time": {"mae", "rmse", "wape"}, "destination_road": {"acc_1", "acc_5"},
           "destination_grid": {"acc_1", "acc_5"}}
MARKOV = "first-order Markov, all trips"
FLOORS = {"road_label": {"majority class"}, "travel_time": {"mean travel time", "length and hour"},
          "destination_road": {"first-order Markov, all trips", "last shown road, same labels"},
          "destination_grid": {"first-order Markov, all trips", "last shown cell, same labels"}}
posed = []  # the problems that methods were given


@dataclass(frozen=True)
class TableOptions:
    # numbers of a vector
    width: int = 8
    # read the classes of the roads
    reads_class: bool = False
    # do without the cells
    without_grid: bool = False


class Roads(TrajectoryEncoder):
    """Random road vectors, drawn from the run's own generator; a trip is their mean."""

    Options, view = TableOptions, "route"

    def fit(self, run):
        posed.append(self.problem)
        self.tables = {name: torch.randn(len(city.roads) if self.view == "route" else len(city.cells), self.options.width,
                                         generator=run.generator(f"table {name}")) for name, city in self.problem.cities.items()}

    @classmethod
    def asks(cls, options):
        return Asks(road_class=options.reads_class)

    @classmethod
    def views(cls, options, declared):
        return tuple(view for view in declared if not (options.without_grid and view == "grid"))

    def encode(self, trips):
        view = getattr(trips, self.view)
        (index,) = (values for name, values in view.values.items() if name in ("road", "cell"))
        return nn.functional.embedding_bag(index, self.tables[trips.city], view.offsets[:-1], mode="mean")

    def roads(self, city, trips):
        return self.tables[city]

    def state_dict(self):
        return self.tables

    def load_state_dict(self, state):
        self.tables = dict(state)


class Cells(Roads):
    """Random cell vectors: it knows no roads."""

    view = "grid"

    def roads(self, city, trips):
        raise AssertionError("nobody asks for roads of a method that does not read them")


@dataclass(frozen=True, kw_only=True)
class NetworkOptions(EncoderOptions):
    # numbers of a vector
    width: int = 6


class Network(NeuralEncoder):
    """Learned road vectors that tell a trip's length; reads routes and cells."""

    Options = NetworkOptions

    def build_network(self, problem):
        return nn.EmbeddingBag(max(len(city.roads) for city in problem.cities.values()), self.options.width, mode="mean")

    def vectors(self, trips):
        return self.network(trips.route.values["road"], trips.route.offsets[:-1])

    def losses(self, trips):
        noise = 0.1 * torch.randn(len(trips))
        return {"length": (self.vectors(trips).mean(dim=1) - trips.route.lengths() / 15 + noise).square().mean()}

    def roads(self, city, trips):
        return self.network.weight


class Declines(Roads):
    """Knows one city alone."""

    @classmethod
    def declines(cls, options, problem):
        return "the method knows the west alone" if set(problem.cities) != {"west"} else None


class Nan(Roads):
    def encode(self, trips):
        return super().encode(trips) / 0


METHODS = [MethodInfo(cls.__name__.lower(), f"{__name__}:{cls.__name__}", "s", "p", "l", family="trajectory", scope="city", inputs=inputs)
           for cls, inputs in ((Roads, ("route", "grid")), (Cells, ("grid",)), (Network, ("route", "grid")), (Nan, ("route",)),
                               (Declines, ("route",)))]


@pytest.fixture(autouse=True)
def methods(monkeypatch):
    catalogue = types.ModuleType("catalogue_of_trajectory_runs")
    catalogue.METHODS = METHODS
    monkeypatch.setitem(sys.modules, catalogue.__name__, catalogue)
    monkeypatch.setattr("benchmark.registry._registry", Registry((catalogue.__name__,), "none"))
    posed.clear()


@pytest.fixture(scope="module")
def cities(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return [tiny_trajectory_city(folder / name, name, seed).folder for seed, name in enumerate(("east", "west"))]


def spec_of(method="roads", tasks=KINDS, options=None, **changes):
    cls = {info.name: globals()[info.target.partition(":")[2]] for info in METHODS}[method]
    given = {"options": as_dict(cls.Options(**(options or {}))), "suite": "east", "tasks": tasks, "edition": "own", "fingerprint": "f",
             "protocol": "strict", "preset": "smoke", "budget": BUDGET, "seed": 0}
    return RunSpec("trajectory", method, method_version=1, suite_version=1, protocol_version=1, **{**given, **changes})


def executed(spec, folders):
    """The outcome of a run over cities that lie in these folders."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("benchmark.execution.work.locate", lambda ref: next(folder for folder in folders if folder.name == ref.name))
        return execute(Job(spec, tuple(CityRef(folder.name, "own", "") for folder in folders), {}), "cpu")


def run(folders, spec):
    record = executed(spec, folders).record
    assert record.status == "done", record.error
    return record


@pytest.fixture(scope="module")
def remembered(cities):
    """Runs by spec, each done once."""
    done = {}

    def get(spec, folders=None):
        key = (spec.id, len(folders or cities[:1]))
        if key not in done:
            done[key] = run(folders or cities[:1], spec)
        return done[key]

    return get


def test_a_record_has_metrics_sums_floors_counts_and_the_city_of_every_task(remembered):
    record = remembered(spec_of())
    assert set(record.metrics) == set(record.sums) == set(record.floors) == set(KINDS)
    for task in KINDS:
        assert set(record.metrics[task]) == COLUMNS[task]
        assert set(record.floors[task]) == FLOORS[task]
        assert all(set(values) == COLUMNS[task] for values in record.floors[task].values())
        assert record.counts[task]["unlabelled_trips"] == 168
    assert "missing" not in record.notes
    assert {task: record.counts[task].get("test_trips") for task in KINDS} == {**dict.fromkeys(KINDS[1:], 16), "road_label": None}
    assert record.counts["travel_time"]["labelled_trips"] == 40
    assert record.counts["road_label"]["roads"] == sum(record.sums["road_label"]["roads"]["truth"])
    assert record.spec.family == "trajectory"
    assert record.city["cities"]["east"]["trips"] == 240
    assert set(record.city["cities"]["east"]["split"]["days"]) == {"train", "validation", "test"}
    assert (record.city["tasks"]["travel_time"], record.city["tasks"]["road_label"]) == ({"unit": "s"}, {"unit": ""})
    assert set(record.timings) == {"fit_s", "predict_s", "total_s"}


def test_an_encoder_that_declines_a_suite_is_not_fitted_and_its_record_says_why(cities):
    record = run(cities[:1], spec_of("declines"))
    assert record.notes["missing"] == dict.fromkeys(KINDS, "the method knows the west alone")
    assert not record.metrics
    assert not posed
    assert run(cities[1:], spec_of("declines", suite="west")).metrics.keys() == {"road_label", "travel_time", "destination_road"}


def test_metrics_can_be_made_again_from_the_sums_of_a_record(remembered):
    record = remembered(spec_of())
    time = record.sums["travel_time"]["observed"]
    assert record.metrics["travel_time"]["mae"] == pytest.approx(time["absolute"][0] / time["count"][0])
    assert record.metrics["travel_time"]["rmse"] == pytest.approx((time["squared"][0] / time["count"][0]) ** 0.5)
    for task in DESTINATIONS:
        trips = record.sums[task]["trips"]
        assert record.metrics[task] == {f"acc_{k}": trips[f"hits_{k}"][0] / trips["count"][0] for k in (1, 5)}
    roads = record.sums["road_label"]["roads"]
    assert record.metrics["road_label"]["micro_f1"] == pytest.approx(sum(roads["hits"]) / sum(roads["truth"]))
    each = [2 * h / (t + p) if t + p else 0 for h, t, p in zip(roads["hits"], roads["truth"], roads["predicted"], strict=True)]
    assert record.metrics["road_label"]["macro_f1"] == pytest.approx(sum(each) / 4)


@pytest.mark.parametrize("protocol", ["strict", "paper"])
def test_sums_by_start_hour_add_up_to_those_of_the_task_and_roads_have_none(remembered, protocol):
    record = remembered(spec_of(protocol=protocol))
    assert set(record.days) == set(KINDS) - {"road_label"}
    first = {"travel_time": ("observed", "absolute"), "destination_road": ("trips", "hits_1"), "destination_grid": ("trips", "hits_1")}
    for task, (mask, name) in first.items():
        days, sums = record.days[task], record.sums[task][mask]
        assert days["hours"] == 1
        assert set(days["sums"]) == {mask}
        assert set(days["sums"][mask]) == {"count", name}
        assert sum(days["sums"][mask]["count"]) == sums["count"][0]
        assert sum(days["sums"][mask][name]) == pytest.approx(sums[name][0], rel=1e-9)
        assert len(days["sums"][mask]["count"]) > 1


def test_a_record_is_small_and_reads_back_from_json(remembered, cities):
    for record in (remembered(spec_of()), remembered(spec_of(suite="pair", tasks=tuple(f"{city}.{kind}" for kind in KINDS
                                                                                         for city in ("east", "west"))), cities)):
        text = json.dumps(record.to_json())
        assert len(text) < 32_000
        assert "NaN" not in text
        assert Record.from_json(json.loads(text)) == record


def test_the_same_spec_twice_gives_the_same_metrics_bit_for_bit_and_another_seed_others(remembered, cities):
    for spec in (spec_of(), spec_of("network", tasks=KINDS[1:]), spec_of(protocol="paper", tasks=("road_label", "destination_road"))):
        first = remembered(spec)
        torch.rand(7)
        again = run(cities[:1], spec)
        assert (again.metrics, again.sums, again.floors, again.days) == (first.metrics, first.sums, first.floors, first.days)
    assert run(cities[:1], spec_of(seed=1)).metrics != remembered(spec_of()).metrics


def test_what_a_task_gives_does_not_depend_on_the_other_tasks_of_the_run(remembered):
    whole = remembered(spec_of())
    for task in KINDS:
        alone = remembered(spec_of(tasks=(task,)))
        assert set(alone.metrics) == {task}
        assert alone.sums[task] == whole.sums[task]
        assert alone.floors[task] == whole.floors[task]


def test_a_task_whose_view_a_method_does_not_read_is_missing_with_the_reason_and_still_has_its_floors(remembered):
    record = remembered(spec_of("cells"))
    assert set(record.metrics) == set(record.sums) == {"travel_time", "destination_road", "destination_grid"}
    assert set(record.notes["missing"]) == {"road_label"}
    assert all("route" in reason for reason in record.notes["missing"].values())
    assert record.floors == remembered(spec_of()).floors
    assert {task for task in KINDS if task in record.counts} == {"travel_time", "destination_road", "destination_grid"}


def test_options_that_switch_a_view_off_make_its_tasks_missing(cities):
    record = run(cities[:1], spec_of(options={"without_grid": True}))
    assert set(record.notes["missing"]) == {"destination_grid"}
    assert set(record.metrics) == {"road_label", "travel_time", "destination_road"}


def test_a_quarter_of_the_labels_is_a_part_of_them_and_changes_neither_test_trips_nor_floors(remembered):
    whole, few = remembered(spec_of()), remembered(spec_of(scenario="labels-25", tasks=KINDS[1:]))
    assert few.counts["travel_time"]["labelled_trips"] == round(0.25 * whole.counts["travel_time"]["labelled_trips"])
    assert few.counts["travel_time"]["test_trips"] == whole.counts["travel_time"]["test_trips"]
    assert few.floors["travel_time"] == whole.floors["travel_time"]
    assert few.metrics["travel_time"] != whole.metrics["travel_time"]


def test_a_method_that_reads_the_road_classes_gets_them_and_its_road_label_is_not_scored(cities):
    plain = run(cities[:1], spec_of())
    reads = run(cities[:1], spec_of(options={"reads_class": True}))
    without, with_classes = posed
    assert without.only.road_class is None
    given = with_classes.only.road_class
    assert (given.dtype, len(given)) == (torch.int64, 120)
    classes = [line.split(",") for line in (cities[0] / "roads.csv").read_text().splitlines()]
    column = classes[0].index("highway")
    names = [line[column] for line in classes[1:]]
    assert len(set(zip(given.tolist(), names, strict=True))) == len(set(names)) == len(set(given.tolist()))  # one number a class
    assert "road_label" not in reads.metrics
    assert "class" in reads.notes["missing"]["road_label"]
    assert reads.floors == plain.floors
    assert {task: reads.metrics[task] for task in KINDS[1:]} == {task: plain.metrics[task] for task in KINDS[1:]}


def test_a_run_of_scope_city_in_a_suite_of_two_sees_its_own_city_alone(cities, remembered):
    tasks = tuple(f"west.{kind}" for kind in KINDS)
    record = run(cities, spec_of(suite="pair", tasks=tasks))
    (problem,) = posed
    assert list(problem.cities) == ["west"]
    assert set(record.metrics) == set(record.floors) == set(tasks)
    assert set(record.city["cities"]) == {"east", "west"}
    assert len(record.city["suite_tasks"]) == 8
    alone = run(cities[1:], spec_of(suite="west"))
    for kind in KINDS:  # the pair changes nothing
        assert record.sums[f"west.{kind}"] == alone.sums[kind]
        assert record.floors[f"west.{kind}"] == alone.floors[kind]
    assert record.metrics["west.travel_time"] != remembered(spec_of()).metrics["travel_time"]


def test_a_run_over_both_cities_scores_each_by_itself(cities, remembered):
    tasks = tuple(f"{city}.{kind}" for kind in KINDS for city in ("east", "west"))
    record = remembered(spec_of(suite="pair", tasks=tasks), cities)
    assert set(record.metrics) == set(tasks)
    assert {kind: record.sums[f"east.{kind}"] for kind in KINDS} == remembered(spec_of()).sums
    assert record.sums["east.travel_time"] != record.sums["west.travel_time"]
    assert record.floors["east.travel_time"] != record.floors["west.travel_time"]


def test_scenario_keep_70_asks_for_the_same_ends_from_further_away(remembered):
    near, far = remembered(spec_of()), remembered(spec_of(scenario="keep-70", tasks=DESTINATIONS))
    assert set(far.metrics) == set(DESTINATIONS)
    for task in DESTINATIONS:
        assert far.sums[task]["trips"]["count"] == near.sums[task]["trips"]["count"] == [16]
        assert far.floors[task][MARKOV]["acc_5"] < near.floors[task][MARKOV]["acc_5"]


def test_scenario_last_entry_asks_for_less_time_of_the_same_trips(remembered):
    whole, until = remembered(spec_of()), remembered(spec_of(scenario="last-entry", tasks=("travel_time",)))
    assert set(until.metrics) == {"travel_time"}
    assert until.sums["travel_time"]["observed"]["count"] == whole.sums["travel_time"]["observed"]["count"] == [16]
    assert until.metrics["travel_time"] != whole.metrics["travel_time"]
    for floor in FLOORS["travel_time"]:
        assert 0 < until.floors["travel_time"][floor]["mae"] < whole.floors["travel_time"][floor]["mae"]


def test_protocol_paper_scores_folds_of_what_is_not_learnt_from(remembered):
    record = remembered(spec_of(protocol="paper"))
    assert set(record.metrics) == set(record.floors) == set(KINDS)
    assert record.sums["travel_time"]["observed"]["count"] == [40 + 16 + 16]
    assert record.counts["travel_time"]["test_trips"] == 72
    for task in DESTINATIONS:
        assert record.counts[task]["test_trips"] == round(0.2 * 72) == record.sums[task]["trips"]["count"][0]
    assert record.metrics["travel_time"] != remembered(spec_of()).metrics["travel_time"]


def test_a_budget_caps_what_is_learnt_from_and_never_the_test_part(cities):
    record = run(cities[:1], spec_of(budget={"epochs": 1, "unlabelled_trips": 30, "labelled_trips": 12}))
    (problem,) = posed
    assert (len(problem.only.unlabelled), len(problem.only.validation)) == (30, 16)
    assert record.counts["travel_time"] == {"unlabelled_trips": 30, "floor_trips": 208, "labelled_trips": 12, "validation_trips": 16,
                                            "test_trips": 16}
    whole = run(cities[:1], spec_of())

    def known(one, kind):  # floors know all trips, but for the one of equal labels
        return {name: values for name, values in one.floors[kind].items() if "same labels" not in name}

    assert [known(record, kind) for kind in KINDS[1:]] == [known(whole, kind) for kind in KINDS[1:]]


@pytest.mark.parametrize("probe", ["frozen", "finetune"])
def test_a_network_is_trained_within_the_budget_and_its_training_stands_in_the_notes(cities, remembered, probe):
    outcome = executed(spec_of("network", options={"probe": probe}, tasks=("travel_time", "destination_grid")), cities[:1])
    record = outcome.record
    assert record.status == "done", record.error
    own = [epoch for epoch in outcome.history if not epoch.get("probe")]
    assert [epoch["stage"] for epoch in own] == ["pretrain"] * 2  # what probes train is not the method's, and not counted
    assert {epoch["task"].partition(".")[2] for epoch in outcome.history if epoch.get("probe")} == (
        {"travel_time", "destination_grid"} if probe == "finetune" else set())
    assert record.counts["epochs"] == record.notes["training"]["epochs"] == 2
    assert record.counts["steps"] == record.notes["training"]["steps"] == 2 * 3
    assert record.counts["parameters"] == 120 * 6
    frozen = remembered(spec_of("network", tasks=("travel_time", "destination_grid")))
    assert (record.sums["travel_time"] == frozen.sums["travel_time"]) is (probe == "frozen")


def test_roads_that_are_trained_weights_are_judged_like_a_plain_table(cities):
    record = run(cities[:1], spec_of("network", tasks=("road_label",)))
    assert set(record.metrics["road_label"]) == {"micro_f1", "macro_f1"}


def test_vectors_that_are_nan_end_the_run_in_a_failed_record_that_names_the_city(cities):
    record = executed(spec_of("nan"), cities[:1]).record
    assert (record.status, record.metrics) == ("failed", {})
    assert record.error["kind"] == "BadPrediction"
    assert "trips of east" in record.error["message"]


def test_a_city_without_any_of_the_four_classes_says_what_to_do(cities, tmp_path, monkeypatch):
    from benchmark.trajectory import posing

    monkeypatch.setattr(posing, "ROAD_LABELS", ("motorway", "trunk", "track", "steps"))
    record = executed(replace(spec_of(), tasks=("road_label",)), cities[:1]).record
    assert (record.status, record.error["kind"]) == ("failed", "UserError")
    assert "Name other tasks with --task" in record.error["message"]
