"""A method's options: one frozen dataclass; ``key=value`` overrides, of the types and within the ranges that its fields declare."""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any

from benchmark.errors import UserError, unknown

# name of the mark on a field whose numbers have a range
RANGE = "range"
# the largest whole number that an option takes, whatever its range: no count of anything reaches it
LARGEST = 2**31 - 1
# characters of a value that a sentence repeats
LONGEST = 40


@dataclasses.dataclass(frozen=True)
class Range:
    """Between which ends the numbers of an option lie; None: no end."""

    least: float | None = None
    above: float | None = None
    most: float | None = None
    below: float | None = None

    def __contains__(self, number: float) -> bool:
        return ((self.least is None or number >= self.least) and (self.above is None or number > self.above)
                and (self.most is None or number <= self.most) and (self.below is None or number < self.below))

    def __str__(self) -> str:
        """``at least 0 and below 1``."""
        ends = (("at least", self.least), ("above", self.above), ("at most", self.most), ("below", self.below))
        return " and ".join(f"{word} {end:g}" for word, end in ends if end is not None)


def ranged(default: Any, *, least: float | None = None, above: float | None = None, most: float | None = None,
           below: float | None = None) -> Any:
    """A field of options whose numbers, each of several too, lie within a range; a subclass that sets another default keeps it.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Options:
    ...     # the optimiser's step size
    ...     learning_rate: float = ranged(1e-3, above=0)
    >>> resolve(Options, {"learning_rate": "0"}, "mine")
    Traceback (most recent call last):
    benchmark.errors.UserError: mine.learning_rate is a finite number above 0, got '0'; the default is 0.001.
    """
    return dataclasses.field(default=default, metadata={RANGE: Range(least, above, most, below)})


def range_of(options: type, name: str) -> Range | None:
    """The range of an option, declared where it is first set or wherever it is set anew; None: any finite number."""
    declared = (vars(cls).get("__dataclass_fields__", {}).get(name) for cls in options.__mro__)
    return next((field.metadata[RANGE] for field in declared if field is not None and RANGE in field.metadata), None)


def parse_assignments(texts: Iterable[str], option: str = "--set") -> dict[str, str]:
    """``["hidden=64"]`` → ``{"hidden": "64"}``. option: what the texts were given for."""
    pairs = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not sign or not key.strip():
            raise UserError(f"{option} takes key=value, got '{text}'; write e.g. {option} hidden=64.")
        pairs[key.strip()] = value.strip()
    return pairs


def resolve(options: type, overrides: Mapping[str, Any], owner: str) -> Any:
    """Make the options of `owner` (a method's name) from defaults and overrides; text values are converted.

    An options class may hold `profiles`: name → field defaults. The profile that `profile` names gives way to every other override.

    Raises
    ------
    UserError: unknown key (nearest names), a value of the wrong type, or a number out of the option's range.
    """
    hints = typing.get_type_hints(options)
    fields = {f.name: f for f in dataclasses.fields(options)}
    values = {}
    for key, value in overrides.items():
        if key not in fields:
            raise unknown(f"option of {owner}", key, fields)
        values[key] = _convert(value, hints[key], f"{owner}.{key}") if isinstance(value, str) else value
        if not _fits(values[key], hints[key], range_of(options, key) or Range()):
            raise UserError(f"{owner}.{key} is {_wanted(hints[key], range_of(options, key))}, got '{_short(value)}'; the default is "
                            f"{_short(fields[key].default)}.")
    if "profile" in values:
        values = {**options.profiles[values["profile"]], **values}  # type: ignore[attr-defined]
    try:
        return options(**values)
    except ValueError as error:
        raise UserError(f"Options of {owner}: {error}") from None


def as_dict(options: Any) -> dict[str, Any]:
    """The options as plain data, tuples as lists."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in dataclasses.asdict(options).items()}


def _fits(value: Any, kind: Any, within: Range) -> bool:
    """Whether a value is of a field's type, finite, and within its range; a type that `--set` does not know takes anything."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, one, within) for one in arguments)
    if origin is typing.Literal:
        return value in arguments
    if origin is tuple:
        return isinstance(value, tuple | list) and all(_fits(one, arguments[0], within) for one in value)
    if kind in (int, float):
        of_kind = isinstance(value, int if kind is int else int | float) and not isinstance(value, bool)
        return of_kind and abs(value) <= (LARGEST if kind is int else sys.float_info.max) and value in within
    return isinstance(value, kind) if kind in (bool, str, types.NoneType) else True


def _wanted(kind: Any, within: Range | None) -> str:
    """What an option takes, in words."""
    arguments = [one for one in typing.get_args(kind) if one is not types.NoneType]
    if typing.get_origin(kind) is tuple:
        return f"a list, each {_wanted(arguments[0], within)}"
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return f"{_wanted(arguments[0], within)}, or none"
    said = {int: "a whole number", float: "a finite number", bool: "true or false", str: "a text"}
    largest = f" and at most {LARGEST}" if kind is int and within and within.most is None and within.below is None else ""
    return (said.get(kind) or f"one of {', '.join(map(str, arguments))}") + (f" {within}{largest}" if within else "")


def _short(value: Any) -> str:
    """A value in a sentence; what is long is cut."""
    said = ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
    return said if len(said) <= LONGEST else f"{said[:LONGEST]}…"


def _convert(text: str, kind: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if text.lower() == "none":
            return None
        return _convert(text, next(a for a in arguments if a is not type(None)), where)
    if origin is typing.Literal:
        if text not in arguments:
            raise unknown(f"value of {where}", text, arguments)
        return text
    if origin is tuple:
        parts = [part.strip() for part in text.split(",")] if text.strip() else []
        if "" in parts:
            raise UserError(f"{where} has an empty element in '{_short(text)}'; write its values with one comma between two of them.")
        return tuple(_convert(part, arguments[0], where) for part in parts)
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise UserError(f"{where} is true or false, got '{text}'.")
        return text.lower() == "true"
    try:
        return kind(text)
    except ValueError:
        raise UserError(f"{where} is of type {kind.__name__}, got '{_short(text)}'.") from None


def describe_options(options: type) -> dict[str, dict[str, Any]]:
    """Name → default, meaning (the comment above the field) and, where there are some, range and choices; base classes first."""
    said = meanings(options)
    hints = typing.get_type_hints(options)
    choices = {f.name: {"choices": found} for f in dataclasses.fields(options) if (found := _choices(hints[f.name]))}
    ranges = {f.name: {"range": str(within)} for f in dataclasses.fields(options) if (within := range_of(options, f.name))}
    return {f.name: {"default": list(f.default) if isinstance(f.default, tuple) else f.default, "meaning": said.get(f.name, ""),
                     **ranges.get(f.name, {}), **choices.get(f.name, {})} for f in dataclasses.fields(options)}


def meanings(cls: type) -> dict[str, str]:
    """Field of a dataclass → the comment above it, where it is first set or wherever it is set anew."""
    found: dict[str, str] = {}
    for one in reversed(cls.__mro__[:-1]):
        comment: list[str] = []
        for line in inspect.getsource(one).splitlines():
            text = line.strip()
            if text.startswith("#"):
                comment.append(text.lstrip("# "))
            else:
                if match := re.match(r"(\w+)\s*:\s*[^=\s]", text):
                    found[match[1]] = " ".join(comment) or found.get(match[1], "")
                comment = []
    return found


def _choices(kind: Any) -> list[Any]:
    """What a type lets one choose from, also as one of several; empty: anything of its kind."""
    arguments = typing.get_args(kind)
    return list(arguments) if typing.get_origin(kind) is typing.Literal else [one for part in arguments for one in _choices(part)]
