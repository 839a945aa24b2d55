"""What every method must do, whatever its family."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import pickle
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from benchmark.checkpoints import Checkpoints
from benchmark.contract import Budget, Method, RunContext
from benchmark.errors import UserError
from benchmark.options import describe_options, resolve
from benchmark.registry import MethodInfo
from benchmark.testing.devices import DeviceWatch
from benchmark.testing.reach import Reach
from benchmark.training.stage import run_stage

TWO_EPOCHS = Budget(epochs=2, patience=30, epoch_windows=32, validation_windows=8)


class Bench(Protocol):
    """A method under check."""

    info: MethodInfo
    cls: Any
    problem: Any
    folder: Path

    def make(self, problem: Any, seed: int = 0) -> Method:
        """A new method, not fitted."""

    def answers(self, method: Any) -> torch.Tensor:
        """What it answers about test windows or trips."""


def check_facts(bench: Bench) -> None:
    """The registry's facts are whole; options are a frozen dataclass whose every field is explained."""
    info = bench.info
    assert issubclass(bench.cls, Method), f"{info.target} is no Method"
    assert all((info.summary, info.paper, info.licence)), f"{info.name}: summary, paper or licence is empty"
    assert info.scope in ("task", "city", "cities"), f"{info.name}: unknown scope {info.scope}"
    options: Any = bench.cls.Options
    assert dataclasses.is_dataclass(bench.cls.Options), f"{info.name}: Options is no dataclass"
    assert options.__dataclass_params__.frozen, f"{info.name}: Options is not frozen"
    silent = [key for key, about in describe_options(options).items() if not about["meaning"]]
    assert not silent, f"{info.name}: options without a comment that gives their meaning: {silent}"
    for kind in ("presets", "ablations"):
        for name, overrides in getattr(bench.cls, kind).items():
            resolve(options, overrides, f"{info.name} ({name})")
    for option, tried in bench.cls.sweeps.items():
        for value in tried:
            resolve(options, {option: value}, f"{info.name} (sweep of {option})")
    try:
        resolve(options, {"no_such_option": "1"}, info.name)
    except UserError:
        return
    raise AssertionError(f"{info.name}: an unknown option is accepted")


def check_devices(bench: Bench) -> None:
    """No tensor is made without a device, or `like` another, in a step of training or in an answer: on a GPU it would be the wrong one."""
    method = bench.make(bench.problem)
    with DeviceWatch(within=run_stage) as learning:  # what lies before the steps, e.g. statistics of the problem, is the CPU's
        method.fit(RunContext(0, torch.device("cpu"), TWO_EPOCHS))
    with DeviceWatch() as answering:
        bench.answers(method)
    found = {**learning.found, **answering.found}
    assert not found, f"{bench.info.name}: tensors without a device: {'; '.join(found)}; write device=… or …_like"


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
    for key, tensor in whole.state_dict().items():
        assert torch.equal(tensor, method.state_dict()[key]), f"{bench.info.name}: '{key}' differs after the fit was broken off and resumed"


class _BrokenOff(Exception):
    """What ends a fit in `check_resumes`."""


def check_reach(bench: Bench) -> None:
    """Learning and answering read no city, no other memory and no network, write no file, and leave threads and generators alone."""
    with Reach(bench.cls, bench.folder) as reach:
        method = bench.make(bench.problem)
        method.fit(RunContext(0, torch.device("cpu"), TWO_EPOCHS))
        bench.answers(method)
    found = [f"{what} ({where})" for what, where in reach.found.items()]
    assert not found, (f"{bench.info.name} reaches for {', '.join(found)}; a method has its problem, its inputs and `run`, whose "
                       "generators, device and checkpoints are its own")


def check_pickles(bench: Bench) -> None:
    """Spawned workers must be able to import it."""
    assert pickle.loads(pickle.dumps(bench.cls)) is bench.cls
    pickle.loads(pickle.dumps((bench.info, bench.cls.Options())))


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
