"""Speed and memory of counting public rides: `make bench`. STBENCH_RIDES and STBENCH_CSV_RIDES set the numbers of trips."""

import os
import resource
import time

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


def test_thirty_million_taxi_trips_are_counted_within_90_seconds_and_3_gigabytes(benchmark, tmp_path):
    for month in range(1, MONTHS + 1):
        write_month(tmp_path / f"yellow_tripdata_2019-{month:02d}.parquet", month, TRIPS // MONTHS)
    (tmp_path / "taxi_zones.csv").write_text(
        "LocationID,lon,lat\n" + "".join(f"{one},{-74 + one / 1e4},40.7\n" for one in MANHATTAN), encoding="utf-8")
    began = time.monotonic()
    benchmark.pedantic(build_city, args=("nyc", tmp_path, {}), rounds=1)
    seconds, gigabytes = time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{TRIPS:,} trips: {seconds:.1f} s, at most {gigabytes:.2f} GB")
    assert seconds < MOST_SECONDS
    assert gigabytes < MOST_GIGABYTES


def write_csv_month(path, month, rows):
    """A month in the schema of TLC's CSV files of 2015 and 2016, which have coordinates."""
    rng, writer = np.random.default_rng(month), None
    first = np.datetime64(f"2016-{month:02d}-01", "us").astype(np.int64)
    while rows > 0:
        size = min(rows, CHUNK)
        pick = first + rng.integers(0, 28 * 86_400, size) * 1_000_000
        drop = pick + rng.integers(60, 3600, size) * 1_000_000
        lon, lat = rng.uniform(-74.03, -73.90, (2, size)), rng.uniform(40.68, 40.88, (2, size))
        times = [np.datetime_as_string(one.astype("datetime64[us]").astype("datetime64[s]")) for one in (pick, drop)]
        money = {name: rng.integers(0, 60, size) / 2 for name in ("fare_amount", "extra", "mta_tax", "tip_amount", "tolls_amount",
                                                                  "improvement_surcharge", "total_amount")}
        table = pa.table({
            "VendorID": rng.integers(1, 3, size), "tpep_pickup_datetime": times[0], "tpep_dropoff_datetime": times[1],
            "passenger_count": rng.integers(1, 6, size), "trip_distance": rng.integers(1, 150, size) / 100,
            "pickup_longitude": lon[0], "pickup_latitude": lat[0], "RateCodeID": np.ones(size, np.int64),
            "store_and_fwd_flag": ["N"] * size, "dropoff_longitude": lon[1], "dropoff_latitude": lat[1],
            "payment_type": rng.integers(1, 3, size), **money})
        writer = writer or pa.csv.CSVWriter(path, table.schema, write_options=pa.csv.WriteOptions(quoting_style="none"))
        writer.write_table(table)
        rows -= size
    writer.close()


def test_ten_million_taxi_trips_are_read_from_csv_within_three_minutes(benchmark, tmp_path):
    for month in range(1, CSV_MONTHS + 1):
        write_csv_month(tmp_path / f"yellow_tripdata_2016-{month:02d}.csv", month, CSV_TRIPS // CSV_MONTHS)
    began = time.monotonic()
    built = benchmark.pedantic(build_city, args=("nyc", tmp_path, {"edition": "grid"}), rounds=1)
    seconds, city = time.monotonic() - began, ForecastingCity(built.folder)
    print(f"{CSV_TRIPS:,} trips through CSV: {seconds:.1f} s")
    assert city.card["notes"]["trips"]["rows"] == CSV_TRIPS // CSV_MONTHS * CSV_MONTHS
    assert seconds < MOST_CSV_SECONDS
