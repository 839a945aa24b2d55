"""A fitted method ↔ the bytes of its kept files: tensors and facts as safetensors, predictions as compressed npz. No pickle."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save

from benchmark.contract import Fitted
from benchmark.store.kept import ARRAYS, PREDICTIONS, STATE, Kept

# of the tensors' names, and of the facts in the file's metadata
METHOD, PROBLEM, FACTS = "method/", "problem/", "facts"


def pack(fitted: Fitted) -> dict[str, bytes]:
    """The content of the kept files, by suffix."""
    # cloned: safetensors refuses tensors that share memory
    tensors = {f"{prefix}{name}": tensor.detach().cpu().contiguous().clone()
               for prefix, some in ((METHOD, fitted.state), (PROBLEM, fitted.problem)) for name, tensor in some.items()}
    files = {STATE: save(tensors, metadata={FACTS: json.dumps(fitted.facts, sort_keys=True)})}
    for suffix, some in ((PREDICTIONS, fitted.predictions), (ARRAYS, fitted.arrays)):
        if some:
            buffer = io.BytesIO()
            np.savez_compressed(buffer, **some)  # type: ignore[arg-type]
            files[suffix] = buffer.getvalue()
    return files


def unpack(kept: Kept) -> Fitted:
    """A fitted method, without its predictions.

    Raises
    ------
    UserError: the file is missing or changed.
    """
    with safe_open(kept.file(STATE), framework="pt") as file:
        facts: dict[str, Any] = json.loads(file.metadata()[FACTS])
        tensors: Mapping[str, torch.Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (no mapping)

    def of(prefix: str) -> dict[str, torch.Tensor]:
        return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}

    return Fitted(facts, of(PROBLEM), of(METHOD))
