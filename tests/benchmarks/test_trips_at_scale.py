"""Speed and memory of matching many trips: `make bench`. STBENCH_TRIPS sets their number; each has 40 points."""

import json
import os
import subprocess
import sys
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet

TRIPS, POINTS, DAYS = int(os.environ.get("STBENCH_TRIPS", 1_000_000)), 40, 10
# a lattice of about 5,000 directed roads, 150 m long
SIZE, PITCH, WEST, SOUTH = 36, 0.0015, 104.0, 30.0
FIRST, ROUTES = 1_540_000_000 - 1_540_000_000 % 86_400, 5_000
# of a million trips on two cores
MOST_SECONDS, MOST_GIGABYTES = 1200, 6
IMPORT = """
import resource, sys
from pathlib import Path
from benchmark.data.own.trajectories import import_trajectories
city = import_trajectories(Path(sys.argv[1]))
print(city.card["trips"], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


def roads():
    at = {node: [WEST + PITCH * (node % SIZE), SOUTH + PITCH * (node // SIZE)] for node in range(SIZE**2)}
    pairs = [(a, b) for a in range(SIZE**2) for b in (a + 1, a + SIZE) if b < SIZE**2 and (b != a + 1 or b % SIZE)]
    return {"type": "FeatureCollection", "features": [
        {"type": "Feature", "geometry": {"type": "LineString", "coordinates": [at[u], at[v]]},
         "properties": {"u": u, "v": v, "highway": "primary", "length": 150.0}} for a, b in pairs for u, v in ((a, b), (b, a))]}


def routes(rng):
    """[route, point, 2]: ways of twenty streets, right or up, at even paces."""
    right = rng.integers(0, 2, (ROUTES, 20)).astype(bool)
    steps = np.stack([right, ~right], axis=2)
    corners = np.concatenate([np.zeros((ROUTES, 1, 2)), np.cumsum(steps, axis=1)], axis=1)
    corners += rng.integers(0, SIZE - 20, (ROUTES, 1, 2))
    along = np.linspace(0, 20, POINTS)
    low = np.minimum(along.astype(int), 19)
    points = corners[:, low] + (corners[:, low + 1] - corners[:, low]) * (along - low)[:, None]
    return points * PITCH + [WEST, SOUTH]


def write_day(path, day, count):
    rng = np.random.default_rng(day)
    chosen = routes(np.random.default_rng(99))[rng.integers(0, ROUTES, count)] + rng.normal(0, 5e-5, (count, POINTS, 2))
    start = FIRST + 86_400 * day + rng.integers(0, 80_000, count)
    number = np.repeat(np.arange(count), POINTS)
    pa.parquet.write_table(pa.table({
        "trip_id": pa.DictionaryArray.from_arrays(number.astype(np.int32), [f"d{day}-{k}" for k in range(count)]),
        "unix_time": (start[:, None] + 10 * np.arange(POINTS)).ravel(),
        "lon": chosen[..., 0].ravel(), "lat": chosen[..., 1].ravel()}), path)


def test_a_million_trips_are_matched_and_built_within_20_minutes_and_6_gigabytes(benchmark, tmp_path):
    (tmp_path / "edges.geojson").write_text(json.dumps(roads()), encoding="utf-8")
    files = [f"trips-{day}.parquet" for day in range(DAYS)]
    for day, file in enumerate(files):
        write_day(tmp_path / file, day, TRIPS // DAYS)
    (tmp_path / "city.toml").write_text(
        'kind = "trajectories"\nname = "many"\nzone = "UTC"\n[roads]\nfile = "edges.geojson"\n'
        + "".join(f'[[trips]]\nfile = "{file}"\nframe = "wgs84"\n' for file in files), encoding="utf-8")
    began = time.monotonic()
    done = benchmark.pedantic(subprocess.run, args=([sys.executable, "-c", IMPORT, tmp_path / "city.toml"],), rounds=1, kwargs={
        "capture_output": True, "text": True, "check": False, "env": {**os.environ, "STBENCH_HOME": str(tmp_path / "home")}})
    seconds = time.monotonic() - began
    assert done.returncode == 0, done.stderr[-2000:]
    trips, gigabytes = done.stdout.split()
    print(f"{int(trips):,} of {TRIPS:,} trips of {POINTS} points: {seconds:.0f} s, at most {float(gigabytes):.2f} GB")
    assert seconds < MOST_SECONDS
    assert float(gigabytes) < MOST_GIGABYTES
