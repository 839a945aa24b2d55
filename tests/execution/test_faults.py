"""A method's fault is that run's error record, whatever it raises; only the store, the worker and the machine stop a campaign."""

import errno
import json
import os
import signal
from pathlib import Path

import pytest

from baselines.forecasting.last_value import LastValue
from benchmark.errors import UserError
from benchmark.execution.campaign import run_plan
from benchmark.execution.plan import Request, make_plan
from benchmark.files import DiskError
from benchmark.store.records import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def plan(tasks=("taxi_pick", "taxi_drop")):
    return make_plan(Request(("last_value",), "nyc", tasks=tasks, preset="smoke", device="cpu"))


class Odd(Exception):
    def __str__(self):
        raise ZeroDivisionError


def raises(error):
    def fit(self, run):
        raise error
    return fit


def notes(said):
    def fit(self, run):
        run.notes["mine"] = said
    return fit


def opens(self, run):
    Path("/no/such/file").read_text()


def exits(self, run):
    raise SystemExit(0)


@pytest.mark.parametrize(("fit", "kind"), [
    (opens, "FileNotFoundError"), (raises(OSError("a sensor was silent")), "OSError"),
    (raises(PermissionError(errno.EACCES, "no")), "PermissionError"),
    (exits, "SystemExit"), (raises(KeyboardInterrupt()), "KeyboardInterrupt"), (raises(Odd()), "Odd"),
    (raises(ValueError("\ud800")), "ValueError"),
    (raises(RuntimeError("x" * 10**6)), "RuntimeError"), (raises(GeneratorExit()), "GeneratorExit"), (notes(float("nan")), "BadResult"),
    (notes(object()), "BadResult"), (notes("\ud800"), "BadResult"), (notes({1: 2}), "BadResult"), (notes({"a": {2, 3}}), "BadResult"),
], ids=lambda one: one if isinstance(one, str) else "")
def test_a_methods_fault_is_the_record_of_its_run_and_the_campaign_goes_on(store, monkeypatch, fit, kind):
    done, whole = [], LastValue.fit

    def once(self, run):
        """The first run fails, the second does not."""
        done.append(run)
        (fit if len(done) == 1 else whole)(self, run)

    monkeypatch.setattr(LastValue, "fit", once)
    result = run_plan(plan(), store, workers=1)
    assert (result.done, len(result.failed)) == (1, 1)
    assert result.failed[0].error["kind"] == kind
    (again,) = store.errors(store.path(result.failed[0].spec))
    assert again == result.failed[0]
    assert not store.broken


@pytest.mark.parametrize("count", ["many", float("nan"), -1, {1: 2}])
def test_a_count_that_is_none_is_the_methods_fault(store, monkeypatch, count):
    monkeypatch.setattr(LastValue, "parameter_count", lambda self: count)
    assert [one.error["kind"] for one in run_plan(plan(), store, workers=1).failed] == ["BadResult"] * 2


def test_a_state_that_is_no_tensor_is_the_methods_fault(store, monkeypatch):
    monkeypatch.setattr(LastValue, "state_dict", lambda self: {"a": object()})
    result = run_plan(plan(), store, workers=1, keep=True)
    assert (result.done, len(result.failed)) == (0, 2)


def test_a_note_is_found_at_the_next_epoch_and_not_when_all_is_done(store, monkeypatch):
    from benchmark.contract import Progress

    reached = []

    def fit(self, run):
        run.notes["mine"] = {1, 2}
        run.progress(Progress("fit", 1, 2, 1.0, 1.0))
        reached.append(True)

    monkeypatch.setattr(LastValue, "fit", fit)
    (failed, _) = run_plan(plan(), store, workers=1).failed
    assert "an object of the type set" in failed.error["message"]
    assert not reached


def test_an_interrupt_by_a_signal_ends_the_campaign(store, monkeypatch):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        monkeypatch.setattr(LastValue, "fit", lambda self, run: os.kill(os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            run_plan(plan(), store, workers=1)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert not list(store.root.rglob("*.error-*"))


def test_a_full_memory_leaves_a_record_and_ends_the_campaign_only_if_the_next_run_has_it_too(store, monkeypatch):
    whole, full = LastValue.fit, {"taxi_pick"}

    def fit(self, run):
        if full & set(self.problem.tasks):
            raise MemoryError
        whole(self, run)

    monkeypatch.setattr(LastValue, "fit", fit)
    result = run_plan(plan(), store, workers=1)
    assert (result.done, [one.error["kind"] for one in result.failed]) == (1, ["MemoryError"])
    full.update({"crowd_in", "crowd_out"})
    with pytest.raises(UserError, match="memory is full"):
        run_plan(plan(("taxi_pick", "crowd_in", "crowd_out")), store, workers=1)
    assert len(list(store.root.rglob("*.error-*.json"))) == 3


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), DiskError("The disk is full.")])
def test_a_full_disk_is_no_fault_of_the_method_that_met_it(store, monkeypatch, error):
    monkeypatch.setattr(LastValue, "fit", raises(error))
    with pytest.raises(UserError, match="disk is full"):
        run_plan(plan(), store, workers=1)
    assert not list(store.root.rglob("*.error-*"))


def test_an_error_record_is_json(store, monkeypatch):
    monkeypatch.setattr(LastValue, "fit", raises(ValueError("\ud800")))
    (failed, _) = run_plan(plan(), store, workers=1).failed
    path = store.path(failed.spec).with_suffix(".error-1.json")
    assert json.loads(path.read_text())["error"]["message"] == "\\ud800"
