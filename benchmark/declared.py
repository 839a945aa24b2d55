"""Experiments as they are declared: the tables and figures of a paper, in an `experiments.toml` beside its method, or a campaign.

    [table2]                          # cmust/table2, where the file is registered as `cmust`
    title = "Sparse data"
    kind = "scenarios"
    suites = ["nyc"]
    tasks = ["crowd_in"]
    scenarios = ["nodes-25", "nodes-50"]
    methods = ["gwnet", "cmust"]
    seeds = 5
    paper = "cmust_table2.csv"

A declaration says what is run and which table of the paper stands beside it; what a kind does with it is in `benchmark.experiments`. It
names ablations and sweeps, which stand on a method's class. A method may be named before it exists. Light: names alone are read.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmark.errors import UserError, unknown
from benchmark.families import STANDARD
from benchmark.plain_json import leave_out
from benchmark.registry import Catalogue
from benchmark.shapes import Check, anything, each, fields_of, list_of, one_of, text, typed, whole, word
from benchmark.spec import PRESETS

# modules of this project that list files of experiments; each holds `EXPERIMENTS`, a sequence of ExperimentFile. Others: the entry point
CATALOGUES = ("methods.catalogue", "benchmark.experiments.reference")
ENTRY_POINTS = "stbench.experiments"
FILE = "experiments.toml"
# each is a module of `benchmark.experiments`
KINDS = ("grid", "ablation", "sweep", "scenarios", "timing", "statistics", "curves", "attention")
# what stands for every experiment of a paper, and for every method of a suite's family
ALL = "all"


@dataclass(frozen=True)
class ExperimentFile:
    """Where an `experiments.toml` lies."""

    # lower_snake name, which stands before the slash: `cmust` of `cmust/table1`
    name: str
    # the package, "my_package.methods", whose folder holds the file
    package: str


@dataclass(frozen=True)
class Experiment:
    """A declared grid of runs, and the table or figure that shows it."""

    # cmust/table1
    name: str
    title: str
    # one of `KINDS`
    kind: str
    suites: tuple[str, ...]
    # in the order of the rows; `ALL` alone: every one of the suites' family
    methods: tuple[str, ...] = ()
    # names of tasks, or of their kinds; None: all of the suites
    tasks: tuple[str, ...] | None = None
    scenarios: tuple[str, ...] = (STANDARD,)
    # ablations that the methods declare; empty: all of them for an ablation, else none
    variants: tuple[str, ...] = ()
    # options that the methods declare values of; empty: all of them for a sweep, else none
    sweeps: tuple[str, ...] = ()
    # option -> value in every run
    options: Mapping[str, Any] = field(default_factory=dict)
    # how many the paper takes
    seeds: int = 1
    # taken where the user names none; empty: as everywhere
    preset: str = ""
    edition: str = ""
    # a campaign of stbench's own, of no paper: published runs count as done, and `ALL` leaves it out
    reference: bool = False
    # the paper's metrics, by its names
    metrics: tuple[str, ...] = ()
    # of results/paper, where the paper's numbers are known
    paper: str = ""
    # scenario, variant or method -> what the paper calls it, where it is not our name
    settings: Mapping[str, str] = field(default_factory=dict)
    # whether the last stage of training is shown beside: its seconds, epochs and steps
    adaptation: bool = False


class Files(Catalogue[ExperimentFile]):
    """All files of experiments by name."""

    noun, listed, holds = "file of experiments", "EXPERIMENTS", ExperimentFile


_NAMES = list_of(word)
_TRUTH = typed(lambda value: isinstance(value, bool), "true or false")
_SHAPE: dict[str, Check] = {
    "title": text, "kind": one_of(KINDS), "suites": _NAMES, "methods": _NAMES, "tasks": _NAMES, "scenarios": _NAMES, "variants": _NAMES,
    "sweeps": _NAMES, "options": each(anything), "seeds": whole, "preset": one_of(PRESETS), "edition": word, "reference": _TRUTH,
    "metrics": _NAMES, "paper": word, "settings": each(text), "adaptation": _TRUTH}
_REQUIRED = ("title", "kind", "suites")
_DECLARED = each(fields_of({key: _SHAPE[key] for key in _REQUIRED}, {key: one for key, one in _SHAPE.items() if key not in _REQUIRED}))


@cache
def files() -> Files:
    """The one catalogue of this process, filled at first use."""
    return Files(CATALOGUES, ENTRY_POINTS)


def experiments() -> dict[str, Experiment]:
    """All experiments by name, in the order of their files; a file that cannot be read is named on stderr and left out."""
    found, broken = all_files()
    for error in broken.values():
        leave_out(error)
    return found


def all_files() -> tuple[dict[str, Experiment], dict[str, UserError]]:
    """All experiments by name, in the order of their files; and file → why it cannot be read."""
    found: dict[str, Experiment] = {}
    broken: dict[str, UserError] = {}
    for one in files().all():
        try:
            found |= {made.name: made for made in read(one)}
        except UserError as error:
            broken[one.name] = error
    return found, broken


def find_experiments(names: tuple[str, ...]) -> list[Experiment]:
    """The named experiments; `all` means every one of a paper.

    Raises
    ------
    UserError: there is none of that name, or its file cannot be read.
    """
    known = experiments()
    for name in names:
        owner = name.partition("/")[0]
        if name not in known and name != ALL and owner in files():
            read(files().info(owner))
        if name not in known and name != ALL:
            raise unknown("experiment", name, known)
    papers = [name for name, one in known.items() if not one.reference] if ALL in names else []
    return [known[name] for name in dict.fromkeys([*papers, *names]) if name != ALL]


def read(file: ExperimentFile) -> list[Experiment]:
    """The experiments of one file.

    Raises
    ------
    UserError: there is no such package or file, it is no TOML, or a declaration says what it cannot.
    """
    path = _path(file)
    try:
        declared = tomllib.loads(path.read_text(encoding="utf-8"))
        _DECLARED(declared, "")
    except FileNotFoundError:
        raise UserError(f"The package {file.package} of the experiments '{file.name}' holds no {FILE}.") from None
    except ValueError as error:  # of the text, of TOML, of the shape
        raise UserError(f"{path} is no file of experiments: {error}.") from None
    return [_experiment(f"{file.name}/{name}", one) for name, one in declared.items()]


def _path(file: ExperimentFile) -> Path:
    """Where the file lies; the package itself is not imported."""
    try:
        spec = find_spec(file.package)
    except ImportError:
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise UserError(f"There is no package {file.package}, in which the experiments '{file.name}' are declared.")
    return Path(next(iter(spec.submodule_search_locations))) / FILE


def _experiment(name: str, declared: Mapping[str, Any]) -> Experiment:
    """JSON-like values as the fields hold them: lists are tuples."""
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in declared.items()}
    return Experiment(name, **given)
