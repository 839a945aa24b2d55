"""A fit that is watched: real stages of a tiny network, on a clock that counts its readings."""

from dataclasses import dataclass

import pytest
import torch
from torch import nn
from torch.optim.optimizer import _global_optimizer_post_hooks

from benchmark.contract import Budget, RunContext
from benchmark.timing.clock import CALLS, Clock
from benchmark.timing.energy import LEAST_S
from benchmark.timing.training import EPOCHS, WATCHED, TrainingWatch
from benchmark.training.stage import Stage, StageOptions, run_stage


@dataclass
class Meter:
    """Energy that rises by one joule a reading."""

    read: int = 0

    def joules(self):
        self.read += 1
        return float(self.read)


class Fit:
    """Stages of so many steps an epoch, after some steps of an optimiser of its own."""

    def __init__(self, steps, stages=("a",), before=0, epochs=None):
        self.steps, self.stages, self.before, self.epochs = steps, stages, before, epochs
        self.network, self.taken = nn.Linear(3, 2), 0

    def __call__(self, run):
        other = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
        for _ in range(self.before):
            other.step()
        for key in self.stages:
            stage = Stage(key, lambda order: range(self.steps), self.loss, lambda: 1.0)
            run_stage(self.network, stage, StageOptions(), run)

    def loss(self, batch, step):
        self.taken += 1
        return self.network(torch.ones(4, 3)).sum()


def watched(fit, energy=None, clock=None):
    watch = TrainingWatch(clock or Clock(lambda: None), energy or type("Nothing", (), {"joules": lambda self: None})())
    run = RunContext(0, torch.device("cpu"), Budget(fit.epochs or WATCHED, 30))
    run.progress = lambda progress: watch.epoch(progress, run.history[-1]["steps"])
    with watch.watching():
        fit(run)
    return watch.figures(64)


def test_a_fit_ends_as_soon_as_enough_is_measured():
    fit = Fit(steps=CALLS + 20, stages=("a", "b"))
    found = watched(fit)
    assert (found.batch, found.steps_an_epoch, found.epochs, found.step.n) == (64, CALLS + 20, EPOCHS, CALLS)
    # one step is counted, and the one before it begins the epoch
    assert fit.taken == (WATCHED - 1) * (CALLS + 20) + CALLS + 2


def test_one_step_is_counted_whole():
    # the products forward and backward of Linear(3, 2) on 4 rows
    assert watched(Fit(steps=5)).arithmetic.flops == 2 * (2 * 4 * 3 * 2)


def test_steps_before_the_first_stage_count_as_none_of_it():
    found = watched(Fit(steps=4, before=100))
    assert (found.steps_an_epoch, found.step.n, found.epochs) == (4, 2, EPOCHS)


def test_only_the_first_stage_is_watched():
    fit = Fit(steps=3, stages=("a", "b"), epochs=2)
    found = watched(fit)
    assert (found.epochs, found.step, found.arithmetic) == (1, None, None)
    assert fit.taken == 2 * 3


def test_an_epoch_of_one_step_is_timed_and_its_step_is_not():
    found = watched(Fit(steps=1))
    assert (found.epochs, found.step, found.arithmetic) == (EPOCHS, None, None)


def test_of_long_epochs_one_is_timed_and_the_next_is_for_single_steps(monkeypatch):
    monkeypatch.setattr("benchmark.timing.training.ENOUGH_S", 0.0)
    fit = Fit(steps=5)
    found = watched(fit)
    assert (found.epochs, found.step.n, fit.taken) == (1, 3, 15)


def test_a_fit_without_stages_has_no_training():
    assert watched(Fit(steps=3, stages=(), before=7)) is None


def test_the_clock_waits_for_the_device_at_the_ends_of_single_steps_alone():
    waits = []
    fit = Fit(steps=10)
    watched(fit, clock=Clock(lambda: waits.append(fit.taken)))
    epochs = [step for step in waits if step <= (WATCHED - 1) * 10]
    # both ends of the timed epochs, and the beginning of the last one
    assert epochs == [10, 20, 20, 30, 30]
    assert set(waits[len(epochs):]) == set(range(31, 41))


def test_joules_are_those_of_the_timed_epochs(monkeypatch):
    assert watched(Fit(steps=3), Meter()).epoch_j is None, f"less than {LEAST_S} s"
    monkeypatch.setattr("benchmark.timing.training.LEAST_S", 0.0)
    assert watched(Fit(steps=3), Meter()).epoch_j == 1


def test_nothing_is_left_to_torch_after_a_fit_that_failed():
    watch = TrainingWatch(Clock(lambda: None), Meter())
    with pytest.raises(ZeroDivisionError), watch.watching():
        raise ZeroDivisionError
    assert not _global_optimizer_post_hooks
