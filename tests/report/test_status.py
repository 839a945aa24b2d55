"""How far a campaign is, in data and in words."""

import json
import re
import time

import pytest
from made.forecasting_records import failed, finished
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.execution.campaign import run_plan
from benchmark.execution.plan import Request, make_plan
from benchmark.report.status import duration, text
from benchmark.store.campaigns import announce, label, states
from benchmark.store.claims import claim
from benchmark.store.records import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def plan(seeds):
    return make_plan(Request(("stid",), "nyc", seeds, ("taxi_pick",), preset="smoke", device="cpu"))


def test_a_store_without_campaigns_says_so(store):
    assert states(store) == []
    assert "Nothing is to do" in text([])


def test_done_running_failed_and_to_do_are_counted_and_the_rest_is_estimated_from_finished_runs(store):
    runs = plan(tuple(range(6))).runs
    announce(store, "a campaign", {run: {} for run in runs})
    store.write(finished(runs[0], seconds=100.0))
    store.write(finished(runs[1], seconds=200.0))
    store.write(failed(runs[2]))
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
    assert duration(seconds) == words


def status(store, *words):
    return CliRunner().invoke(app, ["status", *words, "--results", str(store.root)])


def test_an_abandoned_campaign_is_dropped_by_its_id_or_by_words_and_its_records_stay(store):
    announce(store, "stid on nyc@1", {run: {} for run in plan((0, 1)).runs})
    announce(store, "stid on nyc@1 again", {run: {} for run in plan((0, 1, 2)).runs})
    store.write(finished(plan((0,)).runs[0]))
    first, second = (next(one for one in states(store) if one.runs == runs) for runs in (2, 3))
    assert first.id[:8] in status(store).output
    assert "2 campaigns; name its id" in str(status(store, "--drop", "stid on").exception)
    assert "Unknown campaign 'gwnet'" in str(status(store, "--drop", "gwnet").exception)
    assert status(store, "--drop", "stid on nyc@1").output == "Dropped stid on nyc@1; its 1 records stay.\n"
    assert [one.id for one in states(store)] == [second.id]
    status(store, "--drop", second.id[:8])
    assert states(store) == []
    assert len(list(store.records())) == 1


def test_a_campaign_at_work_is_not_dropped(store):
    runs = plan((0, 1)).runs
    announce(store, "a campaign", {run: {} for run in runs})
    with claim(store, runs[0]):
        assert "is at work on this campaign" in str(status(store, "--drop", "a campaign").exception)
    assert len(states(store)) == 1


def test_watching_prints_once_a_change_and_ends_when_all_is_done(store, monkeypatch):
    runs = plan((0, 1)).runs
    announce(store, "a campaign", {run: {} for run in runs})
    looks = []

    def work(seconds):
        """One run is done at every second look."""
        looks.append(seconds)
        if len(looks) % 2 == 0:
            store.write(finished(runs[len(looks) // 2 - 1]))

    monkeypatch.setattr("benchmark.cli.status.time.sleep", work)
    said = status(store, "--watch").output
    assert re.findall(r"(\d) done", said) == ["0", "1"]
    assert said.endswith("every run that was asked for is done (--all shows them).\n")
    assert looks == [2.0] * 4


def test_ctrl_c_ends_the_watching_without_an_error(store, monkeypatch):
    announce(store, "a campaign", {run: {} for run in plan((0,)).runs})

    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("benchmark.cli.status.time.sleep", interrupted)
    assert status(store, "--watch").exit_code == 0


def test_a_running_stage_is_counted_where_the_method_says_how_many_there_are(store):
    (run,) = plan((0,)).runs
    announce(store, "a campaign", {run: {}})
    with claim(store, run) as mine:
        mine.progress = {"stage": "roll taxi_pick", "epoch": 1, "epochs": 6, "train_loss": 1.0, "validation_loss": 2.0, "number": 3,
                         "stages": 9}
        mine.beat()
        assert "· stage 3 of 9: roll taxi_pick epoch 1/6" in text(states(store))
