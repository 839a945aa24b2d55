"""A raw city to import: a few files in a folder, and the TOML that describes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made.raw_city import CLOCK, IDS, NODES, TASK, write_raw


@pytest.fixture
def counts() -> np.ndarray:
    """[step, node] counts, none missing, just long enough."""
    return np.random.default_rng(0).poisson(5, (231, len(IDS)))


@pytest.fixture
def city_file(tmp_path: Path, counts: np.ndarray) -> Callable[..., Path]:
    """Writes a city file and its raw files; the arguments replace or add parts of a city that is right."""
    folder = tmp_path / "raw"
    folder.mkdir()

    def write(task: str = TASK, *, name: str = 'name = "my-city"\n', clock: str = CLOCK, nodes: str = NODES, more: str = "",
              files: dict[str, object] | None = None) -> Path:
        table = pd.DataFrame({"zone": IDS, "lon": [10.0, 10.1, 10.2, 10.3], "lat": 56.0})
        for file, content in {"nodes.csv": table, "counts.npy": counts, **(files or {})}.items():
            write_raw(folder, file, content)
        toml = folder / "my-city.toml"
        toml.write_text(f"{name}{clock}{nodes}[tasks.taxi_pick]\n{task}{more}", encoding="utf-8")
        return toml

    return write


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """An empty folder for an archive."""
    folder = tmp_path / "raw"
    folder.mkdir()
    return folder
