"""The numbers, the day, the week and the map of a forecasting city; each series is read once."""

from __future__ import annotations

import numpy as np

from benchmark.data.forecasting.city import ForecastingCity, Series
from benchmark.data.forecasting.statistics import data_statistics
from benchmark.data.forecasting.totals import Totals, totals
from benchmark.data.profile import HOURS, WEEKDAYS, Look, Outline, Profile, means


def look(city: ForecastingCity) -> Look:
    """What its series tell."""
    series = {task: city.series(task) for task in city.tasks}
    found = {task: totals(one) for task, one in series.items()}
    return Look(data_statistics(city.card, found), [profile(one, found[task]) for task, one in series.items()],
                outline(city, series[city.tasks[0]], found[city.tasks[0]]) if city.placed else None)


def profile(series: Series, total: Totals) -> Profile:
    """The means of its observed values, all nodes together."""
    clock = series.clock
    hours = min(HOURS, clock.steps_per_day)
    hour = clock.slot(series.steps) * hours // clock.steps_per_day
    return Profile(series.task, series.unit, means(total.step_sums, total.step_counts, hour, hours),
                   means(total.step_sums, total.step_counts, clock.weekday(series.steps), WEEKDAYS))


def outline(city: ForecastingCity, series: Series, total: Totals) -> Outline:
    """The nodes, each with the mean of one task; 0 where it has none, or a mean below 0."""
    nodes, weight = city.nodes, np.zeros(len(city.nodes))
    weight[series.node_index] = np.maximum(total.node_sums / np.maximum(total.node_counts, 1), 0)
    names = tuple(f"{name} ({node_id})" if name != node_id else name for name, node_id in zip(nodes["name"], nodes["node_id"], strict=True))
    return Outline(np.arange(len(nodes) + 1), nodes["lon"].to_numpy(float), nodes["lat"].to_numpy(float), names, weight,
                   f"mean {series.task}, {series.unit}")
