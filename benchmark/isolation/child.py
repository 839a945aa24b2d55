"""The measuring side: a process for one method, and calls to it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from multiprocessing import forkserver
from typing import Any

import torch
from torch import Tensor

from benchmark.contract import Progress, RunContext
from benchmark.families import FAMILIES
from benchmark.fitting import FailedElsewhere
from benchmark.isolation import host as host_side
from benchmark.isolation.wire import Answer, receive_answer, send_answer, send_call

# what the server that children are forked from has imported: the engine's part of a fit, what torch's optimisers import at their first
# step, and no method
PRELOADED = ["torch._dynamo", "benchmark.isolation.host", *(family.measurer.partition(":")[0] for family in FAMILIES.values())]
CONTEXT: Any = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
# seconds that a child whose pipe is closed has for ending
PATIENCE = 5

_starting = threading.Lock()


class Child:
    """A process of one method's own."""

    def __init__(self, host: str, device: torch.device) -> None:
        """host: "module:Class" of a `Host`."""
        self.folder = tempfile.TemporaryDirectory(prefix="stbench-")
        with _without_data(self.folder.name):
            self.connection, its = CONTEXT.Pipe()
            self.process = CONTEXT.Process(target=host_side.serve,
                                           args=(its, host, self.folder.name, torch.get_num_threads(), str(device)))
            self.process.start()
        its.close()

    def call(self, name: str, *arguments: Any, run: RunContext | None = None) -> Answer:
        """What the host's method of this name gives, as JSON and tensors; `run` hears of progress and keeps checkpoints.

        Raises
        ------
        FailedElsewhere: the method failed there, or its process ended.
        """
        with self._alive():
            send_call(self.connection, name, *arguments)
        while True:
            with self._alive(), _as_agreed():
                said, tensors = receive_answer(self.connection)
                what, told = next(iter(said.items()))
            if what == "done":
                return told, tensors
            if what == "failed":
                with _as_agreed():
                    failure = {key: str(told[key]) for key in ("kind", "message", "traceback")}
                raise FailedElsewhere(failure)
            self._serve(what, told, tensors, run)

    def tensor(self, name: str, *arguments: Any, device: torch.device) -> Tensor:
        """The one tensor of an answer, there."""
        _, tensors = self.call(name, *arguments)
        if set(tensors) != {""}:
            raise _failed("BadAnswer", f"The method's process gave {len(tensors)} tensors in place of one.")
        return tensors[""].to(device)

    def close(self) -> None:
        """End the process, whatever it is at."""
        self.connection.close()
        self.process.kill()
        self.process.join()
        self.folder.cleanup()

    def _serve(self, what: str, told: Any, tensors: Mapping[str, Tensor], run: RunContext | None) -> None:
        """What a fit asks for as it goes on."""
        kept = run.checkpoints if run else None
        if run and what == "progress":
            with _as_agreed():
                step = Progress(**told)
            run.progress(step)
        elif kept and what == "write":
            with _as_agreed():
                content = tensors["bytes"].numpy().tobytes()
            kept.write_bytes(str(told), content)
            self._reply({}, {})
        elif kept and what == "read":
            try:
                found = kept.read_bytes(str(told))
            except FileNotFoundError:
                self._reply({"there": False}, {})
                return
            self._reply({"there": True}, {"bytes": torch.frombuffer(bytearray(found), dtype=torch.uint8)})
        else:  # nobody would answer, and its process would wait for ever
            raise _failed("BadAnswer", "The method's process asked for what only a fit may ask for.")

    def _reply(self, said: Any, tensors: Mapping[str, Tensor]) -> None:
        with self._alive():
            send_answer(self.connection, said, tensors)

    @contextlib.contextmanager
    def _alive(self) -> Iterator[None]:
        """The end of the process is the method's fault."""
        try:
            yield
        except (EOFError, OSError):
            self.process.join(PATIENCE)
            raise _failed("ProcessEnded", f"The method's process ended (exit code {self.process.exitcode}).") from None


@contextlib.contextmanager
def _as_agreed() -> Iterator[None]:
    """A method that writes what it likes to its end of the wire fails by name."""
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError, StopIteration) as error:
        raise _failed("BadAnswer", f"The method's process broke the protocol: {type(error).__name__}: {error}.") from None


def _failed(kind: str, message: str) -> FailedElsewhere:
    return FailedElsewhere({"kind": kind, "message": message, "traceback": ""})


@contextlib.contextmanager
def _without_data(empty: str) -> Iterator[None]:
    """Where the server is started: with an empty folder as STBENCH_HOME, so that its environment tells no child where data lie."""
    with _starting:
        before = {name: os.environ.get(name) for name in ("STBENCH_HOME", "STBENCH_RESULTS")}
        os.environ |= dict.fromkeys(before, empty)
        try:
            if CONTEXT.get_start_method() == "forkserver":
                CONTEXT.set_forkserver_preload(PRELOADED)
                forkserver.ensure_running()
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name)
                else:
                    os.environ[name] = value
