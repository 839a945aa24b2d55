"""What a method reaches for that is none of its business: seen by Python's audit hooks while it learns and answers.

Not a wall: a method that wants to hide does. Runs of methods from outside packages are isolated for that (`benchmark.isolation`). This
tells an author, by name, what isolation would take away, and what would make results depend on the machine.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Any
from unittest.mock import patch

import numpy as np
import torch

from benchmark.files import data_home, home

# audit event → what was reached, where the method's own code, or what it calls of the standard library to look around, asked for it
LOOKING = {"gc.get_objects": "the garbage collector's objects", "gc.get_referrers": "the garbage collector's referrers",
           "sys._getframe": "the frames of its callers", "sys._current_frames": "the frames of all threads"}
# attributes of restricted objects (`object.__getattr__`) by which callers' variables are found
FRAMES = ("tb_frame", "gi_frame", "cr_frame", "ag_frame")
# events of which any is too many, whoever asks for it on behalf of the method
OUTSIDE = {"socket.connect": "the network", "socket.getaddrinfo": "the network", "socket.bind": "the network",
           "subprocess.Popen": "another process", "os.system": "another process", "os.exec": "another process",
           "os.posix_spawn": "another process"}
# modules that stand between a method and the event: the next frame is whose it is
BETWEEN = {"inspect", "traceback", "glob", "pathlib", "gc"}
SEEDING = ((torch, "manual_seed"), (torch, "seed"), (torch, "set_rng_state"), (random, "seed"), (random, "setstate"),
           (np.random, "seed"), (np.random, "set_state"))

# variables that steer the engine or its speed; libraries set others of their own
VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "STBENCH_HOME", "STBENCH_RESULTS",
             "PYTHONHASHSEED")

# what to do instead of reaching for something: the beginning of what was reached -> advice; the last is for everything else
INSTEAD = {
    "a global generator": "draw from run.generator(…) or run.numpy(…), or from torch's global generator as it is: the runner seeds it",
    "a file that it writes": "keep stages in run.checkpoints, and what figures need in run.arrays",
    "a file of the cities": "take the data from the problem and the inputs; what more a method may ask for says `asks`",
    "torch's threads": "leave threads to the runner", "the variable": "leave variables of the process to the runner",
    "the network": "let the package hold what it needs", "another process": "do the work in this process",
    "": "take what you need from the problem, the inputs and `run`"}

_watching: list[Reach] = []
# whether the hook is there: one stays until the process ends, and does nothing while nobody watches
_hooked = False


class Reach:
    """Watches a method's class while the block runs; `found` are the things it reached, in words, each with the first place."""

    def __init__(self, cls: type, data: Path) -> None:
        """data: where the cities of this check lie."""
        self.found: dict[str, str] = {}
        self._own = own_files(cls)
        self._data = [path.resolve() for path in (data, home(), data_home())]
        self._stack = ExitStack()

    def __enter__(self) -> Reach:
        global _hooked
        if not _hooked:
            sys.addaudithook(_audit)
            _hooked = True
        self._threads = torch.get_num_threads()
        for module, name in SEEDING:
            self._stack.enter_context(patch.object(module, name, self._seeding(getattr(module, name), f"{module.__name__}.{name}")))
        self._stack.enter_context(patch.dict(os.environ, STBENCH_HOME=str(self._data[0])))
        self._variables = [os.environ.get(name) for name in VARIABLES]
        _watching.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _watching.remove(self)
        for name, before in zip(VARIABLES, self._variables, strict=True):
            if os.environ.get(name) != before:
                self.found[f"the variable {name}"] = "in fit or in an answer"
        self._stack.close()
        if torch.get_num_threads() != self._threads:
            self.found[f"torch's threads (now {torch.get_num_threads()}, before {self._threads})"] = "in fit or in an answer"
            torch.set_num_threads(self._threads)

    def see(self, event: str, told: tuple[Any, ...], frame: FrameType) -> None:
        """One audit event."""
        what = None
        if event in LOOKING and self._is_own(self._asking(frame)):
            what = LOOKING[event]
        elif event == "object.__getattr__" and told[1] in FRAMES and self._is_own(self._asking(frame)):
            what = "the frames of its callers"
        elif event in OUTSIDE:
            what = OUTSIDE[event]
        elif event == "open":
            what = self._opened(*told)
        if what and (place := self._place(frame)):
            self.found.setdefault(what, place)

    def _opened(self, path: Any, mode: Any, flags: Any) -> str | None:
        """What a file is that was opened, if it is none of a method's."""
        if not isinstance(path, str | bytes):
            return None
        name = Path(os.fsdecode(path))
        if name.suffix == ".pyc" or "__pycache__" in name.parts or name.parts[:2] in (("/", "dev"), ("/", "proc"), ("/", "sys")):
            return None
        whole = Path(os.path.abspath(name))
        if any(whole.is_relative_to(folder) for folder in self._data):
            return f"a file of the cities or the results ({name.name})"
        writes = flags & (os.O_WRONLY | os.O_RDWR) if isinstance(flags, int) else any(letter in str(mode) for letter in "wax+")
        return f"a file that it writes ({name.name})" if writes else None

    def _is_own(self, frame: FrameType | None) -> bool:
        return frame is not None and frame.f_code.co_filename.startswith(self._own)

    def _asking(self, frame: FrameType | None) -> FrameType | None:
        """The nearest code that is not between."""
        while frame is not None and frame.f_globals.get("__name__") in BETWEEN:
            frame = frame.f_back
        return frame

    def _place(self, frame: FrameType | None) -> str:
        """The line of the method's own code on whose behalf it happened; empty: on nobody's."""
        while frame is not None and not self._is_own(frame):
            frame = frame.f_back
        return "" if frame is None else f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"

    def _seeding(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        def watched(*arguments: Any, **named: Any) -> Any:
            if self._is_own(frame := sys._getframe(1)):
                self.found.setdefault(f"a global generator ({name})", self._place(frame))
            return function(*arguments, **named)
        return watched


def own_files(cls: type) -> str:
    """The folder of a class's package, or the file of its only module: how the paths of its own code begin."""
    top, module = sys.modules.get(cls.__module__.partition(".")[0]), sys.modules[cls.__module__]
    package = getattr(top, "__file__", None) if hasattr(top, "__path__") else None
    return str(Path(package).parent) if package else str(module.__file__)


def instead_of(what: str) -> str:
    """What a method should do instead of reaching for something."""
    return next(advice for beginning, advice in INSTEAD.items() if what.startswith(beginning))


def _audit(event: str, told: tuple[Any, ...]) -> None:
    for one in tuple(_watching):
        if event in LOOKING or event in OUTSIDE or event in ("open", "object.__getattr__"):
            _watching.remove(one)  # what watching itself asks for is nobody's
            try:
                one.see(event, told, sys._getframe(1))
            finally:
                _watching.append(one)
