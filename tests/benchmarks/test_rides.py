"""Speed and memory of counting public rides: `make bench`. STBENCH_RIDES sets the number of trips."""

import os
import resource
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from benchmark.data.public.tlc import MANHATTAN
from benchmark.data.sources import build_city

TRIPS = int(os.environ.get("STBENCH_RIDES", 30_000_000))
MONTHS, CHUNK = 12, 1_000_000
# of 30 million trips on two cores
MOST_SECONDS, MOST_GIGABYTES = 90, 3


def write_month(path, month, rows):
    """A month in TLC's schema, in row groups of a million."""
    rng, writer = np.random.default_rng(month), None
    first = np.datetime64(f"2019-{month:02d}-01", "us").astype(np.int64)
    while rows > 0:
        size = min(rows, CHUNK)
        pick = first + rng.integers(0, 28 * 86_400, size) * 1_000_000
        zones = rng.integers(1, 264, (2, size))
        table = pa.table({
            "VendorID": rng.integers(1, 3, size), "tpep_pickup_datetime": pa.array(pick, pa.timestamp("us")),
            "tpep_dropoff_datetime": pa.array(pick + rng.integers(60, 3600, size) * 1_000_000, pa.timestamp("us")),
            "passenger_count": rng.integers(1, 6, size).astype(float), "trip_distance": rng.uniform(0.1, 1.5, size),
            "PULocationID": zones[0], "DOLocationID": zones[1], "total_amount": rng.uniform(3, 60, size).round(2)})
        writer = writer or pa.parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)
        rows -= size
    writer.close()


def test_thirty_million_taxi_trips_are_counted_within_90_seconds_and_3_gigabytes(tmp_path):
    for month in range(1, MONTHS + 1):
        write_month(tmp_path / f"yellow_tripdata_2019-{month:02d}.parquet", month, TRIPS // MONTHS)
    (tmp_path / "taxi_zones.csv").write_text(
        "LocationID,lon,lat\n" + "".join(f"{one},{-74 + one / 1e4},40.7\n" for one in MANHATTAN), encoding="utf-8")
    began = time.monotonic()
    build_city("nyc", tmp_path, {})
    seconds, gigabytes = time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{TRIPS:,} trips: {seconds:.1f} s, at most {gigabytes:.2f} GB")
    assert seconds < MOST_SECONDS
    assert gigabytes < MOST_GIGABYTES
