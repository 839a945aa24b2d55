"""What every method must do, whatever its family."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import pickle
import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from benchmark.checkpoints import Checkpoints
from benchmark.contract import Budget, Method, RunContext
from benchmark.errors import UserError
from benchmark.options import describe_options, resolve
from benchmark.registry import MethodInfo
from benchmark.testing.devices import DeviceWatch
from benchmark.testing.promises import BrokenPromise, apart, expect
from benchmark.testing.reach import Reach, instead_of
from benchmark.training.stage import run_stage

TWO_EPOCHS = Budget(epochs=2, patience=30, epoch_windows=32, validation_windows=8)
# how an answer stops to depend on what else is asked
NO_COMPANY = ("normalise within a window or a trip, never over the batch (LayerNorm for BatchNorm, or its eval mode); mask what pads; keep "
              "nothing on the method as it answers")


class Bench(Protocol):
    """A method under check."""

    info: MethodInfo
    cls: Any
    folder: Path
    # what it answers with: predictions or vectors
    noun: str

    @property
    def checks(self) -> tuple[Callable[[Any], None], ...]:
        """What it must do."""

    @property
    def problem(self) -> Any:
        """The problem of the tiny city."""

    @property
    def fitted(self) -> Any:
        """The method, fitted to it under seed 0."""

    def make(self, problem: Any, seed: int = 0) -> Any:
        """A new method, not fitted."""

    def fit(self, seed: int) -> Any:
        """A new method, fitted to `problem`."""

    def without_data(self) -> Any:
        """The problem of `fitted` as it is kept: without training and validation data."""

    def answers(self, method: Any) -> Tensor:
        """What it answers about test windows or trips."""


def check_facts(bench: Bench) -> None:
    """The registry's facts are whole; options are a frozen dataclass whose every field is explained."""
    info, options = bench.info, bench.cls.Options
    empty = [fact for fact in ("summary", "paper", "licence") if not getattr(info, fact)]
    expect(not empty, f"{info.name}: its MethodInfo says nothing for {' and '.join(empty)}", expected="a few words for each",
           fix="write them; 'unpublished' and 'none' are words too")
    frozen = dataclasses.is_dataclass(options) and getattr(options, "__dataclass_params__").frozen  # noqa: B009  (mypy knows no such name)
    expect(frozen, f"{info.name}: its Options, {options!r}, is no frozen dataclass", expected="@dataclass(frozen=True)",
           fix="decorate the class so; options that nobody can change are what a record may repeat")
    silent = [key for key, about in describe_options(options).items() if not about["meaning"]]
    expect(not silent, f"{info.name}: options without a comment that gives their meaning: {', '.join(silent)}",
           expected="a comment right above each field: meaning and unit", fix="write it; `stbench show` tells it")
    declared = bench.cls.expected_failures
    reasons = isinstance(declared, Mapping) and all(isinstance(reason, str) and reason for reason in declared.values())
    expect(reasons, f"{info.name}: expected_failures is {declared!r}", expected="a mapping of checks to reasons in words",
           fix='write e.g. {"check_learns": "it is a floor"}')
    strange = sorted(set(declared) - {check.__name__ for check in bench.checks})
    expect(not strange, f"{info.name}: expected_failures names {', '.join(strange)}, which is no check", fix="correct or remove it",
           expected=f"names of checks: {', '.join(check.__name__ for check in bench.checks)}")
    _check_overrides(bench)


def _check_overrides(bench: Bench) -> None:
    """Presets, ablations and sweeps name options that there are, with values that these take; no others are taken."""
    name, cls = bench.info.name, bench.cls
    tried = {f"{kind} '{key}'": overrides for kind in ("presets", "ablations") for key, overrides in getattr(cls, kind).items()}
    tried |= {f"sweeps '{option}', {value!r}": {option: value} for option, values in cls.sweeps.items() for value in values}
    for place, overrides in tried.items():
        try:
            resolve(cls.Options, overrides, name)
        except UserError as error:
            raise BrokenPromise(f"{name}: {place} does not make options: {str(error).rstrip('.')}", "overrides of options that there are",
                                f"correct {place} on the class, or the option") from None
    try:
        resolve(cls.Options, {"no_such_option": "1"}, name)
    except UserError:
        return
    raise BrokenPromise(f"{name}: an unknown option is accepted", "that `--set no_such_option=1` is refused",
                        "let Options be a plain dataclass, without an __init__ or __new__ of its own")


def expect_answer(name: str, reason: str | None) -> None:
    """Raise BrokenPromise where a method declines the tiny city itself: nothing could be checked."""
    expect(reason is None, f"{name} declines the tiny city of the checks: {reason}", expected="an answer there",
           fix="let `declines` name what it cannot do, such as tasks that are not aligned, and no city for its size")


def check_seeds(bench: Bench) -> None:
    """The same seed gives the same bits; another seed gives another fit, unless the method is deterministic."""
    name, deterministic = bench.info.name, bench.info.deterministic
    first, second, other = (bench.answers(bench.fit(seed)) for seed in (0, 0, 1))
    expect(torch.equal(first, second), f"{name}: seed 0 twice gives different {bench.noun}, {apart(first, second)}",
           expected="the same bits", fix="draw from run.generator(…), or from torch's global generator, which the runner seeds; take "
           "nothing from the clock, from hash() or from the order of a set, and keep nothing on the class")
    same = torch.equal(first, other)
    expect(same == deterministic, f"{name}: seeds 0 and 1 give {'the same' if same else 'different'} {bench.noun}, but deterministic is "
           f"{deterministic}", expected="a MethodInfo that says whether the seed matters",
           fix=f"say deterministic={same} in MethodInfo" + ("" if deterministic else ", or let the seed start the weights: who seeds a "
                                                            "generator by a number of its own repeats one fit"))


def check_devices(bench: Bench) -> None:
    """No tensor is made without a device, or `like` another, in a step of training or in an answer: on a GPU it would be the wrong one."""
    method = bench.make(bench.problem)
    with DeviceWatch(within=run_stage) as learning:  # what lies before the steps, e.g. statistics of the problem, is the CPU's
        method.fit(RunContext(0, torch.device("cpu"), TWO_EPOCHS))
    with DeviceWatch() as answering:
        bench.answers(method)
    found = {**learning.found, **answering.found}
    expect(not found, f"{bench.info.name}: tensors without a device: {'; '.join(found)}", expected="every tensor where the inputs are",
           fix="write device=inputs.values.device (trips: trips.minute.device), or zeros_like and the like")


def check_resumes(bench: Bench) -> None:
    """A fit that is broken off after every epoch, and goes on from its checkpoints each time, ends in the same bits."""
    epochs: list[Any] = []
    whole = bench.make(bench.problem)
    whole.fit(RunContext(0, torch.device("cpu"), TWO_EPOCHS, progress=epochs.append))

    def break_off(progress: Any) -> None:
        raise _BrokenOff

    for attempt in range(len(epochs) + 1):
        method = bench.make(bench.problem)
        run = RunContext(0, torch.device("cpu"), TWO_EPOCHS, checkpoints=Checkpoints(bench.folder / "checkpoints"))
        if attempt < len(epochs):
            run.progress = break_off
        with contextlib.suppress(_BrokenOff):
            method.fit(run)
    expect_same_state(bench, whole, method, "differs after the fit was broken off and resumed",
                      "train by the engine's loop (`NeuralForecaster`, `NeuralEncoder`, `run_stage`), which keeps and finds weights, "
                      "optimiser and random streams; or keep all of these in run.checkpoints")


class _BrokenOff(Exception):
    """What ends a fit in `check_resumes`."""


def check_state_round_trip(bench: Bench) -> None:
    """A new method with the fitted state, on a problem without training data, answers the same: so it is kept and used."""
    name, state = bench.info.name, bench.fitted.state_dict()
    strange = [key for key, value in state.items() if not isinstance(value, Tensor)]
    expect(not strange, f"{name}: state_dict holds more than tensors: {', '.join(strange)}", expected="tensors by name",
           fix="make numbers tensors (torch.tensor(3.0)); what follows from options or problem is made in __init__")
    fresh = bench.make(bench.without_data(), seed=5)
    fresh.load_state_dict({key: tensor.clone() for key, tensor in state.items()})
    one, other = bench.answers(fresh), bench.answers(bench.fitted)
    expect(torch.equal(one, other), f"{name}: the state does not round-trip: its {bench.noun} are {apart(one, other)}",
           expected="the same bits from a new method with the fitted one's state",
           fix="put everything that `fit` learns into state_dict (register_buffer, for a network), and take all of it in load_state_dict")


def expect_same_state(bench: Bench, one: Method, other: Method, seen: str, fix: str) -> None:
    """Raise BrokenPromise where two fitted methods differ. seen: what is true of the part that does."""
    state = other.state_dict()
    for key, tensor in one.state_dict().items():
        expect(key in state and torch.equal(tensor, state[key]), f"{bench.info.name}: '{key}' {seen}", expected="the same bits", fix=fix)


def check_reach(bench: Bench) -> None:
    """Learning and answering read no city, no other memory and no network, write no file, and leave threads and generators alone."""
    problem = bench.problem  # posed before anybody watches
    with Reach(bench.cls, bench.folder) as reach:
        method = bench.make(problem)
        method.fit(RunContext(0, torch.device("cpu"), TWO_EPOCHS))
        bench.answers(method)
    found = [f"{what} ({where})" for what, where in reach.found.items()]
    expect(not found, f"{bench.info.name} reaches for {', '.join(found)}", expected="a method that has its problem, its inputs and `run`",
           fix="; ".join(dict.fromkeys(map(instead_of, reach.found))))


def check_pickles(bench: Bench) -> None:
    """Spawned workers must be able to import it."""
    try:
        found = pickle.loads(pickle.dumps(bench.cls))
        pickle.loads(pickle.dumps((bench.info, bench.cls.Options())))
    except (pickle.PicklingError, AttributeError, ImportError, TypeError) as error:
        raise BrokenPromise(f"{bench.info.name}: a worker cannot take it: {error}", "a class and options that other processes can import",
                            "define both at the top of a module that is installed, and give every option a default") from error
    expect(found is bench.cls, f"{bench.info.name}: a worker would take another class, {found!r}",
           expected="one class of that name in its module", fix="give the two classes different names")


def reachable_arrays(root: object) -> Iterator[np.ndarray]:
    """All arrays and tensors that can be reached from an object, their bases and storages included."""
    seen: set[int] = set()
    queue: list[Any] = [root]
    skipped = (type, types.ModuleType, types.FrameType, str, bytes, int, float)
    while queue:
        one = queue.pop()
        if id(one) in seen or isinstance(one, skipped):
            continue
        seen.add(id(one))
        if isinstance(one, torch.Tensor):
            whole = torch.empty(0, dtype=one.dtype).set_(one.untyped_storage()) if one.layout == torch.strided else one
            yield whole.detach().cpu().numpy()
        elif isinstance(one, np.ndarray):
            yield one
            queue.append(one.base)
        if isinstance(one, types.FunctionType):
            queue += gc.get_referents(*(one.__closure__ or ()))  # not its globals: those are the whole program
        else:
            queue += gc.get_referents(one)
