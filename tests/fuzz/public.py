"""Rows as public sources give them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from fuzz.field import START

from benchmark.data.public.bikes import TRIPS as BIKES
from benchmark.data.public.crashes import CRASHES
from benchmark.data.public.tlc import BY_ZONE as TAXIS

PUBLIC = {"bikes.csv": BIKES, "bikes.csv.gz": BIKES, "bikes.zip": BIKES, "crashes.csv": CRASHES, "taxis.parquet": TAXIS}


def write_public(folder: Path) -> None:
    """Public rows of rides and crashes: every column under one of its names."""
    times = pd.date_range(START, periods=60, freq="7min").strftime("%Y-%m-%d %H:%M:%S")
    for file, columns in PUBLIC.items():
        frame = pd.DataFrame({column.heads[0]: times if column.kind == "timestamp[us]" else np.arange(60) % 7 + 1 for column in columns})
        if file.endswith("parquet"):
            frame.to_parquet(folder / file)
        else:
            packed = {"method": "zip", "archive_name": "bikes.csv"} if file.endswith("zip") else "infer"
            frame.to_csv(folder / file, index=False, compression=packed)
    pd.DataFrame({"LocationID": [4, 12], "zone": ["a", "b"], "lon": [-74.0, -73.9], "lat": 40.7}).to_csv(folder / "zones.csv", index=False)
