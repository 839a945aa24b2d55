"""Floors of forecasts: equal to the methods that guess the same way, under every protocol, and never the work of a method."""

import numpy as np
import pandas as pd
import pytest
import torch

from baselines.forecasting.historical_average import HistoricalAverage
from baselines.forecasting.last_value import LastValue
from baselines.forecasting.last_week import LastWeek
from benchmark import metrics
from benchmark.contract import Budget, RunContext
from benchmark.data.clock import Clock
from benchmark.data.folder import Origin
from benchmark.data.forecasting.city import Series, write_city
from benchmark.families import FORECASTING, forecasting_protocol
from benchmark.forecasting import floors as floors_module
from benchmark.forecasting.floors import floors
from benchmark.forecasting.posing import held_out_windows, pose
from benchmark.forecasting.scoring import score

NAMES = {"last value": LastValue, "time-of-week mean": HistoricalAverage, "last week": LastWeek}
NODES = 5
# of 25 days every hour, of two days every 3 minutes (no week before any row), and of a year of days (a week is shorter than a window)
CLOCKS = {"risk": (Clock("2016-01-06T05:00:00", 60, "UTC"), 600), "minutes": (Clock("2016-01-06T00:00:00", 3, "UTC"), 960),
          "days": (Clock("2016-01-06T00:00:00", 1440, "UTC"), 366)}


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """Counts with many zeros, a third of them unobserved, among them all of a node in training and longer than a window."""
    series = []
    for number, (task, (clock, steps)) in enumerate(CLOCKS.items()):
        rng = np.random.default_rng(number)
        values = rng.poisson(3 + 2 * np.sin(np.arange(steps) / 9)[:, None], (steps, NODES)).astype(np.float32)
        observed = rng.random(values.shape) > 0.3
        observed[: int(0.75 * steps), 0] = False
        observed[-40:-10, 1] = False
        series.append(Series(task, values, observed, np.arange(NODES), clock, "counts"))
    nodes = pd.DataFrame({"node_id": list("abcde"), "name": "", "lon": 0.1 * np.arange(NODES), "lat": 0.0})
    return write_city(tmp_path_factory.mktemp("floors") / "city", "counts", "own", Origin("t", "s", "l"), nodes, series)


def of_method(cls, city, task, protocol):
    """The metrics of a method, fitted and scored as in a run."""
    options = cls.Options()
    asks = cls.asks(options)
    method = cls(options, pose(city, [task], protocol, asks))
    method.fit(RunContext(0, torch.device("cpu"), Budget(1, 1)))
    windows = held_out_windows(city, task, protocol, asks.past_days)
    return metrics.values(score(method.predict, windows, ranking=FORECASTING.kind(task).ranks_cells).sums)


@pytest.mark.parametrize("name", FORECASTING.protocols)
@pytest.mark.parametrize("task", CLOCKS)
def test_a_floor_has_the_metrics_of_the_method_that_guesses_as_it_does(city, task, name, monkeypatch):
    monkeypatch.setattr(floors_module, "CHUNK", 7)
    floors_module._floors.cache_clear()
    protocol = forecasting_protocol(name)
    found = floors(city, task, protocol)
    assert list(found) == list(NAMES)
    for floor, cls in NAMES.items():
        expected = of_method(cls, city, task, protocol)
        assert ("recall_10" in expected) == (task == "risk")
        assert set(found[floor]) == set(expected)
        assert {metric: value for metric, value in found[floor].items() if value is None} == {
            metric: value for metric, value in expected.items() if value is None}
        assert found[floor] == pytest.approx(expected, rel=1e-9), floor


def test_floors_are_computed_once_for_each_city_task_and_protocol(city, monkeypatch):
    floors_module._floors.cache_clear()
    opened = []
    real = floors_module.ForecastingCity
    monkeypatch.setattr(floors_module, "ForecastingCity", lambda folder: opened.append(folder) or real(folder))
    strict, paper = (forecasting_protocol(name) for name in ("strict", "paper"))
    first = floors(city, "risk", strict)
    assert floors(real(city.folder), "risk", strict) == first
    assert len(opened) == 1
    assert floors(city, "risk", paper) != first
    floors(city, "days", strict)
    assert len(opened) == 3
    monkeypatch.setattr(city, "fingerprint", "other")
    floors(city, "risk", strict)
    assert len(opened) == 4


def test_a_weekly_series_is_exact_for_last_week_and_its_mean_and_a_constant_one_for_all(tmp_path):
    clock, steps = Clock("2016-01-04T00:00:00", 360, "UTC"), 280
    weekly = np.random.default_rng(0).random((28, 3), dtype=np.float32)[np.arange(steps) % 28]
    nodes = pd.DataFrame({"node_id": list("abc"), "name": "", "lon": [0.0, 0.1, 0.2], "lat": 0.0})
    series = [Series(task, values, np.ones(values.shape, bool), np.arange(3), clock, "u")
              for task, values in (("weekly", weekly), ("constant", np.full_like(weekly, 4.0)))]
    city = write_city(tmp_path / "city", "weekly", "own", Origin("t", "s", "l"), nodes, series)
    strict = forecasting_protocol("strict")
    maes = {floor: values["mae"] for floor, values in floors(city, "weekly", strict).items()}
    assert maes["last week"] == 0
    assert maes["time-of-week mean"] == pytest.approx(0, abs=1e-6)
    assert maes["last value"] > 0.1
    assert {values["mae"] for values in floors(city, "constant", strict).values()} == {0}
