"""STEP against its card and against a plain reference."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from made.cuda import assert_same_on_cuda, needs_cuda
from plain.step import plain_alike, plain_answer, plain_probabilities, plain_reconstruction, plain_states
from torch import nn

from baselines.forecasting.gwnet import WaveNet
from baselines.forecasting.step.contexts import Contexts
from baselines.forecasting.step.graph import LearnedGraph, alike, guidance, walks
from baselines.forecasting.step.method import STEP, guided
from baselines.forecasting.step.network import STEPNetwork
from baselines.forecasting.step.options import STEPOptions
from baselines.forecasting.step.tsformer import TSFormer
from benchmark import Asks, RunContext, UserError
from benchmark.contract import Budget
from benchmark.data.simulate import SIZES
from benchmark.families import FORECASTING, forecasting_protocol
from benchmark.forecasting.posing import pose, pose_under
from benchmark.forecasting.scenarios import under
from benchmark.forecasting.training import masked_mae
from benchmark.options import resolve
from benchmark.testing.forecasting import Bench, tiny_city
from benchmark.testing.shared import check_resumes

TASKS = ("taxi_drop", "taxi_pick")  # in the order of channels
CPU = torch.device("cpu")
# of the card: residual convolutions, which all count as dead there, and the last layer's graph convolution and norm, which feed nothing
RESIDUAL, LAST = 8_448, 7 * 32 * 32 + 32 + 2 * 32


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    return tiny_city(tmp_path_factory.mktemp("step") / "city")


@pytest.fixture(scope="module")
def problem(city):
    """Two tasks of eight nodes, 336 training rows; half hours."""
    return pose(city, ("taxi_pick", "taxi_drop"), forecasting_protocol("strict"), STEP.asks(small()))


def small(**options) -> STEPOptions:
    return resolve(STEPOptions, {**STEP.presets["smoke"], **options}, "step")


def count(*modules: nn.Module) -> int:
    return sum(p.numel() for module in modules for p in module.parameters())


def windows_of(problem, part="validation", task="taxi_pick"):
    return getattr(problem.tasks[task], part)


def test_the_tsformer_has_the_authors_parameters():
    tsformer = TSFormer(STEPOptions())
    assert count(tsformer) == 667_404
    assert count(tsformer.embed, tsformer.encoder, tsformer.encoder_norm) + tsformer.positions.numel() == 544_800


@pytest.mark.parametrize(("nodes", "rows", "trained"), [
    pytest.param(207, 23_990, 38_867_626, id="METR-LA"),
    pytest.param(307, 13_599, 22_244_026, id="PEMS04"),
    pytest.param(206, 3_057, 5_374_806, id="NYC"),
    pytest.param(220, 7_190, 11_987_886, id="Chicago"),
    pytest.param(108, 18_144, 29_512_046, id="SIP"),
])
def test_graph_and_back_end_have_the_authors_parameters_but_for_dead_ones(nodes, rows, trained):
    options = STEPOptions(inputs="paper")
    with torch.device("meta"):
        backend = count(WaveNet(nodes, 2, 12, options)) + 96 * 512 + 512 + 512 * 256 + 256
        learned = count(LearnedGraph(1, rows, options))
    assert backend == 490_392 + 20 * (nodes - 207) - RESIDUAL - LAST
    assert backend + learned == trained - RESIDUAL - LAST


def test_tasks_are_channels_and_outputs(problem):
    method = STEP(small(inputs="paper"), problem)
    network = method.network
    assert network.learned.feature.convolutions[0].in_channels == 2
    assert (network.backend.start.in_features, network.backend.readout[3].out_features) == (3, 24)
    assert STEP(small(), problem).network.backend.start.in_features == 4
    inputs = windows_of(problem).inputs(torch.arange(3))
    for k, task in enumerate(TASKS):
        answered = network.eval()(inputs)[:, 12 * k:12 * k + 12]
        shown = windows_of(problem, task=task).inputs(torch.arange(3))
        torch.testing.assert_close(method.predict(shown), problem.tasks[task].scaler.unscale(answered), rtol=0, atol=0)


def test_the_past_ends_with_the_window(problem):
    network = STEP(small(), problem).network
    windows, starts = windows_of(problem, "train"), torch.tensor([60, 100])
    x, observed = network.past(windows.inputs(starts))
    assert x.shape == observed.shape == (2, 8, 2, 4, 12)
    for k, task in enumerate(TASKS):
        one = windows_of(problem, "train", task)
        for row, start in enumerate((60, 100)):
            rows = slice(one.past + start + 12 - 48, one.past + start + 12)
            expected = torch.where(one.observed, one.scaler.scale(one.values), 0.0)[rows].T.reshape(8, 4, 12)
            assert torch.equal(x[row, :, k], expected)
            assert torch.equal(observed[row, :, k], one.observed[rows].T.reshape(8, 4, 12))


def test_states_and_reconstructions_equal_those_of_the_plain_form_with_their_gradients():
    tsformer = TSFormer(small(encoder_layers=2, decoder_layers=2)).eval()
    series = torch.randn(5, 96)
    patches, (seen, hidden) = series.view(5, 8, 12), tsformer.hide(8)
    assert (len(seen), len(hidden)) == (2, 6)
    for fast, plain, sizes in (
            (tsformer(patches), plain_states(tsformer, series), (5, 8, 8)),
            (tsformer.reconstruct(patches, seen, hidden), plain_reconstruction(tsformer, series, seen, hidden), (5, 6, 12))):
        assert fast.shape == sizes
        torch.testing.assert_close(fast, plain, atol=1e-5, rtol=1e-5)
        weights, pull = list(tsformer.parameters()), torch.randn(sizes)
        found = torch.autograd.grad(fast, weights, pull, allow_unused=True)
        for own, other in zip(found, torch.autograd.grad(plain, weights, pull, allow_unused=True), strict=True):
            assert (own is None) == (other is None)
            if own is not None:
                torch.testing.assert_close(own, other, atol=1e-4, rtol=1e-4)


def test_permuted_nodes_have_permuted_states_and_edges(problem):
    network, order = STEP(small(), problem).network.eval(), torch.tensor([3, 1, 0, 2, 7, 6, 5, 4])
    inputs = windows_of(problem).inputs(torch.arange(2))
    patches, _ = network.past(inputs)
    states = network.states(inputs)
    torch.testing.assert_close(network.tsformer(patches[:, order].flatten(0, 2)), states[:, order].flatten(0, 2), atol=1e-5, rtol=1e-5)
    network.train()  # the nodes are the batch of the norms
    torch.testing.assert_close(network.learned(network.series[order]), network.likely()[order][:, order], atol=1e-4, rtol=1e-4)


def test_edges_equal_those_of_one_hot_products_with_their_gradients(problem):
    network = STEP(small(), problem).network.train()
    fast, plain = torch.sigmoid(network.likely()), plain_probabilities(network.learned, network.series)
    torch.testing.assert_close(fast, plain, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(fast, fast.T)  # directed
    weights, pull = list(network.learned.parameters()), torch.randn(8, 8)
    torch.testing.assert_close(torch.autograd.grad(fast, weights, pull), torch.autograd.grad(plain, weights, pull), atol=1e-4, rtol=1e-4)


def test_edges_are_made_of_all_training_rows_and_of_no_other(problem):
    network = STEP(small(), problem).network
    assert network.series.shape == (8, 2, 336)
    for k, task in enumerate(TASKS):
        one = windows_of(problem, "train", task)
        values = torch.where(one.observed, one.scaler.scale(one.values), 0.0)[one.past:]
        assert torch.equal(network.series[:, k], values.T)


def test_forecasts_equal_those_of_the_plain_form_with_their_gradients(problem):
    network = STEP(small(blocks=4, evaluation_graph="argmax"), problem).network.eval()
    inputs = windows_of(problem).inputs(torch.arange(4))
    x = torch.cat([torch.stack([one.scaled for one in network.together.series(inputs)], dim=-1), inputs.channels(3)[..., 1:]], dim=-1)
    history = network.past(inputs)[0].flatten(-2).permute(0, 3, 1, 2)
    graph = (plain_probabilities(network.learned, network.series) > 0.5).float().fill_diagonal_(0)
    expected, predicted = plain_answer(network, x, history, graph.expand(4, -1, -1)), network(inputs)
    assert predicted.shape == (4, 24, 8)
    torch.testing.assert_close(predicted, expected, atol=1e-5, rtol=1e-5)
    weights = [*network.backend.parameters(), *network.context.parameters()]
    pull = torch.randn_like(predicted)
    torch.testing.assert_close(torch.autograd.grad(predicted, weights, pull), torch.autograd.grad(expected, weights, pull),
                               atol=1e-4, rtol=1e-4)


def test_a_graph_of_each_window_gives_what_each_window_has_alone(problem):
    network = STEP(small(), problem).network.eval()
    inputs, graphs = windows_of(problem).inputs(torch.arange(3)), (torch.rand(3, 8, 8) > 0.5).float()
    x = network.together.channels(inputs, 3)
    together = network.backend.answer(x, walks(graphs))
    for row in range(3):
        torch.testing.assert_close(together[row:row + 1], network.backend.answer(x[row:row + 1], walks(graphs[row])), atol=1e-5, rtol=1e-5)


def test_walks_average_over_neighbours_and_oneself_both_ways():
    graph = (torch.rand(2, 6, 6) > 0.6).float()
    forth, forth_twice, back, _ = walks(graph).unflatten(1, (4, 6)).mT.unbind(1)  # each S, not S^T
    torch.testing.assert_close(forth.sum(-1), torch.ones(2, 6))
    torch.testing.assert_close(forth_twice, forth @ forth)
    looped = graph + torch.eye(6)
    torch.testing.assert_close(back, looped.mT / looped.mT.sum(-1, keepdim=True))


def test_training_draws_a_graph_of_zeros_and_ones_for_each_window_with_the_edges_probabilities(problem):
    learned = STEP(small(), problem).network.learned.train()
    logits = torch.linspace(-3, 3, 64).view(8, 8).requires_grad_()
    graphs = learned.graphs(logits, 4000)
    assert ((graphs.detach() - graphs.detach().round()).abs() < 1e-6).all()
    assert not graphs.diagonal(dim1=1, dim2=2).any()
    assert not torch.equal(graphs[0], graphs[1])
    off = ~torch.eye(8, dtype=torch.bool)
    torch.testing.assert_close(graphs.detach().mean(0)[off], torch.sigmoid(logits.detach())[off], atol=0.03, rtol=0)
    # as the two-class Gumbel-softmax; the mean gradient of its soft form, temperature 0.5
    (own,) = torch.autograd.grad(graphs.sum(), logits)
    pairs = torch.stack([logits, torch.zeros_like(logits)], dim=-1).expand(4000, -1, -1, -1)
    (theirs,) = torch.autograd.grad(F.gumbel_softmax(pairs, tau=0.5, hard=True)[..., 0].sum(), logits)
    torch.testing.assert_close(own[off] / 4000, theirs[off] / 4000, atol=0.02, rtol=0)


@pytest.mark.parametrize("kind", ["expectation", "argmax", "sample"])
def test_the_graph_at_rest_is_one_and_always_the_same(kind, problem):
    learned = STEP(small(evaluation_graph=kind), problem).network.learned.eval()
    logits = torch.randn(8, 8)
    graph = learned.graphs(logits, 5)
    assert graph.shape == (8, 8)
    assert torch.equal(graph, learned.graphs(logits, 2))
    assert not graph.diagonal().any()
    off = ~torch.eye(8, dtype=torch.bool)
    expected = {"expectation": torch.sigmoid(logits), "argmax": (logits > 0).float()}.get(kind)
    assert torch.equal(graph[off], expected[off]) if expected is not None else set(graph.unique().tolist()) == {0.0, 1.0}


def test_the_edges_are_one_for_all_windows_and_at_rest_for_all_passes(problem):
    network = STEP(small(), problem).network
    network.train()
    assert network.likely().shape == (8, 8)
    assert not torch.equal(network.eval().likely(), network.train().likely())  # running statistics, those of the nodes
    assert torch.equal(network.eval().likely(), network.likely())


def test_alike_nodes_are_the_largest_similarities_overall():
    states = torch.randn(3, 7, 5)
    found = alike(states, 3)
    assert torch.equal(found, plain_alike(states, 3))
    assert not found.diagonal(dim1=1, dim2=2).any()
    assert (found.sum(dim=(1, 2)) <= 3 * 7).all()
    assert (found.sum(dim=(1, 2)) == 3 * 7 - 7).all()  # each node is most like itself
    assert alike(states, 10).sum() == 3 * 7 * 6  # never more than there are


def test_the_guidance_is_the_mean_cross_entropy_over_windows_and_pairs():
    logits, prior = torch.randn(5, 5), torch.rand(3, 5, 5) > 0.5
    expected = F.binary_cross_entropy(torch.sigmoid(logits).expand(3, -1, -1), prior.float())
    torch.testing.assert_close(guidance(logits, prior), expected)


def test_the_guidance_fades_as_in_the_authors_plan_whatever_the_budget():
    assert [guided(37 * (epoch - 1), 3700) for epoch in range(1, 101)] == [1 / (epoch // 6 + 1) for epoch in range(1, 101)]
    assert guided(0, 10) == 1
    assert guided(9, 10) == 1 / 16


@pytest.mark.parametrize("rests", [True, False])
def test_dropout_of_the_frozen_tsformer_is_on_in_training_unless_it_rests(rests, problem):
    network = STEP(small(tsformer_eval=rests), problem).network
    inputs = windows_of(problem).inputs(torch.arange(2))
    network.train()
    assert torch.equal(network.states(inputs), network.states(inputs)) == rests
    network.eval()
    assert torch.equal(network(inputs), network(inputs))


def test_what_is_kept_of_windows_is_what_they_are_looked_at_for(problem):
    network, windows = STEP(small(), problem).network, windows_of(problem, "train")
    starts = torch.arange(50, 120, 3)
    kept = Contexts(network, windows, starts)
    assert kept.kept
    assert not Contexts(STEP(small(tsformer_eval=False), problem).network, windows, starts).kept
    asked = starts[[7, 0, 20]]
    state, prior = kept.of(asked)
    expected, graph = network.eval().look(windows.inputs(asked))
    torch.testing.assert_close(state, expected)
    assert torch.equal(prior, graph)
    torch.testing.assert_close(state, network.states(windows.inputs(asked))[..., -1, :].mean(dim=2))


@pytest.mark.parametrize("short_history", ["zeros", "pad"])
def test_days_that_begin_before_the_series_are_all_zeros_or_padded(short_history, problem):
    method = STEP(small(short_history=short_history), problem)
    network, windows = method.network.eval(), windows_of(problem, "train")
    starts = torch.tensor([0, 35, 36])  # the last one's 48 steps begin with the series
    state, _ = Contexts(network, windows, starts, method._first).of(starts)
    nothing = network.tsformer(torch.zeros(1, 4, 12))[0, -1].expand(8, -1)
    seen = network.states(windows.inputs(starts))[..., -1, :].mean(dim=2)
    for row, blank in enumerate((True, True, False)):
        expected = nothing if blank and short_history == "zeros" else seen[row]
        torch.testing.assert_close(state[row], expected, atol=1e-5, rtol=1e-5)


def test_predictions_do_not_depend_on_the_batch(problem):
    method, windows = STEP(small(), problem), windows_of(problem)
    together = method.predict(windows.inputs(torch.arange(6)))
    alone = torch.cat([method.predict(windows.inputs(torch.tensor([start]))) for start in range(6)])
    torch.testing.assert_close(alone, together, atol=1e-3, rtol=1e-5)


def test_unobserved_entries_of_the_past_have_no_influence(problem):
    method, windows = STEP(small(), problem), windows_of(problem)
    corrupted = replace(windows, values=torch.where(windows.observed, windows.values, 1e6))
    starts = torch.arange(4)
    assert torch.equal(method.predict(corrupted.inputs(starts)), method.predict(windows.inputs(starts)))


def test_another_tasks_past_changes_a_prediction(problem):
    method, windows = STEP(small(), problem), windows_of(problem)
    other = windows.beside["taxi_drop"]
    rows = torch.arange(len(other.values))[:, None]
    changed = replace(windows, beside={"taxi_drop": replace(other, values=torch.where(rows < other.past, other.values + 30, other.values))})
    first = torch.zeros(1, dtype=torch.int64)
    assert not torch.equal(method.predict(changed.inputs(first)), method.predict(windows.inputs(first)))


def fit(problem, budget=Budget(2, 30, 32, 8), **options):  # noqa: B008 (frozen)
    torch.manual_seed(0)
    method, run = STEP(small(**options), problem), RunContext(0, CPU, budget)
    method.fit(run)
    return method, run


def test_pre_training_sees_whole_days_and_moves_the_tsformer_alone_then_it_is_frozen(problem, monkeypatch):
    starts_met, states, train = [], [], len(windows_of(problem, "train"))
    filled_in, forecast = STEP._filled_in, STEP._forecast

    def watched_filled_in(self, windows, starts, *hiding):
        starts_met.extend(starts.tolist() if len(windows) == train else [])
        return filled_in(self, windows, starts, *hiding)

    def watched_forecast(self, run):
        states.append({name: tensor.clone() for name, tensor in self.network.state_dict().items()})
        return forecast(self, run)

    monkeypatch.setattr(STEP, "_filled_in", watched_filled_in)
    monkeypatch.setattr(STEP, "_forecast", watched_forecast)
    torch.manual_seed(0)
    fresh = STEP(small(), problem).state_dict()
    method, run = fit(problem, Budget(2, 30, 16, 8), pretraining_epochs=1)
    assert starts_met
    assert min(starts_met) >= 36  # with 12 steps of the window they have 48, one day
    (between,), after = states, method.state_dict()
    moved = {name for name in fresh if not torch.equal(between[name], fresh[name])}
    assert moved == {name for name in fresh if name.startswith("tsformer.")}
    for name, _ in method.network.named_parameters():
        assert torch.equal(after[name], between[name]) == name.startswith("tsformer."), name
    notes = run.notes["step"]
    assert notes["pretraining"]["epochs"] == 1
    assert [stage["task"] for stage in notes["stages"]] == list(TASKS)
    assert notes["selected_by"] == min(epoch["validation_loss"] for epoch in run.history if epoch["stage"] == "fit")
    said = sum(stage["validation_mae"] / problem.tasks[stage["task"]].scaler.std for stage in notes["stages"]) / 2
    assert notes["selected_by"] == pytest.approx(said)


def test_pre_training_halves_its_rate_half_way(problem):
    _, run = fit(problem, Budget(4, 30, 8, 4), pretraining_rate=1e-3)
    assert [epoch["learning_rate"] for epoch in run.history if epoch["stage"] == "pre-train"] == [1e-3, 1e-3, 5e-4, 5e-4]


def test_hidden_entries_count_if_observed_and_under_the_papers_protocol_if_not_zero(problem):
    method, windows = STEP(small(), problem), windows_of(problem)
    starts, (seen, hidden) = torch.arange(3), method.network.tsformer.hide(4)
    _, observed = method.network.past(windows.inputs(starts))
    _, counted = method._filled_in(windows, starts, seen, hidden)
    assert torch.equal(counted, observed[..., hidden, :].sum(dim=(0, 1, 3, 4)))
    method.network.tsformer.eval()
    error, without_zeros = method._filled_in(replace(windows, zero_counts=False), starts, seen, hidden)
    zeros = []
    for task in TASKS:
        inputs = windows_of(problem, task=task).inputs(starts)
        values = torch.cat([inputs.past.values, inputs.values], dim=1)[:, -48:].unflatten(1, (4, 12))[:, hidden]
        shown = torch.cat([inputs.past.observed, inputs.observed], dim=1)[:, -48:].unflatten(1, (4, 12))[:, hidden]
        zeros.append(int(((values == 0) & shown).sum()))
    assert sum(zeros) > 0
    assert (counted - without_zeros).tolist() == zeros
    assert error.isfinite().all()


def test_every_parameter_learns_in_its_stage(problem):
    method = STEP(small(), problem)
    network, windows = method.network.train(), windows_of(problem, "train")
    error, _ = method._filled_in(windows, torch.arange(40, 60), *network.tsformer.hide(4))
    error.sum().backward()
    assert not [name for name, parameter in network.tsformer.named_parameters() if not learns(parameter)]
    network.zero_grad()
    starts = torch.arange(0, 200, 4)
    state, prior = network.look(windows.inputs(starts))
    likely = network.likely()
    (network.answer(windows.inputs(starts), state, likely).square().mean() + guidance(likely, prior)).backward()
    for name, parameter in network.named_parameters():
        assert learns(parameter) != name.startswith("tsformer."), name


def learns(parameter: nn.Parameter) -> bool:
    return parameter.grad is not None and bool(parameter.grad.any())


def test_it_overfits_64_windows(problem):
    method = STEP(small(dropout=0.0), problem)
    network, windows, together = method.network, windows_of(problem, "train"), method.together
    starts = torch.arange(100, 164)
    inputs, (state, prior) = windows.inputs(starts), network.look(windows.inputs(starts))
    optimiser = torch.optim.Adam([p for name, p in network.named_parameters() if not name.startswith("tsformer.")], lr=2e-2)
    losses = []
    for _ in range(30):
        optimiser.zero_grad()
        likely = network.train().likely()
        pairs = together.pairs(network.answer(inputs, state, likely), windows, starts)
        loss = torch.stack([masked_mae(*pair) for pair in pairs]).mean()
        (loss + guidance(likely, prior)).backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_it_resumes_with_dropout_of_the_frozen_tsformer_as_well(tmp_path):
    bench = Bench("step", tmp_path, tsformer_eval=False, pretraining_windows=16)
    check_resumes(bench)


def test_days_that_do_not_fit_are_a_sentence(problem):
    with pytest.raises(UserError, match=r"history_days=7 needs 348 training rows .* there are 336; set history_days to at most 6"):
        STEP(small(history_days=7), problem)
    with pytest.raises(UserError, match=r"history_days=1 are 1 tokens of 40 steps, of which masked_share=0.75 hides none"):
        STEP(small(patch=40), problem)
    with pytest.raises(UserError, match="history_days=1 are 4 tokens of 12 steps, more than positions=3"):
        STEP(small(positions=3), problem)
    with pytest.raises(UserError, match="heads must divide state_width, 8, got heads=3"):
        small(heads=3)


@pytest.mark.parametrize("preset", ["smoke", "quick", "medium"])
def test_the_days_of_a_preset_fit_its_simulated_cities(preset):
    options = resolve(STEPOptions, STEP.presets[preset], "step")
    for sizes in SIZES.values():
        size = sizes[preset]
        per_day = size.steps // size.days
        assert math.floor(0.7 * size.steps) >= options.history_days * per_day + 12


@pytest.mark.parametrize(("scenario", "answered"), [
    ("nodes-50", False), ("interval-2x", False), ("cold-start", False), ("single-task", True)])
def test_it_declines_where_tasks_differ_in_nodes_or_clock_or_come_after_others(scenario, answered, city):
    seen = under(city, scenario, ("taxi_drop",))
    posed = pose_under(seen, FORECASTING.scenario(scenario), "city", ("taxi_drop",), forecasting_protocol("strict"), STEP.asks(small()))
    assert (STEP.declines(small(), posed) is None) == answered
    assert STEP.asks(STEPOptions()) == Asks(past_days=7, beside=True)


@needs_cuda
def test_it_computes_the_same_on_cuda(problem):
    network: STEPNetwork = STEP(small(), problem).network.eval()
    inputs = windows_of(problem).inputs(torch.arange(4))
    assert_same_on_cuda(network, inputs)
