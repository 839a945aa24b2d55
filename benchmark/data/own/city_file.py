"""A city file: the TOML that describes a user's own forecasting city. Parsed and checked here; no array is read.

    kind = "series"                    # optional; another kind of city file: trajectory_file.py
    name = "my-city"                   # the suite's name
    title, source, licence             # optional, in words
    root = "${MY_DATA}/folder"         # optional: where the files lie; default: beside the TOML
    zone = "America/New_York"          # the clock; a task may have its own
    start = 2019-01-01T00:00:00        # local time of the first row; optional if the files carry times
    end = 2019-06-30T23:30:00          # optional: local time of the last row, compared with what the rows come to
    interval_minutes = 30
    service = ["05:30", "23:30"]       # optional: between which times of a day there are rows
    time_unit = "ms"                   # optional: the times in the files are numbers since 1970 (UTC)
    split = [6, 2, 2]                  # optional: training, validation and test, where the field divides these data otherwise

    [nodes]                            # optional: a row a node, .csv, .parquet, .geo, or a list of ids, .txt
    file, id, lon, lat                 # lon and lat: a column, or a list of columns to average; without them no place is known
    point                              # instead of lon and lat: a column of "[lon, lat]"
    name, position                     # optional; column j of the arrays is the row whose `position` is j, else row j
    header = false                     # .csv: the first row is data; the columns are called "0", "1", …
    subset = ["4", "12"]               # optional: the nodes to keep

    [adjacency]                        # optional: [node, node] weights, in the order of the arrays' columns
    file, key (.npz), header (.csv)    # or .pkl: (ids, id → number, weights)
    index = true                       # .csv: the first column holds the nodes of the rows
    layout = "edges"                   # .csv, .parquet, .rel: a row an edge, in the columns `origin`, `destination`, `value`
    distance = true                    # edges: the values are distances, see graph_file.py
    both_ways = true                   # edges: an edge is one of both directions

    [tasks.taxi_pick]
    file, unit                         # .npy, .npz, .mat, .h5 (with `key`), .csv, .parquet; several files, or a pattern "2019-*.csv"
    zero = "no trip"                   # optional: what a zero means, in words
    missing = -1                       # optional: the value of a missing entry; "nan": NaN or an empty cell; a list; a table of nodes
    count = true                       # optional: what happened within a step is added up; default: as the unit says (counts.py)
    repeated_hour = "unobserved"       # optional: what autumn's doubled hour becomes, or "halve", "keep"; default: counts unobserved
    layout = "wide"                    # [step, node]; "long": a row an entry, in the columns `time`, `node`, `value`;
                                       # "cube": [node, day, slot]; "windows": x and y [window, step, node, channel], see windows.py
    channel = 0                        # arrays [step, node, channel]
    time = "when"                      # wide tables: the column of times to check against the clock
    header = true                      # wide .csv: false if the first row is data already
    index = true                       # wide .csv: the first column numbers the rows, and is left out
    nodes = ["4", "12"]                # wide: the node of each column, if they are not all nodes and the heads are no ids
    subset = ["4"]                     # optional: the nodes to keep in this task
    rows = 8688                        # optional: how many rows the file has, checked
    start, end, interval_minutes, zone, service, time_unit      # optional: this task's own clock
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from benchmark.data.bounds import LONGEST_NAME, shown
from benchmark.data.own.keys import READERS, Markers
from benchmark.data.own.toml_file import check_name, read_toml, refuse_unknown, root_folder, section
from benchmark.errors import UserError

# layout -> ending of the file -> the keys that such a file takes beside those of every file
Kinds = Mapping[str, Mapping[str, set[str]]]
_ENTRY, _EDGE = {"time", "node", "value"}, {"origin", "destination", "value", "distance", "both_ways"}
_PLACE = {"id", "lon", "lat", "point", "name", "position"}
TASK_KEYS: Kinds = {
    "wide": {".npy": {"nodes", "channel"}, ".npz": {"nodes", "channel", "key"}, ".mat": {"nodes", "channel", "key"},
             ".h5": {"nodes", "channel", "key"}, ".csv": {"nodes", "time", "header", "index"}, ".parquet": {"nodes", "time"}},
    "long": {".csv": _ENTRY, ".parquet": _ENTRY, ".dyna": _ENTRY},
    "cube": {".npy": {"nodes"}, ".npz": {"nodes", "key"}, ".mat": {"nodes", "key"}},
    "windows": {".npz": {"nodes", "channel"}},
}
ADJACENCY_KEYS: Kinds = {
    "matrix": {".npy": set(), ".npz": {"key"}, ".csv": {"header", "index"}, ".parquet": set(), ".pkl": set()},
    "edges": {".csv": {*_EDGE, "header"}, ".parquet": _EDGE, ".rel": _EDGE},
}
NODE_KEYS: Kinds = {"": {".csv": {*_PLACE, "header"}, ".parquet": _PLACE, ".geo": _PLACE, ".txt": set()}}
T = TypeVar("T")


@dataclass(frozen=True)
class NodeFile:
    """[nodes]: a table with one row a node, or a list of ids."""

    file: str
    # None: the file is a list of ids
    id: str | None = None
    # empty, like `point`: nobody knows where the nodes are
    lon: tuple[str, ...] = ()
    lat: tuple[str, ...] = ()
    point: str | None = None
    name: str | None = None
    position: str | None = None
    header: bool = True
    subset: tuple[str, ...] | None = None


@dataclass(frozen=True)
class AdjacencyFile:
    """[adjacency]: weights [node, node] in the order of the arrays' columns, or a table of edges."""

    file: str
    key: str | None = None
    header: bool = True
    index: bool = False
    layout: str = "matrix"
    origin: str = "from"
    destination: str = "to"
    # None: every edge weighs 1
    value: str | None = None
    distance: bool = False
    both_ways: bool = False


@dataclass(frozen=True)
class TaskFile:
    """[tasks.NAME]: one series, with the clock it has or inherits."""

    # a name, a pattern, or the names of files that follow each other
    file: str | tuple[str, ...]
    unit: str
    interval_minutes: int
    zone: str
    # local ISO time; None: the first time of the file
    start: str | None = None
    # local ISO time of the last row; None: as the rows say
    end: str | None = None
    # "HH:MM" when a day's rows begin and end; None: the whole day
    service: tuple[str, str] | None = None
    # of times that are numbers; None: they are none
    time_unit: str | None = None
    rows: int | None = None
    zero: str = "not stated; it counts as a value"
    # NaN: NaN marks a missing entry; None: nothing is missing
    missing: Markers | None = None
    # None: as the unit says
    count: bool | None = None
    # None: as a count or no count needs it
    repeated_hour: str | None = None
    layout: str = "wide"
    key: str | None = None
    channel: int | None = None
    header: bool = True
    index: bool = False
    time: str | None = None
    node: str = "node"
    value: str = "value"
    nodes: tuple[str, ...] | None = None
    subset: tuple[str, ...] | None = None

    @property
    def named(self) -> str:
        """The file in a sentence."""
        return self.file if isinstance(self.file, str) else self.file[0] if len(self.file) == 1 else f"{self.file[0]} … {self.file[-1]}"


@dataclass(frozen=True)
class CityFile:
    """A whole description."""

    name: str
    # folder that `file` entries are relative to
    root: Path
    tasks: Mapping[str, TaskFile]
    # None: the nodes of the first task, wherever they are
    nodes: NodeFile | None = None
    adjacency: AdjacencyFile | None = None
    # parts of training, validation and test; None: as the protocol cuts
    split: tuple[int, int, int] | None = None
    title: str = "not stated"
    source: str = "not stated"
    licence: str = "not stated"
    # suite -> its cities: a city of series is a suite alone
    suites: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read_city_file(path: Path) -> CityFile:
    """Parse and check a city file.

    Raises
    ------
    UserError: names the key that is unknown, absent or of the wrong type, and what is allowed.
    """
    content, where = read_toml(path), path.name
    sections = {"nodes", "adjacency", "tasks"}
    clock = {"zone", "start", "end", "interval_minutes", "service", "time_unit", "repeated_hour"}
    words = {"name", "title", "source", "licence", "root", "split"}
    refuse_unknown(content, {"kind"} | words | clock | sections, where)
    head = {key: _read(key, content[key], where) for key in content if key in words}
    check_name(head.get("name"), where)
    nodes = _nodes(section(content, "nodes", where), f"[nodes] of {where}") if "nodes" in content else None
    adjacency = None
    if "adjacency" in content:
        adjacency = _build(AdjacencyFile, section(content, "adjacency", where), f"[adjacency] of {where}", ADJACENCY_KEYS)
    inherited = {key: value for key, value in content.items() if key in clock}
    tasks = {name: _task(name, table, inherited, where) for name, table in section(content, "tasks", where).items()}
    if not tasks:
        raise UserError(f"{where} has no task; add a table such as [tasks.taxi_pick].")
    root = root_folder(head.pop("root", "."), path)
    return CityFile(root=root, nodes=nodes, adjacency=adjacency, tasks=tasks, **{"title": head["name"], **head})


def _task(name: str, table: Any, inherited: dict[str, Any], where: str) -> TaskFile:
    where = f"[tasks.{name}] of {where}"
    if len(name) > LONGEST_NAME or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UserError(f"Task name {shown(name)} in {shown(where)} is not allowed; write lower-case letters, digits and underscores, "
                        f"{LONGEST_NAME} at most.")
    if not isinstance(table, dict):
        raise UserError(f"{where} must be a table with `file` and `unit`, not {shown(table)}.")
    return _build(TaskFile, {**inherited, **table}, where, TASK_KEYS)


def _nodes(table: dict[str, Any], where: str) -> NodeFile:
    nodes = _build(NodeFile, table, where, NODE_KEYS)
    if nodes.id is None and Path(nodes.file).suffix.lower() != ".txt":
        raise UserError(f"{where} lacks `id`; write {READERS['id'][1]}.")
    if bool(nodes.lon) != bool(nodes.lat) or (nodes.lon and nodes.point):
        raise UserError(f"{where} says the place of a node in part or twice; write `lon` and `lat`, or `point`, or none of them where "
                        "no place is known.")
    return nodes


def _build(kind: Callable[..., T], table: dict[str, Any], where: str, kinds: Kinds) -> T:
    """One dataclass from one TOML table; `kinds`: the layouts and kinds of file it may name, and the keys that only they take."""
    known = {one.name: one.default is MISSING for one in fields(kind)}  # type: ignore[arg-type]
    refuse_unknown(table, known, where)
    for key, required in known.items():
        if required and key not in table:
            raise UserError(f"{where} lacks `{key}`; write {READERS[key][1]}.")
    layout = table.get("layout", next(iter(kinds)))
    if layout not in list(kinds):
        allowed = ", ".join(f'"{one}"' for one in kinds)
        raise UserError(f"`layout` in {where} is {shown(layout)}; write one of {allowed}.")
    read, special = {key: _read(key, value, where) for key, value in table.items()}, kinds[layout]
    for file in [read["file"]] if isinstance(read["file"], str) or kind is not TaskFile else read["file"]:
        if not isinstance(file, str) or _suffix(file) not in special:
            raise UserError(f"`file` in {where} is {shown(file)}; a file of this table and layout ends in {', '.join(special)}.")
        _check_keys(table, file, special[_suffix(file)], {key for each in kinds.values() for keys in each.values() for key in keys}, where)
    return kind(**read)


def _suffix(file: str) -> str:
    return Path(file).suffix.lower()


def _check_keys(table: Mapping[str, Any], file: str, own: set[str], special: set[str], where: str) -> None:
    """No key that such a file does not take, and the one that it needs."""
    for key in table:
        if key in special - own:
            raise UserError(f"`{key}` in {where} does not apply to '{file}'; take it out"
                            f" (such a file takes: {', '.join(sorted(own)) or 'no more keys'}).")
    if "key" in own and "key" not in table:
        raise UserError(f"{where} lacks `key`: '{file}' may hold many arrays; write {READERS['key'][1]}.")


def _read(key: str, value: Any, where: str) -> Any:
    reader, expected = READERS[key]
    try:
        return reader(value)
    except (TypeError, ValueError, OverflowError):
        raise UserError(f"`{key}` in {where} is {shown(value)}; write {expected}.") from None
