"""A pickled pandas table → a frame, without unpickling: no class or function of any library is handed to the file.

A pickle is a program that names callables and calls them. Here each name that a table of plain values needs stands for a small class of
`pickle_parts`, which only keeps what it is given; every other name is refused. The frame is then built from what was kept. So the file
can neither run code nor forge the insides of an array (as numpy's own `dtype.__setstate__` lets it), whatever it calls in whatever order.
"""

from __future__ import annotations

import gc
import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np
import pandas as pd

from benchmark.data.bounds import PICKLE_BYTES, PICKLE_TIMES, limited_memory, reading
from benchmark.data.readers.pickle_parts import ADMITTED, Array, Block, Frame, Index, need
from benchmark.errors import UserError, unknown

T = TypeVar("T")
PLAIN_CELLS = frozenset({type(None), bool, int, float, str})


def read_pickled_frame(path: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """The columns of a DataFrame that pandas 1, 2 or 3 pickled (protocol 2 to 5, not compressed), its rows numbered from 0.

    Cells are numbers, text, None, or lists and arrays of them; other cells are allowed only in columns that are not asked for.

    Parameters
    ----------
    columns: only these; None: all.

    Raises
    ------
    UserError: the file is absent, damaged, no table, lacks a column, or names anything that a plain table does not need.
    """
    def built(loaded: object) -> pd.DataFrame:
        if not isinstance(loaded, Frame):
            raise UserError(f"{path.name} holds a {type(loaded).__name__.lower()}, not a DataFrame; save the table itself with "
                            "DataFrame.to_pickle.")
        return _frame(loaded, path.name, columns)

    return load_parts(path, built, "no pickled table of plain values", "save it again with DataFrame.to_pickle")


def load_parts(path: Path, build: Callable[[object], T], kind: str, again: str) -> T:
    """What `build` makes of the parts that a pickle holds, its names replaced by those of `pickle_parts`.

    kind: what the file may not be. again: what to do with a damaged one.

    Raises
    ------
    UserError: as `build`, or the file is absent, damaged, or names anything that is not admitted.
    """
    with reading(path, kind, again=again):
        with path.open("rb") as file, _without_cycles(), limited_memory(PICKLE_TIMES * path.stat().st_size + PICKLE_BYTES):
            loaded = _Reader(file, path.name).load()
        return build(loaded)


class _Reader(pickle.Unpickler):
    """Looks every name up in `ADMITTED`; nothing is imported and no dotted name is followed."""

    def __init__(self, file: IO[bytes], source: str) -> None:
        # Python 2 wrote bytes and ASCII texts alike
        super().__init__(file, encoding="latin1")
        self.source = source

    def find_class(self, module: str, name: str, /) -> Any:
        part = ADMITTED.get((module, name))
        if part is None:
            raise UserError(f"{self.source} names {ascii(f'{module}.{name}')[:80]}, which a table of plain values does not need and which "
                            "may run code; nothing of it was run. If you trust the file, load it yourself and save only its columns of "
                            "numbers, texts and lists with DataFrame.to_pickle.")
        return part


def _frame(loaded: Frame, source: str, columns: Sequence[str] | None) -> pd.DataFrame:
    blocks, (labels, rows) = loaded.value
    names, height = need(labels, Index).value, len(need(rows, Index).value)
    found: dict[Any, Any] = {}
    for block in blocks:
        cells, placement = need(block, Block).value
        places = range(*placement.indices(len(names))) if isinstance(placement, slice) else placement.value.tolist()
        cells = [cells] if isinstance(cells, list) else np.atleast_2d(cells)
        for place, column in zip(places, cells, strict=True):
            if len(column) != height or names[place] in found:
                raise ValueError("columns that do not fit each other")
            found[names[place]] = column
    for name in names if columns is None else columns:
        if name not in found:
            raise unknown(f"column of {source}", str(name), map(str, found))
    return pd.DataFrame({name: _column(found[name]) for name in (names if columns is None else columns)}, index=range(height))


def _column(cells: Any) -> Any:
    if isinstance(cells, np.ndarray) and cells.dtype != object:
        return cells.astype(cells.dtype.newbyteorder("="))
    return np.fromiter(map(_cell, cells), dtype=object, count=len(cells))


def _cell(cell: Any) -> Any:
    if type(cell) in PLAIN_CELLS:
        return cell
    if isinstance(cell, Array):
        return cell.value if cell.value.dtype != object else _cell(cell.value.tolist())
    if PLAIN_CELLS.issuperset(map(type, need(cell, list, tuple))):
        return cell
    return [_cell(one) for one in cell]


@contextmanager
def _without_cycles() -> Iterator[None]:
    """A million fresh lists would be searched for cycles again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
