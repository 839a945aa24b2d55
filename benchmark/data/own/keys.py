"""What each key of a city file may hold: one meaning, and one type, wherever it stands."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any

from benchmark.data.readers.times import PER_SECOND

# a marker of missing entries of each node, or of all
Markers = tuple[float, ...] | Mapping[str, tuple[float, ...]]
HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")


def plain_text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise TypeError
    return value


def _time_column(value: Any) -> str:
    """pandas writes its index as a column without a head."""
    return "" if value == "" else plain_text(value)


def _files(value: Any) -> str | tuple[str, ...]:
    if isinstance(value, list) and value:
        return tuple(plain_text(one) for one in value)
    return plain_text(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value


def _count(value: Any) -> int:
    if _whole(value) < 0:
        raise ValueError
    return int(value)


def _moment(value: Any) -> str:
    if isinstance(value, date) and not isinstance(value, datetime):
        value = value.isoformat()
    return (value if isinstance(value, datetime) else datetime.fromisoformat(plain_text(value))).isoformat()


def _hours(value: Any) -> tuple[str, str]:
    if not isinstance(value, list) or len(value) != 2:
        raise TypeError
    first, last = (one.isoformat("minutes") if isinstance(one, time) else plain_text(one) for one in value)
    if not HOUR.fullmatch(first) or not HOUR.fullmatch(last) or first == last:
        raise ValueError
    return first, last


def _marker(value: Any) -> float:
    if isinstance(value, str) and value.lower() == "nan":
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    float(value)  # an OverflowError where it has too many digits
    return value


def _markers(value: Any) -> Markers:
    if isinstance(value, dict) and value:
        return {node: _some_markers(given) for node, given in value.items()}
    return _some_markers(value)


def _some_markers(value: Any) -> tuple[float, ...]:
    return tuple(_marker(one) for one in (value if isinstance(value, list) and value else [value]))


def _shares(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) != 3 or min(map(_whole, value)) < 1 or max(value) > 100:
        raise TypeError
    return tuple(value)


def _one_of(*allowed: str) -> tuple[Callable[[Any], str], str]:
    def read(value: Any) -> str:
        return allowed[allowed.index(value)]  # a ValueError where it is none of them
    return read, "one of " + ", ".join(f'"{one}"' for one in allowed)


def _columns(value: Any) -> tuple[str, ...]:
    return tuple(plain_text(one) for one in (value if isinstance(value, list) and value else [value]))


def _ids(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or any(isinstance(one, bool) or not isinstance(one, str | int) for one in value):
        raise TypeError
    ids = tuple(str(one) for one in value)
    if len(set(ids)) < len(ids):
        raise ValueError
    return ids


_COLUMN = (plain_text, "a text: the name of one column")
_PLACES = (_columns, "a column, or a list of columns to average")
_WORDS = (plain_text, "a text")
_FLAG = (_flag, "true or false")
_MOMENT = (_moment, "a local time such as 2019-01-01T00:00:00")
_IDS = (_ids, 'a list of different node ids such as ["4", "12"]')
# key -> how it is read, and what it may be in words
READERS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "name": _WORDS, "title": _WORDS, "source": _WORDS, "licence": _WORDS, "root": (plain_text, "a folder"), "zero": _WORDS,
    "zone": (plain_text, 'an IANA time zone such as zone = "America/New_York" or "UTC"'), "start": _MOMENT, "end": _MOMENT,
    "interval_minutes": (_whole, "a whole number of minutes such as interval_minutes = 30"),
    "service": (_hours, 'when a day\'s rows begin and end, such as service = ["05:30", "23:30"]'),
    "rows": (_count, "how many rows the file has, such as rows = 2700"),
    "time_unit": (_one_of(*PER_SECOND)[0], 'of numbers that count from 1970 (UTC), such as time_unit = "ms"; allowed are '
                  + ", ".join(PER_SECOND)),
    "split": (_shares, "three parts of training, validation and test, such as split = [6, 2, 2]"),
    "file": (_files, 'a file name such as file = "counts.npy"'), "key": (plain_text, 'the array\'s name such as key = "values"'),
    "channel": (_count, "the number of a channel of an array [step, node, channel], from 0"),
    "header": _FLAG, "index": _FLAG, "count": _FLAG, "distance": _FLAG, "both_ways": _FLAG,
    "layout": _one_of("wide", "long", "cube", "windows", "matrix", "edges"),
    "id": _COLUMN, "position": _COLUMN, "node": _COLUMN, "value": _COLUMN, "origin": _COLUMN, "destination": _COLUMN, "point": _COLUMN,
    "time": (_time_column, 'a text: the name of one column ("": the one without a head)'), "lon": _PLACES, "lat": _PLACES,
    "nodes": _IDS, "subset": _IDS, "unit": (plain_text, 'a text such as unit = "trips per 30 min"'),
    "missing": (_markers, 'the number that marks a missing entry, or "nan"; a list of such markers; or a table of node ids and their '
                "markers"),
    "repeated_hour": _one_of("halve", "unobserved", "keep"),
}
