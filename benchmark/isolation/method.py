"""What stands for a method that lives in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from benchmark.contract import Method, RunContext
from benchmark.isolation.child import Child
from benchmark.method_files import file_of


class IsolatedMethod(Method):
    """Fitting, and the state; what a family asks of its methods stands in the family's own."""

    # "module:Class" of the family's host
    host: str

    def start(self, target: str, options: Any, problem: Any, run: RunContext) -> None:
        """Make the method in a new process. target: "module:Class" of it."""
        self._parameters, self.device = 0, run.device
        self.child = Child(self.host, run.device)
        try:
            if file := file_of(target):
                self.child.call("know", file)
            self.child.call("make", target, options, problem, run.seed, str(run.device))
        except BaseException:
            self.child.close()
            raise

    def fit(self, run: RunContext) -> None:
        kept = run.checkpoints
        said, arrays = self.child.call("fit", run.seed, run.budget, run.notes, kept.origin if kept else None, run.keeps_arrays, run=run)
        run.arrays.update({name: one.numpy() for name, one in arrays.items()})
        run.history.extend(said["history"])
        run.notes.update(said["notes"])
        if kept:
            kept.resumed_seconds += float(said["resumed_s"])
        self._parameters = int(said["parameters"])

    def state_dict(self) -> Mapping[str, Tensor]:
        return self.child.call("state")[1]

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        self.child.call("take", state)

    def parameter_count(self) -> int:
        return self._parameters

    def close(self) -> None:
        """End its process."""
        self.child.close()
