"""The two deterministic baselines on real Manhattan counts: the strict MAE of an independent computation."""

from pathlib import Path

import pytest

from benchmark.data.own.series import import_city
from benchmark.execution.campaign import run_plan
from benchmark.execution.plan import Request, make_plan
from benchmark.store.records import Store

CITY = Path(__file__).resolve().parents[1] / "cities" / "nyc-manhattan.toml"
EXPECTED = {
    "historical_average": {"taxi_pick": 11.30, "taxi_drop": 10.75, "bike_pick": 7.66, "bike_drop": 7.48},
    "last_value": {"taxi_pick": 28.47, "taxi_drop": 28.00, "bike_pick": 12.13, "bike_drop": 11.97},
}


@pytest.mark.samples
def test_the_baselines_reach_the_known_errors_on_real_manhattan(samples, tmp_path):
    import_city(CITY)
    store = Store(tmp_path / "store")
    plan = make_plan(Request(tuple(EXPECTED), "nyc-manhattan", device="cpu"))
    assert plan.settings[0].cities.edition == "own"
    assert run_plan(plan, store, workers=1).failed == ()
    found = {(record.spec.method, task): values["mae"] for record in store.records() for task, values in record.metrics.items()}
    assert found == {(method, task): pytest.approx(mae, abs=0.01) for method, tasks in EXPECTED.items() for task, mae in tasks.items()}
