"""Frames as files that a user named: CSV, npz or parquet, each written whole or not at all."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.errors import UserError
from benchmark.files import write_atomic

if TYPE_CHECKING:
    import numpy as np
    from pandas import DataFrame, Series

SUFFIXES = (".csv", ".npz", ".parquet")


def check_suffix(path: Path | None) -> None:
    """Raise UserError for a file of another kind than can be written; before anything is computed."""
    if path is not None and path.suffix not in SUFFIXES:
        raise UserError(f"--out {path} ends in '{path.suffix}'; give a name that ends in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}.")


def as_csv(frame: DataFrame, *, index: bool = True) -> str:
    """Comma-separated text; `index`: with the rows' names."""
    text: str = frame.to_csv(index=index, lineterminator="\n")
    return text


def write_frame(frame: DataFrame, path: Path, *, index: bool = True, matrix: str | None = None) -> None:
    """Write a frame in the format of the path's suffix.

    Parameters
    ----------
    index: with the rows' names. matrix: in an npz, all columns are one array of this name instead of one array each.
    """
    check_suffix(path)
    writers: dict[str, Callable[[], bytes]] = {
        ".csv": lambda: as_csv(frame, index=index).encode(), ".parquet": lambda: _parquet(frame, index),
        ".npz": lambda: _npz(frame, index, matrix)}
    write_atomic(path, writers[path.suffix]())


def _parquet(frame: DataFrame, index: bool) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=index)
    return buffer.getvalue()


def _npz(frame: DataFrame, index: bool, matrix: str | None) -> bytes:
    import numpy as np
    from pandas.api.types import is_numeric_dtype

    def array(values: Series[Any]) -> np.ndarray:
        """Numbers as they are, all else as text: no pickle. A time has its offset."""
        return values.to_numpy() if is_numeric_dtype(values) else values.astype(str).to_numpy(dtype=str)

    arrays: dict[str, np.ndarray] = {matrix: frame.to_numpy()} if matrix else {str(name): array(frame[name]) for name in frame.columns}
    if index:
        arrays[str(frame.index.name)] = frame.index.to_numpy(dtype=str)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()
