"""A city of LargeST's shape, 8,600 nodes × 8,760 hours, imported and forecast: `make bench`. STBENCH_LARGE sets the number of nodes."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest
from made.costs_by_nodes import Footprint, exponent, footprint
from made.measuring import ROOT

NODES, STEPS = int(os.environ.get("STBENCH_LARGE", 8600)), 8760
MOST_GIGABYTES = 2.5
METHODS = ("historical_average", "last_value", "linear", "stid")
# runs the command, and prints what its process needed at most
WATCH = """import resource, subprocess, sys
done = subprocess.run([sys.executable, "-m", "benchmark", *sys.argv[1:]], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e9)
sys.exit(done.returncode)"""
CITY = """name = "large"
zone = "America/Los_Angeles"
start = 2019-01-01T00:00:00
interval_minutes = 60
[nodes]
file = "nodes.csv"
id = "id"
lon = "lon"
lat = "lat"
[tasks.flow]
file = "flow.npy"
unit = "vehicles per hour"
missing = "nan"
"""


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """The files of the city: counts with a daily rhythm, one in a hundred missing."""
    folder, rng = tmp_path_factory.mktemp("large"), np.random.default_rng(0)
    flow = np.lib.format.open_memmap(folder / "flow.npy", mode="w+", dtype=np.float32, shape=(STEPS, NODES))
    phase = rng.uniform(0, 6, NODES)
    for first in range(0, STEPS, 240):
        hour = np.arange(first, min(first + 240, STEPS))[:, None] % 24
        part = rng.poisson(20 + 15 * np.sin(2 * np.pi * hour / 24 + phase)).astype(np.float32)
        flow[first:first + 240] = np.where(rng.random(part.shape) < 0.01, np.nan, part)
    flow.flush()
    places = zip(-118 + rng.uniform(0, 3, NODES), 34 + rng.uniform(0, 3, NODES), strict=True)
    rows = "".join(f"s{k},{lon},{lat}\n" for k, (lon, lat) in enumerate(places))
    (folder / "nodes.csv").write_text("id,lon,lat\n" + rows, encoding="utf-8")
    (folder / "city.toml").write_text(CITY, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def stbench(raw):
    """Gigabytes and seconds of a command."""
    environment = {**os.environ, "STBENCH_HOME": str(raw / "home"), "STBENCH_RESULTS": str(raw / "results"), "OMP_NUM_THREADS": "1",
                   "PYTHONPATH": str(ROOT)}

    def run(*arguments):
        began = time.monotonic()
        done = subprocess.run([sys.executable, "-c", WATCH, *arguments], check=True, capture_output=True, text=True, env=environment)
        print(f"\n{' '.join(arguments[:3])}: {float(done.stdout):.2f} GB, {time.monotonic() - began:.0f} s")
        return float(done.stdout)

    return run


@pytest.fixture(scope="module")
def imported(stbench, raw):
    return stbench("data", "import", str(raw / "city.toml"))


def test_a_large_city_is_imported_within_the_limit(benchmark, imported):
    benchmark.pedantic(lambda: imported, rounds=1)
    assert imported < MOST_GIGABYTES


@pytest.mark.parametrize("method", METHODS)
def test_a_method_that_reads_no_graph_runs_on_it_within_the_limit(benchmark, imported, stbench, method):
    smaller = ("--set", "batch_size=8") if method == "stid" else ()  # as its preset `quick` has it
    peak = benchmark.pedantic(stbench, args=("run", "--method", method, "--suite", "large", "--preset", "smoke", *smaller), rounds=1)
    benchmark.extra_info["gigabytes"] = peak
    assert peak < MOST_GIGABYTES


def test_an_exponent_is_that_of_the_largest_sizes():
    assert exponent([(69, 9.0), (206, 206.0**2), (716, 716.0**2), (2000, 2000.0**2)]) == pytest.approx(2)
    assert exponent([(69, 1.0)]) is None


def test_a_footprint_is_fitted_to_what_was_measured():
    true = Footprint(node=7000, window_pair=3, pair=40)
    sizes = [(69, 64), (206, 64), (716, 64), (716, 16), (2000, 64)]
    fitted = footprint({(nodes, batch): ((true.bytes(nodes, batch) + 80e6) / 1e6, 1.0) for nodes, batch in sizes} | {(8600, 64): None})
    assert fitted.node == pytest.approx(7000, rel=0.02)
    assert fitted.window_pair == pytest.approx(3, rel=0.02)
    assert fitted.pair == pytest.approx(40, rel=0.1)
    assert footprint({(69, 64): None}) == Footprint()
