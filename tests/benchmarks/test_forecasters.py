"""What every trained forecaster costs, in steps of GWNET at 69 nodes: `make bench`; the table stands in docs/speed.md."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from baselines.forecasting.catalogue import METHODS
from benchmark.registry import registry

ROOT = Path(__file__).resolve().parents[2]
NAMES = [info.name for info in METHODS if not info.deterministic] + ["cmust"]
# steps of the unit that a step may take at 69 nodes
MOST = {"agcrn": 1.9, "dcrnn": 4.7, "mtgnn": 0.9, "staeformer": 9.0}


def costs(name, nodes):
    """As `made.forecaster_costs` prints them."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    command = [sys.executable, "-m", "made.forecaster_costs", name, str(nodes)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, env=environment)
    return json.loads(done.stdout)


@pytest.mark.parametrize("nodes", [69, 206])
@pytest.mark.parametrize("name", NAMES)
def test_a_step_and_an_answer_of_64_windows_cost_what_is_printed(benchmark, name, nodes):
    found = benchmark.pedantic(costs, args=(name, nodes), rounds=1)
    benchmark.extra_info |= found
    print(f"\n| {name} | {nodes} | {found['ratio']:.2f} | {found['step_ms']:,.0f} | {found['step_mb']:,.0f} | "
          f"{found['answer_ms']:,.0f} | {found['answer_mb']:,.0f} |")
    assert found["ratio"] <= MOST.get(name, float("inf")) or nodes != 69


def test_every_trained_forecaster_is_measured():
    trained = {info.name for info in registry().all() if info.family == "forecasting" and not info.deterministic}
    assert trained == set(NAMES)
