"""Finding a tensor that is made on the wrong device without having another device: by watching who makes tensors without naming one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

# what makes a tensor on the default device unless it is told another
MAKERS = frozenset({
    torch.tensor, torch.zeros, torch.ones, torch.full, torch.empty, torch.eye, torch.arange, torch.linspace, torch.logspace, torch.rand,
    torch.randn, torch.randint, torch.randperm, torch.normal, torch.tril_indices, torch.triu_indices, torch.hann_window,
    torch.cartesian_prod, torch.sparse_coo_tensor, torch.sparse_csr_tensor})
# the libraries' own affairs
LIBRARIES = ("torch.", "torch_geometric.", "gensim.", "numpy.", "scipy.")


class DeviceWatch(TorchFunctionMode):
    """Notes every place outside of the libraries that makes a tensor without `device`, unless of tensors that have one.

    within: a function; only what it does, at any depth, is watched. None: everything.

    >>> with DeviceWatch() as watch:
    ...     _ = torch.zeros(3), torch.zeros(3, device="cpu"), torch.zeros_like(torch.zeros(2, device="cpu"))
    >>> len(watch.found)
    1
    """

    def __init__(self, within: Callable[..., Any] | None = None) -> None:
        super().__init__()
        self.within = None if within is None else within.__code__
        # "module:line makes zeros", once a place
        self.found: dict[str, None] = {}

    def __torch_function__(self, function: Callable[..., Any], types: Any, args: tuple[Any, ...] = (),
                           kwargs: dict[str, Any] | None = None) -> Any:
        kwargs = kwargs or {}
        # a tensor made of tensors is where they are
        made_of = any(isinstance(part, torch.Tensor) for part in args)
        if function in MAKERS and kwargs.get("device") is None and not made_of:
            caller = sys._getframe(1)
            module = caller.f_globals.get("__name__", "")
            if not f"{module}.".startswith(LIBRARIES) and self._is_watched(caller):
                self.found[f"{module}:{caller.f_lineno} makes {getattr(function, '__name__', function)}"] = None
        return function(*args, **kwargs)

    def _is_watched(self, frame: FrameType | None) -> bool:
        if self.within is None:
            return True
        while frame is not None and frame.f_code is not self.within:
            frame = frame.f_back
        return frame is not None
