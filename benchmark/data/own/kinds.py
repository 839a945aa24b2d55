"""The kinds of city file: a TOML names its own, and what differs by kind is looked up here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmark.data.bounds import shown
from benchmark.data.own.city_file import read_toml
from benchmark.errors import unknown


@dataclass(frozen=True)
class FileKind:
    """One kind of city file, as lazy targets."""

    # of the city that it describes
    family: str
    # "module:function": path → its description, with `name` and `suites`
    read: str
    # "module:function": (path, replace=…) → the city
    build: str
    # methods to begin with
    first: str


SERIES = "series"
KINDS = {
    SERIES: FileKind("forecasting", "benchmark.data.own.city_file:read_city_file", "benchmark.data.own.series:import_city",
                     "historical_average"),
    "trajectories": FileKind("trajectory", "benchmark.data.own.trajectory_file:read_trajectory_file",
                             "benchmark.data.own.trajectories:import_trajectories", "random,word2vec"),
}


def kind_of_file(path: Path) -> FileKind:
    """The kind of a city file, by its key `kind`; without one it describes series.

    Raises
    ------
    UserError: the file cannot be read, or there is no such kind.
    """
    name = read_toml(path).get("kind", SERIES)
    if not isinstance(name, str) or name not in KINDS:
        raise unknown(f"kind of city in {path.name}", name if isinstance(name, str) else shown(name), KINDS)
    return KINDS[name]
