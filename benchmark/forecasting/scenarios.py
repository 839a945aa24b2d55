"""What a scenario does to a city: some tasks lose nodes or get longer steps, before any row is cut.

In: a city, a scenario, and the tasks that a fit is asked for. Out: the same city where these tasks are changed, with a card that says so.
Whatever reads the series of a run reads them from there: problem, test windows, floors, facts of the record, and what is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from benchmark.data.clock import Clock
from benchmark.data.forecasting.city import ForecastingCity, Series
from benchmark.families import FORECASTING, Scenario


@dataclass(frozen=True)
class Change:
    """What becomes of one series; the names are those of `Scenario.changes`."""

    # share of the nodes that are kept, and the seed that they are drawn with: equal numbers of nodes lose the same ones
    kept_nodes: float = 1.0
    node_draw: int = 0
    # so many steps become one
    merged_steps: int = 1

    def __call__(self, series: Series) -> Series:
        """The changed series. A tensor that the source ships with it fits it no longer, and is left out."""
        if self == Change():
            return series
        return replace(self._merged(self._thinned(series)), extras={})

    def about(self, about: Mapping[str, Any]) -> dict[str, Any]:
        """What a card says of the changed series, by what it says of the whole one."""
        if self == Change():
            return dict(about)
        clock = Clock(**about["clock"])
        first, steps = self._whole_steps(clock, about["steps"])
        changed = self._clock(clock, first)
        return {**about, "steps": steps, "nodes": len(self.kept(about["nodes"])), "clock": asdict(changed),
                "span": f"{changed.start}/{changed.time(max(steps, 1) - 1).isoformat()}", "unit": self._unit(about["unit"], clock)}

    def kept(self, nodes: int) -> np.ndarray:
        """int64, ascending: the columns that are kept; those of a smaller share are among those of a larger one."""
        drawn = np.random.default_rng(self.node_draw).permutation(nodes)
        return np.sort(drawn[:max(round(self.kept_nodes * nodes), 1)]) if self.kept_nodes < 1 else np.arange(nodes)

    def _thinned(self, series: Series) -> Series:
        kept = self.kept(series.values.shape[1])
        return replace(series, values=np.asarray(series.values)[:, kept], observed=np.asarray(series.observed)[:, kept],
                       node_index=series.node_index[kept])

    def _merged(self, series: Series) -> Series:
        """A long step is observed where all its steps are."""
        first, steps = self._whole_steps(series.clock, series.steps)
        rows = slice(first, first + steps * self.merged_steps)
        values, observed = (np.asarray(part)[rows].reshape(steps, self.merged_steps, -1) for part in (series.values, series.observed))
        together = np.asarray(observed.all(axis=1))
        joined = values.sum(axis=1, dtype=np.float64) if _counts(series.unit, series.clock) else values.mean(axis=1, dtype=np.float64)
        return replace(series, values=np.where(together, joined, 0).astype(np.float32), observed=together,
                       clock=self._clock(series.clock, first), unit=self._unit(series.unit, series.clock))

    def _whole_steps(self, clock: Clock, steps: int) -> tuple[int, int]:
        """(first row, long steps): rows before the first long step of the day, and those after the last whole one, are left out."""
        first = -int(clock.slot(1)[0]) % self.merged_steps
        return first, max(steps - first, 0) // self.merged_steps

    def _clock(self, clock: Clock, first: int) -> Clock:
        return Clock(clock.time(first).isoformat(), clock.interval_minutes * self.merged_steps, clock.zone)

    def _unit(self, unit: str, clock: Clock) -> str:
        if self.merged_steps == 1 or not _counts(unit, clock):
            return unit
        return f"{unit.rpartition(' per ')[0]} per {clock.interval_minutes * self.merged_steps} min"


class ChangedCity(ForecastingCity):
    """A city of which some tasks are changed."""

    def __init__(self, city: ForecastingCity, change: Change, tasks: Collection[str]) -> None:
        vars(self).update(vars(city))
        self.change, self.changed = change, tasks
        self._whole = city
        self.card = {**city.card, "tasks": {task: self._about(task) if task in tasks else about
                                            for task, about in city.card["tasks"].items()}}

    def series(self, task: str) -> Series:
        """One task's series, in memory where it is changed."""
        whole = self._whole.series(task)
        return self.change(whole) if task in self.changed else whole

    def _about(self, task: str) -> dict[str, Any]:
        """What the card says of a changed task; where it loses nodes, the ids of those that are kept."""
        about = self.change.about(self._whole.card["tasks"][task])
        if self.change.kept_nodes == 1:
            return about
        index = self._whole.series(task).node_index
        return {**about, "kept_nodes": self.nodes["node_id"].iloc[index[self.change.kept(len(index))]].tolist()}


def change_of(scenario: Scenario) -> Change:
    """What a scenario does to the series of the tasks that are asked for."""
    return Change(**scenario.changes)  # type: ignore[arg-type]


def under(city: ForecastingCity, scenario: str, asked: Collection[str]) -> ForecastingCity:
    """The city as a scenario has it for a fit that is asked for these tasks."""
    change = change_of(FORECASTING.scenario(scenario))
    return city if change == Change() else ChangedCity(city, change, asked)


def _counts(unit: str, clock: Clock) -> bool:
    """Whether a series counts what happens in a step, by its unit: ``trips per 30 min`` does, ``km/h`` does not.

    What counts and does not say so is averaged over the steps: its unit stays true.
    """
    interval = unit.rpartition(" per ")[2] if " per " in unit else ""
    return interval in (f"{clock.interval_minutes} min", *{60: ("hour", "h"), 24 * 60: ("day",)}.get(clock.interval_minutes, ()))
