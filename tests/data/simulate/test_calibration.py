"""The full-size nyc city against the real samples' statistics; the statistics against the real samples themselves."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from benchmark.data.clock import Clock
from benchmark.data.forecasting.city import ForecastingCity
from benchmark.data.simulate import build
from benchmark.data.simulate.checks.ridge import ridge_mae
from benchmark.data.simulate.checks.series import as_table, compare, facts, informing
from benchmark.data.simulate.checks.statistics import count_statistics, cross_correlation, gini, hourly_profile, residuals
from benchmark.data.simulate.zones.demand import distances_km

CLOCK = Clock("2019-01-01T00:00:00", 30, "America/New_York")


def test_gini_is_zero_for_equal_and_high_for_unequal_levels():
    assert gini(np.full(10, 3.0)) == pytest.approx(0)
    assert gini(np.r_[np.zeros(9), 1.0]) == pytest.approx(0.9)


def test_residuals_vanish_for_a_series_that_repeats_weekly():
    week = np.random.default_rng(0).random((336, 4))
    assert np.abs(residuals(np.tile(week, (3, 1)), CLOCK)).max() < 1e-12


def test_a_profile_has_mean_one_and_tells_weekdays_from_weekends():
    weekend = (CLOCK.weekday(336 * 2) >= 5)[:, None]
    values = np.where(weekend, 1.0, 1.0 + (CLOCK.slot(336 * 2) // 2 == 8)[:, None])
    assert hourly_profile(values, CLOCK, weekend=True).tolist() == [1.0] * 24
    weekday = hourly_profile(values, CLOCK, weekend=False)
    assert weekday.mean() == pytest.approx(1)
    assert weekday[8] == pytest.approx(2 * weekday[7])


def test_poisson_counts_have_dispersion_one_and_no_memory():
    counts = np.random.default_rng(0).poisson(20.0, (336 * 20, 6))
    found = count_statistics(counts, CLOCK)
    # the weekly mean takes a twentieth of the variance with it
    assert found["dispersion"] == pytest.approx(0.95, abs=0.02)
    assert abs(found["autocorrelation"][0]) < 0.02
    assert found["first_factor"] < 0.2


def test_ridge_uses_another_history_if_it_tells_something():
    rng = np.random.default_rng(0)
    leading = rng.standard_normal((2000, 3))
    target = np.roll(leading, 1, axis=0) + 0.1 * rng.standard_normal((2000, 3))
    assert ridge_mae([target, leading], target, CLOCK) < 0.3 * ridge_mae([target], target, CLOCK)


def test_ridge_never_sees_the_value_it_predicts():
    target = np.random.default_rng(0).standard_normal((2000, 3))
    assert ridge_mae([target], target, CLOCK) > 0.7


@pytest.fixture(scope="module")
def nyc(tmp_path_factory: pytest.TempPathFactory) -> ForecastingCity:
    return build("nyc", "full", 0, tmp_path_factory.mktemp("full") / "nyc")


@pytest.mark.slow
def test_the_full_nyc_city_is_near_the_real_sample_in_every_statistic(nyc: ForecastingCity):
    rows = compare(nyc)
    assert len(rows) > 30
    assert [row for row in rows if not row.near] == []


@pytest.mark.slow
def test_all_tasks_histories_forecast_drop_offs_better_than_their_own(nyc: ForecastingCity):
    own, every = informing(nyc)
    assert every < 0.98 * own


@pytest.mark.slow
def test_the_full_sip_city_is_near_the_real_sensors(tmp_path: Path):
    assert [row for row in compare(build("sip", "full", 0, tmp_path / "sip")) if row.near is False] == []


def test_the_table_prints_every_row_of_a_small_city(tmp_path: Path):
    rows = compare(build("chicago", "smoke", 0, tmp_path / "city"))
    console = Console(width=200, record=True, quiet=False, file=open(os.devnull, "w"))  # noqa: SIM115
    console.print(as_table("chicago", rows))
    text = console.export_text()
    assert all(row.statistic in text for row in rows)


@pytest.mark.samples
def test_the_statistics_of_the_real_sample_are_the_facts_to_the_digit(samples: Path):
    sample = samples / "nyc-manhattan"
    zones = pd.read_csv(sample / "zones.csv").sort_values("graph_id")
    km = distances_km(zones["lon"].to_numpy(), zones["lat"].to_numpy())
    known, values = facts()["nyc"], {}
    for task in ("taxi_pick", "taxi_drop"):
        with np.load(sample / f"{task}.npz", allow_pickle=False) as file:
            values[task] = file["values"].astype(np.float64)
        found = count_statistics(values[task], CLOCK, km)
        for name, wanted in known[task].items():
            digit = 0.051 if name == "dispersion" else 0.00501
            np.testing.assert_allclose(found[name], wanted, atol=digit, err_msg=f"{task} {name}")
    assert cross_correlation(values["taxi_pick"], values["taxi_drop"], CLOCK) == pytest.approx(known["pick_drop"], abs=0.00501)
    later = cross_correlation(values["taxi_pick"], values["taxi_drop"], CLOCK, later=1)
    assert later == pytest.approx(known["pick_drop_later"], abs=0.00501)
