"""stbench: spatio-temporal learning methods, measured fairly. The public names are loaded when first used (no torch here)."""

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
    "Forecaster": "benchmark.contract",
    "RunContext": "benchmark.contract",
    "ForecastProblem": "benchmark.tasks.problem",
    "TaskProblem": "benchmark.tasks.problem",
    "Inputs": "benchmark.tasks.problem",
    "Targets": "benchmark.tasks.problem",
    "TrajectoryEncoder": "benchmark.contract",
    "TrajectoryProblem": "benchmark.tasks.encoding",
    "CityProblem": "benchmark.tasks.encoding",
    "Roads": "benchmark.tasks.encoding",
    "Trips": "benchmark.tasks.trips",
    "NeuralEncoder": "benchmark.training.encoder",
    "EncoderOptions": "benchmark.training.encoder",
    "NeuralForecaster": "benchmark.training.forecaster",
    "TrainingOptions": "benchmark.training.stage",
    "train": "benchmark.training.loop",
}
__all__ = [*_PUBLIC, "__version__"]

if TYPE_CHECKING:
    from benchmark.contract import Forecaster as Forecaster
    from benchmark.contract import Method as Method
    from benchmark.contract import RunContext as RunContext
    from benchmark.contract import TrajectoryEncoder as TrajectoryEncoder
    from benchmark.errors import UserError as UserError
    from benchmark.protocols import Protocol as Protocol
    from benchmark.registry import MethodInfo as MethodInfo
    from benchmark.registry import Registry as Registry
    from benchmark.spec import Record as Record
    from benchmark.spec import RunSpec as RunSpec
    from benchmark.tasks.encoding import CityProblem as CityProblem
    from benchmark.tasks.encoding import Roads as Roads
    from benchmark.tasks.encoding import TrajectoryProblem as TrajectoryProblem
    from benchmark.tasks.problem import ForecastProblem as ForecastProblem
    from benchmark.tasks.problem import Inputs as Inputs
    from benchmark.tasks.problem import Targets as Targets
    from benchmark.tasks.problem import TaskProblem as TaskProblem
    from benchmark.tasks.trips import Trips as Trips
    from benchmark.training.encoder import EncoderOptions as EncoderOptions
    from benchmark.training.encoder import NeuralEncoder as NeuralEncoder
    from benchmark.training.forecaster import NeuralForecaster as NeuralForecaster
    from benchmark.training.loop import train as train
    from benchmark.training.stage import TrainingOptions as TrainingOptions


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'benchmark' has no attribute '{name}'")
    return getattr(importlib.import_module(_PUBLIC[name]), name)
