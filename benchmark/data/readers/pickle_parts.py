"""What the names in a pickled table stand for: small classes that keep what they are given, and run nothing of any library.

A file can only call them, and hand their instances a state; whatever does not belong is a ValueError or a TypeError.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

# dtypes whose bytes are values: no pointers, no fields, no subarrays
PLAIN_DTYPE = re.compile(r"b1|[iu][1248]|f[248]|[US]\d+")


class Part:
    """What an admitted name stands for: a class, so that the file can only call it and hand its instances a state.

    `__setstate__` is defined, so BUILD can set no attribute of an instance; on the class itself the call lacks an argument and fails.
    """

    __slots__ = ("value",)
    value: Any

    def __new__(cls, *_: object) -> Any:
        made = object.__new__(cls)
        made.value = None
        return made

    def __setstate__(self, state: Any) -> None:
        """Most parts have no state, or none that matters."""


class Bytes(Part):
    """`bytes`, `bytearray` and buffers; protocol 2 writes them as latin1 text."""

    __slots__ = ()

    def __new__(cls, data: bytes | str = b"", encoding: str = "latin1") -> Any:
        if isinstance(data, str) and encoding in ("latin1", "latin-1"):
            return data.encode("latin1")
        return bytes(need(data, bytes, bytearray))


class Slice(Part):
    __slots__ = ()

    def __new__(cls, start: int, stop: int, step: int) -> Any:
        return slice(*(need(bound, int) for bound in (start, stop, step)))


class Dtype(Part):
    """A numpy dtype of plain values, or of objects (value: None)."""

    __slots__ = ()

    def __new__(cls, code: str, align: bool = False, copy: bool = False) -> Any:
        if need(code, str) not in ("O", "O8") and not PLAIN_DTYPE.fullmatch(code):
            raise ValueError(f"an array of dtype {code[:20]}")
        made = super().__new__(cls)
        made.value = None if code[0] == "O" else np.dtype(code)
        return made

    def __setstate__(self, state: Any) -> None:
        order, *inside = need(state, tuple)[1:5]
        if inside != [None] * 3 or order not in ("<", ">", "|", "="):
            raise ValueError("an array with fields")
        if self.value is not None:
            self.value = self.value.newbyteorder(order)


class Array(Part):
    """A numpy array: made empty, then given its state."""

    __slots__ = ()

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, data = need(state, tuple)
        self.value = _array(data, dtype, shape, "F" if fortran else "C")


class FromBuffer(Part):
    """numpy's way to write an array in protocol 5."""

    __slots__ = ()

    def __new__(cls, data: bytes, dtype: Dtype, shape: tuple[int, ...], order: str = "C") -> Any:
        made = Array()
        made.value = _array(data, dtype, shape, order)
        return made


class Scalar(Part):
    """A numpy number becomes one of Python."""

    __slots__ = ()

    def __new__(cls, dtype: Dtype, data: bytes) -> Any:
        # not `_array`: a list of a hundred numbers may be a hundred of these
        plain = need(dtype, Dtype).value
        if plain is None or len(data) != plain.itemsize:
            raise ValueError("a number of another size than its dtype")
        return np.frombuffer(data, plain)[0].item()


class Text(Part):
    """pandas' array of strings; value: list of text and None."""

    __slots__ = ()

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, dict):
            self.value = need(state.get("_pa_array", state.get("_data")), ArrowText).value
        else:
            self.value = next(one for one in need(state, tuple) if isinstance(one, Array)).value.tolist()


class ArrowText(Part):
    """pyarrow's array of strings: lengths and bytes."""

    __slots__ = ()

    def __new__(cls, state: tuple[Any, ...]) -> Any:
        kind, length, _, first, (valid, offsets, data), _, _ = state
        width = {"string": np.int32, "large_string": np.int64}[need(kind, Word).value[0]]
        length, first = need(length, int), need(first, int)
        bounds = np.frombuffer(offsets or bytes(8), width)[first:first + length + 1].tolist()
        bits = np.ones(length, bool) if valid is None else np.unpackbits(np.frombuffer(valid, np.uint8), bitorder="little")[first:]
        made = super().__new__(cls)
        made.value = [data[a:b].decode() if kept else None for a, b, kept in zip(bounds[:-1], bounds[1:], bits[:length], strict=True)]
        if len(made.value) != length:
            raise ValueError("a column of text that is cut off")
        return made


class TextArray(Part):
    """Other arrays of pandas are pickled through the same function; only those of text are read."""

    __slots__ = ()

    def __new__(cls, kind: type, *_: object) -> Any:
        if kind is not Text:
            raise ValueError("a column that is neither numbers, text nor lists")
        return Text()


class Word(Part):
    """A name that decides nothing here: the kinds of index and the dtype of text. Value: what it was called with."""

    __slots__ = ()

    def __new__(cls, *given: object) -> Any:
        made = super().__new__(cls)
        made.value = given
        return made


class Index(Part):
    """Labels of columns or rows; value: list, or range."""

    __slots__ = ()

    def __new__(cls, kind: object, state: dict[str, Any]) -> Any:
        made, data = super().__new__(cls), need(state, dict).get("data")
        if data is None:
            made.value = range(*(need(state[bound], int) for bound in ("start", "stop", "step")))
        else:
            labels = need(data, Array, Text).value
            made.value = labels.tolist() if isinstance(labels, np.ndarray) else labels
        return made


class Block(Part):
    """Columns of one dtype; value: their cells [column, row] and their numbers."""

    __slots__ = ()

    def __new__(cls, cells: Any, placement: Any, dimensions: int = 2) -> Any:
        made = super().__new__(cls)
        made.value = need(cells, Array, Text).value, need(placement, slice, Array)
        return made


class Manager(Part):
    """The blocks and both indices of a frame; pandas before 1.3 hands them over as a state."""

    __slots__ = ()

    def __new__(cls, blocks: Sequence[Any] = (), axes: Sequence[Any] = ()) -> Any:
        made = super().__new__(cls)
        made.value = blocks, axes
        return made

    def __setstate__(self, state: Any) -> None:
        if state is not None:
            told = need(state, tuple)[3]["0.14.1"]
            self.value = [Block(one["values"], one["mgr_locs"]) for one in told["blocks"]], told["axes"]


class Frame(Part):
    __slots__ = ()

    def __setstate__(self, state: Any) -> None:
        self.value = need(need(state, dict).get("_mgr", state.get("_data")), Manager).value


# (module, name) as pickles of numpy 1 and 2, pandas 1, 2 and 3 and pyarrow write them -> what it stands for
ADMITTED: dict[tuple[str, str], type[Part]] = {
    **{(module, name): part for module in ("builtins", "__builtin__")
       for name, part in {"slice": Slice, "bytes": Bytes, "bytearray": Bytes}.items()},
    ("_codecs", "encode"): Bytes,
    ("numpy", "ndarray"): Array, ("numpy", "dtype"): Dtype,
    **{(f"numpy.{core}.{module}", name): part for core in ("core", "_core")
       for module, name, part in (("multiarray", "_reconstruct", Array), ("multiarray", "scalar", Scalar),
                                  ("numeric", "_frombuffer", FromBuffer))},
    ("pandas", "DataFrame"): Frame, ("pandas.core.frame", "DataFrame"): Frame,
    ("pandas.core.internals.managers", "BlockManager"): Manager, ("pandas._libs.internals", "_unpickle_block"): Block,
    ("pandas.core.indexes.base", "_new_Index"): Index,
    **dict.fromkeys((("pandas", "Index"), ("pandas", "RangeIndex"), ("pandas.core.indexes.base", "Index"),
                     ("pandas.core.indexes.range", "RangeIndex"), ("pandas.core.indexes.numeric", "Int64Index"), ("pandas", "StringDtype"),
                     ("pandas.core.arrays.string_", "StringDtype"), ("pyarrow.lib", "type_for_alias")), Word),
    **dict.fromkeys((("pandas.arrays", "ArrowStringArray"), ("pandas.core.arrays.string_arrow", "ArrowStringArray"),
                     ("pandas.arrays", "StringArray"), ("pandas.core.arrays.string_", "StringArray")), Text),
    ("pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked"): TextArray,
    ("pyarrow.lib", "_restore_array"): ArrowText, ("pyarrow.lib", "py_buffer"): Bytes,
}


def need(given: Any, *kinds: type) -> Any:
    if not isinstance(given, kinds):
        raise ValueError(f"a {type(given).__name__} where {' or '.join(kind.__name__ for kind in kinds)} belongs")
    return given


def _array(data: Any, dtype: Any, shape: tuple[int, ...], order: str) -> np.ndarray:
    plain = need(dtype, Dtype).value
    if plain is None:
        # numpy lists objects in C order, whatever their order in memory
        return np.fromiter(need(data, list), dtype=object, count=len(data)).reshape(shape)
    data = data.encode("latin1") if isinstance(data, str) else need(data, bytes, bytearray)  # a str of Python 2
    return np.frombuffer(data, plain).reshape(shape, order="F" if order == "F" else "C")
