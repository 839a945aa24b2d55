"""The exact fast forms of GWNET and STGCN against their plain forms: `make bench`. Their numbers are compared in tests/baselines."""

from __future__ import annotations

import copy
import time

import pytest
import torch
from plain.baselines import doubletransition, laplacian_of, plain_gwnet, plain_stgcn

from baselines.forecasting.gwnet import GWNETNetwork, GWNETOptions
from baselines.forecasting.stgcn import STGCNNetwork, STGCNOptions
from benchmark.fitting import keep_large_blocks
from benchmark.forecasting.training import masked_mae

# New York's zones; the cards' batch
NODES, BATCH = 206, 64
ROUNDS = 4


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    keep_large_blocks()
    torch.manual_seed(0)
    yield
    torch.set_num_threads(before)


def step_seconds(network, options, forward, targets, scaler):
    """Wall time of one training step: forward, masked MAE, backward, Adam."""
    optimiser = torch.optim.Adam(network.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)

    def step():
        began = time.perf_counter()
        optimiser.zero_grad(set_to_none=True)
        masked_mae(scaler.unscale(forward(network)), targets).backward()
        optimiser.step()
        return time.perf_counter() - began

    return step


def compare(benchmark, fast, plain):
    """Best of several steps of each form, taken in turn, so that other work on the machine meets both."""
    fast(), plain()
    pairs = [(fast(), plain()) for _ in range(ROUNDS)]
    fast_s, plain_s = (min(side) for side in zip(*pairs, strict=True))
    benchmark.extra_info |= {"fast_s": fast_s, "plain_s": plain_s, "ratio": fast_s / plain_s, "nodes": NODES, "batch": BATCH}
    benchmark.pedantic(fast, rounds=1)
    print(f"\n{fast_s:.3f} s / {plain_s:.3f} s = {fast_s / plain_s:.3f}")
    return fast_s / plain_s


@pytest.mark.parametrize("directed", [False, True], ids=["symmetric", "directed"])
def test_a_gwnet_step_takes_at_most_65_percent_of_the_plain_form(benchmark, make_problem, two_threads, directed):
    task = make_problem(nodes=NODES).only
    graph = task.graph + 0.3 * directed * torch.eye(NODES).roll(1, dims=1)
    options = GWNETOptions()
    network = GWNETNetwork(12, graph, options)
    inputs, targets = task.train.inputs(torch.arange(BATCH)), task.train.targets(torch.arange(BATCH))
    channels_first, walks = inputs.channels(options.channels).permute(0, 3, 2, 1).contiguous(), doubletransition(graph)
    fast = step_seconds(network, options, lambda network: network(inputs), targets, task.scaler)
    plain = step_seconds(copy.deepcopy(network), options, lambda network: plain_gwnet(network, channels_first, walks), targets, task.scaler)
    assert compare(benchmark, fast, plain) <= 0.65


def test_an_stgcn_step_is_faster_than_the_plain_form(benchmark, make_problem, two_threads):
    task = make_problem(nodes=NODES).only
    options = STGCNOptions()
    network = STGCNNetwork(12, 12, task.graph, options)
    inputs, targets = task.train.inputs(torch.arange(BATCH)), task.train.targets(torch.arange(BATCH))
    channels_first, laplacian = inputs.channels(options.channels).permute(0, 3, 1, 2).contiguous(), laplacian_of(task.graph)
    fast = step_seconds(network, options, lambda network: network(inputs), targets, task.scaler)
    plain = step_seconds(copy.deepcopy(network), options, lambda network: plain_stgcn(network, channels_first, laplacian), targets,
                         task.scaler)
    assert compare(benchmark, fast, plain) < 1
