"""ESRI shapefiles → a table of attributes and geometries. Needs the extra `geo`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmark.data.bounds import check_file, reading
from benchmark.errors import lacks

AGAIN = "save it again"


def read_shapefile(path: Path) -> pd.DataFrame:
    """A row a shape: its attributes, and as ``geometry`` its points, and where each of its parts begins.

    Raises
    ------
    UserError: pyshp is missing, or a file is absent or damaged.
    """
    try:
        import shapefile
    except ImportError:
        raise lacks(path.name, "pyshp", "geo") from None
    for part in (path, path.with_suffix(".dbf")):
        with reading(part, "no shapefile", again=AGAIN, absent="a shapefile is a .shp with its .dbf beside it"):
            pass
    if (index := path.with_suffix(".shx")).exists():
        check_file(index)
    with reading(path, "no shapefile", again=AGAIN), shapefile.Reader(str(path), encodingErrors="replace") as reader:
        return pd.DataFrame([{**one.record.as_dict(), "geometry": {"parts": list(one.shape.parts), "points": one.shape.points}}
                             for one in reader.iterShapeRecords()], dtype=object)


def projection(path: Path) -> Path | None:
    """The .prj beside a shapefile, where it says that its points are no degrees."""
    crs = path.with_suffix(".prj")
    if not crs.exists():
        return None
    check_file(crs)
    return crs if crs.read_text(encoding="utf-8", errors="replace").lstrip().upper().startswith("PROJ") else None
