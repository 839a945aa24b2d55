"""stbench: spatio-temporal learning methods, measured fairly. The public names are loaded when first used (no torch here).

In: methods (of `baselines`, `methods` and outside packages), cities, and what is asked of them. Out: records, and tables made of records.

Open first: `contract.py`, what a method is, and `families.py`, the two kinds of it; then `spec.py`, what a run and its record are. The
rooms, in the way of the data, each with a page like this one in its `__init__.py`:

    data/                      raw files → cities
    suites/                    which tasks over which cities
    forecasting/, trajectory/  problems, scoring and contract of each family; training/ is the loop of both
    execution/, store/         plan, run, record
    report/, experiments/      records → tables
    cli/, testing/             the command line, and what every method must do

At the bottom: `registry.py`, `options.py`, `protocols.py`, `metrics.py`, `ragged.py`, `checkpoints.py`, `files.py`, `lazy.py`, `errors.py`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_PUBLIC = {
    "MethodInfo": "benchmark.registry",
    "Registry": "benchmark.registry",
    "RunSpec": "benchmark.spec",
    "Protocol": "benchmark.protocols",
    "Record": "benchmark.spec",
    "UserError": "benchmark.errors",
    "Method": "benchmark.contract",
    "Forecaster": "benchmark.forecasting.contract",
    "RunContext": "benchmark.contract",
    "ForecastProblem": "benchmark.forecasting.problem",
    "TaskProblem": "benchmark.forecasting.problem",
    "Inputs": "benchmark.forecasting.problem",
    "Targets": "benchmark.forecasting.problem",
    "TrajectoryEncoder": "benchmark.trajectory.contract",
    "TrajectoryProblem": "benchmark.trajectory.problem",
    "CityProblem": "benchmark.trajectory.problem",
    "Roads": "benchmark.trajectory.problem",
    "Trips": "benchmark.trajectory.trips",
    "NeuralEncoder": "benchmark.trajectory.neural",
    "EncoderOptions": "benchmark.trajectory.neural",
    "NeuralForecaster": "benchmark.forecasting.neural",
    "TrainingOptions": "benchmark.training.stage",
    "train": "benchmark.forecasting.training",
}
__all__ = [*_PUBLIC, "__version__"]

if TYPE_CHECKING:
    from benchmark.contract import Method as Method
    from benchmark.contract import RunContext as RunContext
    from benchmark.errors import UserError as UserError
    from benchmark.forecasting.contract import Forecaster as Forecaster
    from benchmark.forecasting.neural import NeuralForecaster as NeuralForecaster
    from benchmark.forecasting.problem import ForecastProblem as ForecastProblem
    from benchmark.forecasting.problem import Inputs as Inputs
    from benchmark.forecasting.problem import Targets as Targets
    from benchmark.forecasting.problem import TaskProblem as TaskProblem
    from benchmark.forecasting.training import train as train
    from benchmark.protocols import Protocol as Protocol
    from benchmark.registry import MethodInfo as MethodInfo
    from benchmark.registry import Registry as Registry
    from benchmark.spec import Record as Record
    from benchmark.spec import RunSpec as RunSpec
    from benchmark.training.stage import TrainingOptions as TrainingOptions
    from benchmark.trajectory.contract import TrajectoryEncoder as TrajectoryEncoder
    from benchmark.trajectory.neural import EncoderOptions as EncoderOptions
    from benchmark.trajectory.neural import NeuralEncoder as NeuralEncoder
    from benchmark.trajectory.problem import CityProblem as CityProblem
    from benchmark.trajectory.problem import Roads as Roads
    from benchmark.trajectory.problem import TrajectoryProblem as TrajectoryProblem
    from benchmark.trajectory.trips import Trips as Trips


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'benchmark' has no attribute '{name}'")
    return getattr(importlib.import_module(_PUBLIC[name]), name)
