"""The parts of a raw city, and what of it reached the cache."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

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
