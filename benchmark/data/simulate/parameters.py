"""What the simulated cities of both kinds share: their tables as read, and their random streams."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.data.folder import Origin
from benchmark.data.simulate import NAME
from benchmark.data.sources import sources


def read_table(folder: Path, city: str) -> dict[str, Any]:
    """``<city>.toml`` of a folder, its lists as tuples."""
    return {key: _frozen(value) for key, value in tomllib.loads((folder / f"{city}.toml").read_text(encoding="utf-8")).items()}


def generator(seed: int, *name: str | int) -> np.random.Generator:
    """The random stream of one named part of a city: a new part never shifts another one's draws."""
    return np.random.default_rng(np.random.SeedSequence([seed, *"/".join(map(str, name)).encode()]))


def origin(title: str, **notes: Any) -> Origin:
    """Where a simulated city comes from."""
    return Origin(title, "stbench simulator", sources().info(NAME).licence, notes)


def _frozen(value: Any) -> Any:
    """TOML's lists as tuples, at any depth."""
    if isinstance(value, dict):
        return {key: _frozen(one) for key, one in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
