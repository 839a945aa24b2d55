"""stbench: spatio-temporal learning methods, measured fairly. The public names are loaded when first used (no torch here)."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_PUBLIC = {
    "MethodInfo": "benchmark.registry",
    "Registry": "benchmark.registry",
    "RunSpec": "benchmark.spec",
    "Protocol": "benchmark.spec",
    "Record": "benchmark.spec",
    "UserError": "benchmark.errors",
    "Method": "benchmark.contract",
    "Forecaster": "benchmark.contract",
    "RunContext": "benchmark.contract",
    "ForecastProblem": "benchmark.tasks.problem",
    "TaskProblem": "benchmark.tasks.problem",
    "Inputs": "benchmark.tasks.problem",
    "Targets": "benchmark.tasks.problem",
    "NeuralForecaster": "benchmark.training.forecaster",
    "TrainingOptions": "benchmark.training.loop",
    "train": "benchmark.training.loop",
}
__all__ = [*_PUBLIC, "__version__"]

if TYPE_CHECKING:
    from benchmark.contract import Forecaster as Forecaster
    from benchmark.contract import Method as Method
    from benchmark.contract import RunContext as RunContext
    from benchmark.errors import UserError as UserError
    from benchmark.registry import MethodInfo as MethodInfo
    from benchmark.registry import Registry as Registry
    from benchmark.spec import Protocol as Protocol
    from benchmark.spec import Record as Record
    from benchmark.spec import RunSpec as RunSpec
    from benchmark.tasks.problem import ForecastProblem as ForecastProblem
    from benchmark.tasks.problem import Inputs as Inputs
    from benchmark.tasks.problem import Targets as Targets
    from benchmark.tasks.problem import TaskProblem as TaskProblem
    from benchmark.training.forecaster import NeuralForecaster as NeuralForecaster
    from benchmark.training.loop import TrainingOptions as TrainingOptions
    from benchmark.training.loop import train as train


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'benchmark' has no attribute '{name}'")
    return getattr(importlib.import_module(_PUBLIC[name]), name)
