"""A pickled graph of sensors as DCRNN's authors write it, (ids, id → number, weights) → ids and weights, without unpickling."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmark.data.bounds import check_array
from benchmark.data.readers.pickle_parts import Array, need
from benchmark.data.readers.restricted_pickle import load_parts
from benchmark.errors import UserError


def read_pickled_graph(path: Path) -> tuple[list[str], np.ndarray]:
    """The ids of the nodes, and weights [node, node] in their order; of Python 2 or 3, protocol 0 to 5.

    Raises
    ------
    UserError: the file is absent, damaged, holds anything else, or names anything that such a graph does not need.
    """
    def built(loaded: object) -> tuple[list[str], np.ndarray]:
        ids, number, weights = need(loaded, tuple, list)
        names = [_name(one) for one in need(ids, list)]
        place = {_name(one): need(k, int) for one, k in need(number, dict).items()}
        values = need(weights, Array).value
        if values.dtype.kind not in "iuf" or values.shape != (len(names), len(names)):
            raise ValueError(f"{len(names)} ids and weights of shape {values.shape}")
        check_array(values.size * 8, path.name)
        if place != {name: k for k, name in enumerate(names)}:
            raise UserError(f"{path.name}: its list of ids and its numbers of ids disagree; save the three of one graph.")
        return names, values.astype(np.float64)

    return load_parts(path, built, "no pickled graph (ids, id → number, weights)", "save the three again with pickle.dump")


def _name(given: object) -> str:
    """Python 2 writes ids as bytes."""
    found = need(given, str, bytes, int)
    return found.decode("utf-8") if isinstance(found, bytes) else str(found)
