"""Finding, without a GPU, where a step of training would wait for one: whatever asks a device's tensor for its numbers."""

from __future__ import annotations

import sys
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from benchmark.testing.devices import LIBRARIES
from benchmark.training.stage import run_stage

# what needs numbers of a tensor, or how many of them are true
WAITING = frozenset({
    Tensor.item, Tensor.tolist, Tensor.__float__, Tensor.__int__, Tensor.__bool__, Tensor.__index__, Tensor.cpu, Tensor.numpy,
    Tensor.__array__, Tensor.__contains__, Tensor.__iter__, Tensor.nonzero, torch.nonzero, torch.argwhere, torch.masked_select,
    Tensor.masked_select, torch.unique, Tensor.unique, torch.unique_consecutive, torch.bincount, Tensor.bincount, torch.equal, Tensor.equal,
    torch.allclose, Tensor.allclose})
INDEXING, REPEATING = (Tensor.__getitem__, Tensor.__setitem__), (torch.repeat_interleave, Tensor.repeat_interleave)


class WaitingWatch(TorchFunctionMode):
    """Notes every place within a step of `run_stage`, outside of the libraries, where a GPU would have to be waited for.

    A tensor that was made with `device="cpu"`, and what is made of such tensors alone, is the host's own: to read it costs nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        # "module:line asks for …", once a place
        self.found: dict[str, None] = {}

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        given = [one for one in _flat([args, kwargs]) if isinstance(one, Tensor)]
        asked = _asks(function, args, kwargs) if given and not all(map(_of_host, given)) else ""
        if asked and (place := _place(sys._getframe(1))):
            self.found[f"{place} asks for {asked}"] = None
        made = function(*args, **kwargs)
        if _named_cpu(function, kwargs) or (given and all(map(_of_host, given)) and not _sent(function, args, kwargs)):
            for one in _flat([made]):
                if isinstance(one, Tensor):
                    one.of_host = True  # type: ignore[attr-defined]
        return made


def _asks(function: Any, args: Any, kwargs: Any) -> str:
    if function in WAITING:
        return str(function.__name__)
    if function in INDEXING:
        index = args[1] if isinstance(args[1], tuple) else (args[1],)
        # a plain number is filled in where a mask is true, without counting
        counts = function is Tensor.__getitem__ or isinstance(args[2], Tensor)
        return "rows by a mask" if counts and any(isinstance(one, Tensor) and one.dtype == torch.bool for one in index) else ""
    if function in REPEATING and kwargs.get("output_size") is None and any(isinstance(one, Tensor) for one in args[1:]):
        return "repeats of unknown number"
    return "where" if function is torch.where and len(args) == 1 else ""


def _named_cpu(function: Any, kwargs: Any) -> bool:
    return str(kwargs.get("device")) == "cpu" or function in (Tensor.cpu,)


def _sent(function: Any, args: Any, kwargs: Any) -> bool:
    """To where the fit computes."""
    return function is Tensor.to and (kwargs.get("device") is not None or any(isinstance(one, torch.device | str) for one in args[1:]))


def _of_host(one: Tensor) -> bool:
    return getattr(one, "of_host", False)


def _flat(values: Any) -> list[Any]:
    if isinstance(values, dict):
        values = list(values.values())
    return [part for one in values for part in _flat(one)] if isinstance(values, list | tuple) else [values]


def _place(frame: Any) -> str:
    """``module:line`` of a call within a step; empty: elsewhere, or a library's own."""
    module, line = frame.f_globals.get("__name__", ""), frame.f_lineno
    if f"{module}.".startswith(LIBRARIES) or frame.f_code is run_stage.__code__:
        return ""
    while frame.f_back is not None and frame.f_back.f_code is not run_stage.__code__:
        frame = frame.f_back
    if frame.f_back is None:
        return ""
    # a step's batch, loss and what follows it; not what comes once an epoch
    return f"{module}:{line}" if frame.f_back.f_lineno in STEP else ""


def _step_lines() -> range:
    """The lines of `run_stage` that are within a step."""
    import inspect

    lines, first = inspect.getsourcelines(run_stage)
    begin = next(k for k, line in enumerate(lines) if "for batch in stage.batches" in line)
    end = next(k for k, line in enumerate(lines) if "batches += 1" in line)
    return range(first + begin, first + end + 1)


STEP = _step_lines()
