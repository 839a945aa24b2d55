"""Where a fit keeps its stages, so that a killed run goes on at its last epoch and ends in the same bits.

A fit is a row of stages, one call of `train` each. A resumed fit runs from its beginning again; a stage that finds its own file takes
up what stands there instead of training, so everything between the stages happens as it did. Nothing else needs to know.
"""

from __future__ import annotations

import io
import pickle
import random
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmark.files import DiskError, write_atomic


class Checkpoints:
    """One file a stage in a folder of the run's own."""

    def __init__(self, folder: Path, origin: str = "") -> None:
        self.folder = folder
        # versions, device and threads: stages of another origin would not end in the same bits
        self.origin = origin
        # seconds of training that were found here instead of being spent
        self.resumed_seconds = 0.0

    def load(self, stage: str, device: torch.device) -> dict[str, Any] | None:
        """What was saved last for a stage. One that cannot be read, or has another origin, counts as absent."""
        try:
            saved = torch.load(io.BytesIO(self.read_bytes(stage)), map_location=device, weights_only=True)
        except (FileNotFoundError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError):
            return None
        return saved["state"] if saved["origin"] == self.origin else None

    def save(self, stage: str, state: dict[str, Any]) -> None:
        """Replace the stage's file; a kill at any moment leaves the old or the new one."""
        buffer = io.BytesIO()
        torch.save({"origin": self.origin, "state": state}, buffer)
        self.write_bytes(stage, buffer.getvalue())

    def clear(self) -> None:
        """Forget everything: the run has left its record."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def read_bytes(self, stage: str) -> bytes:
        """What was saved for a stage, as it lies on the disk."""
        return self._path(stage).read_bytes()

    def write_bytes(self, stage: str, content: bytes) -> None:
        """Replace it."""
        try:
            write_atomic(self._path(stage), content)
        except OSError as error:  # of the store, whatever it is: no method's fault
            raise DiskError(f"{self._path(stage)} could not be written: {error.strerror}.") from error

    def _path(self, stage: str) -> Path:
        return self.folder / f"{re.sub(r'[^a-z0-9_-]+', '.', stage.lower())}.pt"


def random_state(device: torch.device) -> dict[str, Any]:
    """The global generators from which initialisation and dropout draw."""
    kind, keys, *rest = np.random.get_state(legacy=True)  # noqa: NPY002
    state: dict[str, Any] = {"torch": torch.get_rng_state(), "numpy": [kind, torch.from_numpy(keys.astype(np.int64)), *rest],  # type: ignore[union-attr]
                             "python": random.getstate()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def restore_random_state(state: dict[str, Any], device: torch.device) -> None:
    """Put the global generators back."""
    torch.set_rng_state(state["torch"].cpu())
    kind, keys, *rest = state["numpy"]
    np.random.set_state((kind, keys.cpu().numpy().astype(np.uint32), *rest))  # noqa: NPY002
    random.setstate(state["python"])
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"].cpu(), device)
