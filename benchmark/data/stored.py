"""What is stored of a city is read with care: a broken array, an entry that breaks the format, each a sentence with file and row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmark.errors import UserError
from benchmark.files import DiskError, disk_errors


def load_array(path: Path, *, mapped: bool) -> np.ndarray:
    """A .npy file; `mapped`: memory-mapped, so that only what is used of it is read."""
    with disk_errors(path, "read"):
        try:
            array: np.ndarray = np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
        except (ValueError, EOFError, SyntaxError) as error:
            raise UserError(f"{path} is no array of numpy ({str(error).rstrip('.')}).") from None
    return array


@contextmanager
def named(path: Path) -> Iterator[None]:
    """What is wrong with a file begins with its name."""
    try:
        yield
    except DiskError:
        raise
    except (UserError, ValueError) as error:
        raise UserError(str(error) if str(path) in str(error) else f"{path}: {error}") from None


def refuse(path: Path, wrong: np.ndarray, what: str, before: int = 0) -> None:
    """Raise a sentence of the first row, counted from 1, where `wrong`, bool [row] or [row, column], is true.

    before: how many rows of the file stand before these.
    """
    if wrong.any():
        row, *column = (int(place) + 1 for place in np.unravel_index(int(np.argmax(wrong)), wrong.shape))
        at = f"row {before + row}" + (f", column {column[0]}" if column else "")
        raise UserError(f"{path}, {at}: {what}.")


def expect(path: Path, found: object, wanted: object, what: str) -> None:
    """Raise a sentence where two facts that must be equal are not."""
    if found != wanted:
        raise UserError(f"{path}: {what} is {found}, and must be {wanted}.")
