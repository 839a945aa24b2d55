"""A new package from the files of this folder: a copy in which `my_method` is the method's name."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import keyword
import os
from collections.abc import Iterator
from pathlib import Path

from benchmark.errors import UserError, unknown
from benchmark.files import named_folder, write_atomic
from benchmark.folders import new_folder
from benchmark.registry import LOWER_SNAKE, registry

HERE = Path(__file__).resolve().parent
# what a method may be: a folder here, beside the one that all share
KINDS, SHARED = ("forecaster", "encoder"), "shared"
# in texts and names of files: what becomes the method's name; and the end that is taken off
PLACEHOLDER, SUFFIX = "my_method", ".in"
# letters of a name, which file systems and tables have room for
LONGEST = 40


def write_skeleton(name: str, kind: str, parent: Path) -> Path:
    """Write the package of a new method into the folder `parent`, and give its own folder, which is called as the method.

    Raises
    ------
    UserError: the name cannot be that of a method and of a package, the kind is unknown, or the folder is there. Nothing is written.
    """
    if kind not in KINDS:
        raise unknown("family of a new method", kind, KINDS)
    check_name(name)
    folder = named_folder(parent, "--out") / name
    if os.path.lexists(folder):
        raise UserError(f"{folder} is there already and was left as it is. Remove it, or choose another name or another --out.")
    with new_folder(folder) as made:
        for path, text in skeleton(name, kind):
            write_atomic(made / path, text)
    return folder


def skeleton(name: str, kind: str) -> Iterator[tuple[str, str]]:
    """(path within the package, text) of every file."""
    for source in (HERE / SHARED, HERE / kind):
        for path in sorted(source.rglob(f"*{SUFFIX}")):
            inside = path.relative_to(source).as_posix().removesuffix(SUFFIX)
            yield inside.replace(PLACEHOLDER, name), path.read_text(encoding="utf-8").replace(PLACEHOLDER, name)


def check_name(name: str) -> None:
    """Raise UserError, with the reason, where a name cannot be that of a new method and of its package."""
    if not LOWER_SNAKE.fullmatch(name) or len(name) > LONGEST:
        raise UserError(f"A method has a lower_snake name of at most {LONGEST} letters, such as my_method; got {ascii(name)[:60]}.")
    if keyword.iskeyword(name):
        raise UserError(f"'{name}' is a word of Python's own and cannot name a package. Choose another name.")
    if name in registry():
        raise UserError(f"A method called '{name}' is registered already; `stbench list methods` shows all. Choose another name.")
    if importlib.util.find_spec(name) is not None:
        raise UserError(f"Python has a module '{name}' already, and one of the two would hide the other. Choose another name.")
    if name in _distributions():
        raise UserError(f"A package called '{name}' is installed already, and pip would replace it. Choose another name.")


def _distributions() -> set[str]:
    """What pip has installed here, written as modules are."""
    named = (found.metadata["Name"] for found in importlib.metadata.distributions())
    return {name.lower().replace("-", "_").replace(".", "_") for name in named if name}
