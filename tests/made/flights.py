"""A small file of flights, and the table of airports beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

# time of departure as the file has it, delay at arrival, origin, destination
Flight = tuple[str, int, str, str]


def flights(*rows: Flight) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["date", "delay", "origin", "destination"])
    return frame.assign(date=pd.to_datetime(frame["date"]), distance=500)


def write_flights(folder: Path, rows: Sequence[Flight], airports: Sequence[str]) -> Path:
    """flights-3m.parquet and airports.csv in a folder; the path of the first."""
    folder.mkdir(parents=True, exist_ok=True)
    flights(*rows).to_parquet(folder / "flights-3m.parquet")
    table = pd.DataFrame({"iata": airports, "name": [f"{code} Field " for code in airports], "city": "Town", "state": "NA",
                          "country": "USA", "latitude": 40.0, "longitude": [-70.0 - number for number in range(len(airports))]})
    table.to_csv(folder / "airports.csv", index=False)
    return folder / "flights-3m.parquet"
