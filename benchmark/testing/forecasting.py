"""What every forecaster must do."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmark.contract import Asks, Budget, RunContext
from benchmark.data.forecasting.city import ForecastingCity
from benchmark.families import FORECASTING, forecasting_protocol
from benchmark.fitting import seed_everything
from benchmark.forecasting.contract import Forecaster
from benchmark.forecasting.posing import held_out_windows, pose, pose_under
from benchmark.forecasting.problem import ForecastProblem, Inputs, TaskProblem, Windows
from benchmark.forecasting.scenarios import under
from benchmark.forecasting.scoring import score
from benchmark.forecasting.using import fitted_forecaster, rebuilt_problem
from benchmark.options import resolve
from benchmark.registry import registry
from benchmark.testing.promises import apart, close, expect
from benchmark.testing.shared import (
    NO_COMPANY,
    check_devices,
    check_facts,
    check_pickles,
    check_reach,
    check_resumes,
    check_seeds,
    check_state_round_trip,
    expect_answer,
    expect_same_state,
    reachable_arrays,
)
from benchmark.testing.tiny_series import tiny_city

STRICT = forecasting_protocol("strict")
# a value that stands only in test rows: no method may ever hold it during fit
SENTINEL = 987_654.0
# enough for any network to beat the training mean on eight nodes
LEARNING = Budget(epochs=12, patience=30, epoch_windows=320, validation_windows=32)
TINY = Budget(epochs=1, patience=30, epoch_windows=32, validation_windows=8)
# one scenario of each kind
SCENARIOS = ("nodes-50", "interval-2x", "cold-start", "single-task")


class Bench:
    """A method on a tiny city, fitted once for the checks that only read."""

    noun = "predictions"

    @property
    def checks(self) -> tuple[Callable[[Bench], None], ...]:
        """What it must do."""
        return CHECKS

    def __init__(self, name: str, folder: Path, /, **options: Any) -> None:
        self.info, self.overrides, self.folder = registry().info(name), options, folder
        self.cls: type[Forecaster] = registry().load(name)
        self.city = tiny_city(folder / "city")
        self.tasks = self.city.tasks if self.info.scope == "city" else self.city.tasks[:1]

    @cached_property
    def asks(self) -> Asks:
        return self.cls.asks(self.options())

    @cached_property
    def problem(self) -> ForecastProblem:
        problem = self.pose(self.city)
        expect_answer(self.info.name, self.cls.declines(self.options(), problem))
        return problem

    @cached_property
    def fitted(self) -> Forecaster:
        return self.fit(0)

    def make(self, problem: ForecastProblem, seed: int = 0) -> Forecaster:
        seed_everything(seed)
        return self.cls(self.options(), problem)

    def options(self) -> Any:
        return resolve(self.cls.Options, {**self.cls.presets.get("smoke", {}), **self.overrides}, self.info.name)

    def pose(self, city: ForecastingCity) -> ForecastProblem:
        return pose(city, self.tasks, STRICT, self.asks)

    def fit(self, seed: int, problem: ForecastProblem | None = None, budget: Budget = TINY) -> Forecaster:
        method = self.make(problem or self.problem, seed)
        method.fit(RunContext(seed, torch.device("cpu"), budget))
        return method

    def answers(self, method: Forecaster) -> torch.Tensor:
        return self.predictions(method)

    def without_data(self) -> ForecastProblem:
        return rebuilt_problem(fitted_forecaster(self.fitted, self.city, STRICT, {}), self.asks)

    def held_out(self) -> Windows:
        return self.held_out_of(self.tasks[0], self.city, self.problem)

    def held_out_of(self, task: str, city: ForecastingCity, problem: ForecastProblem) -> Windows:
        """What a method fitted to a problem is asked of a task's test part."""
        return held_out_windows(city, task, STRICT, self.asks.past_days, tuple(problem.tasks) if self.asks.beside else ())

    def predictions(self, method: Forecaster, windows: Windows | None = None, batch: int = 64) -> torch.Tensor:
        windows = windows or self.held_out()
        every = torch.arange(len(windows), device=windows.device)
        return torch.cat([method.predict(windows.inputs(starts, apart=True)) for starts in every.split(batch)])


def check_predictions(bench: Bench) -> None:
    """Predictions of a task's test part are finite numbers, [window, horizon, node]."""
    for task in bench.tasks:
        windows = bench.held_out_of(task, bench.city, bench.problem)
        predicted, wanted = bench.predictions(bench.fitted, windows), (len(windows), windows.horizon, windows.values.shape[1])
        expect(tuple(predicted.shape) == wanted, f"{bench.info.name} predicts {tuple(predicted.shape)} of {task}",
               expected=f"[window, horizon, node], here {wanted}", fix="move the axes of what the network gives")
        strange = int((~torch.isfinite(predicted)).sum())
        expect(strange == 0, f"{bench.info.name}: {strange} of {predicted.numel()} predictions of {task} are NaN or infinite",
               expected="finite numbers for every window, also where inputs are unobserved",
               fix="look for a division by 0, a logarithm of 0 or a mean over nothing; unobserved inputs are 0 in inputs.scaled")


def check_no_test_data_in_fit(bench: Bench) -> None:
    """No object reachable from the method before, during or after `fit` holds a test row."""
    folder = bench.city.folder.with_name("sentinel")
    problem = bench.pose(tiny_city(folder, SENTINEL))
    method = bench.make(problem)

    def look(moment: str) -> None:
        reached = any((array == SENTINEL).any() for array in reachable_arrays(method))
        expect(not reached, f"{bench.info.name}: a test row is reachable {moment}", expected="training and validation rows alone",
               fix="keep what the problem gives, and read no series of a city yourself")

    look("before fit")
    method.fit(RunContext(0, torch.device("cpu"), TINY, progress=lambda _: look("during fit")))
    look("after fit")


def check_test_rows_do_not_change_the_fit(bench: Bench) -> None:
    """Other test rows, the same fitted state."""
    fitted, other = bench.fitted, bench.fit(0, bench.pose(tiny_city(bench.city.folder.with_name("other"), 1.0)))
    expect_same_state(bench, fitted, other, "depends on test rows", "learn from problem.tasks[…].train and .validation alone")


def check_future_has_no_effect(bench: Bench) -> None:
    """What comes after a window's history cannot change its prediction, nor can unobserved inputs."""
    windows = bench.held_out()
    history = torch.arange(windows.values.shape[0])[:, None] < windows.past + windows.history

    def with_another_future(one: Windows) -> Windows:
        return dataclasses.replace(one, values=torch.where(history, one.values, SENTINEL),
                                   observed=torch.where(history, one.observed, True),
                                   beside={task: with_another_future(other) for task, other in one.beside.items()})

    changed = with_another_future(windows)
    first = torch.zeros(1, dtype=torch.int64)
    one, other = (bench.fitted.predict(shown.inputs(first)) for shown in (windows, changed))
    expect(torch.equal(one, other), f"{bench.info.name}: the future changes a prediction: {apart(one, other)}",
           expected="the same bits, whatever comes after the history and whatever stands where nothing was observed",
           fix="predict from `inputs` alone; of values use inputs.scaled, or mask inputs.values by inputs.observed")


def check_inputs(bench: Bench) -> None:
    """What the registry says that it reads is what it reads: other values there change it, and nothing else does."""
    for name in FORECASTING.inputs[1:]:
        method = bench.fit(0, _other_problem(bench.problem, name))
        same = torch.equal(bench.predictions(method, _other_windows(bench.held_out(), name)), bench.predictions(bench.fitted))
        said = name in bench.info.inputs
        expect(same != said, f"{bench.info.name} says that it reads '{name}', but other values there change nothing" if said else
               f"{bench.info.name} reads '{name}', but does not say so: its inputs are {', '.join(bench.info.inputs)}",
               expected="a MethodInfo whose `inputs` are what is read",
               fix=f"{'take' if said else 'put'} '{name}' {'out of' if said else 'into'} them, or change what the network reads")


def _other_problem(problem: ForecastProblem, name: str) -> ForecastProblem:
    """The same problem with other values of one input."""
    rng = np.random.default_rng(5)

    def other(one: TaskProblem) -> TaskProblem:
        windows = {part: _other_windows(getattr(one, part), name) for part in ("train", "validation")}
        weights = rng.random((one.nodes, one.nodes)).astype(np.float32)
        changed: dict[str, Any] = {"coordinates": {"coordinates": torch.from_numpy(rng.random((one.nodes, 2)).astype(np.float32))},
                                   "graph": {"weights": torch.from_numpy(weights + weights.T)}}.get(name, windows)
        return dataclasses.replace(one, **changed)

    return dataclasses.replace(problem, tasks={task: other(one) for task, one in problem.tasks.items()})


def _other_windows(windows: Windows, name: str) -> Windows:
    """The same windows with other clocks, where these are the input."""
    rng = np.random.default_rng(6)
    rows = len(windows.slot)
    if name == "time":
        return dataclasses.replace(windows, slot=torch.from_numpy(rng.integers(0, windows.steps_per_day, rows)),
                                   weekday=torch.from_numpy(rng.integers(0, 7, rows)))
    if name == "calendar":
        return dataclasses.replace(windows, calendar=torch.from_numpy(rng.random((rows, 6)).astype(np.float32)))
    return windows


def check_batch_size_independence(bench: Bench) -> None:
    """Windows predicted alone, by seven or all at once agree."""
    whole = bench.predictions(bench.fitted, batch=10_000)
    for batch in (1, 7):
        some = bench.predictions(bench.fitted, batch=batch)
        expect(close(some, whole, 1e-3), f"{bench.info.name}: predictions depend on the batch size: in batches of {batch} and all at once "
               f"they are {apart(some, whole)}", expected="the same but for rounding", fix=NO_COMPANY)


def check_answers_alone(bench: Bench) -> None:
    """A new method with the fitted state, which has seen nothing else, predicts a window alone as it was predicted among others."""
    windows, among, problem = bench.held_out(), bench.predictions(bench.fitted), bench.without_data()
    for start in torch.linspace(0, len(windows) - 1, 5).long():
        fresh = bench.make(problem, seed=5)
        fresh.load_state_dict(bench.fitted.state_dict())
        alone = fresh.predict(windows.inputs(start[None], apart=True))[0]
        expect(close(alone, among[start], 1e-3), f"{bench.info.name}: alone, from its saved state, a window is predicted otherwise than "
               f"among others, {apart(alone, among[start])}; the method uses the other windows of a batch, or remembers what it was shown "
               "before", expected="the same but for rounding", fix=NO_COMPANY)


def check_scenarios(bench: Bench) -> None:
    """Under each kind of scenario it says why it has no answer, or it predicts the target, and does so again from its state alone."""
    target = bench.city.tasks[-1]
    for name in SCENARIOS:
        city = under(bench.city, name, (target,))
        problem = pose_under(city, FORECASTING.scenario(name), bench.info.scope, (target,), STRICT, bench.asks)
        reason = bench.cls.declines(bench.options(), problem)
        if reason is not None:
            expect(isinstance(reason, str) and bool(reason), f"{bench.info.name} declines scenario {name} with {reason!r}",
                   expected="a few words, which stand under tables", fix="let `declines` return a text, or None where there is an answer")
            continue
        method, windows = bench.fit(0, problem), bench.held_out_of(target, city, problem)
        predicted = bench.predictions(method, windows)
        wanted = (len(windows), windows.horizon, problem.tasks[target].nodes)
        expect(tuple(predicted.shape) == wanted, f"{bench.info.name} predicts {tuple(predicted.shape)} under scenario {name}, not {wanted}",
               expected="the nodes and steps of the task that is asked for, which may be fewer than another task's",
               fix="size the network by problem.tasks[…], or say in `declines` why there is no answer")
        fresh = bench.make(rebuilt_problem(fitted_forecaster(method, city, STRICT, {}, name), bench.asks), seed=5)
        fresh.load_state_dict(method.state_dict())
        again = bench.predictions(fresh, windows)
        expect(torch.equal(again, predicted), f"{bench.info.name}: under scenario {name} its state is not all: {apart(again, predicted)}",
               expected="the same bits from a new method with the fitted one's state",
               fix="put everything that `fit` learns into state_dict")


def check_learns(bench: Bench) -> None:
    """On the tiny city it beats the training mean by a tenth."""
    method = bench.fit(0, budget=LEARNING)
    for task in bench.tasks:
        windows, scaler = bench.held_out_of(task, bench.city, bench.problem), bench.problem.tasks[task].scaler
        own, mean = (_mae(predict, windows) for predict in (method.predict, _constant(scaler.mean, windows.horizon)))
        expect(own < 0.9 * mean, f"{bench.info.name} on {task}: MAE {own:.2f}, the training mean has {mean:.2f}",
               expected=f"less than {0.9 * mean:.2f} after {LEARNING.epochs} epochs on a city of a plain daily rhythm",
               fix="try a larger learning_rate in presets['smoke']; see that every layer gets a gradient, and that what the network gives "
               "is z-scored")


def _constant(value: float, horizon: int) -> Any:
    def predict(inputs: Inputs) -> torch.Tensor:
        batch, _, nodes = inputs.values.shape
        return torch.full((batch, horizon, nodes), value)
    return predict


def _mae(predict: Any, windows: Windows) -> float:
    sums = score(predict, windows).sums["observed"]
    return float(sums["absolute"].sum() / sums["count"].sum())


CHECKS = (check_facts, check_predictions, check_seeds, check_no_test_data_in_fit, check_test_rows_do_not_change_the_fit,
          check_future_has_no_effect, check_inputs, check_devices, check_batch_size_independence, check_state_round_trip,
          check_answers_alone, check_scenarios, check_reach, check_resumes, check_pickles, check_learns)
