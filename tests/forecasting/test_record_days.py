"""What a record keeps by local day: the sums of a run, dated by the clock of its city."""

import numpy as np
import pandas as pd
import pytest

from benchmark.data.forecasting.city import ForecastingCity
from benchmark.execution.campaign import run_plan
from benchmark.execution.plan import Request, make_plan
from benchmark.store.records import Store
from benchmark.suites.cities import locate


@pytest.mark.parametrize("protocol", ["strict", "paper"])
def test_the_days_of_a_record_are_those_of_the_targets_dated_by_pandas(tmp_path, protocol):
    plan = make_plan(Request(("last_week",), "chicago", tasks=("risk",), preset="smoke", protocol=protocol, device="cpu"))
    store = Store(tmp_path / "store")
    assert run_plan(plan, store, workers=1).failed == ()
    (record,) = store.records()
    city = ForecastingCity(locate(plan.jobs[0].cities[0]))
    series = city.series("risk")
    windows = series.steps - 23
    # the rows of the test part; where windows are cut, those that its windows touch
    begin = series.steps - series.steps // 5 if protocol == "strict" else windows - round(0.2 * windows)
    frame = pd.DataFrame([(row, row + 12 + step) for row in range(begin, series.steps - 23) for step in range(12)],
                         columns=["window", "row"])
    frame["date"] = pd.date_range(series.clock.start, periods=series.steps, freq=f"{series.clock.interval_minutes}min")[frame["row"]].date
    observed, values = np.asarray(series.observed), np.asarray(series.values, np.float64)
    week = 7 * series.clock.steps_per_day
    error = np.abs(values - np.roll(values, week, axis=0))  # the test part begins more than a week after the first row
    assert begin > week
    assert observed.all()
    frame["count"], frame["absolute"] = observed.sum(axis=1)[frame["row"]], error.sum(axis=1)[frame["row"]]
    frame["nonzero"] = (values != 0).sum(axis=1)[frame["row"]]
    by_date = frame.groupby("date")[["count", "absolute", "nonzero"]].sum()
    days = record.days["risk"]
    assert (days["first"], days["hours"]) == (f"{by_date.index[0].isoformat()}T00:00", 24)
    assert days["sums"]["observed"]["count"] == by_date["count"].tolist()
    assert days["sums"]["observed"]["absolute"] == pytest.approx(by_date["absolute"].tolist(), rel=1e-9)
    assert days["sums"]["nonzero"]["count"] == by_date["nonzero"].tolist()
    assert len(days["sums"]["ranking"]["hits"]) == len(by_date)
    assert record.floors["risk"]["last week"] == pytest.approx(record.metrics["risk"], rel=1e-9)
