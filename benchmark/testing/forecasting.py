"""What every forecaster must do."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmark.contract import Budget, RunContext
from benchmark.data.clock import Clock
from benchmark.data.folder import Origin as CityOrigin
from benchmark.data.forecasting.city import ForecastingCity, Series, write_city
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
from benchmark.testing.shared import check_devices, check_facts, check_pickles, check_reach, check_resumes, reachable_arrays

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

    @property
    def checks(self) -> tuple[Callable[[Bench], None], ...]:
        """What it must do."""
        return CHECKS

    def __init__(self, name: str, folder: Path, **options: Any) -> None:
        self.info, self.overrides = registry().info(name), options
        self.cls: type[Forecaster] = registry().load(name)
        self.city = tiny_city(folder / "city")
        self.tasks = self.city.tasks if self.info.scope == "city" else self.city.tasks[:1]
        self.asks = self.cls.asks(self.options())
        self.problem = self.pose(self.city)
        self.fitted = self.fit(0)
        self.folder = folder

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

    def held_out(self, city: ForecastingCity | None = None) -> Windows:
        return self.held_out_of(self.tasks[0], city or self.city, self.problem)

    def held_out_of(self, task: str, city: ForecastingCity, problem: ForecastProblem) -> Windows:
        """What a method fitted to a problem is asked of a task's test part."""
        return held_out_windows(city, task, STRICT, self.asks.past_days, tuple(problem.tasks) if self.asks.beside else ())

    def predictions(self, method: Forecaster, windows: Windows | None = None, batch: int = 64) -> torch.Tensor:
        windows = windows or self.held_out()
        every = torch.arange(len(windows), device=windows.device)
        return torch.cat([method.predict(windows.inputs(starts, apart=True)) for starts in every.split(batch)])


def tiny_city(folder: Path, test_value: float | None = None) -> ForecastingCity:
    """Two tasks, eight nodes, ten days of half hours, some entries missing; `test_value` fills the test rows."""
    rng = np.random.default_rng(7)
    steps, nodes, clock = 480, 8, Clock("2016-01-04T00:00:00", 30, "UTC")
    slot = clock.slot(steps)[:, None]
    series = []
    for k, task in enumerate(("taxi_pick", "taxi_drop")):
        rate = rng.uniform(5, 40, nodes) * (1.1 + np.sin(2 * np.pi * slot / 48 + rng.uniform(0, 1, nodes) + k))
        values = rng.poisson(rate).astype(np.float32)
        if test_value is not None:
            values[-steps // 5:] = test_value
        series.append(Series(task, values, rng.random(values.shape) > 0.05, np.arange(nodes), clock, "trips per 30 min"))
    import pandas as pd

    table = pd.DataFrame({"node_id": [str(n) for n in range(nodes)], "name": "", "lon": 0.01 * (np.arange(nodes) % 4),
                          "lat": 0.01 * (np.arange(nodes) // 4)})
    return write_city(folder, "tiny", "own", CityOrigin("tiny", "made for tests", "none"), table, series)


def check_seeds(bench: Bench) -> None:
    """The same seed gives the same bits; another seed gives another fit, unless the method is deterministic."""
    first, second, other = (bench.predictions(bench.fit(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, second), f"{bench.info.name}: seed 0 twice gives different predictions"
    assert torch.equal(first, other) == bench.info.deterministic, (
        f"{bench.info.name}: seeds 0 and 1 give {'the same' if torch.equal(first, other) else 'different'} predictions, "
        f"but deterministic is {bench.info.deterministic}")


def check_no_test_data_in_fit(bench: Bench) -> None:
    """No object reachable from the method before, during or after `fit` holds a test row."""
    folder = bench.city.folder.with_name("sentinel")
    problem = bench.pose(tiny_city(folder, SENTINEL))
    method = bench.make(problem)

    def look(moment: str) -> None:
        for array in reachable_arrays(method):
            assert not (array == SENTINEL).any(), f"{bench.info.name}: a test row is reachable {moment}"

    look("before fit")
    method.fit(RunContext(0, torch.device("cpu"), TINY, progress=lambda _: look("during fit")))
    look("after fit")


def check_test_rows_do_not_change_the_fit(bench: Bench) -> None:
    """Other test rows, the same fitted state."""
    other = bench.fit(0, bench.pose(tiny_city(bench.city.folder.with_name("other"), 1.0))).state_dict()
    for key, tensor in bench.fitted.state_dict().items():
        assert torch.equal(tensor, other[key]), f"{bench.info.name}: '{key}' depends on test rows"


def check_future_has_no_effect(bench: Bench) -> None:
    """What comes after a window's history cannot change its prediction, nor can unobserved inputs."""
    windows = bench.held_out()
    shown = torch.arange(windows.values.shape[0])[:, None] < windows.past + windows.history

    def with_another_future(one: Windows) -> Windows:
        return dataclasses.replace(one, values=torch.where(shown, one.values, SENTINEL), observed=torch.where(shown, one.observed, True),
                                   beside={task: with_another_future(other) for task, other in one.beside.items()})

    changed = with_another_future(windows)
    first = torch.zeros(1, dtype=torch.int64)
    assert torch.equal(bench.fitted.predict(windows.inputs(first)), bench.fitted.predict(changed.inputs(first))), (
        f"{bench.info.name}: the future changes a prediction")


def check_inputs(bench: Bench) -> None:
    """What the registry says that it reads is what it reads: other values there change it, and nothing else does."""
    for name in FORECASTING.inputs[1:]:
        method = bench.fit(0, _other_problem(bench.problem, name))
        same = torch.equal(bench.predictions(method, _other_windows(bench.held_out(), name)), bench.predictions(bench.fitted))
        if name in bench.info.inputs:
            assert not same, f"{bench.info.name} says that it reads '{name}', but other values there change nothing"
        else:
            assert same, f"{bench.info.name} reads '{name}', but does not say so: its inputs are {', '.join(bench.info.inputs)}"


def _other_problem(problem: ForecastProblem, name: str) -> ForecastProblem:
    """The same problem with other values of one input."""
    rng = np.random.default_rng(5)

    def other(one: TaskProblem) -> TaskProblem:
        windows = {part: _other_windows(getattr(one, part), name) for part in ("train", "validation")}
        weights = rng.random((one.nodes, one.nodes)).astype(np.float32)
        changed: dict[str, Any] = {"coordinates": {"coordinates": torch.from_numpy(rng.random((one.nodes, 2)).astype(np.float32))},
                                   "graph": {"graph": torch.from_numpy(weights + weights.T)}}.get(name, windows)
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
        torch.testing.assert_close(bench.predictions(bench.fitted, batch=batch), whole, rtol=1e-4, atol=1e-3,
                                   msg=f"{bench.info.name}: predictions depend on the batch size")


def check_state_round_trip(bench: Bench) -> None:
    """A new method with the fitted state, on a problem without training data, predicts the same: so it is kept and used."""
    state = {key: tensor.clone() for key, tensor in bench.fitted.state_dict().items()}
    assert all(isinstance(tensor, torch.Tensor) for tensor in state.values()), f"{bench.info.name}: state_dict holds more than tensors"
    fresh = bench.make(rebuilt_problem(fitted_forecaster(bench.fitted, bench.city, STRICT, {}), bench.asks), seed=5)
    fresh.load_state_dict(state)
    assert torch.equal(bench.predictions(fresh), bench.predictions(bench.fitted)), f"{bench.info.name}: the state does not round-trip"


def check_answers_alone(bench: Bench) -> None:
    """A new method with the fitted state, which has seen nothing else, predicts a window alone as it was predicted among others."""
    windows, among = bench.held_out(), bench.predictions(bench.fitted)
    problem = rebuilt_problem(fitted_forecaster(bench.fitted, bench.city, STRICT, {}), bench.asks)
    for start in torch.linspace(0, len(windows) - 1, 5).long():
        fresh = bench.make(problem, seed=5)
        fresh.load_state_dict(bench.fitted.state_dict())
        torch.testing.assert_close(
            fresh.predict(windows.inputs(start[None], apart=True))[0], among[start], rtol=1e-4, atol=1e-3,
            msg=f"{bench.info.name}: alone, from its saved state, a window is predicted otherwise than among others; the method uses the "
            "other windows of a batch, or remembers what it was shown before")


def check_scenarios(bench: Bench) -> None:
    """Under each kind of scenario it says why it has no answer, or it predicts the target, and does so again from its state alone."""
    target = bench.city.tasks[-1]
    for name in SCENARIOS:
        city = under(bench.city, name, (target,))
        problem = pose_under(city, FORECASTING.scenario(name), bench.info.scope, (target,), STRICT, bench.asks)
        reason = bench.cls.declines(bench.options(), problem)
        if reason is not None:
            assert isinstance(reason, str), f"{bench.info.name} declines scenario {name} without a sentence"
            continue
        method, windows = bench.fit(0, problem), bench.held_out_of(target, city, problem)
        predicted = bench.predictions(method, windows)
        wanted = (len(windows), windows.horizon, problem.tasks[target].nodes)
        assert predicted.shape == wanted, f"{bench.info.name} predicts {tuple(predicted.shape)} under scenario {name}, not {wanted}"
        fresh = bench.make(rebuilt_problem(fitted_forecaster(method, city, STRICT, {}, name), bench.asks), seed=5)
        fresh.load_state_dict(method.state_dict())
        assert torch.equal(bench.predictions(fresh, windows), predicted), f"{bench.info.name}: under scenario {name} its state is not all"


def check_learns(bench: Bench) -> None:
    """On the tiny city it beats the training mean by a tenth."""
    method = bench.fit(0, budget=LEARNING)
    for task in bench.tasks:
        windows, scaler = bench.held_out_of(task, bench.city, bench.problem), bench.problem.tasks[task].scaler
        own, mean = (_mae(predict, windows) for predict in (method.predict, _constant(scaler.mean, windows.horizon)))
        assert own < 0.9 * mean, f"{bench.info.name} on {task}: MAE {own:.2f}, the training mean has {mean:.2f}"


def _constant(value: float, horizon: int) -> Any:
    def predict(inputs: Inputs) -> torch.Tensor:
        batch, _, nodes = inputs.values.shape
        return torch.full((batch, horizon, nodes), value)
    return predict


def _mae(predict: Any, windows: Windows) -> float:
    sums = score(predict, windows).sums["observed"]
    return float(sums["absolute"].sum() / sums["count"].sum())


CHECKS = (check_facts, check_seeds, check_no_test_data_in_fit, check_test_rows_do_not_change_the_fit, check_future_has_no_effect,
          check_inputs, check_devices, check_batch_size_independence, check_state_round_trip,
          check_answers_alone, check_scenarios, check_reach, check_resumes, check_pickles, check_learns)
