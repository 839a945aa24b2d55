"""An array of a .mat file: version 5 by scipy, version 7.3, which is HDF5, by h5py (the extra `hdf`)."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from benchmark.data.bounds import check_array, reading
from benchmark.data.readers.hdf import read_dataset
from benchmark.errors import UserError, unknown

NEW = b"MATLAB 7.3"
NUMBERS = frozenset({"double", "single", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))})


def read_mat(path: Path, key: str) -> np.ndarray:
    """One array of numbers, its axes as MATLAB shows them.

    Raises
    ------
    UserError: the file is absent or damaged, lacks the key, or holds something else there.
    """
    from scipy import io

    with reading(path, "no .mat file", again="save it again", absent="correct `file`, or `root`, in the city file"):
        with path.open("rb") as file:
            new = file.read(len(NEW)) == NEW
        if not new:
            found = {name: (shape, kind) for name, shape, kind in io.whosmat(str(path))}
            if key not in found:
                raise unknown(f"key of {path.name}", key, found)
            shape, kind = found[key]
            if kind not in NUMBERS:
                raise UserError(f"'{key}' of {path.name} holds a {kind}; only arrays of numbers are allowed.")
            check_array(8 * math.prod(map(int, shape)), path.name)
            return np.asarray(io.loadmat(str(path), variable_names=[key])[key])
    # HDF5 names the axes from the last to the first
    return read_dataset(path, key).T
