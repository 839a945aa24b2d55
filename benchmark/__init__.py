"""stbench: spatio-temporal learning methods, measured fairly.

    import benchmark as stb

For users: `run` methods on a suite, read `records` and `table` as pandas frames, use what was fitted with `forecast`, `embed` and `plot`,
`load_city`, `make_method`, `check_method`.
For authors of a method: derive from `Forecaster` or `TrajectoryEncoder`, or from `NeuralForecaster` or `NeuralEncoder` if it is a network;
say what it needs beside its window with `Asks`; train several phases with `Stage` and `run_stage`; register it with `MethodInfo`.
What else stands in their signatures is here as well (`__all__`). Names are loaded when first used: importing this imports no torch.

In: methods and cities. Out: records, and tables made of records. Open first: `contract.py`, what a method is, and `families.py`, the two
kinds of it; then `spec.py`, what a run and its record are. The rooms, each with a page like this one in its `__init__.py`:

    data/ → suites/                     raw files → cities; tasks over cities
    forecasting/, trajectory/           problems, scoring and contract of each family; training/ is the loop of both
    execution/ → store/                 plan, run, record
    isolation/                          a method in a process of its own
    timing/                             what methods cost: size, arithmetic, time, memory, energy
    report/, experiments/, cli/         records → tables, grids of runs, the command line
    testing/, scaffold/                 what every method must do, and a method to begin with
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmark import lazy

__version__ = "0.1.0"

# the face: what `dir` shows
_FACE = {
    "run": "benchmark.experiments.running",
    "records": "benchmark.report.frames",
    "table": "benchmark.report.frames",
    "forecast": "benchmark.execution.using",
    "embed": "benchmark.execution.using",
    "plot": "benchmark.report.plot",
    "load_city": "benchmark.execution.making",
    "make_method": "benchmark.execution.making",
    "check_method": "benchmark.testing",
    "Forecaster": "benchmark.forecasting.contract",
    "NeuralForecaster": "benchmark.forecasting.neural",
    "TrajectoryEncoder": "benchmark.trajectory.contract",
    "NeuralEncoder": "benchmark.trajectory.neural",
    "Asks": "benchmark.contract",
    "Stage": "benchmark.training.stage",
    "run_stage": "benchmark.training.stage",
    "MethodInfo": "benchmark.registry",
    "UserError": "benchmark.errors",
}
# what stands in the signatures that an author of a method writes
_SIGNATURES = {
    "Method": "benchmark.contract",
    "RunContext": "benchmark.contract",
    "Protocol": "benchmark.protocols",
    "Registry": "benchmark.registry",
    "Footprint": "benchmark.footprint",
    "ExperimentFile": "benchmark.declared",
    "SuiteInfo": "benchmark.suites.registered",
    "Source": "benchmark.data.sources",
    "Built": "benchmark.data.sources",
    "Offer": "benchmark.data.fetching.offer",
    "Download": "benchmark.data.fetching.offer",
    "RunSpec": "benchmark.spec",
    "Record": "benchmark.spec",
    "born_later": "benchmark.spec",
    "ranged": "benchmark.options",
    "ForecastProblem": "benchmark.forecasting.problem",
    "TaskProblem": "benchmark.forecasting.problem",
    "Inputs": "benchmark.forecasting.problem",
    "Targets": "benchmark.forecasting.problem",
    "Windows": "benchmark.forecasting.problem",
    "TrainingOptions": "benchmark.forecasting.training",
    "train": "benchmark.forecasting.training",
    "evaluate": "benchmark.forecasting.training",
    "planned_steps": "benchmark.forecasting.training",
    "TrajectoryProblem": "benchmark.trajectory.problem",
    "CityProblem": "benchmark.trajectory.problem",
    "Roads": "benchmark.trajectory.problem",
    "Trips": "benchmark.trajectory.trips",
    "EncoderOptions": "benchmark.trajectory.neural",
    "StageOptions": "benchmark.training.stage",
}
_PUBLIC = _FACE | _SIGNATURES
__all__ = [*_PUBLIC, "__version__"]

if TYPE_CHECKING:
    from benchmark.contract import Asks as Asks
    from benchmark.contract import Method as Method
    from benchmark.contract import RunContext as RunContext
    from benchmark.data.fetching.offer import Download as Download
    from benchmark.data.fetching.offer import Offer as Offer
    from benchmark.data.sources import Built as Built
    from benchmark.data.sources import Source as Source
    from benchmark.declared import ExperimentFile as ExperimentFile
    from benchmark.errors import UserError as UserError
    from benchmark.execution.making import load_city as load_city
    from benchmark.execution.making import make_method as make_method
    from benchmark.execution.using import embed as embed
    from benchmark.execution.using import forecast as forecast
    from benchmark.experiments.running import run as run
    from benchmark.footprint import Footprint as Footprint
    from benchmark.forecasting.contract import Forecaster as Forecaster
    from benchmark.forecasting.neural import NeuralForecaster as NeuralForecaster
    from benchmark.forecasting.problem import ForecastProblem as ForecastProblem
    from benchmark.forecasting.problem import Inputs as Inputs
    from benchmark.forecasting.problem import Targets as Targets
    from benchmark.forecasting.problem import TaskProblem as TaskProblem
    from benchmark.forecasting.problem import Windows as Windows
    from benchmark.forecasting.training import TrainingOptions as TrainingOptions
    from benchmark.forecasting.training import evaluate as evaluate
    from benchmark.forecasting.training import planned_steps as planned_steps
    from benchmark.forecasting.training import train as train
    from benchmark.options import ranged as ranged
    from benchmark.protocols import Protocol as Protocol
    from benchmark.registry import MethodInfo as MethodInfo
    from benchmark.registry import Registry as Registry
    from benchmark.report.frames import records as records
    from benchmark.report.frames import table as table
    from benchmark.report.plot import plot as plot
    from benchmark.spec import Record as Record
    from benchmark.spec import RunSpec as RunSpec
    from benchmark.spec import born_later as born_later
    from benchmark.suites.registered import SuiteInfo as SuiteInfo
    from benchmark.testing import check_method as check_method
    from benchmark.training.stage import Stage as Stage
    from benchmark.training.stage import StageOptions as StageOptions
    from benchmark.training.stage import run_stage as run_stage
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
    return lazy.load(f"{_PUBLIC[name]}:{name}")


def __dir__() -> list[str]:
    return sorted(_FACE)
