"""Runs under a scenario of the forecasting suites: who declines, what is planned, what is left of it."""

from dataclasses import dataclass

import pytest
import torch
from made.cheats import Honest
from made.notes import without_seconds

import benchmark as stb
from benchmark.contract import Budget, RunContext
from benchmark.errors import UserError
from benchmark.execution.campaign import run_plan
from benchmark.execution.plan import Request, make_plan
from benchmark.fitting import seed_everything
from benchmark.forecasting.measuring import MEASURER
from benchmark.registry import MethodInfo, registry
from benchmark.report.choice import Filter
from benchmark.report.listing import describe, scenarios
from benchmark.report.table import make_tables
from benchmark.spec import RunSpec
from benchmark.store.records import LARGEST_RECORD, Store, dumps
from benchmark.suites.catalogue import find_suite, pick_tasks
from benchmark.testing.forecasting import tiny_city

TINY = Budget(epochs=1, patience=30, epoch_windows=32, validation_windows=8)


@pytest.fixture
def city(tmp_path):
    return tiny_city(tmp_path / "city")


# who declines

@dataclass(frozen=True)
class Nothing:
    """Nothing to choose."""


class Concatenates(Honest):
    """Puts the series of all tasks side by side."""

    Options = Nothing

    @classmethod
    def declines(cls, options, problem):
        if not problem.aligned:
            return "the method puts all tasks side by side, which needs equal nodes and one clock"
        return super().declines(options, problem)

    def fit(self, run):
        torch.cat([one.train.values for one in self.problem.tasks.values()], dim=1)


@pytest.fixture
def measure(city, monkeypatch):
    """Fit and score a method of this module, or of the registry, on the tiny city."""
    info = MethodInfo("side by side", f"{__name__}:Concatenates", "a concatenation", "nobody", "none", scope="city")
    monkeypatch.setitem(registry()._infos, "side by side", info)
    monkeypatch.setitem(registry()._places, "side by side", "here")

    def made(method, scenario, tasks=("taxi_pick",), **more):
        spec = RunSpec("forecasting", method, 1, {}, "tiny", 1, tasks, "own", "abc", "strict", 1, "smoke", {"epochs": 1}, 0, scenario)
        run, cls = RunContext(0, torch.device("cpu"), TINY), registry().load(method)
        seed_everything(0)
        return MEASURER.measure(spec, [city], cls.Options(), run, **more), run

    return made


@pytest.mark.parametrize(("scenario", "reason"), [
    ("nodes-50", "equal nodes and one clock"), ("interval-2x", "equal nodes and one clock"), ("cold-start", "cannot learn a task after")])
def test_a_method_that_concatenates_tasks_has_no_result_and_says_why(measure, scenario, reason):
    measured, run = measure("side by side", scenario)
    assert reason in run.notes["missing"]["taxi_pick"]
    assert (measured.metrics, measured.sums, measured.days, measured.fit_s) == ({}, {}, {}, 0.0)
    assert set(measured.floors) == {"taxi_pick"}


@pytest.mark.parametrize("scenario", ["standard", "tasks-2", "single-task"])
def test_a_method_that_concatenates_tasks_has_its_results_where_they_are_alike(measure, scenario):
    measured, run = measure("side by side", scenario, ("taxi_pick",) if scenario == "single-task" else ("taxi_pick", "taxi_drop"))
    assert measured.metrics
    assert "missing" not in run.notes


def test_a_method_of_one_task_has_nothing_to_learn_before_a_cold_start(measure):
    measured, run = measure("last_value", "cold-start")
    assert run.notes["missing"] == {"taxi_pick": "the method learns each task alone; none comes after others"}
    assert not measured.metrics


# plans

def specs(method, scenario, suite="nyc", tasks=None, **more):
    return make_plan(Request((method,), suite, tasks=tasks, preset="smoke", edition="sim", device="cpu", floors=False, scenario=scenario,
                             **more)).runs


@pytest.mark.parametrize("method", ["cmust", "linear"])
@pytest.mark.parametrize("scenario", ["nodes-25", "interval-2x", "cold-start", "single-task"])
def test_each_task_is_a_target_in_turn_whatever_the_scope(method, scenario):
    every = find_suite("nyc").tasks
    assert [spec.tasks for spec in specs(method, scenario)] == [(task,) for task in every]
    assert [spec.tasks for spec in specs(method, scenario, tasks=("crowd_in",))] == [("crowd_in",)]


def test_the_first_tasks_of_a_suite_are_fitted_together_or_each_alone():
    every = find_suite("nyc").tasks
    assert [spec.tasks for spec in specs("cmust", "tasks-3")] == [every[:3]]
    assert [spec.tasks for spec in specs("linear", "tasks-2")] == [(task,) for task in every[:2]]
    with pytest.raises(UserError, match=r"task of suite nyc in scenario tasks-2 'taxi_drop'"):
        specs("cmust", "tasks-2", tasks=("taxi_drop",))


def test_a_scenario_of_more_tasks_than_the_suite_has_is_a_sentence():
    with pytest.raises(UserError, match=r"tasks-4 is of the first 4 tasks of a suite; chicago has 3: taxi_pick, taxi_drop, risk\."):
        specs("cmust", "tasks-4", "chicago")
    assert pick_tasks(find_suite("chicago"), None, "tasks-3") == find_suite("chicago").tasks


def test_a_city_that_is_too_short_for_a_longer_interval_is_refused_before_anything_is_fitted():
    with pytest.raises(UserError, match=r"City nyc, task crowd_in under scenario interval-4x: 168 rows are too few"):
        specs("cmust", "interval-4x", tasks=("crowd_in",))


def test_a_task_order_names_the_tasks_that_a_fit_sees():
    order = {"task_order": "taxi_drop,taxi_pick,crowd_out,crowd_in"}
    assert len(specs("cmust", "cold-start", tasks=("crowd_in",), overrides=order)) == 1
    with pytest.raises(UserError, match="task_order names each task of the problem once"):
        specs("cmust", "single-task", tasks=("crowd_in",), overrides=order)


def test_lists_say_what_a_scenario_is_and_which_suites_have_it():
    every = {row["scenario"]: row["meaning"] for row in scenarios() if row["family"] == "forecasting"}
    assert set(every) == {"standard", "nodes-25", "nodes-50", "interval-2x", "interval-4x", "tasks-1", "tasks-2", "tasks-3", "tasks-4",
                          "cold-start", "single-task"}
    assert all(every.values())
    assert [name for name in every if name not in describe("chicago")["scenarios"]] == ["tasks-4"]
    assert describe("nyc")["scenarios"] == list(every)


# whole runs

def test_a_run_under_a_scenario_is_kept_and_forecasts_the_city_as_the_scenario_has_it(tmp_path):
    for name, nodes, minutes in (("nodes-50", 6, 30), ("interval-2x", 13, 60)):
        folder = tmp_path / name
        stb.run("linear", "nyc", task="crowd_in", preset="smoke", data="sim", scenario=name, keep=True, results=folder)
        (path,) = (folder / "nyc" / "linear").glob("*.kept.json")
        frame = stb.forecast(path, "nyc", results=folder)
        times = frame["time"].drop_duplicates()
        assert (len(frame), set(frame["task"]), len(times)) == (12 * nodes, {"crowd_in"}, 12)
        assert (times.iloc[1] - times.iloc[0]).total_seconds() == 60 * minutes
        with pytest.raises(UserError, match="task of the run"):
            stb.forecast(path, "nyc", "taxi_pick", results=folder)


def test_a_declined_task_leaves_a_small_finished_record_that_is_not_done_again(tmp_path):
    plan = make_plan(Request(("linear",), "nyc", tasks=("crowd_in",), preset="smoke", edition="sim", device="cpu", floors=False,
                             scenario="cold-start"))
    store = Store(tmp_path / "store")
    assert run_plan(plan, store, workers=1, keep=True).done == 1
    assert run_plan(plan, store, workers=1, keep=True).skipped == 1
    record = store.read(plan.runs[0])
    assert (record.status, dict(record.metrics)) == ("done", {})
    assert len(dumps(record).encode()) < LARGEST_RECORD
    (table,) = make_tables(store, None, Filter.of(plan.settings[0]))
    (row,) = [row for row in table.rows if not row.floor]
    assert row.missing == "the method learns each task alone; none comes after others"


@pytest.mark.parametrize("scenario", ["nodes-50", "cold-start"])
def test_a_target_is_measured_the_same_twice(measure, scenario):
    (one, first), (two, second) = (measure("linear" if scenario == "nodes-50" else "side by side", scenario) for _ in range(2))
    assert (one.sums, one.floors, without_seconds(first.notes)) == (two.sums, two.floors, without_seconds(second.notes))


def test_tables_take_the_unit_of_a_task_from_a_record_of_its_own(tmp_path):
    frame = stb.run("last_value", "nyc", task=["crowd_in", "taxi_pick"], preset="smoke", data="sim", scenario="interval-2x",
                    results=tmp_path / "results")
    units = frame[frame.metric == "mae"].groupby("task").unit.agg(set)
    assert units.to_dict() == {"crowd_in": {"persons per 60 min"}, "taxi_pick": {"trips per 60 min"}}
