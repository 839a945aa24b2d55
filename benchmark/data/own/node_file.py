"""[nodes] → the node table; where nobody knows the places of nodes, their longitudes and latitudes are NaN."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.data.bounds import LARGEST_TEXT, LONGEST_ID, reading, shown
from benchmark.data.forecasting.city import check_nodes
from benchmark.data.own.city_file import NodeFile
from benchmark.data.readers.tables import numbers, read_frame
from benchmark.errors import UserError, unknown


def node_table(given: NodeFile, root: Path) -> pd.DataFrame:
    """node_id, name, lon, lat; row j is column j of the arrays.

    Raises
    ------
    UserError: the file is wrong.
    """
    if given.id is None:
        return unplaced(_ids(root / given.file))
    named = [column for column in (given.name, given.point) if column]
    frame = read_frame(root / given.file, text=[given.id, *named], header=given.header)
    for column in (*given.lon, *given.lat, *([given.position] if given.position else [])):
        if column not in frame:
            raise unknown(f"column of {given.file}", column, frame.columns)
    if frame[given.id].isna().any():
        raise UserError(f"{given.file}: row {int(np.argmax(frame[given.id].isna())) + 1} has no '{given.id}'; every node needs an id.")
    nodes = unplaced(frame[given.id].astype(str).tolist())
    if given.name:
        nodes["name"] = frame[given.name].fillna("").astype(str)
    if given.point:
        nodes[["lon", "lat"]] = _points(frame[given.point], given)
    elif given.lon:
        nodes["lon"], nodes["lat"] = (numbers(frame[list(columns)], given.file).mean(axis=1) for columns in (given.lon, given.lat))
        _check_placed(nodes, given)
    if given.position:
        position = numbers(frame[[given.position]], given.file)[:, 0]
        if not np.array_equal(np.sort(position), np.arange(len(frame))):
            raise UserError(f"{given.file}: column '{given.position}' must hold each of 0…{len(frame) - 1} once; "
                            "it says which column of the arrays a row describes.")
        nodes = nodes.iloc[np.argsort(position)]
    check_nodes(nodes)
    return nodes.reset_index(drop=True)


def unplaced(ids: Sequence[str]) -> pd.DataFrame:
    """A table of nodes whose places nobody knows."""
    nodes = pd.DataFrame({"node_id": list(ids), "name": list(ids), "lon": np.nan, "lat": np.nan})
    check_nodes(nodes)
    return nodes


def _ids(path: Path) -> list[str]:
    """Ids with commas, blanks or line ends between them."""
    with reading(path, "no list of ids", again="write it again", absent="correct `file`, or `root`, in the city file", most=LARGEST_TEXT):
        ids = re.split(r"[\s,]+", path.read_text(encoding="utf-8-sig").strip(" \t\r\n,"))
    if ids == [""]:
        raise UserError(f"{path.name} is empty; it must hold the ids of the nodes, with commas or line ends between them.")
    long = next((one for one in ids if len(one) > LONGEST_ID), None)
    if long is not None:
        raise UserError(f"{path.name}: the id {shown(long)} has more than {LONGEST_ID} characters.")
    return ids


def _points(cells: pd.Series, given: NodeFile) -> np.ndarray:
    """[node, 2] degrees of texts "[lon, lat]"; "[]" in all of them: no place is known."""
    points = np.full((len(cells), 2), np.nan)
    for row, cell in enumerate(cells):
        try:
            point = json.loads(cell)
            if point != []:
                lon, lat = point
                points[row] = float(lon), float(lat)
        except (TypeError, ValueError, RecursionError, OverflowError):
            raise UserError(f"{given.file}: row {row + 1} of column '{given.point}' is {shown(str(cell))}; write \"[lon, lat]\", or "
                            "\"[]\" in every row where no place is known.") from None
    return points


def _check_placed(nodes: pd.DataFrame, given: NodeFile) -> None:
    """Columns of places hold places: who knows none names no columns."""
    if nodes[["lon", "lat"]].isna().all(axis=None):
        raise UserError(f"{given.file} has no place of any node; take `lon` and `lat` out of the city file if none is known.")
