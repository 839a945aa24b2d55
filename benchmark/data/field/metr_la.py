"""METR-LA and PEMS-BAY, as DCRNN's authors gave them away: a table of pandas in HDF5, a pickled graph and a table of places."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmark.data.field.build import NAN, ZERO, beside, build, name_of
from benchmark.data.own.city_file import AdjacencyFile, CityFile, NodeFile, TaskFile
from benchmark.data.sources import Built
from benchmark.errors import UserError

NAME = "metr_la"


@dataclass(frozen=True)
class Facts:
    """What is usual of one of the two."""

    title: str
    key: str
    graph: str
    places: str
    # columns of the table of places, and whether it has heads
    id: str
    lon: str
    lat: str
    header: bool


BOTH = {
    "metr-la": Facts("Detectors of Los Angeles (METR-LA)", "df", "adj_mx.pkl", "graph_sensor_locations.csv", "sensor_id", "longitude",
                     "latitude", True),
    "pems-bay": Facts("Detectors of the Bay Area (PEMS-BAY)", "speed", "adj_mx_bay.pkl", "graph_sensor_locations_bay.csv", "0", "2", "1",
                      False),
}


@dataclass(frozen=True)
class Options:
    """What the file does not say, where it is not as usual."""

    # metr-la or pems-bay; none: by the file's name
    name: str | None = None
    # of the table in the file; none: df of METR-LA, speed of PEMS-BAY
    key: str | None = None
    # the pickled graph (ids, id → number, weights); none: adj_mx.pkl or adj_mx_bay.pkl beside the file, if it is there
    graph: Path | None = None
    # the table of places; none: graph_sensor_locations.csv or graph_sensor_locations_bay.csv beside the file, if it is there
    places: Path | None = None
    # whether a zero marks a missing entry, as the field takes it
    zero_missing: bool = True


def build_metr_la(path: Path, options: Options, replace: bool = False) -> Built:
    """Build the city of one task, traffic_speed; its parts are the protocol's own, 7:1:2.

    Raises
    ------
    UserError: a file is missing or wrong, or other data are there already; nothing is written then.
    """
    name = options.name or name_of(path.stem)
    if name not in BOTH or path.suffix.lower() != ".h5":
        raise UserError(f"Source {NAME} reads metr-la.h5 or pems-bay.h5, not {path.name}; say which of the two a .h5 file is: "
                        "--set name=metr-la.")
    facts = BOTH[name]
    graph, places = beside(path, options.graph, facts.graph), beside(path, options.places, facts.places)
    task = TaskFile(path.name, "mph", 5, "America/Los_Angeles", key=options.key or facts.key,
                    missing=ZERO if options.zero_missing else NAN,
                    zero="a missing entry" if options.zero_missing else "not stated; it counts as a value")
    nodes = None if places is None else NodeFile(places, facts.id, (facts.lon,), (facts.lat,), header=facts.header)
    city = CityFile(name, path.resolve().parent, {"traffic_speed": task}, nodes,
                    None if graph is None else AdjacencyFile(graph), None, facts.title, "DCRNN's authors' files, the user's own copy",
                    "not stated by the file")
    return build(NAME, path, options, city, replace)
