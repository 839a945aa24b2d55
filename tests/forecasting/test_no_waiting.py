"""No step of a forecaster waits for the device: its numbers are asked for once an epoch."""

import pytest
import torch
from made.waiting import WaitingWatch
from torch import nn

from benchmark.contract import Budget, RunContext
from benchmark.registry import registry
from benchmark.testing.forecasting import Bench
from benchmark.training.stage import Stage, StageOptions, run_stage

FORECASTERS = [name for name in registry().names() if registry().info(name).family == "forecasting"]
TWO_STEPS = Budget(epochs=1, patience=30, epoch_windows=16, validation_windows=8)


@pytest.mark.parametrize("name", FORECASTERS)
def test_no_step_of_a_forecaster_asks_the_device_for_a_number(name, tmp_path):
    bench = Bench(name, tmp_path)
    method = bench.make(bench.problem)
    with WaitingWatch() as watch:
        method.fit(RunContext(0, torch.device("cpu"), TWO_STEPS))
    assert not watch.found


@pytest.mark.parametrize("asks", [
    lambda x: x * x.detach().max().item(), lambda x: x * float(x.detach().max()), lambda x: x[x.isfinite()],
    lambda x: x if x.sum() > 0 else -x,
    lambda x: x.repeat_interleave(torch.ones(4, dtype=torch.long).to(x.device), 0), lambda x: x[x.isfinite().nonzero()[:, 0]]])
def test_the_watch_sees_what_would_wait(asks):
    network = nn.Linear(1, 1)
    stage = Stage("s", lambda order: [torch.ones(4, 1)], lambda batch, step: asks(network(batch)).mean(), lambda: 0.0)
    with WaitingWatch() as watch:
        run_stage(network, stage, StageOptions(), RunContext(0, torch.device("cpu"), TWO_STEPS))
    assert len(watch.found) == 1
    assert "test_no_waiting" in next(iter(watch.found))


def test_numbers_of_the_host_are_free():
    network = nn.Linear(1, 1)

    def loss(batch, step):
        return network(batch).mean() * int(torch.randint(1, 3, (), device="cpu")) * float(torch.ones(2, device="cpu").sum())

    stage = Stage("s", lambda order: [torch.ones(4, 1)], loss, lambda: 0.0)
    with WaitingWatch() as watch:
        run_stage(network, stage, StageOptions(), RunContext(0, torch.device("cpu"), TWO_STEPS))
    assert not watch.found
