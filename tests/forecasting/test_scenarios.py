"""Scenarios of the forecasting suites: what becomes of a series, what a fit sees, what it never sees."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.contract import Asks, Budget, RunContext
from benchmark.data.clock import Clock
from benchmark.data.folder import Origin
from benchmark.data.forecasting.city import Series, write_city
from benchmark.families import FORECASTING, NODE_DRAW, forecasting_protocol
from benchmark.forecasting.floors import floors
from benchmark.forecasting.measuring import MEASURER
from benchmark.forecasting.posing import cut, held_out_windows, pose_under
from benchmark.forecasting.scenarios import Change, change_of, under
from benchmark.registry import registry
from benchmark.spec import LARGEST_SEED, RunSpec
from benchmark.testing.forecasting import SENTINEL, tiny_city
from benchmark.testing.shared import reachable_arrays

STRICT = forecasting_protocol("strict")
# those of the tiny city: a quarter of its days would hold no window
SCENARIOS = [name for name in FORECASTING.scenarios if name not in ("interval-4x", "tasks-3", "tasks-4")]
each_scenario = pytest.mark.parametrize("name", SCENARIOS)
each_scope = pytest.mark.parametrize("scope", ["task", "city"])


@pytest.fixture
def city(tmp_path):
    return tiny_city(tmp_path / "city")


def posed(city, name, scope, target="taxi_pick", asks=Asks()):  # noqa: B008  (frozen)
    """(city, problem) under a scenario."""
    scenario = FORECASTING.scenario(name)
    asked = (target,) if scenario.one_target or scope == "task" else city.tasks[:scenario.first_tasks]
    changed = under(city, name, asked)
    return changed, pose_under(changed, scenario, scope, asked, STRICT, asks)


def series(values, observed=None, *, unit="trips per 30 min", start="2016-01-01T00:00:00", minutes=30):
    values = np.asarray(values, dtype=np.float32)
    return Series("a", values, np.ones(values.shape, dtype=bool) if observed is None else observed, np.arange(values.shape[1]),
                  Clock(start, minutes, "UTC"), unit)


# what becomes of a series

@settings(max_examples=60, deadline=None)
@given(st.sampled_from([2, 4]), st.integers(0, 47), st.integers(8, 200), st.floats(0, 0.5), st.integers(0, LARGEST_SEED), st.booleans())
def test_long_steps_are_sums_of_counts_or_else_means_where_all_their_steps_are_observed(times, slot, steps, share, seed, counts):
    rng = np.random.default_rng(seed)
    values, observed = rng.poisson(5, (steps, 3)).astype(np.float32), rng.random((steps, 3)) >= share
    start = f"2016-01-01T{slot // 2:02d}:{30 * (slot % 2):02d}:00"
    long = Change(merged_steps=times)(series(values, observed, unit="trips per 30 min" if counts else "km/h", start=start))
    row, found = 0, []
    while row + times <= steps:
        if (slot + row) % times:
            row += 1
            continue
        whole = observed[row:row + times].all(axis=0)
        parts = values[row:row + times].astype(np.float64)
        found.append((row, np.where(whole, parts.sum(axis=0) if counts else parts.mean(axis=0), 0), whole))
        row += times
    assert long.steps == len(found)
    for k, (row, expected, whole) in enumerate(found):
        assert long.clock.time(k) == series(values, start=start).clock.time(row)
        assert np.array_equal(long.observed[k], whole)
        assert np.allclose(long.values[k], expected, rtol=1e-6)
    assert long.unit == (f"trips per {30 * times} min" if counts else "km/h")
    assert long.clock.steps_per_day == 48 // times


@pytest.mark.parametrize(("unit", "minutes", "longer"), [
    ("trips per 30 min", 30, "trips per 60 min"), ("flights per hour", 60, "flights per 120 min"), ("km/h", 30, "km/h"),
    # what is said of another interval is a rate, and what says none may be one: both stay true of a mean
    ("trips per hour", 30, "trips per hour"), ("trips", 30, "trips"), ("share per day", 60, "share per day")])
def test_a_unit_says_whether_a_series_is_summed(unit, minutes, longer):
    long = Change(merged_steps=2)(series([[2.0], [4.0]], unit=unit, minutes=minutes))
    assert long.unit == longer
    assert long.values.tolist() == [[6.0 if longer != unit else 3.0]]


def test_a_long_step_lies_in_one_part(city):
    """Every value is the number of its row, so that a sum tells the rows that it is made of."""
    steps = 1009
    rows = np.repeat(np.arange(steps, dtype=np.float32)[:, None], 2, axis=1)
    long = Change(merged_steps=4)(series(rows, start="2016-01-01T01:30:00"))
    first = [(float(value) - 6) / 4 for value in long.values[:, 0]]  # r + (r + 1) + (r + 2) + (r + 3) = 4 r + 6
    assert first == [1 + 4 * k for k in range(252)]
    parts = cut(long.steps, STRICT)
    assert [parts.train.start, parts.train.stop, parts.validation.stop, parts.test.stop] == [0, 176, 202, 252]
    assert parts.validation.start == parts.train.stop
    assert parts.test.start == parts.validation.stop


@pytest.mark.parametrize("times", [2, 4])
@pytest.mark.parametrize("per_day", [24, 48, 288])
def test_in_whole_days_no_other_task_is_shown_at_the_time_of_a_longer_targets_test_part(times, per_day):
    for days in range(42, 100):
        others, target = cut(days * per_day, STRICT), cut(days * per_day // times, STRICT)
        assert others.validation.stop <= target.test.start * times


def test_nodes_are_drawn_once_and_those_of_the_smaller_share_are_among_those_of_the_larger():
    whole = series(np.tile(np.arange(40, dtype=np.float32), (4, 1)))
    few, many = (change_of(FORECASTING.scenario(name))(whole) for name in ("nodes-25", "nodes-50"))
    assert (len(few.node_index), len(many.node_index)) == (10, 20)
    assert set(few.node_index) < set(many.node_index)
    for one in (few, many):
        assert one.node_index.tolist() == sorted(one.node_index) == one.values[0].tolist()
    drawn = np.random.default_rng(NODE_DRAW).permutation(40)
    assert set(few.node_index) == set(drawn[:10])
    assert Change(kept_nodes=0.01)(whole).values.shape == (4, 1)


def test_a_changed_series_has_no_tensor_of_its_source_and_an_unchanged_one_keeps_it():
    whole = replace(series(np.ones((4, 4))), extras={"prompt": np.zeros(3, np.float32)})
    assert Change(merged_steps=2)(whole).extras == {}
    assert Change()(whole) is whole


# what a fit sees

@pytest.mark.parametrize(("name", "scope", "shown", "asked", "arrival"), [
    ("standard", "task", 1, ("taxi_pick",), "together"), ("standard", "city", 2, ("taxi_pick", "taxi_drop"), "together"),
    ("nodes-50", "task", 1, ("taxi_pick",), "together"), ("nodes-50", "city", 2, ("taxi_pick",), "together"),
    ("interval-2x", "city", 2, ("taxi_pick",), "together"), ("tasks-1", "city", 1, ("taxi_pick",), "together"),
    ("tasks-2", "city", 2, ("taxi_pick", "taxi_drop"), "together"), ("cold-start", "task", 1, ("taxi_pick",), "after"),
    ("cold-start", "city", 2, ("taxi_pick",), "after"), ("single-task", "task", 1, ("taxi_pick",), "alone"),
    ("single-task", "city", 1, ("taxi_pick",), "alone")])
def test_a_problem_says_what_is_there_what_is_asked_for_and_how_it_comes(city, name, scope, shown, asked, arrival):
    _, problem = posed(city, name, scope)
    assert (len(problem.tasks), problem.asked, problem.arrival) == (shown, asked, arrival)
    assert problem.others == tuple(task for task in problem.tasks if task not in asked)
    assert problem.aligned == (shown == 1 or name in ("standard", "tasks-2", "cold-start"))


def test_the_target_alone_is_changed_and_alike_in_problem_test_windows_floors_and_facts(city):
    for name, nodes, per_day, steps in (("nodes-50", 4, 48, 480), ("nodes-25", 2, 48, 480), ("interval-2x", 8, 24, 240)):
        changed, problem = posed(city, name, "city")
        target, other = problem.tasks["taxi_pick"], problem.tasks["taxi_drop"]
        windows = held_out_windows(changed, "taxi_pick", STRICT)
        assert (target.nodes, target.steps_per_day) == (nodes, per_day)
        assert (other.nodes, other.steps_per_day, len(other.train.values)) == (8, 48, 336)
        assert target.graph.shape == (nodes, nodes)
        whole = city.series("taxi_pick")
        rows = change_of(FORECASTING.scenario(name))(whole).values
        part = cut(steps, STRICT)
        assert np.array_equal(windows.values, rows[part.test])
        assert np.array_equal(target.train.values, rows[part.train])
        assert torch.equal(target.coordinates, other.coordinates[target.node_index])
        spec = RunSpec("forecasting", "stid", 1, {}, "tiny", 1, ("taxi_pick",), "own", "abc", "strict", 1, "smoke", {"epochs": 1}, 0, name)
        facts, _ = MEASURER.facts(spec, [city])
        about = facts["tasks"]["taxi_pick"]
        assert (about["nodes"], about["steps"], about["clock"]["interval_minutes"]) == (nodes, steps, 24 * 60 // per_day)
        assert about.get("kept_nodes", [str(n) for n in range(8)]) == [str(int(n)) for n in target.node_index]
        assert about["span"].startswith("2016-01-04T00:00:00/2016-01-13T23:")
        assert facts["tasks"]["taxi_drop"] == MEASURER.facts(replace(spec, scenario="standard"), [city])[0]["tasks"]["taxi_drop"]


def test_floors_are_those_of_the_changed_series_and_of_no_other_scenario(city, tmp_path, node_table):
    changed = under(city, "interval-2x", ("taxi_pick",))
    long = changed.series("taxi_pick")
    alone = write_city(tmp_path / "long", "long", "own", Origin("t", "s", "l"), city.nodes, [long])
    assert floors(changed, "taxi_pick", STRICT) == floors(alone, "taxi_pick", STRICT)
    assert floors(changed, "taxi_pick", STRICT) != floors(city, "taxi_pick", STRICT)
    assert floors(changed, "taxi_drop", STRICT) == floors(city, "taxi_drop", STRICT)


def test_a_city_under_the_standard_scenario_is_the_city(city):
    assert under(city, "standard", ("taxi_pick",)) is city
    assert under(city, "cold-start", ("taxi_pick",)) is city


# what it never sees

@each_scenario
@each_scope
@pytest.mark.parametrize("target", ["taxi_pick", "taxi_drop"])
def test_no_test_row_of_any_task_is_reachable_from_a_problem(tmp_path, name, scope, target):
    city, problem = posed(tiny_city(tmp_path / "sentinel", SENTINEL), name, scope, target, Asks(past_days=1))
    assert (held_out_windows(city, target, STRICT).values >= SENTINEL / 4).any()  # else nothing could be found
    arrays = [array for array in reachable_arrays(problem) if array.dtype.kind == "f"]
    assert len(arrays) >= 6
    assert not any((array >= SENTINEL / 4).any() for array in arrays)


@each_scenario
@each_scope
def test_a_method_fits_without_a_test_row_in_reach_whatever_the_scenario(tmp_path, name, scope):
    method = {"task": "linear", "city": "cmust"}[scope]
    _, problem = posed(tiny_city(tmp_path / "sentinel", SENTINEL), name, scope)
    cls, seen = registry().load(method), []
    if cls.declines(cls.Options(), problem):
        assert (name, scope) == ("cold-start", "task")
        return
    small = {"observation_width": 2, "space_width": 2, "time_of_day_width": 2, "weekday_width": 2, "calendar_width": 2, "prompt_width": 2,
             "cross_width": 2, "self_width": 4, "heads": 1, "feed_forward_width": 4} if method == "cmust" else {}
    fitted = cls(cls.Options(**small), problem)

    def look(_):
        seen.append(any((array >= SENTINEL / 4).any() for array in reachable_arrays(fitted) if array.dtype.kind == "f"))

    fitted.fit(RunContext(0, torch.device("cpu"), Budget(1, 30, 16, 2), progress=look))
    look(None)
    assert not any(seen)
