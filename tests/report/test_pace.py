"""How long a campaign still takes: runs weigh what their kind took."""

import pytest
from made.forecasting_records import record

from benchmark.contract import Progress
from benchmark.report.pace import Pace
from benchmark.store.records import Store


class Clock:
    """Seconds that a test lets pass."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def run(method, seed=0, **spec):
    return record(method, seed, **spec).spec


def took(method, seconds, seed=0, **spec):
    one = record(method, seed, **spec)
    return type(one)(one.spec, "done", city=one.city, timings={"total_s": seconds})


def epoch(number, of, stage=1, stages=1):
    return Progress("fit", number, of, 1.0, 1.0, stage, stages)


def test_runs_weigh_what_finished_runs_of_their_kind_took_in_the_store(store, clock):
    for one in (took("stid", 10.0, 7), took("stid", 20.0, 8), took("cmust", 85.0, 7), took("cmust", 1.0, 7, preset="smoke")):
        store.write(one)
    pace = Pace([run("stid"), run("cmust")], [store], clock)
    assert (pace.share(), pace.left()) == (0.0, None)
    clock.now = 30.0
    pace.finished(took("stid", 30.0))  # twice as slow as before, so cmust will be as well
    assert pace.share() == pytest.approx(0.15)
    assert pace.left() == pytest.approx(170.0)


def test_a_kind_that_was_never_finished_weighs_what_it_took_under_another_preset(store, clock):
    for one in (took("stid", 10.0, preset="full"), took("cmust", 90.0, preset="full")):
        store.write(one)
    pace = Pace([run("stid"), run("cmust")], [store], clock)
    pace.finished(took("stid", 1.0))
    assert pace.share() == pytest.approx(0.1)


def test_the_local_store_goes_before_the_published_one(store, tmp_path, clock):
    published = Store(tmp_path / "published")
    store.write(took("stid", 10.0, 7))
    for one in (took("stid", 1000.0, 8), took("cmust", 30.0, 7)):
        published.write(one)
    pace = Pace([run("stid"), run("cmust")], [store, published], clock)
    clock.now = 10.0
    pace.finished(took("stid", 10.0))
    assert pace.share() == pytest.approx(0.25)


def test_without_any_finished_run_all_weigh_the_same_and_the_campaigns_own_count_as_soon_as_they_are_there(store, clock):
    pace = Pace([run("stid"), run("stid", 1), run("cmust"), run("cmust", 1)], [store], clock)
    clock.now = 10.0
    pace.finished(took("stid", 10.0))
    assert pace.share() == pytest.approx(0.25)
    clock.now = 100.0
    pace.finished(took("cmust", 90.0))
    assert pace.share() == pytest.approx(0.5)
    clock.now = 110.0
    pace.finished(took("stid", 10.0, 1))
    assert pace.share() == pytest.approx(110 / 200)
    assert pace.left() == pytest.approx(90.0)


def test_a_run_of_nine_stages_is_as_far_as_its_stages_and_epochs_say(store, clock):
    pace = Pace([run("cmust")], [store], clock)
    clock.now = 5.0
    pace.epoch(run("cmust"), epoch(1, 2, stages=9))
    assert pace.share() == pytest.approx(1 / 18)
    clock.now = 25.0
    pace.epoch(run("cmust"), epoch(1, 2, stage=3, stages=9))
    assert pace.share() == pytest.approx(2 / 9 + 1 / 18)


def test_the_time_that_workers_take_to_start_says_nothing_of_the_pace(store, clock):
    pace = Pace([run("stid"), run("stid", 1)], [store], clock)
    clock.now = 100.0
    for seed in range(2):
        pace.epoch(run("stid", seed), epoch(1, 6))
    assert pace.left() is None
    clock.now = 110.0
    for seed in range(2):
        pace.epoch(run("stid", seed), epoch(2, 6))
    assert pace.left() == pytest.approx(40.0)


def test_what_is_left_falls_with_the_clock_between_epochs_and_never_stands_at_nothing_while_a_run_goes_on(store, clock):
    pace = Pace([run("stid")], [store], clock)
    pace.epoch(run("stid"), epoch(1, 6))
    clock.now = 10.0
    pace.epoch(run("stid"), epoch(2, 6))
    assert pace.left() == pytest.approx(40.0)
    clock.now = 30.0
    assert pace.left() == pytest.approx(24.0)  # a fifth of what the pace says
    clock.now = 25.0
    assert pace.left() == pytest.approx(25.0)
    clock.now = 60.0
    assert pace.left() == pytest.approx(48.0)  # and rising
    pace.epoch(run("stid"), epoch(6, 6))
    assert pace.share() < 1  # it is still predicting
    pace.finished(took("stid", 71.0))
    assert (pace.share(), pace.left()) == (1.0, 0.0)


def test_a_run_that_goes_on_is_not_taken_for_a_fast_one(store, clock):
    pace = Pace([run("cmust")], [store], clock)
    pace.epoch(run("cmust"), epoch(1, 1, stage=5, stages=9))
    clock.now = 10.0
    pace.epoch(run("cmust"), epoch(1, 1, stage=6, stages=9))
    assert pace.share() == pytest.approx(6 / 9)
    assert pace.left() == pytest.approx(30.0)  # one stage in ten seconds, three are to come


def test_a_method_that_does_not_say_its_stages_is_as_far_as_its_time_says(store, clock):
    store.write(took("mvtraj", 100.0, 7))
    pace = Pace([run("mvtraj")], [store], clock)
    pace.epoch(run("mvtraj"), epoch(1, 6, None, None))
    clock.now = 50.0
    assert pace.share() == pytest.approx(0.5)
    clock.now = 1000.0
    assert pace.share() == pytest.approx(0.95)


def test_a_run_of_another_process_is_not_waited_for_and_not_taken_for_this_ones_work(store, clock):
    pace = Pace([run("stid"), run("stid", 1)], [store], clock)
    pace.passed(run("stid", 1))
    clock.now = 30.0
    pace.epoch(run("stid"), epoch(1, 3))
    clock.now = 40.0
    pace.epoch(run("stid"), epoch(2, 3))
    assert pace.left() == pytest.approx(10.0)


def test_a_failed_run_is_over_but_says_nothing_of_its_kinds_cost(store, clock):
    store.write(took("stid", 10.0, 7))
    pace = Pace([run("stid"), run("stid", 1)], [store], clock)
    bad = record("stid")
    pace.finished(type(bad)(bad.spec, "failed", city=bad.city, error={"kind": "Diverged", "message": "", "traceback": ""}))
    assert pace.share() == pytest.approx(0.5)


def test_a_broken_record_in_the_store_is_passed_over(store, clock):
    store.write(took("stid", 10.0, 7)).write_text("{")
    assert Pace([run("stid")], [store], clock).left() is None
