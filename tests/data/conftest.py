"""A raw city to import: a few files in a folder, and the TOML that describes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.data.folder import cities_home

IDS = ["4", "12", "13", "24"]
NODES = '[nodes]\nfile = "nodes.csv"\nid = "zone"\nlon = "lon"\nlat = "lat"\n'
CLOCK = 'zone = "UTC"\nstart = 2024-01-01T00:00:00\ninterval_minutes = 30\n'
TASK = 'file = "counts.npy"\nunit = "trips per 30 min"\n'


def write_raw(folder: Path, name: str, content: np.ndarray | pd.DataFrame | str | bytes) -> None:
    """Write one raw file in the format that its name says."""
    path = folder / name
    if isinstance(content, pd.DataFrame):
        content.to_parquet(path) if path.suffix == ".parquet" else content.to_csv(path, index=False)
    elif isinstance(content, np.ndarray):
        np.savez(path, values=content) if path.suffix == ".npz" else np.save(path, content)
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def stored() -> list[Path]:
    """All files below the cities of the cache."""
    return [path for path in cities_home().rglob("*") if path.is_file()]


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
