"""A user's own city from its TOML file to the table: two tasks that differ in nodes, interval and span, with missing entries."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
CITY = """
name = "small-town"
zone = "Europe/Berlin"
start = 2024-01-01T00:00:00
interval_minutes = 30

[nodes]
file = "stations.csv"
id = "station"
lon = "lon"
lat = "lat"

[tasks.bike_pick]
file = "bike.npy"
unit = "trips per 30 min"

[tasks.traffic_speed]
file = "speed.npy"
unit = "km/h"
missing = -1
interval_minutes = 60
nodes = ["c", "a"]
"""


@pytest.fixture
def stbench(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "small-town.toml").write_text(CITY)
    (tmp_path / "stations.csv").write_text("station,lon,lat\n" + "".join(f"{name},13.4{k},52.5{k}\n" for k, name in enumerate("abcd")))
    np.save(tmp_path / "bike.npy", rng.poisson(9, (480, 4)).astype(np.uint16))
    speed = rng.integers(20, 60, (300, 2)).astype(np.int16)
    speed[rng.random(speed.shape) < 0.2] = -1
    np.save(tmp_path / "speed.npy", speed)

    def call(*arguments):
        done = subprocess.run([sys.executable, "-m", "benchmark", *arguments], capture_output=True, text=True, cwd=tmp_path, check=False,
                              env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120"})
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return call


def test_a_city_of_ones_own_with_unlike_tasks_works_throughout(stbench):
    assert "small-town" in stbench("data", "import", "small-town.toml")
    assert "small-town" in stbench("data", "list")
    assert "ok" in stbench("data", "verify")
    assert "Europe/Berlin" in stbench("data", "show", "small-town")
    assert "own" in stbench("show", "small-town")
    out = stbench("run", "--method", "historical_average,linear,stid,stgcn,gwnet,cmust", "--suite", "small-town", "--preset", "smoke",
                  "--workers", "1")
    table = out[out.index("small-town@1"):] if "small-town@1" in out else out
    for method in ("historical_average", "linear", "stid", "stgcn", "gwnet", "cmust"):
        assert table.count(method) >= 2, method
    assert "2 nodes × 300 steps" in out
    assert "km/h (traffic_speed)" in out
    assert stbench("table", "--suite", "small-town", "--format", "csv").count("\n") == 1 + (6 + 3) * 2 * 4  # methods and floors
