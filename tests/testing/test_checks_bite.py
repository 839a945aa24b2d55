"""Each conformance check fails on a method that breaks its promise."""

import itertools
import sys
import types
from dataclasses import dataclass

import pytest
import torch

from benchmark import Forecaster, MethodInfo, Registry
from benchmark.testing import forecasting as checks
from benchmark.testing.forecasting import Bench
from benchmark.testing.forecasting import tiny_city as make_city


@dataclass(frozen=True)
class Options:
    # how far to look
    depth: int = 1


@dataclass(frozen=True)
class SilentOptions:
    depth: int = 1


class Honest(Forecaster):
    """The mean day, plus noise of the seed."""

    Options = Options

    def fit(self, run):
        train = self.problem.only.train
        self.means = torch.stack([train.values[train.slot == slot].mean(dim=0) for slot in range(48)])
        self.means += 0.01 * torch.rand((), generator=run.generator("noise"))
        run.progress(None)

    def predict(self, inputs):
        return self.means[inputs.slot[:, 12:]]

    def state_dict(self):
        return {"means": self.means}

    def load_state_dict(self, state):
        self.means = state["means"]


class IgnoresSeed(Honest):
    def fit(self, run):
        super().fit(run)
        self.means = self.means.round()


class UsesOwnRandomness(Honest):
    fits = itertools.count()

    def fit(self, run):
        super().fit(run)
        self.means = self.means + torch.rand((), generator=torch.Generator().manual_seed(next(self.fits)))


class Peeks(Honest):
    """Reads the whole series from the city's folder while fitting."""

    folder = None

    def fit(self, run):
        import numpy as np

        self.whole = torch.from_numpy(np.load(next(iter(sorted(type(self).folder().glob("*pick.values.npy"))))))
        super().fit(run)


class PeeksAndLearns(Peeks):
    def fit(self, run):
        super().fit(run)
        self.means = self.means + self.whole[-96:].mean()
        del self.whole


class NormalisesByBatch(Honest):
    def predict(self, inputs):
        return super().predict(inputs) + inputs.values.mean()


class ForgetsItsState(Honest):
    def load_state_dict(self, state):
        self.means = torch.zeros_like(state["means"])


class ResumesWithOtherRandomness(Honest):
    """Keeps its means but draws its noise anew."""

    def fit(self, run):
        saved = run.checkpoints and run.checkpoints.load("fit", run.device)
        self.draws = saved["draws"] + 1 if saved else 0
        if run.checkpoints:
            run.checkpoints.save("fit", {"draws": self.draws})
        super().fit(run)
        self.means = self.means + self.draws


class NeverLearns(Honest):
    def predict(self, inputs):
        return torch.full((len(inputs.values), 12, 8), 1000.0)


class Silent(Honest):
    Options = SilentOptions


class Wrong:
    pass


BROKEN = [
    (IgnoresSeed, checks.check_seeds, "deterministic"), (UsesOwnRandomness, checks.check_seeds, "seed 0 twice"),
    (Peeks, checks.check_no_test_data_in_fit, "test row is reachable"),
    (PeeksAndLearns, checks.check_test_rows_do_not_change_the_fit, "depends on test rows"),
    (NormalisesByBatch, checks.check_batch_size_independence, "batch size"),
    (ForgetsItsState, checks.check_state_round_trip, "round-trip"),
    (ResumesWithOtherRandomness, checks.check_resumes, "broken off"),
    (NeverLearns, checks.check_learns, "training mean"),
    (Silent, checks.check_facts, "without a comment"),
]


@pytest.fixture
def bench(monkeypatch, tmp_path):
    latest = []

    def tiny_city(folder, *arguments):
        latest.append(folder)
        return make_city(folder, *arguments)

    def make(cls):
        info = MethodInfo("broken", f"{__name__}:{cls.__name__}", "s", "p", "l")
        catalogue = types.ModuleType("catalogue_of_this_test")
        catalogue.METHODS = [info]
        monkeypatch.setitem(sys.modules, catalogue.__name__, catalogue)
        monkeypatch.setitem(sys.modules, __name__, sys.modules[cls.__module__])
        monkeypatch.setattr(checks, "registry", lambda: Registry((catalogue.__name__,), "none"))
        monkeypatch.setattr(checks, "tiny_city", tiny_city)
        monkeypatch.setattr(Peeks, "folder", staticmethod(lambda: latest[-1]))
        return Bench("broken", tmp_path)

    return make


@pytest.mark.parametrize(("cls", "check", "sentence"), BROKEN, ids=lambda value: getattr(value, "__name__", ""))
def test_a_broken_promise_is_caught_and_named(bench, cls, check, sentence):
    with pytest.raises(AssertionError, match=sentence):
        check(bench(cls))


@pytest.mark.parametrize("check", [check for _, check, _ in BROKEN] + [checks.check_future_has_no_effect, checks.check_pickles],
                         ids=lambda check: check.__name__)
def test_an_honest_method_passes(bench, check):
    check(bench(Honest))


def test_a_method_that_reads_the_future_is_caught(bench, monkeypatch):
    made = bench(Honest)
    whole = {}
    inputs_of = type(made.held_out()).inputs

    def leaking(windows, starts):
        whole["windows"] = windows
        return inputs_of(windows, starts)

    monkeypatch.setattr(type(made.held_out()), "inputs", leaking)
    made.fitted.predict = lambda inputs: whole["windows"].values[12:24][None]
    with pytest.raises(AssertionError, match="the future changes"):
        checks.check_future_has_no_effect(made)
