"""A tiny forecasting city for the checks: two tasks with a daily rhythm."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.data.clock import Clock
from benchmark.data.folder import Origin
from benchmark.data.forecasting.city import ForecastingCity, Series, write_city


def tiny_city(folder: Path, test_value: float | None = None) -> ForecastingCity:
    """Two tasks, eight nodes, ten days of half hours, some entries missing; `test_value` fills the test rows."""
    rng = np.random.default_rng(7)
    steps, nodes, clock = 480, 8, Clock("2016-01-04T00:00:00", 30, "UTC")
    slot = clock.slot(steps)[:, None]
    series = []
    for k, task in enumerate(("taxi_pick", "taxi_drop")):
        rate = rng.uniform(5, 40, nodes) * (1.1 + np.sin(2 * np.pi * slot / 48 + rng.uniform(0, 1, nodes) + k))
        values = rng.poisson(rate).astype(np.float32)
        if test_value is not None:
            values[-steps // 5:] = test_value
        series.append(Series(task, values, rng.random(values.shape) > 0.05, np.arange(nodes), clock, "trips per 30 min"))
    table = pd.DataFrame({"node_id": [str(n) for n in range(nodes)], "name": "", "lon": 0.01 * (np.arange(nodes) % 4),
                          "lat": 0.01 * (np.arange(nodes) // 4)})
    return write_city(folder, "tiny", "own", Origin("tiny", "made for tests", "none"), table, series)
