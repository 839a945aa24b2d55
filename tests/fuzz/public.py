"""Rows as public sources give them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import shapefile
from fuzz.field import START

from benchmark.data.public.bikes import STATIONS
from benchmark.data.public.bikes import TRIPS as BIKES
from benchmark.data.public.chicago import TRIPS as CHICAGO
from benchmark.data.public.crashes import CRASHES, INJURIES, PEOPLE
from benchmark.data.public.tlc import BY_PLACE, BY_ZONE

PUBLIC = {"bikes.csv": BIKES, "bikes.csv.gz": BIKES, "bikes.zip": BIKES, "crashes.csv": CRASHES, "taxis.parquet": BY_ZONE,
          "places.csv": BY_PLACE, "chicago.csv": CHICAGO, "unix.csv": CHICAGO, "stations.csv": STATIONS}


def write_public(folder: Path) -> None:
    """Public rows of rides and crashes: every column under one of its names; persons of crashes, and the shapes of zones."""
    moments = pd.date_range(START, periods=60, freq="7min")
    written = moments.strftime("%Y-%m-%d %H:%M:%S")
    for file, columns in PUBLIC.items():
        times = moments.astype("datetime64[s]").astype("int64") if file == "unix.csv" else written
        frame = pd.DataFrame({column.heads[0]: times if column.kind == "timestamp[us]" else np.arange(60) % 7 + 1 for column in columns})
        if file.endswith("parquet"):
            frame.to_parquet(folder / file)
        else:
            packed = {"method": "zip", "archive_name": "bikes.csv"} if file.endswith("zip") else "infer"
            frame.to_csv(folder / file, index=False, compression=packed)
    pd.DataFrame({"LocationID": [4, 12], "zone": ["a", "b"], "lon": [-74.0, -73.9], "lat": 40.7}).to_csv(folder / "zones.csv", index=False)
    pd.DataFrame({column.heads[0]: list(INJURIES.values()) * 9 if column.name == "injury" else np.arange(45) for column in PEOPLE}).to_csv(
        folder / "people.csv", index=False)
    write_shapes(folder / "zones.shp")


def write_shapes(path: Path) -> None:
    """Two triangles, as TLC describes its zones."""
    with shapefile.Writer(str(path), shapeType=shapefile.POLYGON) as writer:
        for name in ("OBJECTID", "LocationID"):
            writer.field(name, "N", 9)
        for number in (4, 12):
            writer.poly([[[-74, 40], [-74, 41], [-73, 41], [-74, 40]]])
            writer.record(number, number)
