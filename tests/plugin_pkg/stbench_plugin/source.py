"""A town where every node has one value, through the engine's own import."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmark import Built
from benchmark.data.own.series import import_city

TOML = """
name = "even-town"
zone = "UTC"
start = 2024-01-01T00:00:00
interval_minutes = 30
nodes = { file = "nodes.csv", id = "id", lon = "lon", lat = "lat" }
tasks.taxi_pick = { file = "values.npy", unit = "trips per 30 min" }
"""


@dataclass(frozen=True)
class Options:
    """What a town is like."""

    # the value of every node
    level: int = 3


def build_town(path, options, replace):
    with TemporaryDirectory() as folder:
        raw = Path(folder)
        (raw / "nodes.csv").write_text("id,lon,lat\na,10.0,56.0\nb,10.1,56.0\n")
        np.save(raw / "values.npy", np.full((240, 2), options.level))
        (raw / "town.toml").write_text(TOML)
        return Built(import_city(raw / "town.toml", replace=replace).folder, (f"Every value is {options.level}.",))
