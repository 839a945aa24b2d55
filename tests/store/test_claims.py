"""Claims: one owner a run, and a dead owner's run is free."""

import json
import multiprocessing
import os
import time
from dataclasses import asdict

import pytest

from benchmark.execution.plan import Request, make_plan
from benchmark.owners import host, process_began
from benchmark.store import claims
from benchmark.store.claims import Owner, claim, running
from benchmark.store.records import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture
def spec():
    return make_plan(Request(("last_value",), "nyc", tasks=("taxi_pick",), preset="smoke", device="cpu")).runs[0]


def plant(store, spec, **changes):
    """A claim of another process."""
    path = store.path(spec).with_suffix(".claim")
    path.parent.mkdir(parents=True, exist_ok=True)
    owner = {"host": host(), "pid": os.getpid(), "began": process_began(os.getpid()), "since": time.time(),
             "token": "other"}
    path.write_text(json.dumps(asdict(Owner(**{**owner, **changes}))))
    return path


def test_a_claim_is_held_inside_its_block_and_gone_after_it(store, spec):
    with claim(store, spec) as mine:
        assert mine.held()
        assert running(store.path(spec)).pid == os.getpid()
        with claim(store, spec) as second:
            assert second is None
        assert mine.held()
    assert running(store.path(spec)) is None
    assert list(store.root.rglob("*.claim")) == []


def test_a_claim_is_given_back_when_the_block_fails(store, spec):
    with pytest.raises(ZeroDivisionError), claim(store, spec):
        raise ZeroDivisionError
    assert list(store.root.rglob("*.claim")) == []


def test_a_living_owner_keeps_its_claim_and_a_dead_one_loses_it(store, spec):
    plant(store, spec)
    with claim(store, spec) as mine:
        assert mine is None
    for dead in ({"pid": 2**22 + 1}, {"began": 1}):  # no such process; another process of the same number
        plant(store, spec, **dead)
        assert running(store.path(spec)) is None
        with claim(store, spec) as mine:
            assert mine is not None


def test_an_owner_on_another_machine_is_dead_after_two_minutes_of_silence(store, spec):
    path = plant(store, spec, host="elsewhere", pid=1)
    with claim(store, spec) as mine:
        assert mine is None
    silent = time.time() - claims.SILENCE - 1
    os.utime(path, (silent, silent))
    with claim(store, spec) as mine:
        assert mine is not None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"host": "x"}'])
def test_a_broken_claim_is_free(store, spec, content):
    plant(store, spec).write_text(content)
    with claim(store, spec) as mine:
        assert mine is not None


def test_a_heartbeat_shows_progress_and_never_takes_a_lost_claim_back(store, spec, monkeypatch):
    monkeypatch.setattr(claims, "HEARTBEAT", 0.0)
    with claim(store, spec) as mine:
        mine.progress = told = {"stage": "fit", "epoch": 3, "epochs": 6, "train_loss": 1.0, "validation_loss": 2.0}
        until = time.monotonic() + 10
        while not running(store.path(spec)).progress and time.monotonic() < until:
            time.sleep(0.05)
        assert running(store.path(spec)).progress == told
        plant(store, spec)
        mine.beat()
        assert not mine.held()
    assert running(store.path(spec)).token == "other"


def contend(root, spec, rounds, barrier, results):
    store = Store(root)
    won = []
    for k in range(rounds):
        barrier.wait()
        with claim(store, spec) as mine:
            if mine:
                won.append(k)
            barrier.wait()
    results.put(won)


def test_of_many_processes_that_want_a_run_exactly_one_gets_it_even_from_a_dead_owner(store, spec):
    context, rounds = multiprocessing.get_context("fork"), 20
    barrier, results = context.Barrier(4), context.SimpleQueue()
    plant(store, spec, pid=2**22 + 1)
    processes = [context.Process(target=contend, args=(store.root, spec, rounds, barrier, results)) for _ in range(4)]
    for process in processes:
        process.start()
    winners = sorted(k for _ in processes for k in results.get())
    for process in processes:
        process.join()
    assert winners == list(range(rounds))
