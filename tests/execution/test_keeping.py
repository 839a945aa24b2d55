"""Runs with --keep: a record is the same with and without a kept fit, and stays what it is when the fit is made later."""

import json
import logging
from dataclasses import replace

import numpy as np
import pytest
import torch
from made.forecasting_records import sums
from made.notes import without_seconds

import benchmark as stb
from benchmark.contract import Budget, RunContext
from benchmark.errors import UserError
from benchmark.execution import work
from benchmark.execution.campaign import run_plan
from benchmark.execution.plan import Request, make_plan
from benchmark.families import forecasting_protocol
from benchmark.fitting import BadResult, check_arrays
from benchmark.forecasting.posing import cut
from benchmark.report.paired import scored
from benchmark.store.kept import SIDECAR, find_kept, is_kept, unpack_arrays, unpack_predictions
from benchmark.store.managing import find_runs
from benchmark.store.records import Store, dumps

MEASURED = ("metrics", "sums", "floors", "counts", "notes", "city", "spec", "status")


def plan(method="stid", suite="nyc", task="taxi_pick"):
    return make_plan(Request((method,), suite, tasks=(task,), preset="smoke", edition="sim", device="cpu", floors=False))


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def measured(record):
    """What a record says, without times and memory."""
    return without_seconds(json.loads(json.dumps({name: value for name, value in record.to_json().items() if name in MEASURED})))


def test_what_a_method_keeps_for_figures_lies_beside_its_record_and_is_verified_with_the_rest(store):
    made = plan("cmust")
    made = replace(made, jobs=tuple(replace(job, spec=replace(job.spec, scenario="single-task", tasks=("taxi_pick",))) for job in made))
    (spec,) = made.runs
    run_plan(made, store, workers=1, keep=True)
    arrays = unpack_arrays(find_kept(store, spec.id))
    assert list(arrays) == [f"1.start.taxi_pick.{layer}" for layer in ("time_cross", "space_cross", "time_self", "space_self")]
    path = store.path(spec).with_suffix(".arrays.npz")
    path.write_bytes(b"")
    with pytest.raises(UserError, match="has changed since it was kept"):
        unpack_arrays(find_kept(store, spec.id))
    (found,) = find_runs(store, [spec.id])
    assert path in found.paths
    assert ".arrays.npz" not in dumps(store.read(spec))


@pytest.mark.parametrize("array", [[1.0, 2.0], np.array([{}], dtype=object), np.array(["text"])], ids=["list", "objects", "texts"])
def test_what_only_a_pickle_could_hold_is_a_fault_of_the_method_by_name(array):
    with pytest.raises(BadResult, match=r"run\.arrays\['maps'\] is no numpy array of numbers"):
        check_arrays(RunContext(0, torch.device("cpu"), Budget(1, 1), arrays={"maps": array}))


@pytest.mark.parametrize(("method", "suite", "task"), [("stid", "nyc", "taxi_pick"), ("transformer", "xian", "travel_time")])
def test_a_record_is_the_same_whether_its_fit_is_kept_or_not(store, tmp_path, method, suite, task):
    made = plan(method, suite, task)
    kept, plain = store, Store(tmp_path / "plain")
    run_plan(made, kept, workers=1, keep=True)
    run_plan(made, plain, workers=1)
    (spec,) = made.runs
    assert measured(kept.read(spec)) == measured(plain.read(spec))
    assert is_kept(kept, spec)
    assert not is_kept(plain, spec)
    assert "safetensors" not in kept.path(spec).read_text()


def test_the_kept_answers_of_an_encoder_give_the_metrics_of_its_record(store):
    made = make_plan(Request(("random",), "xian", preset="smoke", edition="sim", device="cpu", floors=False))
    (spec,) = made.runs
    run_plan(made, store, workers=1, keep=True)
    answers, record = unpack_predictions(find_kept(store, spec.id)), store.read(spec)
    for task, metric in (("road_label", "micro_f1"), ("travel_time", "mae"), ("destination_road", "acc_1")):
        each = scored(answers[f"{task}.predicted"], answers[f"{task}.truth"])
        assert each.mean() == pytest.approx(record.metrics[task][metric], rel=1e-12)
        assert answers[f"{task}.group"].shape == each.shape
    assert sorted({name.partition(".")[0] for name in answers}) == sorted(record.metrics)


def test_a_finished_run_is_trained_again_to_be_kept_and_its_record_stays_to_the_byte(store):
    made = plan()
    (spec,) = made.runs
    run_plan(made, store, workers=1)
    before = store.path(spec).read_bytes()
    assert run_plan(made, store, workers=1, keep=True).done == 1
    assert is_kept(store, spec)
    assert store.path(spec).read_bytes() == before
    assert not list(store.path(spec).parent.glob("*.superseded-*"))
    again = run_plan(made, store, workers=1, keep=True)
    assert (again.done, again.skipped) == (0, 1)


def test_a_fit_with_other_metrics_than_its_record_is_not_kept_and_that_is_said(store, caplog):
    made = plan()
    (spec,) = made.runs
    run_plan(made, store, workers=1)
    elsewhere = replace(store.read(spec), metrics={"taxi_pick": {"mae": 1.0}}, sums={"taxi_pick": sums({"mae": 1.0})}, days={})
    store.path(spec).unlink()
    store.write(elsewhere)
    before = store.path(spec).read_bytes()
    with caplog.at_level(logging.WARNING, "stbench"):
        run_plan(made, store, workers=1, keep=True)
    assert not list(store.path(spec).parent.glob(f"*{SIDECAR}"))
    assert store.path(spec).read_bytes() == before
    (said,) = [one.getMessage() for one in caplog.records]
    assert said.startswith("stid taxi_pick seed 0 was fitted again and gives other metrics than its record")
    assert "Add --force" in said
    run_plan(made, store, workers=1, keep=True, force=True)
    assert is_kept(store, spec)


def test_a_method_that_fails_when_it_is_fitted_again_leaves_its_error_and_the_record(store, monkeypatch, caplog):
    made = plan()
    (spec,) = made.runs
    run_plan(made, store, workers=1)
    whole = work.execute

    def failing(*given, **named):
        outcome = whole(*given, **named)
        return work.Outcome(replace(outcome.record, status="failed", error={"kind": "E", "message": "m", "traceback": ""}))

    monkeypatch.setattr(work, "execute", failing)
    result = run_plan(made, store, workers=1, keep=True)
    assert [record.error["kind"] for record in result.failed] == ["E"]
    assert store.has(spec)
    assert len(store.errors(store.path(spec))) == 1
    assert not is_kept(store, spec)
    assert not caplog.records


def test_a_kill_before_the_record_loses_nothing_and_the_run_goes_on(store, monkeypatch):
    made = plan()
    (spec,) = made.runs
    with monkeypatch.context() as patched:
        patched.setattr(Store, "write", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run_plan(made, store, workers=1, keep=True)
    assert not store.has(spec)
    run_plan(made, store, workers=1, keep=True)
    assert is_kept(store, spec)


def test_the_kept_predictions_have_the_errors_of_the_record(store):
    made = plan(task="taxi_drop")
    (spec,) = made.runs
    run_plan(made, store, workers=1, keep=True)
    arrays = unpack_predictions(find_kept(store, spec.id))
    predicted, truth = arrays["taxi_drop.predictions"].astype(np.float64), arrays["taxi_drop.truth"].astype(np.float64)
    windows, horizon, nodes = predicted.shape
    assert truth.shape == (windows + horizon - 1, nodes)
    asked = np.stack([truth[k:k + horizon] for k in range(windows)])
    assert np.nanmean(np.abs(predicted - asked)) == pytest.approx(store.read(spec).metrics["taxi_drop"]["mae"], rel=1e-9)
    city = stb.load_city("nyc", size="smoke")
    series, protocol = city.series("taxi_drop"), forecasting_protocol("strict")
    first = cut(series.steps, protocol).test.start + protocol.history
    assert arrays["taxi_drop.times"][0] == series.clock.time(first).isoformat()
    assert arrays["taxi_drop.times"][-1] == series.clock.time(series.steps - 1).isoformat()
    assert arrays["taxi_drop.nodes"].tolist() == city.nodes["node_id"].iloc[series.node_index].tolist()


def test_workers_keep_what_they_fit(store):
    made = make_plan(Request(("last_value",), "nyc", tasks=("taxi_pick", "taxi_drop"), preset="smoke", edition="sim", device="cpu"))
    run_plan(made, store, workers=2, keep=True)
    assert all(is_kept(store, spec) for spec in made.runs)
