"""What the keys of a trajectory file may hold: one check a kind of value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from benchmark.data.bounds import shown
from benchmark.errors import UserError
from benchmark.shapes import LARGEST_WHOLE


def read_key(table: Mapping[str, Any], key: str, where: str, allowed: Callable[[Any], bool], expected: str) -> Any:
    if key not in table:
        raise UserError(f"{where} lacks `{key}`; write {expected}.")
    if not allowed(table[key]):
        raise UserError(f"`{key}` in {where} is {shown(table[key])}; write {expected}.")
    return table[key]


def is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST_WHOLE


def is_size(value: Any) -> bool:
    return is_number(value) and value > 0


def is_box(value: Any) -> bool:
    return (isinstance(value, list) and len(value) == 4 and all(map(is_number, value)) and -180 <= value[0] < value[2] <= 180
            and -90 <= value[1] < value[3] <= 90)


def is_range(value: Any) -> bool:
    return (isinstance(value, list) and len(value) == 2 and all(isinstance(v, int) and not isinstance(v, bool) for v in value)
            and value[1] <= LARGEST_WHOLE and 1 <= value[0] <= value[1])


def is_span(value: Any) -> bool:
    return (isinstance(value, list) and len(value) == 2 and all(isinstance(one, date) for one in value)
            and len({isinstance(one, datetime) for one in value}) == 1
            and not any(isinstance(one, datetime) and one.tzinfo is not None for one in value))


def is_shares(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(is_count(one) and one <= 100 for one in value)


def is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= LARGEST_WHOLE


def is_cities(value: Any) -> bool:
    return isinstance(value, list) and len(value) >= 2 and all(map(is_text, value)) and len(set(value)) == len(value)
