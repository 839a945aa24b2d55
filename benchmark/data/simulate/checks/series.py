"""How near the simulated cities are to real ones: ``python -m benchmark.data.simulate.checks.series --city nyc --size full``.

Tasks inform each other (`informing`): in full nyc, seed 0, ridge regression on the histories of all four tasks forecasts
taxi_drop one step ahead with a mean absolute error of 5.555; on its own history the error is 5.738, so 3.2 % are gained.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from benchmark.data.forecasting.city import ForecastingCity, Series
from benchmark.data.simulate import SIZES
from benchmark.data.simulate.checks.command import check
from benchmark.data.simulate.checks.ridge import ridge_mae
from benchmark.data.simulate.checks.statistics import BANDS, LAGS, count_statistics, cross_correlation
from benchmark.data.simulate.zones.demand import distances_km


@dataclass(frozen=True)
class Row:
    """One statistic: the real value, the simulated one, and whether it is near enough; `near` is None if nothing is asked."""

    statistic: str
    real: float | None
    simulated: float
    allowed: str = "–"
    near: bool | None = None


def facts() -> dict[str, Any]:
    """The real samples' statistics."""
    return tomllib.loads((Path(__file__).parent / "facts.toml").read_text(encoding="utf-8"))


def absolute(name: str, real: float, simulated: float, distance: float = 0.1) -> Row:
    """A row whose simulated value may differ by so much."""
    return Row(name, real, simulated, f"± {distance:g}", abs(simulated - real) <= distance)


def relative(name: str, real: float, simulated: float, share: float = 0.3) -> Row:
    """A row whose simulated value may differ by a share of the real one."""
    return Row(name, real, simulated, f"± {share:.0%}", abs(simulated - real) <= share * abs(real))


def alike(name: str, real: list[float], simulated: list[float], least: float = 0.95) -> Row:
    """A row for two profiles: their correlation."""
    correlation = float(np.corrcoef(real, simulated)[0, 1])
    return Row(f"{name} (correlation)", 1.0, correlation, f"≥ {least}", correlation >= least)


def compare(city: ForecastingCity) -> list[Row]:
    """All rows of a simulated city."""
    known = facts()
    if city.name == "sip":
        return list(_compare_sensors(city, known["sip"]))
    rows = list(_compare_taxis(city, known["nyc"]))
    if city.name == "chicago":
        # no sample of Chicago's taxis: Manhattan's statistics are printed beside, and nothing is asked
        rows = [replace(row, allowed="–", near=None) for row in rows]
        share = float((city.series("risk").values > 0).mean())
        rows.append(Row("risk: share of cells and steps above zero", 0.027, share, "≤ 0.027", share <= 0.027))
    level = known["level"][city.name]
    means = {task: float(city.series(task).values.mean()) for task in ("taxi_pick", "taxi_drop")}
    return [relative(f"{task}: mean per cell and step", level, mean, 0.05) for task, mean in means.items()] + rows


def _compare_taxis(city: ForecastingCity, known: dict[str, Any]) -> Iterator[Row]:
    km = distances_km(city.nodes["lon"].to_numpy(), city.nodes["lat"].to_numpy())
    pick, drop = (np.asarray(city.series(task).values, dtype=np.float64) for task in ("taxi_pick", "taxi_drop"))
    clock = city.series("taxi_pick").clock
    for task, values in (("taxi_pick", pick), ("taxi_drop", drop)):
        yield from _compare_counts(task, count_statistics(values, clock, km), known[task])
    same, later = (cross_correlation(pick, drop, clock, later) for later in (0, 1))
    yield absolute("pick–drop correlation, same cell", known["pick_drop"], same)
    yield absolute("pick–drop correlation, drop one step later", known["pick_drop_later"], later)


def _compare_counts(task: str, found: dict[str, Any], real: dict[str, Any]) -> Iterator[Row]:
    yield absolute(f"{task}: share of zeros", real["zeros"], found["zeros"])
    yield relative(f"{task}: Gini over cells", real["gini"], found["gini"])
    yield alike(f"{task}: weekday profile", real["weekday"], found["weekday"])
    yield alike(f"{task}: weekend profile", real["weekend"], found["weekend"])
    yield absolute(f"{task}: weekend / weekday volume", real["weekend_volume"], found["weekend_volume"])
    yield absolute(f"{task}: share explained by time of week", real["explained"], found["explained"])
    if "dispersion" not in found:
        return
    yield relative(f"{task}: dispersion", real["dispersion"], found["dispersion"])
    yield absolute(f"{task}: first common factor", real["first_factor"], found["first_factor"])
    for lag, wanted, value in zip(LAGS, real["autocorrelation"], found["autocorrelation"], strict=True):
        yield absolute(f"{task}: autocorrelation, lag {lag}", wanted, value)
    if "by_distance" not in real:
        return
    for (low, high), wanted, value in zip(BANDS, real["by_distance"], found["by_distance"], strict=True):
        if np.isfinite(value):
            yield absolute(f"{task}: correlation of cells {low}–{high} km apart", wanted, value)


def _compare_sensors(city: ForecastingCity, real: dict[str, Any]) -> Iterator[Row]:
    """Flow and speed against Aarhus, by local hour over the entries that have a record."""
    flow, speed = city.series("traffic_flow"), city.series("traffic_speed")
    yield alike("traffic_flow: hourly profile", real["flow_profile"], _observed_profile(flow))
    yield alike("traffic_speed: hourly profile", real["speed_profile"], _observed_profile(speed))
    recorded = np.asarray(speed.values)[speed.observed]
    yield relative("traffic_speed: mean, km/h", real["speed_mean"], float(recorded.mean()))
    yield relative("traffic_speed: standard deviation, km/h", real["speed_sd"], float(recorded.std()))
    yield absolute("flow–speed correlation, median over sensors", real["flow_speed"], float(np.median(flow_speed(flow, speed))))
    yield absolute("traffic_flow: share of entries with a record", real["flow_share"], float(flow.observed.mean()), 0.005)
    yield absolute("traffic_speed: share of entries with a record", real["speed_share"], float(speed.observed.mean()), 0.005)
    yield Row("traffic_flow: mean of the records", None, float(np.asarray(flow.values)[flow.observed].mean()))


def _observed_profile(series: Series) -> list[float]:
    """[24] mean of the observed entries by local hour, relative to its mean over the hours."""
    hour = series.clock.slot(series.steps) * series.clock.interval_minutes // 60
    profile = np.array([np.asarray(series.values[hour == h])[series.observed[hour == h]].mean() for h in range(24)])
    return (profile / profile.mean()).tolist()


def flow_speed(flow: Series, speed: Series) -> np.ndarray:
    """[sensor] correlation of flow and speed over the steps that have both."""
    both = np.asarray(flow.observed & speed.observed)
    return np.array([np.corrcoef(flow.values[both[:, i], i], speed.values[both[:, i], i])[0, 1] for i in range(both.shape[1])])


def informing(city: ForecastingCity) -> tuple[float, float]:
    """Mean absolute error of forecasting taxi_drop by ridge on its own history, and on all tasks' histories."""
    values = {task: np.asarray(city.series(task).values, dtype=np.float64) for task in city.tasks}
    clock, target = city.series("taxi_drop").clock, values["taxi_drop"]
    return ridge_mae([target], target, clock), ridge_mae(list(values.values()), target, clock)


def as_table(title: str, rows: list[Row]) -> Table:
    """The rows for the console."""
    table = Table("statistic", title=title)
    for head in ("real", "simulated", "allowed", "ok"):
        table.add_column(head, justify="right")
    marks = {None: "", True: "yes", False: "[red]no[/red]"}
    for row in rows:
        real = "–" if row.real is None else f"{row.real:.3f}"
        table.add_row(row.statistic, real, f"{row.simulated:.3f}", row.allowed, marks[row.near])
    return table


def _informing_line(city: ForecastingCity) -> str:
    if "taxi_drop" not in city.tasks:
        return ""
    own, every = informing(city)
    return f"Ridge, taxi_drop one step ahead: MAE {own:.3f} from its own history, {every:.3f} from all tasks' ({1 - every / own:.1%} less)."


if __name__ == "__main__":
    check("the statistics of real samples", SIZES, "nyc", "full", compare, as_table, _informing_line)
