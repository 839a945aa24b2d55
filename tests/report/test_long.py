"""Tables by horizon: three steps side by side, of families whose answers have steps."""

import csv
import io
from dataclasses import replace

import pytest
from made.forecasting_records import record
from made.trajectory_records import record as trips_record

from benchmark.errors import UserError
from benchmark.report.choice import Filter
from benchmark.report.long import long_sheets
from benchmark.report.render import render


def by_step(method, scale=1.0, **more):
    """A run whose absolute error at step q is q · scale."""
    steps = [scale * q for q in range(1, 13)]
    sums = {"observed": {"count": [1.0] * 12, "absolute": steps, "squared": [q * q for q in steps], "relative": steps, "truth": steps}}
    return replace(record(method, **more), sums={"taxi_pick": sums}, metrics={"taxi_pick": {"mae": 6.5 * scale}})


def test_steps_stand_side_by_side_each_with_its_own_best(stores):
    made = stores([by_step("stid"), by_step("gwnet", 2.0)])
    text = render(long_sheets(*made, Filter()), "markdown")
    assert "**nyc@1 · data sim · protocol strict@1 · preset quick · steps 3, 6, 12**" in text
    assert "| task | method | n | step 3 MAE ↓ | step 6 MAE ↓ | step 12 MAE ↓ |" in text
    assert "| taxi_pick | stid | 1 | **3.00** | **6.00** | **12.00** |" in text
    assert "| taxi_pick | gwnet | 1 | <ins>6.00</ins> | <ins>12.00</ins> | <ins>24.00</ins> |" in text
    assert "Every number is of one step of the horizon alone: 3, 6, 12." in text
    assert "≈" not in text
    lines = csv.DictReader(io.StringIO(render(long_sheets(*made, Filter()), "csv")))
    assert [(line["method"], line["horizon"], float(line["mean"])) for line in lines] == [
        (name, str(step), scale * step) for step in (3, 6, 12) for name, scale in (("stid", 1.0), ("gwnet", 2.0))]


def test_the_metrics_that_were_asked_for_stand_at_every_step(stores):
    made = stores([by_step("stid")])
    text = render(long_sheets(*made, Filter(metrics=("mae", "rmse"))), "markdown")
    assert "| step 3 MAE ↓ | step 3 RMSE ↓ | step 6 MAE ↓ |" in text


@pytest.mark.parametrize("width", [80, 120])
def test_the_terminal_keeps_each_step_whole(stores, width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    text = render(long_sheets(*stores([by_step("stid", seed=seed) for seed in range(3)]), Filter()), "rich")
    assert max(map(len, text.splitlines())) <= width
    assert all(number in text.replace(" ± ", "±") for number in ("3.00±0.00", "12.00±0.00"))


def test_suites_without_steps_are_named_and_left_out(stores):
    both = stores([by_step("stid"), trips_record(cities=("xian",))])
    assert "Left out, since their answers have no steps: xian." in render(long_sheets(*both, Filter()), "markdown")
    with pytest.raises(UserError, match="in xian has no steps of a horizon; leave --long out"):
        long_sheets(*both, Filter(suites=("xian",)))
    assert long_sheets(*both, Filter(suites=("sip",))) == []


def test_one_step_and_several_are_not_asked_for_at_once(stores):
    with pytest.raises(UserError, match="give one of them"):
        long_sheets(*stores(), Filter(horizon=3))
