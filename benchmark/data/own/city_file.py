"""A city file: the TOML that describes a user's own forecasting city. Parsed and checked here; no array is read.

    kind = "series"                    # optional; another kind of city file: trajectory_file.py
    name = "my-city"                   # the suite's name
    title, source, licence             # optional, in words
    root = "${MY_DATA}/folder"         # optional: where the files lie; default: beside the TOML
    zone = "America/New_York"          # the clock; a task may have its own
    start = 2019-01-01T00:00:00        # local time of the first row; optional if the files carry times
    interval_minutes = 30

    [nodes]                            # a row a node, .csv or .parquet
    file, id, lon, lat                 # lon and lat: a column, or a list of columns to average
    name, position                     # optional; column j of the arrays is the row whose `position` is j, else row j
    subset = ["4", "12"]               # optional: the nodes to keep

    [adjacency]                        # optional: [node, node] weights, in the order of the arrays' columns
    file, key (.npz), header (.csv)

    [tasks.taxi_pick]
    file, unit                         # .npy, .npz (with `key`), .csv, .parquet
    zero = "no trip"                   # optional: what a zero means, in words
    missing = -1                       # optional: the value of a missing entry; "nan": NaN or an empty cell
    count = true                       # optional: what happened within a step is added up; default: as the unit says (counts.py)
    repeated_hour = "unobserved"       # optional: what autumn's doubled hour becomes, or "halve", "keep"; default: counts unobserved
    layout = "wide"                    # [step, node]; "long": a row an entry, in the columns `time`, `node`, `value`
    time = "when"                      # wide tables: the column of times to check against the clock
    header = true                      # wide .csv: false if the first row is data already
    nodes = ["4", "12"]                # wide: the node of each column, if they are not all nodes and the heads are no ids
    subset = ["4"]                     # optional: the nodes to keep in this task
    start, interval_minutes, zone      # optional: this task's own clock
"""

from __future__ import annotations

import math
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

from benchmark.data.bounds import LARGEST_TOML, LONGEST_NAME, check_file, shown
from benchmark.errors import UserError, unknown

# the keys that only some files take, by layout and kind of file
FILE_KEYS = frozenset({"key", "header", "nodes", "time", "node", "value"})
TASK_KEYS = {
    "wide": {".npy": {"nodes"}, ".npz": {"nodes", "key"}, ".csv": {"nodes", "time", "header"}, ".parquet": {"nodes", "time"}},
    "long": {".csv": {"time", "node", "value"}, ".parquet": {"time", "node", "value"}},
}
ADJACENCY_KEYS: dict[str, set[str]] = {".npy": set(), ".npz": {"key"}, ".csv": {"header"}, ".parquet": set()}
NODE_KEYS: dict[str, set[str]] = {".csv": set(), ".parquet": set()}
DEEPEST_KEY = 32
DEEP_KEY = re.compile(rf"(?<![\w\"'-])(?:[\w\"'-]+[ \t]*\.[ \t]*){{{DEEPEST_KEY}}}")
T = TypeVar("T")


@dataclass(frozen=True)
class NodeFile:
    """[nodes]: a table with one row a node."""

    file: str
    id: str
    lon: tuple[str, ...]
    lat: tuple[str, ...]
    name: str | None = None
    position: str | None = None
    subset: tuple[str, ...] | None = None


@dataclass(frozen=True)
class AdjacencyFile:
    """[adjacency]: weights [node, node] in the order of the arrays' columns."""

    file: str
    key: str | None = None
    header: bool = True


@dataclass(frozen=True)
class TaskFile:
    """[tasks.NAME]: one series, with the clock it has or inherits."""

    file: str
    unit: str
    interval_minutes: int
    zone: str
    # local ISO time; None: the first time of the file
    start: str | None = None
    zero: str = "not stated; it counts as a value"
    # NaN: NaN marks a missing entry; None: nothing is missing
    missing: float | None = None
    # None: as the unit says
    count: bool | None = None
    # None: as a count or no count needs it
    repeated_hour: str | None = None
    layout: str = "wide"
    key: str | None = None
    header: bool = True
    time: str | None = None
    node: str = "node"
    value: str = "value"
    nodes: tuple[str, ...] | None = None
    subset: tuple[str, ...] | None = None


@dataclass(frozen=True)
class CityFile:
    """A whole description."""

    name: str
    # folder that `file` entries are relative to
    root: Path
    nodes: NodeFile
    tasks: Mapping[str, TaskFile]
    adjacency: AdjacencyFile | None = None
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
    clock = {"zone", "start", "interval_minutes", "repeated_hour"}
    words = {"name", "title", "source", "licence", "root"}
    refuse_unknown(content, {"kind"} | words | clock | sections, where)
    head = {key: _read(key, content[key], where) for key in content if key in words}
    check_name(head.get("name"), where)
    nodes = _build(NodeFile, section(content, "nodes", where), f"[nodes] of {where}", NODE_KEYS)
    adjacency = None
    if "adjacency" in content:
        adjacency = _build(AdjacencyFile, section(content, "adjacency", where), f"[adjacency] of {where}", ADJACENCY_KEYS)
    inherited = {key: value for key, value in content.items() if key in clock}
    tasks = {name: _task(name, table, inherited, where) for name, table in section(content, "tasks", where).items()}
    if not tasks:
        raise UserError(f"{where} has no task; add a table such as [tasks.taxi_pick].")
    root = root_folder(head.pop("root", "."), path)
    return CityFile(root=root, nodes=nodes, adjacency=adjacency, tasks=tasks, **{"title": head["name"], **head})


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a city file of any kind.

    Raises
    ------
    UserError: it cannot be read, or is no TOML.
    """
    try:
        check_file(path, LARGEST_TOML)
        text = path.read_text(encoding="utf-8")
        if DEEP_KEY.search(text):  # tomllib takes the square of their parts
            raise UserError(f"{path.name} has a key of more than {DEEPEST_KEY} parts with dots between them; no city file needs one.")
        return tomllib.loads(text)
    except OSError as error:
        raise UserError(f"The city file {path} could not be read ({error.strerror}); give the path of a .toml file.") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path.name} is not valid TOML: {shown(error)}.") from None


def check_name(name: object, where: str) -> None:
    """Refuse what cannot name a city or suite, and its folder."""
    if not isinstance(name, str) or len(name) > LONGEST_NAME or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise UserError(f"`name` in {where} is {shown(name)}; write lower-case letters, digits and dashes, {LONGEST_NAME} at most, such as "
                        "name = \"my-city\".")


def _task(name: str, table: Any, inherited: dict[str, Any], where: str) -> TaskFile:
    where = f"[tasks.{name}] of {where}"
    if len(name) > LONGEST_NAME or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UserError(f"Task name {shown(name)} in {shown(where)} is not allowed; write lower-case letters, digits and underscores, "
                        f"{LONGEST_NAME} at most.")
    if not isinstance(table, dict):
        raise UserError(f"{where} must be a table with `file` and `unit`, not {shown(table)}.")
    layout = _read("layout", table.get("layout", "wide"), where)
    return _build(TaskFile, {**inherited, **table}, where, TASK_KEYS[layout])


def _build(kind: Callable[..., T], table: dict[str, Any], where: str, special: dict[str, set[str]]) -> T:
    """One dataclass from one TOML table; `special` holds the kinds of file it may name and the keys only they take."""
    known = {one.name: one.default is MISSING for one in fields(kind)}  # type: ignore[arg-type]
    refuse_unknown(table, known, where)
    for key, required in known.items():
        if required and key not in table:
            raise UserError(f"{where} lacks `{key}`; write {READERS[key][1]}.")
    read = {key: _read(key, value, where) for key, value in table.items()}
    suffix = Path(read["file"]).suffix.lower()
    if suffix not in special:
        raise UserError(f"`file` in {where} is {shown(read['file'])}; a file of this table and layout ends in {', '.join(special)}.")
    for key in table:
        if key in FILE_KEYS - special[suffix]:
            raise UserError(f"`{key}` in {where} does not apply to '{read['file']}'; take it out"
                            f" (such a file takes: {', '.join(sorted(special[suffix])) or 'no more keys'}).")
    if "key" in special[suffix] and "key" not in read:
        raise UserError(f"{where} lacks `key`: '{read['file']}' may hold many arrays; write {READERS['key'][1]}.")
    return kind(**read)


def refuse_unknown(table: Mapping[str, Any], allowed: Any, where: str) -> None:
    for key in table:
        if key not in allowed:
            raise unknown(f"key in {where}", key, allowed)


def section(content: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    if not isinstance(content.get(name), dict):
        raise UserError(f"{where} lacks the table [{name}]; see `stbench data import --help`.")
    return dict(content[name])


def root_folder(given: str, path: Path) -> Path:
    """The folder of the files: environment variables filled in, relative to the TOML's own folder."""
    def fill(match: re.Match[str]) -> str:
        if not (value := os.environ.get(match[1])):
            raise UserError(f"`root` of {path.name} is '{given}', but the environment variable {match[1]} is not set; "
                            f"type `export {match[1]}=/path/to/the/files`.")
        return value
    try:
        return (path.parent / Path(re.sub(r"\$\{(\w+)\}", fill, given)).expanduser()).resolve()
    except (RuntimeError, ValueError, OSError) as error:  # no such user, a loop of links; a NUL; a name that is too long
        raise UserError(f"`root` of {path.name} is {shown(given)}, which is no folder ({shown(error)}); correct it.") from None


def _read(key: str, value: Any, where: str) -> Any:
    reader, expected = READERS[key]
    try:
        return reader(value)
    except (TypeError, ValueError, OverflowError):
        raise UserError(f"`{key}` in {where} is {shown(value)}; write {expected}.") from None


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise TypeError
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _minutes(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value


def _moment(value: Any) -> str:
    if isinstance(value, date) and not isinstance(value, datetime):
        value = value.isoformat()
    return (value if isinstance(value, datetime) else datetime.fromisoformat(_text(value))).isoformat()


def _marker(value: Any) -> float:
    if isinstance(value, str) and value.lower() == "nan":
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    float(value)  # an OverflowError where it has too many digits
    return value


def _one_of(*allowed: str) -> tuple[Callable[[Any], str], str]:
    def read(value: Any) -> str:
        return allowed[allowed.index(value)]  # a ValueError where it is none of them
    return read, "one of " + ", ".join(f'"{one}"' for one in allowed)


def _columns(value: Any) -> tuple[str, ...]:
    return tuple(_text(one) for one in (value if isinstance(value, list) and value else [value]))


def _ids(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or any(isinstance(one, bool) or not isinstance(one, str | int) for one in value):
        raise TypeError
    ids = tuple(str(one) for one in value)
    if len(set(ids)) < len(ids):
        raise ValueError
    return ids


_COLUMN = (_text, "a text: the name of one column")
_WORDS = (_text, "a text")
_IDS = (_ids, 'a list of different node ids such as ["4", "12"]')
# a key has one meaning, and one type, wherever it stands
READERS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "name": _WORDS, "title": _WORDS, "source": _WORDS, "licence": _WORDS, "root": (_text, "a folder"),
    "zone": (_text, 'an IANA time zone such as zone = "America/New_York" or "UTC"'),
    "start": (_moment, "a local time such as start = 2019-01-01T00:00:00"),
    "interval_minutes": (_minutes, "a whole number of minutes such as interval_minutes = 30"),
    "file": (_text, 'a file name such as file = "counts.npy"'), "key": (_text, 'the array\'s name such as key = "values"'),
    "header": (_flag, "true or false"), "layout": _one_of(*TASK_KEYS),
    "id": _COLUMN, "position": _COLUMN, "time": _COLUMN, "node": _COLUMN, "value": _COLUMN,
    "lon": (_columns, "a column, or a list of columns to average"), "lat": (_columns, "a column, or a list of columns to average"),
    "nodes": _IDS, "subset": _IDS, "unit": (_text, 'a text such as unit = "trips per 30 min"'), "zero": _WORDS,
    "missing": (_marker, 'the number that marks a missing entry, or "nan"'),
    "count": (_flag, "true or false"), "repeated_hour": _one_of("halve", "unobserved", "keep"),
}
