"""TLC's taxi zones: their centroids, from a table of degrees or from TLC's own shapefile, whose corners are feet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.data.public.rides.batches import NUMBER, TEXT, Column, find_heads
from benchmark.data.readers.shapefiles import projection, read_shapefile
from benchmark.data.readers.tables import numbers, read_frame
from benchmark.errors import UserError, lacks

ZONES = (Column("id", NUMBER, ("LocationID", "zone_id", "location_id")), Column("lon", NUMBER, ("lon", "longitude")),
         Column("lat", NUMBER, ("lat", "latitude")), Column("name", TEXT, ("zone", "zone_name", "name"), needed=False))
# beside the trips
NAMES = ("taxi_zones.csv", "zones.csv", "taxi_zones.shp")


def zones_beside(path: Path) -> Path:
    """The table of zones that lies beside the trips.

    Raises
    ------
    UserError: there is none.
    """
    folder = path if path.is_dir() else path.parent
    for name in NAMES:
        if (folder / name).is_file():
            return folder / name
    raise UserError("TLC's trips name zones without saying where they lie. Put taxi_zones.csv beside them, or name it: --set zones=FILE, "
                    "TLC's taxi_zones.shp, or a table of LocationID, lon and lat (centroids of the zones, WGS84 degrees).")


def zone_table(table: Path, locations: tuple[int, ...]) -> pd.DataFrame:
    """node_id, name, lon, lat of some zones, by LocationID.

    Raises
    ------
    UserError: there is no such table, or it lacks a column or a zone.
    """
    frame = _shapes(table) if table.suffix.lower() == ".shp" else read_frame(table)
    heads = find_heads([str(head) for head in frame], ZONES, table.name)
    if "name" in heads:
        frame[heads["name"]] = frame[heads["name"]].astype(str)
    places = numbers(frame[[heads[name] for name in ("id", "lon", "lat")]], table.name).astype(float)
    first = {row[0]: number for number, row in reversed(list(enumerate(places)))}
    lacking = sorted(one for one in locations if one not in first)
    if lacking:
        raise UserError(f"{table.name} lacks the zone {lacking[0]}; give a table of all zones, or other locations.")
    rows = [first[one] for one in sorted(set(locations))]
    if not rows:
        raise UserError("A city of zones needs at least one LocationID; take out --set locations, or write some.")
    names = frame[heads["name"]].to_numpy()[rows] if "name" in heads else [f"zone {places[row, 0]:g}" for row in rows]
    nowhere = [places[row, 0] for row in rows if np.isnan(places[row]).any()]
    if nowhere:
        raise UserError(f"{table.name} lacks the place of zone {nowhere[0]:g}; fill in its lon and lat.")
    return pd.DataFrame({"node_id": [f"{places[row, 0]:g}" for row in rows], "name": names, "lon": places[rows, 1],
                         "lat": places[rows, 2]})


def centroid(points: Sequence[Sequence[float]], parts: Sequence[int]) -> tuple[float, float]:
    """Of the area of a polygon; its holes run the other way round, and so take their area away.

    >>> centroid([(0, 0), (0, 2), (2, 2), (2, 0), (0, 0)], [0])
    (1.0, 1.0)
    """
    area = east = north = 0.0
    for ring in np.split(np.asarray(points, dtype=np.float64).reshape(-1, 2), list(parts)[1:]):
        # relative to the first corner, since feet of a whole state are large
        x, y = (ring - np.asarray(points[0])).T
        cross = x[:-1] * y[1:] - x[1:] * y[:-1]
        area += float(cross.sum()) / 2
        east += float(((x[:-1] + x[1:]) * cross).sum()) / 6
        north += float(((y[:-1] + y[1:]) * cross).sum()) / 6
    return (float(points[0][0] + east / area), float(points[0][1] + north / area)) if area else (np.nan, np.nan)


def _shapes(path: Path) -> pd.DataFrame:
    """The shapefile's zones with their centroids.

    In it TLC gives several zones one LocationID (56, and 103 of three islands). OBJECTID tells them apart, and is that of its trips.
    """
    shapes = read_shapefile(path)
    if "LocationID" not in shapes:
        raise UserError(f"{path.name} lacks the column LocationID; it has {', '.join(map(str, shapes))[:300]}.")
    if "OBJECTID" in shapes:
        shapes["LocationID"] = shapes["LocationID"].where(~shapes["LocationID"].duplicated(keep=False), shapes["OBJECTID"])
    centres = [centroid(one["points"], one["parts"]) if one["points"] else (np.nan, np.nan) for one in shapes["geometry"]]
    lon, lat = _degrees(path, *np.array(centres, dtype=np.float64).reshape(-1, 2).T)
    named = shapes[["zone"]] if "zone" in shapes else shapes[[]]
    return named.assign(LocationID=pd.to_numeric(shapes["LocationID"], errors="coerce"), lon=lon, lat=lat)


def _degrees(path: Path, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points of a shapefile as WGS84 degrees."""
    crs = projection(path)
    if crs is None:
        return x, y
    try:
        import pyproj
    except ImportError:
        raise lacks(f"The projection of {path.name}", "pyproj", "geo") from None
    try:
        there = pyproj.Transformer.from_crs(crs.read_text(encoding="utf-8", errors="replace"), "EPSG:4326", always_xy=True)
        return there.transform(x, y)
    except pyproj.exceptions.ProjError as error:
        raise UserError(f"{crs.name} is no projection that is known ({str(error)[:200]}); get it again.") from None
