"""How large what a user gives may be, and why; and the one way in which readers open a user's file. Light: no numpy.

A limit is far above any city that can be learnt from on one machine, and far below what fills its memory before a sentence is said.
"""

from __future__ import annotations

import gzip
import io
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from benchmark.errors import UserError

# bytes of a city file: 50,000 node ids in a list take a third
LARGEST_TOML = 2**21
# bytes of a table, archive or map on disk or decompressed: a month of a large city's taxis
LARGEST_FILE = 2**34
# bytes of a text that is parsed as a whole (JSON, GraphML): parsed it takes ten times as much
LARGEST_TEXT = 2**30
# bytes of one array in memory: a year of 8,600 detectors every five minutes as float64
LARGEST_ARRAY = 2**33
# columns of a table: a graph of so many nodes has 2.5 billion weights
MOST_COLUMNS = 50_000
# characters of a name of a city, task or suite, which names files
LONGEST_NAME = 100
# characters of the id of a trip, driver, road or node
LONGEST_ID = 200
# metres between the outermost roads of a city: beyond, local metres are no metres
LARGEST_EXTENT_M = 500_000.0
# cells of a grid: 200 km by 200 km in cells of 100 m
MOST_CELLS = 4_000_000
# what unpickling may take: so many times the file's bytes (a list of one number takes 60 for one), and so many bytes beside them
PICKLE_TIMES, PICKLE_BYTES = 64, 2**28


@contextmanager
def reading(path: Path, kind: str, *, again: str, absent: str = "correct its path", most: int | None = None) -> Iterator[None]:
    """Around the calls of a library that read a user's file: it is a regular file of a size that is read, or none is opened, and whatever
    the library raises is one sentence.

    Parameters
    ----------
    kind: what the file may not be, as "no GraphML". again: what to do with a damaged file. absent: what to do without one.
    most: bytes, `LARGEST_FILE` if left out.
    """
    try:
        check_file(path, most)
        yield
    except UserError:
        raise
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; {absent}.") from None
    except OSError as error:
        raise UserError(f"{path} could not be read: {error.strerror or shown(error)}.") from None
    except MemoryError:
        raise UserError(f"{path} takes more memory to read than there is, or is damaged; {again}.") from None
    except Exception as error:  # a damaged file may make a library raise anything
        raise UserError(f"{path} is damaged or {kind} ({shown(error)}); {again}.") from error


def check_file(path: Path, most: int | None = None) -> None:
    """Refuse what would be read for ever, or is larger than `most` bytes.

    Raises
    ------
    FileNotFoundError, OSError: as the system says.
    UserError: it is no regular file, or too large.
    """
    if "\0" in str(path):
        raise UserError(f"The path {ascii(str(path))[:200]} holds a NUL character; correct it.")
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise UserError(f"{path} is not a regular file; give the path of one, no folder, pipe or device.")
    most = LARGEST_FILE if most is None else most
    if found.st_size > most:
        raise UserError(f"{path} has {found.st_size:,} bytes; no more than {most:,} are read.")


class Bounded(io.RawIOBase):
    """What decompresses a user's file, up to the limit."""

    def __init__(self, file: IO[bytes] | gzip.GzipFile, path: Path) -> None:
        self.file, self.path, self.left = file, path, LARGEST_FILE

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        found = self.file.read(size if 0 <= size <= self.left else self.left + 1)
        self.left -= len(found)
        if self.left < 0:
            raise UserError(f"{self.path} decompresses to more than {LARGEST_FILE:,} bytes; no more are read.")
        return found


def check_array(size: int, what: str, most: int | None = None) -> None:
    """Refuse an array of more than `most` bytes, `LARGEST_ARRAY` if left out, before it is allocated."""
    most = LARGEST_ARRAY if most is None else most
    if size > most:
        raise UserError(f"{what} would take {_counted(size)} bytes in memory; an array may have {most:,} at most.")


def check_columns(count: int, name: str) -> None:
    """Refuse a table that is wider than any city."""
    if count > MOST_COLUMNS:
        raise UserError(f"{name} has {count:,} columns; a table may have {MOST_COLUMNS:,} at most.")


def shown(given: object, most: int = 80) -> str:
    """What an exception says, or anything else as Python writes it, in one short line for a sentence."""
    try:
        text = str(given) or type(given).__name__ if isinstance(given, Exception) else repr(given)
    except (ValueError, RecursionError):  # a number of too many digits, lists in lists
        text = f"{type(given).__name__} that is too large to show"
    text = " ".join(text[:10 * most].split()).rstrip(".")
    return text if len(text) <= most else text[:most] + "…"


@contextmanager
def limited_memory(size: int) -> Iterator[None]:
    """Within, a process that asks the system for more than `size` bytes beside what it has gets a MemoryError; where there is Linux."""
    if sys.platform != "linux":
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    now = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE") + size
    allowed = [one for one in (now, *before) if one != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min(allowed), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _counted(size: int) -> str:
    return f"{size:,}" if size < 10**18 else "far too many"
