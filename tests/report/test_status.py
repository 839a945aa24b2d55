"""How far a campaign is, in data and in words."""

import json
import re
import time

import pytest
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.execution.campaign import run_plan
from benchmark.execution.plan import Request, make_plan
from benchmark.report.status import _duration, text
from benchmark.spec import Record
from benchmark.store.campaigns import announce, label, states
from benchmark.store.claims import claim
from benchmark.store.records import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def plan(seeds):
    return make_plan(Request(("stid",), "nyc", seeds, ("taxi_pick",), preset="smoke", device="cpu"))


def record(spec, seconds):
    return Record(spec, "done", {}, timings={"total_s": seconds})


def test_a_store_without_campaigns_says_so(store):
    assert states(store) == []
    assert "Nothing is to do" in text([])


def test_done_running_failed_and_to_do_are_counted_and_the_rest_is_estimated_from_finished_runs(store):
    runs = plan(tuple(range(6))).runs
    announce(store, "a campaign", {run: {} for run in runs})
    store.write(record(runs[0], 100.0))
    store.write(record(runs[1], 200.0))
    store.write(Record(runs[2], "failed", {}, error={"kind": "Diverged", "message": "The loss became nan.", "traceback": ""}))
    with claim(store, runs[3]) as mine, claim(store, runs[4]):
        mine.progress = {"stage": "fit taxi_pick", "epoch": 2, "epochs": 6, "train_loss": 1.0, "validation_loss": 3.25}
        mine.beat()
        (state,) = states(store)
        words = text([state])
    assert (state.runs, state.done, len(state.running), len(state.failed), state.todo) == (6, 2, 2, 1, 2)
    # two at work, two to do, 150 s each, shared by two processes
    assert state.work_left == pytest.approx(600, abs=2)
    assert state.eta == pytest.approx(300, abs=1)
    assert "6 runs: 2 done, 2 running, 2 to do (1 of them failed before) · about 5 min left" in words
    assert re.search(r"running +stid taxi_pick seed 3 · fit taxi_pick epoch 2/6 val 3.250 · \d s · process \d+", words)
    assert "failed   stid taxi_pick seed 2: Diverged: The loss became nan." in words


def test_without_a_finished_run_of_a_kind_no_time_is_guessed(store):
    announce(store, "a campaign", {run: {} for run in plan((0, 1)).runs})
    (state,) = states(store)
    assert state.work_left is None
    assert state.eta is None
    assert "2 to do\n" in text([state])


def test_a_finished_campaign_is_shown_only_on_request_and_the_same_runs_are_one_campaign(tmp_path):
    store = Store(tmp_path / "store")
    for _ in range(2):
        run_plan(plan((0,)), store, workers=1)
    announce(store, "another", {run: {"user_overrides": {"batch_size": "32"}} for run in plan((0, 7)).runs})
    asked = CliRunner().invoke(app, ["status", "--results", str(store.root)])
    assert "another" in asked.output
    assert label(plan((7,)).runs[0], {"user_overrides": {"batch_size": "32"}}) == "stid (batch_size=32) taxi_pick seed 7"
    assert "1 done, 0 running, 1 to do · about" in asked.output
    assert "protocol strict" not in asked.output
    every = json.loads(CliRunner().invoke(app, ["status", "--all", "--json", "--results", str(store.root)]).output)
    assert [one["done"] for one in every] == [1, 1]
    assert every[0]["started"] <= time.time()


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "0 s"), (89, "89 s"), (95, "2 min"), (5340, "89 min"), (5400, "1 h 30 min")])
def test_durations_are_short(seconds, words):
    assert _duration(seconds) == words
