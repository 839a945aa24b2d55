"""When a call is over, and what is said of many."""

from statistics import fmean, median

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from benchmark.timing import clock as clocks
from benchmark.timing.clock import CALLS, FEWEST, WARM_UP, Clock, latency, time_calls


class LazyDevice:
    """Accepts work at once and does it when it is waited for, as a GPU does; its time is its own."""

    def __init__(self, monkeypatch):
        self.time, self.queued, self.waits = 0.0, 0.0, 0
        monkeypatch.setattr(clocks.time, "perf_counter", lambda: self.time)

    def work(self, seconds):
        self.queued += seconds

    def synchronise(self):
        self.time, self.queued, self.waits = self.time + self.queued, 0.0, self.waits + 1


def test_a_call_lasts_until_the_device_is_idle(monkeypatch):
    device = LazyDevice(monkeypatch)
    measured = time_calls(device.work, [0.25], Clock(device.synchronise))
    assert (measured.median_ms, measured.p95_ms, measured.n) == (250, 250, CALLS)


def test_work_that_was_queued_before_is_nobodys_time(monkeypatch):
    device = LazyDevice(monkeypatch)
    device.work(100)
    assert time_calls(device.work, [0.01], Clock(device.synchronise)).mean_ms == pytest.approx(10)


def test_the_first_calls_warm_up_and_batches_come_in_turn(monkeypatch):
    device, seen = LazyDevice(monkeypatch), []
    time_calls(lambda batch: (seen.append(batch), device.work(batch)), [0.001, 0.002, 0.003], Clock(device.synchronise))
    assert len(seen) == WARM_UP + CALLS
    assert seen[WARM_UP:WARM_UP + 4] == [0.001, 0.002, 0.003, 0.001]


def test_a_slow_method_is_called_less_often_and_says_so(monkeypatch):
    device = LazyDevice(monkeypatch)
    assert time_calls(device.work, [1000.0], Clock(device.synchronise)).n == FEWEST


def test_the_percentile_lies_between_neighbours_in_proportion():
    measured = latency([k / 1000 for k in range(1, 22)])
    assert (measured.median_ms, measured.p95_ms, measured.mean_ms) == (11, 20, 11)


@given(st.lists(st.floats(1e-5, 10), min_size=1, max_size=40))
def test_latencies_are_those_of_a_sorted_list(seconds):
    measured, ordered = latency(seconds), sorted(1000 * one for one in seconds)
    place = 0.95 * (len(ordered) - 1)
    low = int(place)
    p95 = ordered[low] + (place - low) * (ordered[min(low + 1, len(ordered) - 1)] - ordered[low])
    assert measured.p95_ms == pytest.approx(p95, rel=1e-9, abs=1e-4)
    assert measured.median_ms == pytest.approx(median(ordered), rel=1e-9, abs=1e-4)
    assert measured.mean_ms == pytest.approx(fmean(ordered), rel=1e-9, abs=1e-4)


def test_the_clock_of_a_gpu_waits_for_it(monkeypatch):
    asked = []
    monkeypatch.setattr(torch.cuda, "synchronize", asked.append)
    Clock.of(torch.device("cuda:1")).now()
    assert asked == [torch.device("cuda:1")]
    Clock.of(torch.device("cpu")).now()
    assert len(asked) == 1
