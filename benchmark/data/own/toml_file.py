"""What all kinds of city file share: TOML that is read within bounds, names, sections, and the folder of the files."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmark.data.bounds import LARGEST_TOML, LONGEST_NAME, check_file, shown
from benchmark.errors import UserError, unknown

DEEPEST_KEY = 32
DEEP_KEY = re.compile(rf"(?<![\w\"'-])(?:[\w\"'-]+[ \t]*\.[ \t]*){{{DEEPEST_KEY}}}")


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
