"""Plans and campaigns, in this process."""

import errno
import json

import pytest

from benchmark.errors import UserError
from benchmark.execution import work
from benchmark.execution.campaign import run_plan
from benchmark.execution.engines import Watcher
from benchmark.execution.plan import Request, make_plan
from benchmark.store.records import Store


def plan(**changes):
    given = {"methods": ("stid", "last_value"), "suite": "nyc", "tasks": ("taxi_pick",), "preset": "smoke", "edition": "sim",
             "device": "cpu"}
    return make_plan(Request(**{**given, **changes}))


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def test_a_method_of_scope_task_is_one_run_a_task_and_seed_and_a_deterministic_one_runs_once():
    runs = plan(seeds=(0, 1), tasks=None).runs
    assert len([run for run in runs if run.method == "stid"]) == 8
    assert [run.seed for run in runs if run.method == "last_value"] == [0] * 4


def test_a_method_of_scope_city_fits_all_tasks_in_the_suites_order_whatever_is_tabled():
    made = plan(methods=("cmust",), seeds=(3,))
    assert [run.tasks for run in made.runs] == [("crowd_in", "crowd_out", "taxi_pick", "taxi_drop")]
    assert made.settings[0].tasks == ("taxi_pick",)


def test_every_option_stands_in_the_spec_resolved_from_defaults_declared_overrides_and_the_users():
    (run,) = plan(methods=("stid",), overrides={"batch_size": "32"}).runs
    assert (run.options["batch_size"], run.options["learning_rate"], run.options["milestones"]) == (32, 2e-3, [1, 50, 80])


def test_all_means_every_forecasting_method_of_the_registry():
    from benchmark.registry import registry

    assert {run.method for run in plan(methods=("all",)).runs} == set(registry().names("forecasting"))


def test_a_plan_changes_its_ids_with_the_preset_and_keeps_them_otherwise():
    first, again = plan(), plan()
    assert [run.id for run in first.runs] == [run.id for run in again.runs]
    assert not {run.id for run in first.runs} & {run.id for run in plan(overrides=None, seeds=(1,), methods=("stid",)).runs}


class Heard(Watcher):
    def __init__(self):
        self.count, self.epochs, self.records = None, 0, []

    def started(self, runs):
        self.count = len(runs)

    def epoch(self, spec, progress):
        self.epochs += 1

    def finished(self, record):
        self.records.append(record)


def test_a_campaign_does_what_the_store_lacks_and_tells_its_watcher(store):
    heard = Heard()
    result = run_plan(plan(), store, workers=1, watcher=heard)
    assert (result.done, result.skipped, result.failed) == (2, 0, ())
    assert (heard.count, heard.epochs, len(heard.records)) == (2, 2, 2)  # smoke: two epochs of stid
    assert run_plan(plan(), store, workers=1).skipped == 2


def test_the_history_and_the_sums_of_each_node_lie_beside_the_record(store):
    import numpy as np

    made = plan(methods=("stid",))
    run_plan(made, store, workers=1)
    path = store.path(made.runs[0])
    history = json.loads(path.with_suffix(".history.json").read_text())
    assert [entry["epoch"] for entry in history] == [1, 2]
    with np.load(path.with_suffix(".nodes.npz"), allow_pickle=False) as nodes:
        (record,) = store.records()
        assert nodes["taxi_pick.absolute"].sum() == pytest.approx(sum(record.sums["taxi_pick"]["observed"]["absolute"]))


def test_a_failed_run_is_recorded_and_the_campaign_goes_on(store):
    made = plan(methods=("stid",), seeds=(0, 1), overrides={"learning_rate": "1e30"})
    result = run_plan(made, store, workers=1)
    assert len(result.failed) == 2
    assert result.failed[0].error["kind"] == "Diverged"
    assert "epoch 1" in result.failed[0].error["message"]
    assert not store.has(made.runs[0])
    assert len(store.errors(store.path(made.runs[0]))) == 1


def test_a_fault_of_the_machine_is_no_fault_of_the_method(store, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(work, "execute", full)
    with pytest.raises(UserError, match="disk is full"):
        run_plan(plan(), store, workers=1)
    assert not list(store.root.rglob("*error*"))


def test_a_full_disk_stops_the_campaign_with_a_sentence_and_keeps_what_is_done(store, monkeypatch):
    import os

    run_plan(plan(methods=("last_value",)), store, workers=1)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    made = plan()
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(UserError, match="disk is full"):
            run_plan(made, store, workers=1)
    assert [record.spec.method for record in store.records()] == ["last_value"]
