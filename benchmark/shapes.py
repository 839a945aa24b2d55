"""The shape of plain data: types, and objects of named fields, each check one small function that raises a sentence.

A check takes a value and where it stands, and raises ValueError; the message goes on from the name of a file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmark.plain_json import BadFile, read_json

# the largest whole number that a float tells from its neighbours, and the largest number whose square is one
LARGEST_WHOLE = 2**53
LARGEST_NUMBER = 1e150
# the types of a list of numbers
ALL_NUMBERS = ({int}, {float}, {int, float})

# no user, no password, no port of this machine
LINK = re.compile(r"https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(/[A-Za-z0-9._~%!$&()*+,;=:@/?#-]*)?")

Check = Callable[[Any, str], None]


def typed(is_one: Callable[[Any], bool], what: str) -> Check:
    """A check of one value."""
    def check(value: Any, where: str) -> None:
        if not is_one(value):
            raise ValueError(f"says {_short(value)} for {where}, which is no {what}")
    return check


def one_of(names: Collection[str]) -> Check:
    return typed(lambda value: isinstance(value, str) and value in names, f"one of {', '.join(names)}")


def each(check: Check) -> Check:
    """An object of any keys, whose values pass a check."""
    def check_each(value: Any, where: str) -> None:
        an_object(value, where or "the whole")
        for key, one in value.items():
            check(one, f"{where}.{key}" if where else key)
    return check_each


def list_of(check: Check) -> Check:
    """A list that is not empty."""
    def check_list(value: Any, where: str) -> None:
        if not isinstance(value, list) or not value:
            raise ValueError(f"says {_short(value)} for {where}, which is no list of anything")
        for one in value:
            check(one, where)
    return check_list


def or_none(check: Check) -> Check:
    def check_some(value: Any, where: str) -> None:
        if value is not None:
            check(value, where)
    return check_some


def fields_of(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None, rest: Check | None = None) -> Check:
    """An object of these keys, and of no others unless there is a check for the rest."""
    known = {**required, **(optional or {})}

    def check_fields(value: Any, where: str) -> None:
        an_object(value, where or "the whole")
        dot = f"{where}." if where else ""
        if lacking := sorted(set(required) - set(value)):
            raise ValueError(f"lacks {', '.join(dot + key for key in lacking)}")
        for key, one in value.items():
            check = known.get(key, rest)
            if check is None:
                raise ValueError(f"says {dot}{key}, which stbench does not know")
            check(one, dot + key)
    return check_fields


def read_shaped(path: Path, check: Check, remedy: str) -> Any:
    """The content of a JSON file that passes a check.

    Raises
    ------
    FileNotFoundError: there is none.
    BadFile: it cannot be read or does not pass, and the remedy.
    """
    try:
        value = read_json(path)
        check(value, "")
    except BadFile as error:
        raise BadFile(f"{error} {remedy}") from None
    except ValueError as error:
        raise BadFile(f"{path} {error}. {remedy}") from None
    return value


def anything(value: Any, where: str) -> None:
    """Whatever JSON holds."""


def moment(value: Any, where: str) -> None:
    """A time in ISO format."""
    text(value, where)
    try:
        datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"says {_short(value)} for {where}, which is no time") from None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST_NUMBER


an_object = typed(lambda value: isinstance(value, dict), "object")
text = typed(lambda value: isinstance(value, str), "text")
# a name, which may be a part of a path
word = typed(lambda value: isinstance(value, str) and value.isprintable() and 0 < len(value) <= 200 and not {*"/\\"} & {*value}
             and not value.startswith("."), "short name")
# an address that anybody may follow; what stands in it is safe within quotation marks
link = typed(lambda value: isinstance(value, str) and len(value) <= 300 and LINK.fullmatch(value) is not None, "https:// address")
number = typed(_is_number, "number")
amount = typed(lambda value: _is_number(value) and value >= 0, "number of at least 0")
whole = typed(lambda value: isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_WHOLE, "whole number")


def amounts(value: Any, where: str) -> None:
    """A list of numbers of at least 0 that is not empty. Most of a record are these, so they are looked at all at once."""
    if not (isinstance(value, list) and {*map(type, value)} in ALL_NUMBERS and min(value) >= 0 and max(value) <= LARGEST_NUMBER
            and sum(value) >= 0):  # no sum with NaN is
        list_of(amount)(value, where)


def _short(value: Any) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    said = ascii(value)
    return said if len(said) <= 40 else said[:40] + "…"
