"""Fixtures every test shares: a home of its own, and tiny forecasting problems."""

from __future__ import annotations

import os
import sys
import types
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, settings

# machines are shared: how long an example takes says nothing
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test touches the user's cache or results."""
    home = tmp_path / "home"
    monkeypatch.setenv("STBENCH_HOME", str(home))
    monkeypatch.setenv("STBENCH_RESULTS", str(tmp_path / "results"))
    return home


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of real sample data; skips where it is absent."""
    folder = os.environ.get("STBENCH_SAMPLES")
    if not folder or not Path(folder).is_dir():
        pytest.skip("the real sample data are not here: set STBENCH_SAMPLES to their folder")
    return Path(folder)


@pytest.fixture
def make_catalogue(monkeypatch: pytest.MonkeyPatch):
    """Puts a module into this process that lists something: make_catalogue("METHODS", "its_name", info, …) gives its name."""
    def make(attribute: str, name: str, *listed: object) -> str:
        module = types.ModuleType(name)
        setattr(module, attribute, listed)
        monkeypatch.setitem(sys.modules, name, module)
        return name

    return make


@pytest.fixture
def make_problem():
    """Builds a `ForecastProblem` from a synthetic daily-periodic city: make_problem(nodes=8, tasks=("a", "b"), …)."""
    import torch

    from benchmark.forecasting.problem import ForecastProblem, Scaler, TaskProblem, Windows

    def make(nodes: int = 8, tasks: tuple[str, ...] = ("taxi_pick",), steps_per_day: int = 48, steps: int = 240,
             history: int = 12, horizon: int = 12, missing: float = 0.0, seed: int = 0) -> ForecastProblem:
        rng = np.random.default_rng(seed)
        when = np.arange(steps)
        slot, weekday = when % steps_per_day, (when // steps_per_day) % 7
        calendar = np.stack([0 * slot, weekday / 12, weekday / 31, slot / steps_per_day, 0 * slot, 0 * slot], axis=1)
        lonlat = np.stack([np.arange(nodes) % 4, np.arange(nodes) // 4], axis=1) * 0.01
        distance = np.linalg.norm(lonlat[:, None] - lonlat[None], axis=-1)
        built = {}
        for number, task in enumerate(tasks):
            phase = rng.uniform(0, 2 * np.pi, nodes)
            daily = 20 + 15 * np.sin(2 * np.pi * slot[:, None] / steps_per_day + phase + number)
            values = rng.poisson(np.clip(daily, 0, None)).astype(np.float32)
            observed = rng.random(values.shape) >= missing
            values = np.where(observed, values, 0).astype(np.float32)
            cut = int(steps * 0.75)
            scaler = Scaler(float(values[:cut][observed[:cut]].mean()), float(values[:cut][observed[:cut]].std()))

            def part(rows: slice, task=task, values=values, observed=observed, scaler=scaler) -> Windows:
                tensors = (torch.tensor(values[rows]), torch.tensor(observed[rows]), torch.tensor(slot[rows]),
                           torch.tensor(weekday[rows]), torch.tensor(calendar[rows], dtype=torch.float32))
                return Windows(task, history, horizon, scaler, steps_per_day, *tensors)

            built[task] = TaskProblem(
                task, "trips", scaler, steps_per_day, torch.arange(nodes), torch.tensor(lonlat, dtype=torch.float32),
                torch.tensor(np.exp(-((distance / 0.01) ** 2)) * (distance < 0.015), dtype=torch.float32),
                part(slice(0, cut)), part(slice(cut, steps)))
        return ForecastProblem(history, horizon, built)

    return make


@pytest.fixture
def node_table():
    """A node table of n nodes on a small grid."""
    def make(nodes: int) -> pd.DataFrame:
        return pd.DataFrame({"node_id": [str(i) for i in range(nodes)], "name": [f"zone {i}" for i in range(nodes)],
                             "lon": -74 + 0.01 * (np.arange(nodes) % 4), "lat": 40.7 + 0.01 * (np.arange(nodes) // 4)})
    return make
