"""The files of a task: one, several, or those that a pattern finds; and names in the order in which people count."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable
from pathlib import Path

from benchmark.data.own.city_file import TaskFile
from benchmark.errors import UserError

# twenty years of days
MOST_FILES = 7_500


def files_of(task: TaskFile, root: Path) -> list[Path]:
    """The files in the order of their rows: as they are listed, or by name, day 9 before day 10.

    Raises
    ------
    UserError: a pattern finds nothing, or too much.
    """
    if not isinstance(task.file, str):
        return [root / one for one in task.file]
    if not glob.has_magic(task.file) or (root / task.file).is_file():
        return [root / task.file]
    found = in_order(glob.glob(task.file, root_dir=root))
    if not found:
        raise UserError(f"No file of {root} is called like '{task.file}'; correct `file`, or `root`, in the city file.")
    if len(found) > MOST_FILES:
        raise UserError(f"{len(found):,} files of {root} are called like '{task.file}'; a task may have {MOST_FILES:,}.")
    return [root / one for one in found]


def in_order(names: Iterable[str]) -> list[str]:
    """Names by their texts and numbers: a9 before a10."""
    return sorted(names, key=lambda name: ([(part.isdecimal(), int(part) if part.isdecimal() else 0, part)
                                            for part in re.split(r"(\d+)", name)], name))
