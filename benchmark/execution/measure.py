"""What measuring a method gives, whatever its family; and the seeding that comes before."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from benchmark.spec import Record


@dataclass
class Measured:
    """A fitted and scored method."""

    # task -> values; task -> mask -> sum -> one number a horizon; task -> floor -> values
    metrics: dict[str, dict[str, float | None]] = field(default_factory=dict)
    sums: dict[str, dict[str, dict[str, list[float]]]] = field(default_factory=dict)
    floors: dict[str, dict[str, Mapping[str, float | None]]] = field(default_factory=dict)
    # task -> sizes
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    # bulky, beside the record
    per_node: dict[str, np.ndarray] = field(default_factory=dict)
    parameters: int = 0
    fit_s: float = 0.0
    predict_s: float = 0.0


@dataclass
class Outcome:
    """A record and the bulky parts that lie beside it."""

    record: Record
    history: list[dict[str, Any]] = field(default_factory=list)
    per_node: dict[str, np.ndarray] = field(default_factory=dict)


def seed_everything(seed: int) -> None:
    """Initialisation and dropout draw from the global generators: the runner sets them, a method never does."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (libraries that methods use may draw from it)
    torch.manual_seed(seed)
