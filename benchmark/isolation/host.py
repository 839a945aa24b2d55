"""The method's side: a process that makes the method, does what it is told, and ends with the pipe."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmark import lazy
from benchmark.checkpoints import Checkpoints
from benchmark.contract import Budget, Progress, RunContext
from benchmark.fitting import check_notes, failure_of, prepare, seed_everything
from benchmark.isolation.wire import receive_answer, receive_call, send_answer
from benchmark.method_files import MethodFile, make_known

# what a host's methods may give: JSON, tensors, or both
Given = Mapping[str, Tensor] | tuple[Any, Mapping[str, Tensor]]


class Host:
    """Makes one method and answers calls; what a family asks of its methods stands in a class of its own."""

    method: Any

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.device = torch.device("cpu")
        self.run: RunContext | None = None

    def know(self, file: MethodFile) -> Given:
        """Have the method of a file at hand, before its options are sent."""
        make_known(file)
        return {}

    def make(self, target: str, options: Any, problem: Any, seed: int, device: str) -> Given:
        """Build the method as the runner does: seeded, then made."""
        self.device = torch.device(device)
        cls = lazy.load(target)
        seed_everything(seed)
        self.method = cls(options, problem)
        return {}

    def fit(self, seed: int, budget: Budget, notes: dict[str, Any], origin: str | None, keeps_arrays: bool) -> Given:
        """Fit it; gives what the run was told, and its arrays. origin: that of the run's checkpoints, which lie with the measuring side;
        None: nothing is kept."""
        kept = None if origin is None else SentCheckpoints(self.connection, origin)
        run = RunContext(seed, self.device, budget, notes=notes, checkpoints=kept, keeps_arrays=keeps_arrays)

        def tell(step: Progress) -> None:
            check_notes(run)
            send_answer(self.connection, {"progress": asdict(step)}, {})

        run.progress = tell
        self.method.fit(run)
        check_notes(run)
        self.run = run
        return {"history": run.history, "notes": run.notes, "parameters": self.method.parameter_count(),
                "resumed_s": kept.resumed_seconds if kept else 0.0}, {name: torch.from_numpy(array) for name, array in run.arrays.items()}

    def state(self) -> Given:
        """The method's `state_dict`."""
        return dict(self.method.state_dict())

    def take(self, state: Mapping[str, Tensor]) -> Given:
        """Take a `state_dict`."""
        self.method.load_state_dict(state)
        return {}


class SentCheckpoints(Checkpoints):
    """Stages that the measuring side keeps."""

    def __init__(self, connection: Connection, origin: str) -> None:
        super().__init__(Path(), origin)
        self.connection = connection

    def read_bytes(self, stage: str) -> bytes:
        send_answer(self.connection, {"read": stage}, {})
        said, found = receive_answer(self.connection)
        if not said["there"]:
            raise FileNotFoundError(stage)
        return found["bytes"].numpy().tobytes()

    def write_bytes(self, stage: str, content: bytes) -> None:
        send_answer(self.connection, {"write": stage}, {"bytes": torch.frombuffer(bytearray(content), dtype=torch.uint8)})
        receive_answer(self.connection)


def serve(connection: Connection, host: str, empty: str, threads: int, device: str) -> None:
    """The whole life of the method's process. host: "module:Class" of a `Host`. empty: a folder of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the measuring side ends its child
    prepare(device.partition(":")[0])
    torch.set_num_threads(threads)
    os.environ |= {"STBENCH_HOME": empty, "STBENCH_RESULTS": empty}
    os.chdir(empty)
    served = lazy.load(host)(connection)
    while True:
        try:
            name, arguments = receive_call(connection)
        except (EOFError, OSError):  # the measuring side is gone, or has what it wanted
            return
        try:
            given = getattr(served, name)(*arguments)
            said, tensors = given if isinstance(given, tuple) else (None, given)
            send_answer(connection, {"done": said}, tensors)
        except (BrokenPipeError, ConnectionError):
            return
        except BaseException as error:  # whatever a method raises is its fault, and is said
            send_answer(connection, {"failed": failure_of(error)}, {})
