"""Speed and memory of counting public rides: `make bench`. STBENCH_RIDES and STBENCH_CSV_RIDES set the numbers of trips."""

import os
import resource
import time
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from benchmark.data.forecasting.city import ForecastingCity
from benchmark.data.public.tlc import MANHATTAN
from benchmark.data.sources import build_city

TRIPS = int(os.environ.get("STBENCH_RIDES", 30_000_000))
MONTHS, CHUNK = 12, 1_000_000
# of 30 million trips on two cores
MOST_SECONDS, MOST_GIGABYTES = 90, 3
# of 10 million through CSV
CSV_TRIPS, CSV_MONTHS, MOST_CSV_SECONDS = int(os.environ.get("STBENCH_CSV_RIDES", 10_000_000)), 3, 180


def write(path, month, rows, table, writer):
    """A month of random trips, a million rows at a time. table: a generator of numbers, pick-ups and drop-offs in microseconds since 1970
    → columns."""
    rng, file = np.random.default_rng(int(month[-2:])), None
    for first in range(0, rows, CHUNK):
        size = min(rows - first, CHUNK)
        pick = np.datetime64(month, "us").astype(np.int64) + rng.integers(0, 28 * 86_400, size) * 1_000_000
        made = pa.table(table(rng, pick, pick + rng.integers(60, 3600, size) * 1_000_000))
        file = file or writer(path, made.schema)
        file.write_table(made)
    file.close()


def by_zone(rng, pick, drop):
    """TLC's schema of today."""
    size, zones = len(pick), rng.integers(1, 264, (2, len(pick)))
    return {"VendorID": rng.integers(1, 3, size), "tpep_pickup_datetime": pa.array(pick, pa.timestamp("us")),
            "tpep_dropoff_datetime": pa.array(drop, pa.timestamp("us")), "passenger_count": rng.integers(1, 6, size).astype(float),
            "trip_distance": rng.uniform(0.1, 1.5, size), "PULocationID": zones[0], "DOLocationID": zones[1],
            "total_amount": rng.uniform(3, 60, size).round(2)}


def test_thirty_million_taxi_trips_are_counted_within_90_seconds_and_3_gigabytes(benchmark, tmp_path):
    for month in range(1, MONTHS + 1):
        write(tmp_path / f"yellow_tripdata_2019-{month:02d}.parquet", f"2019-{month:02d}", TRIPS // MONTHS, by_zone,
              pa.parquet.ParquetWriter)
    (tmp_path / "taxi_zones.csv").write_text(
        "LocationID,lon,lat\n" + "".join(f"{one},{-74 + one / 1e4},40.7\n" for one in MANHATTAN), encoding="utf-8")
    began = time.monotonic()
    benchmark.pedantic(build_city, args=("nyc", tmp_path, {}), rounds=1)
    seconds, gigabytes = time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{TRIPS:,} trips: {seconds:.1f} s, at most {gigabytes:.2f} GB")
    assert seconds < MOST_SECONDS
    assert gigabytes < MOST_GIGABYTES


def by_place(rng, pick, drop):
    """The schema of TLC's CSV files of 2015 and 2016, which have coordinates."""
    size = len(pick)
    lon, lat = rng.uniform(-74.03, -73.90, (2, size)), rng.uniform(40.68, 40.88, (2, size))
    times = [np.datetime_as_string(one.astype("datetime64[us]").astype("datetime64[s]")) for one in (pick, drop)]
    money = {name: rng.integers(0, 60, size) / 2 for name in ("fare_amount", "extra", "mta_tax", "tip_amount", "tolls_amount",
                                                              "improvement_surcharge", "total_amount")}
    return {"VendorID": rng.integers(1, 3, size), "tpep_pickup_datetime": times[0], "tpep_dropoff_datetime": times[1],
            "passenger_count": rng.integers(1, 6, size), "trip_distance": rng.integers(1, 150, size) / 100,
            "pickup_longitude": lon[0], "pickup_latitude": lat[0], "RateCodeID": np.ones(size, np.int64),
            "store_and_fwd_flag": ["N"] * size, "dropoff_longitude": lon[1], "dropoff_latitude": lat[1],
            "payment_type": rng.integers(1, 3, size), **money}


def test_ten_million_taxi_trips_are_read_from_csv_within_three_minutes(benchmark, tmp_path):
    for month in range(1, CSV_MONTHS + 1):
        write(tmp_path / f"yellow_tripdata_2016-{month:02d}.csv", f"2016-{month:02d}", CSV_TRIPS // CSV_MONTHS, by_place,
              partial(pa.csv.CSVWriter, write_options=pa.csv.WriteOptions(quoting_style="none")))
    began = time.monotonic()
    built = benchmark.pedantic(build_city, args=("nyc", tmp_path, {"edition": "grid"}), rounds=1)
    seconds, city = time.monotonic() - began, ForecastingCity(built.folder)
    print(f"{CSV_TRIPS:,} trips through CSV: {seconds:.1f} s")
    assert city.card["notes"]["trips"]["rows"] == CSV_TRIPS // CSV_MONTHS * CSV_MONTHS
    assert seconds < MOST_CSV_SECONDS
