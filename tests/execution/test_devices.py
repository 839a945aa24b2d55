"""No loop of the engine makes a tensor without saying where: whole runs under the watch of the conformance kit, without a GPU."""

import pytest

from benchmark.execution.plan import Request, make_plan
from benchmark.execution.work import execute
from benchmark.testing.devices import DeviceWatch


@pytest.mark.parametrize(("method", "suite", "changes"), [
    ("dlinear", "nyc", {"tasks": ("taxi_pick",)}),
    ("dlinear", "nyc", {"tasks": ("taxi_pick",), "protocol": "paper"}),
    ("transformer", "xian", {}),
    ("transformer", "xian", {"protocol": "paper"}),
    ("transformer", "xian", {"overrides": {"probe": "finetune"}, "tasks": ("travel_time",)}),
], ids=["forecaster", "forecaster-paper", "encoder", "encoder-paper", "encoder-finetune"])
def test_a_whole_run_makes_no_tensor_without_a_device(method, suite, changes, monkeypatch):
    monkeypatch.setattr("benchmark.trajectory.neural.FINETUNING_EPOCHS", 1)
    plan = make_plan(Request((method,), suite, preset="smoke", edition="sim", device="cpu", floors=False, **changes))
    with DeviceWatch() as watch:
        outcome = execute(plan.jobs[0], "cpu")
    assert outcome.record.status == "done", outcome.record.error
    found = [place for place in watch.found if place.startswith("benchmark.")]
    assert not found
