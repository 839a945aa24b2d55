"""What a method that asks for the days before its windows is shown, and never shown, under every protocol."""

import numpy as np
import pandas as pd
import pytest
import torch

from benchmark.contract import Asks
from benchmark.data.clock import Clock
from benchmark.data.folder import Origin
from benchmark.data.forecasting.city import Series, write_city
from benchmark.families import FORECASTING, forecasting_protocol
from benchmark.forecasting.posing import cut, held_out_windows, pose
from benchmark.testing.shared import reachable_arrays

# four days of quarter days fit several times into each part; hours of a day differ between the tasks
STEPS, NODES = {"slow": 400, "fast": 1600}, 3
CLOCKS = {"slow": Clock("2016-01-06T06:00:00", 360, "UTC"), "fast": Clock("2016-01-06T00:00:00", 60, "UTC")}
each_protocol = pytest.mark.parametrize("name", list(FORECASTING.protocols))
each_task = pytest.mark.parametrize("task", list(STEPS))


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """Every value is the number of its row, so that a row can be told wherever it turns up."""
    series = [Series(task, np.repeat(np.arange(1, steps + 1, dtype=np.float32)[:, None], NODES, axis=1),
                     np.random.default_rng(0).random((steps, NODES)) > 0.1, np.arange(NODES), CLOCKS[task], "rows")
              for task, steps in STEPS.items()]
    nodes = pd.DataFrame({"node_id": list("abc"), "name": "", "lon": [0.0, 0.1, 0.2], "lat": 0.0})
    return write_city(tmp_path_factory.mktemp("past") / "city", "rows", "own", Origin("t", "s", "l"), nodes, series)


def parts(city, task, protocol, days):
    """(windows, first row of the part) of training, validation and test."""
    problem, cuts = pose(city, [task], protocol, Asks(past_days=days)).only, cut(STEPS[task], protocol)
    held_out = held_out_windows(city, task, protocol, days)
    return [(problem.train, cuts.train.start), (problem.validation, cuts.validation.start), (held_out, cuts.test.start)]


@each_protocol
@each_task
@pytest.mark.parametrize("days", [1, 4])
def test_the_past_is_the_rows_right_before_each_window_and_nothing_later(city, task, name, days):
    protocol, per_day = forecasting_protocol(name), CLOCKS[task].steps_per_day
    for windows, begin in parts(city, task, protocol, days):
        starts = torch.tensor([0, 1, len(windows) // 2, len(windows) - 1])
        for apart in (False, True):
            inputs = windows.inputs(starts, apart=apart)
            first_row = begin + starts  # of the window, counted from 0
            rows = first_row[:, None] + torch.arange(-days * per_day, 0)
            there = rows >= 0
            shown = inputs.past.observed
            assert shown.shape == (4, days * per_day, NODES)
            assert not shown[~there].any(), "a row before the beginning of the series is observed"
            expected = torch.where(there, rows + 1, 0)[:, :, None].expand_as(shown)
            assert torch.equal(torch.where(shown, inputs.past.values, 0), torch.where(shown, expected, 0).float())
            assert torch.equal(shown, torch.from_numpy(np.array(city.series(task).observed))[rows.clamp(min=0)] & there[:, :, None])
            assert (inputs.past.values[~shown] == 0).all()
            assert int(inputs.past.values.max()) <= int(first_row.max()), "a row of the window, or after it, is in its past"


@each_protocol
@each_task
def test_the_window_itself_and_its_targets_do_not_depend_on_what_is_asked_for(city, task, name):
    protocol = forecasting_protocol(name)
    for (plain, _), (asked, _) in zip(parts(city, task, protocol, 0), parts(city, task, protocol, 3), strict=True):
        assert len(plain) == len(asked) > 0
        starts = torch.arange(len(plain))
        one, other = plain.inputs(starts), asked.inputs(starts)
        for field in ("values", "observed", "scaled", "slot", "weekday", "calendar"):
            assert torch.equal(getattr(one, field), getattr(other, field)), field
        for field in ("values", "observed", "counted"):
            assert torch.equal(getattr(plain.targets(starts), field), getattr(asked.targets(starts), field)), field


@each_task
def test_clocks_go_on_backwards_before_the_series_began(city, task):
    per_day = CLOCKS[task].steps_per_day
    windows, _ = parts(city, task, forecasting_protocol("strict"), 2)[0]
    inputs = windows.inputs(torch.tensor([0, 1, per_day + 1]))
    times = torch.cat([inputs.past.weekday * per_day + inputs.past.slot, inputs.weekday * per_day + inputs.slot], dim=1)
    assert ((times.diff(dim=1) % (7 * per_day)) == 1).all(), "from one row to the next the clock does not move by one step"


def test_what_is_not_asked_for_is_not_there(city):
    problem = pose(city, ["slow"], forecasting_protocol("strict"))
    assert problem.only.train.inputs(torch.tensor([0])).past is None
    assert problem.only.validation.inputs(torch.tensor([0])).past is None
    inputs = held_out_windows(city, "slow", forecasting_protocol("strict")).inputs(torch.tensor([5]), apart=True)
    earlier = float(inputs.values[inputs.observed].min())
    assert all(not ((array > 0) & (array < earlier)).any() for array in reachable_arrays(inputs) if array.dtype == np.float32
               and array.shape[-1:] == (NODES,)), "a row before the window can be reached"


@each_protocol
def test_no_test_row_is_reachable_from_a_problem_that_shows_the_past(city, name):
    protocol = forecasting_protocol(name)
    problem = pose(city, ["slow"], protocol, Asks(past_days=4))
    held = cut(STEPS["slow"], protocol).test.start + (protocol.window - 1 if protocol.cut == "windows" else 0)
    for array in reachable_arrays(problem):
        assert array.dtype != np.float32 or not (array > held).any(), f"row {array.max()} of the test part, which begins at {held}"


def test_a_scored_window_cannot_reach_a_row_after_the_last_windows_beginning(city):
    windows = held_out_windows(city, "fast", forecasting_protocol("strict"), 2)
    starts = torch.arange(3, 9)
    inputs = windows.inputs(starts, apart=True)
    latest = float(windows.values[windows.past + 8:windows.past + 8 + windows.history].max())
    reached = max(float(array.max()) for array in reachable_arrays((inputs, inputs.past.values)) if array.dtype == np.float32)
    assert reached <= latest


def test_rows_that_are_withheld_from_a_series_are_unobserved_in_its_past(city, tmp_path):
    nodes = city.nodes
    series = city.series("slow")
    observed = np.array(series.observed)
    observed[100:200] = False
    other = write_city(tmp_path / "city", "rows", "own", Origin("t", "s", "l"), nodes,
                       [Series("slow", np.array(series.values), observed, np.arange(NODES), CLOCKS["slow"], "rows")])
    windows = pose(other, ["slow"], forecasting_protocol("strict"), Asks(past_days=4)).only.train
    past = windows.inputs(torch.tensor([205])).past
    assert not past.observed[0, :-5].any()
    assert past.observed[0, -5:].any()
    assert (past.scaled[0, :-5] == 0).all()


def test_values_are_gathered_when_they_are_read(city):
    inputs = pose(city, ["fast"], forecasting_protocol("strict"), Asks(past_days=7)).only.train.inputs(torch.arange(4))
    assert not {"values", "observed", "scaled", "slot", "weekday"} & set(vars(inputs.past))
    assert inputs.past.values.shape == (4, 168, NODES)
    assert "observed" not in vars(inputs.past)


def test_a_negative_number_of_days_is_a_sentence():
    with pytest.raises(ValueError, match="past_days counts days"):
        Asks(past_days=-1)
