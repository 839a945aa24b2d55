"""Methods of files, for a quick try: ``path/to/file.py:Class`` in place of a registered name.

A file is read once, and what was read goes wherever the method is made: to workers, and to the method's own process. So a file that is
changed meanwhile changes no run, nothing knows where it lay, and a run's id holds its SHA-256. It stands alone: what lies beside it is
not found.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, is_dataclass, replace
from importlib.abc import ExecutionLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import decode_source, spec_from_loader
from pathlib import Path
from typing import Any

from benchmark import lazy
from benchmark.errors import UserError, unknown
from benchmark.families import FAMILIES
from benchmark.registry import FAULTS, MethodInfo, Registry, aside


@dataclass(frozen=True)
class MethodFile:
    """A class in a file, as it was read."""

    # of the file, without its folder
    name: str
    content: bytes
    class_name: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def module(self) -> str:
        """What it is imported as: of another content, another module."""
        return f"stbench_file_{self.sha256[:16]}"

    @property
    def target(self) -> str:
        return f"{self.module}:{self.class_name}"


# target → file, of this process
_known: dict[str, MethodFile] = {}


def named(given: Sequence[str], methods: Registry) -> list[str]:
    """Names of methods; those given as ``file.py:Class`` are registered, under the class's name in lower_snake.

    Raises
    ------
    UserError: a file that cannot be read or imported, no such class in it, one that is no method, or a name that is taken.
    """
    names = [adopt(read(one), methods) if is_file(one) else one for one in given]
    for one in {name for name in names if names.count(name) > 1}:
        if len({text for text, name in zip(given, names, strict=True) if name == one}) > 1:
            raise UserError(f"Two of the methods would be called '{one}'; rename the class of one.")
    return names


def is_file(given: str) -> bool:
    """Whether a text names a class of a file, and no registered method."""
    return given.endswith(".py") or given.rpartition(":")[0].endswith(".py")


def read(given: str) -> MethodFile:
    """The file of ``path/to/file.py:Class``."""
    path, _, class_name = given.rpartition(":")
    if not class_name.isidentifier():
        raise UserError(f"'{given}' names no class; write the file and the class in it: path/to/file.py:Class")
    try:
        content = Path(path).expanduser().read_bytes()
    except (OSError, ValueError, RuntimeError) as error:  # a NUL; no such user
        raise UserError(f"The file {path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    return MethodFile(Path(path).name.encode(errors="backslashreplace").decode(), content, class_name)


def adopt(file: MethodFile, methods: Registry) -> str:
    """Register the method of a file; its name.

    Raises
    ------
    UserError: as `named`.
    """
    make_known(file)
    info = _info(file, _loaded(file))
    if info.name not in methods or methods.info(info.name).target != file.target:
        methods.adopt(info, file.name)
    return info.name


def make_known(file: MethodFile) -> None:
    """Have the file's module imported from what was read."""
    _known[file.target] = file
    if _FINDER not in sys.meta_path:
        sys.meta_path.append(_FINDER)


def file_of(target: str) -> MethodFile | None:
    """The file that a method's target is of; None: it is of a package."""
    return _known.get(target)


def _loaded(file: MethodFile) -> Any:
    """The class of a file, and that it is a whole method."""
    try:
        with aside():
            module = importlib.import_module(file.module)
    except FAULTS as error:
        raise UserError(f"The file {file.name} does not import: {type(error).__name__}: {error}.") from error
    bases = tuple(lazy.load(family.base) for family in FAMILIES.values())
    whole = {name: one for name, one in vars(module).items()
             if isinstance(one, type) and issubclass(one, bases) and one.__module__ == file.module}
    found = vars(module).get(file.class_name)
    if found is None:
        raise unknown(f"class of {file.name}", file.class_name, whole)
    if file.class_name not in whole:
        raise UserError(f"{file.class_name} of {file.name} is no class derived from {' or '.join(base.__name__ for base in bases)}.")
    if lacking := sorted(getattr(found, "__abstractmethods__", ())):
        raise UserError(f"{file.class_name} of {file.name} lacks {', '.join(lacking)}.")
    if not is_dataclass(getattr(found, "Options", None)):
        raise UserError(f"{file.class_name} of {file.name} says no Options, a frozen dataclass.")
    return found


def _info(file: MethodFile, cls: Any) -> MethodInfo:
    """What a `MethodInfo` in the file says of the class, else that it reads whatever its family shows."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", file.class_name).lower()
    family = next(family for family in FAMILIES.values() if issubclass(cls, lazy.load(family.base)))
    summary = (inspect.getdoc(cls) or file.class_name).partition("\n")[0]
    plain = MethodInfo(name, file.target, summary, "not said", "not said", inputs=family.inputs)
    said = next((one for one in vars(sys.modules[file.module]).values()
                 if isinstance(one, MethodInfo) and str(one.target).rpartition(":")[2] == file.class_name), plain)
    return replace(said, name=name, target=file.target, family=family.name, floor=False)


class _Loader(ExecutionLoader):
    """Imports what was read of a file."""

    def __init__(self, file: MethodFile) -> None:
        self.file = file

    def get_source(self, fullname: str) -> str:
        return decode_source(self.file.content)

    def get_filename(self, fullname: str) -> str:
        return self.file.name


class _Finder(MetaPathFinder):
    """Finds the modules of the files that are known."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        file = next((one for one in _known.values() if one.module == fullname), None)
        return spec_from_loader(fullname, _Loader(file)) if file else None


_FINDER = _Finder()
