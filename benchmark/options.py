"""A method's options: one frozen dataclass; ``key=value`` overrides, typed by its fields."""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any

from benchmark.errors import UserError, unknown


def parse_assignments(texts: Iterable[str]) -> dict[str, str]:
    """``["hidden=64"]`` → ``{"hidden": "64"}``."""
    pairs = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not sign or not key.strip():
            raise UserError(f"--set takes key=value, got '{text}'; write e.g. --set hidden=64.")
        pairs[key.strip()] = value.strip()
    return pairs


def resolve(options: type, overrides: Mapping[str, Any], owner: str) -> Any:
    """Make the options of `owner` (a method's name) from defaults and overrides; text values are converted.

    An options class may hold `profiles`: name → field defaults. The profile that `profile` names gives way to every other override.

    Raises
    ------
    UserError: unknown key (nearest names) or a value of the wrong type.
    """
    hints = typing.get_type_hints(options)
    hints = {f.name: hints[f.name] for f in dataclasses.fields(options)}
    values = {}
    for key, value in overrides.items():
        if key not in hints:
            raise unknown(f"option of {owner}", key, hints)
        values[key] = _convert(value, hints[key], f"{owner}.{key}") if isinstance(value, str) else value
    if "profile" in values:
        values = {**options.profiles[values["profile"]], **values}  # type: ignore[attr-defined]
    try:
        return options(**values)
    except ValueError as error:
        raise UserError(f"Options of {owner}: {error}") from None


def as_dict(options: Any) -> dict[str, Any]:
    """The options as plain data, tuples as lists."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in dataclasses.asdict(options).items()}


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
        return tuple(_convert(part, arguments[0], where) for part in text.split(",") if part)
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise UserError(f"{where} is true or false, got '{text}'.")
        return text.lower() == "true"
    try:
        return kind(text)
    except ValueError:
        raise UserError(f"{where} is of type {kind.__name__}, got '{text}'.") from None


def describe_options(options: type) -> dict[str, dict[str, Any]]:
    """Name → default, meaning (the comment above the field) and, where there are only some, choices; base classes first."""
    meanings: dict[str, str] = {}
    for cls in reversed(options.__mro__[:-1]):
        comment: list[str] = []
        for line in inspect.getsource(cls).splitlines():
            text = line.strip()
            if text.startswith("#"):
                comment.append(text.lstrip("# "))
            else:
                if match := re.match(r"(\w+)\s*:\s*[^=]+=", text):
                    meanings[match[1]] = " ".join(comment) or meanings.get(match[1], "")
                comment = []
    hints = typing.get_type_hints(options)
    choices = {f.name: {"choices": found} for f in dataclasses.fields(options) if (found := _choices(hints[f.name]))}
    return {f.name: {"default": list(f.default) if isinstance(f.default, tuple) else f.default, "meaning": meanings.get(f.name, ""),
                     **choices.get(f.name, {})} for f in dataclasses.fields(options)}


def _choices(kind: Any) -> list[Any]:
    """What a type lets one choose from, also as one of several; empty: anything of its kind."""
    arguments = typing.get_args(kind)
    return list(arguments) if typing.get_origin(kind) is typing.Literal else [one for part in arguments for one in _choices(part)]
