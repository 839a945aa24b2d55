"""What every trained forecaster costs, in steps of GWNET at 69 nodes: `make bench`; the table stands in docs/speed.md."""

import json

import pytest
from made.measuring import printed_by_a_child

from baselines.forecasting.catalogue import METHODS
from benchmark.registry import registry

NAMES = [info.name for info in METHODS if not info.deterministic] + ["cmust"]
# steps of the unit that a step may take at 69 nodes
MOST = {"agcrn": 1.9, "dcrnn": 4.7, "mtgnn": 0.9, "staeformer": 9.0}


def costs(name, nodes):
    """As `made.forecaster_costs` prints them."""
    return json.loads(printed_by_a_child("-m", "made.forecaster_costs", name, nodes, threads=1))


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
