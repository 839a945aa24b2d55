"""What holds for every trained baseline of the catalogue."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from baselines.forecasting.catalogue import METHODS
from benchmark import NeuralForecaster, Registry, RunContext, TrainingOptions
from benchmark.contract import Budget
from benchmark.forecasting.training import masked_mae

REGISTRY = Registry(catalogues=("baselines.forecasting.catalogue",))
FORECASTERS = [info for info in METHODS if info.family == "forecasting"]
# steps on one batch that fit it, and the learning rate of all
STEPS = {"dlinear": 60, "stid": 20, "stgcn": 25, "gwnet": 15, "mtgnn": 60, "mtgnn_joint": 60, "agcrn": 60, "dcrnn": 60, "staeformer": 60,
         "sttn": 25, "gman": 20, "astgcn": 40, "promptst": 60, "unitime": 160, "unist": 40}
# what keeps the checks of a costly network short, or lets all of it learn in a few steps
OPTIONS = {"gman": {"blocks": 1, "walks": 10}, "astgcn": {"init": "torch"},
           "unitime": {"lm": "tiny", "width": 32, "heads": 2, "blocks": 1, "decoder_layers": 1},
           # without the days before the window, which these problems do not show
           "unist": {"prompts": ("space", "closeness"), "width": 16, "encoder_layers": 1, "decoder_layers": 1}}
LEARNING_RATE = 5e-3


def options(info, preset="full"):
    method = REGISTRY.load(info.name)
    return method.Options(**{**method.presets.get(preset, {}), **OPTIONS.get(info.name, {})})


# the problems here have no days before their windows: a method that asks for them has these checks among its own
TRAINED = [info for info in FORECASTERS if issubclass(method := REGISTRY.load(info.name), NeuralForecaster)
           and not method.asks(options(info)).past_days]
each_trained = pytest.mark.parametrize("info", TRAINED, ids=lambda info: info.name)


def build(info, problem, preset="full") -> NeuralForecaster:
    torch.manual_seed(0)
    return REGISTRY.load(info.name)(options(info, preset), problem)


def test_the_catalogue_lists_the_forecasting_baselines_in_order():
    names = [info.name for info in FORECASTERS]
    assert names[:8] == ["last_value", "historical_average", "last_week", "linear", "dlinear", "stid", "stgcn", "gwnet"]
    assert len(TRAINED) >= 4


@each_trained
def test_options_are_training_options_and_trained_methods_depend_on_the_seed(info):
    assert issubclass(REGISTRY.load(info.name).Options, TrainingOptions)
    assert not info.deterministic


@each_trained
def test_the_engine_trains_it_and_a_saved_state_predicts_the_same(info, make_problem):
    problem = make_problem(missing=0.1, steps=160)
    method = build(info, problem)
    before = {name: tensor.clone() for name, tensor in method.state_dict().items()}
    method.fit(RunContext(0, torch.device("cpu"), Budget(epochs=1, patience=1, epoch_windows=64, validation_windows=4)))
    assert all(not torch.equal(before[name], p) for name, p in method.network.named_parameters())
    inputs = problem.only.validation.inputs(torch.arange(5))
    prediction = method.predict(inputs)
    assert prediction.shape == (5, 12, 8)
    assert prediction.isfinite().all()
    fresh = build(info, problem)
    fresh.load_state_dict(method.state_dict())
    assert torch.equal(fresh.predict(inputs), prediction)


@each_trained
def test_predictions_do_not_depend_on_the_batch(info, make_problem):
    problem = make_problem()
    method, windows = build(info, problem), problem.only.validation
    together = method.predict(windows.inputs(torch.arange(6)))
    alone = torch.cat([method.predict(windows.inputs(torch.tensor([start]))) for start in range(6)])
    torch.testing.assert_close(alone, together, atol=1e-3, rtol=1e-5)


@each_trained
def test_values_marked_as_unobserved_have_no_influence(info, make_problem):
    problem = make_problem(missing=0.3)
    method, windows = build(info, problem), problem.only.validation
    corrupted = replace(windows, values=torch.where(windows.observed, windows.values, 1e6))
    starts = torch.arange(4)
    assert torch.equal(method.predict(corrupted.inputs(starts)), method.predict(windows.inputs(starts)))


@each_trained
def test_it_overfits_one_batch_far_below_persistence(info, make_problem):
    problem = make_problem(nodes=8, steps=116)  # 64 training windows
    method, task = build(info, problem, "smoke"), problem.only
    starts = torch.arange(len(task.train))
    inputs, targets = task.train.inputs(starts), task.train.targets(starts)
    assert len(starts) == 64
    optimiser = torch.optim.Adam(method.network.parameters(), lr=LEARNING_RATE)
    for _ in range(STEPS[info.name]):
        optimiser.zero_grad()
        masked_mae(task.scaler.unscale(method.network(inputs)), targets).backward()
        optimiser.step()
    persistence = masked_mae(inputs.values[:, -1:].expand_as(targets.values), targets)
    assert masked_mae(method.predict(inputs), targets) < 0.6 * persistence
