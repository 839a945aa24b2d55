"""Toast: walks and traffic context, then trips and walks (card toast.md §6, §7)."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from made.cuda import needs_cuda
from made.trips import made_city, made_problem
from plain.toast import plain_loss, plain_pairs

from baselines.layers.ragged import Ragged
from baselines.trajectory.toast.method import Toast, masked_span
from baselines.trajectory.toast.options import ToastOptions
from baselines.trajectory.toast.pairs import SHORTEST, context_pairs, noise_roads, random_walks
from baselines.trajectory.toast.traffic_context import MASK, ROADS, TrafficSkipGram, indicator_count, indicators, learn_walks
from benchmark.contract import Asks, Budget, RunContext
from benchmark.registry import registry
from benchmark.testing.shared import check_resumes
from benchmark.trajectory.trips import TripView

TINY = {"width": 16, "feed_forward_width": 16, "layers": 1, "heads": 2, "walks": 2, "walk_length": 12, "walk_epochs": 2, "batch_size": 4}


@pytest.fixture(scope="module")
def problem():
    return made_problem(made_city(count=8, road_steps=(1, 9)))


def make(problem, **given):
    torch.manual_seed(0)
    return Toast(ToastOptions(**{**TINY, **given}), problem)


def context(epochs=2, **given):
    return RunContext(0, torch.device("cpu"), Budget(epochs, 90), **given)


def with_roads(trips, roads):
    return replace(trips, route=TripView(trips.route.offsets, {**trips.route.values, "road": roads}))


def size(module):
    return sum(parameter.numel() for parameter in module.parameters())


# sizes

@pytest.mark.parametrize(("roads", "walked", "learnt"), [(4996, 1_346_126, 1_553_160), (6450, 1_737_252, 1_926_838)])
def test_both_networks_have_the_card_s_sizes_with_two_road_classes(roads, walked, learnt):
    city = replace(made_city(roads=roads), road_class=torch.arange(roads) % 2)  # 13 indicators
    network = Toast(ToastOptions(road_class=True), made_problem(city)).network
    assert size(network.skip_gram) == walked
    assert size(network) - walked == learnt


def test_the_encoder_and_its_heads_have_the_card_s_sizes_and_the_whole_is_listed():
    method = Toast(ToastOptions(), made_problem(made_city(roads=4996)))
    network = method.network
    assert size(network.recover) + size(network.discriminate) == 678_280
    assert size(network) - size(network.skip_gram) - 678_280 == 874_880
    assert method.parameter_count() == registry().info("toast").parameters


# stage 1

def test_walks_follow_links_from_their_roads_and_have_uniform_lengths():
    links = torch.tensor([[k, (k + step) % 50] for k in range(50) for step in (1, 7)])
    walks = random_walks(links, 50, np.repeat(np.arange(50), 200), 20, np.random.default_rng(0))
    assert torch.equal(walks[:, 0], torch.arange(50).repeat_interleave(200))
    lengths = (walks >= 0).sum(dim=1)
    assert lengths.min() == SHORTEST
    assert torch.bincount(lengths)[SHORTEST:].tolist() == pytest.approx([10_000 / 16] * 16, rel=0.2)
    moves = (walks[:, 1:] - walks[:, :-1])[walks[:, 1:] >= 0] % 50
    assert set(moves.tolist()) == {1, 7}
    assert float((moves == 1).float().mean()) == pytest.approx(0.5, abs=0.01)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=9), min_size=1, max_size=4), st.integers(1, 6),
       st.sampled_from([100.0, 250.0, 1000.0]))
def test_pairs_are_those_of_a_loop(walks, window, reach):
    metres = [50.0, 100.0, 120.0, 300.0, 999.0, 1500.0]
    matrix = torch.full((len(walks), 9), -1)
    for row, walk in enumerate(walks):
        matrix[row, :len(walk)] = torch.tensor(walk)
    found = context_pairs(matrix, torch.tensor(metres), window, reach)
    assert sorted(map(tuple, found.tolist())) == sorted(pair for walk in walks for pair in plain_pairs(walk, metres, window, reach))


def test_noise_is_uniform_over_the_roads_that_are_not_of_the_pair():
    pairs = torch.tensor([[0, 3], [2, 2]]).repeat(5000, 1)
    noise = noise_roads(pairs, 6, 10, torch.Generator().manual_seed(0))
    for row, others in ((0, [1, 2, 4, 5]), (1, [0, 1, 3, 4, 5])):
        counts = torch.bincount(noise[row::2].flatten(), minlength=6)
        assert counts.nonzero()[:, 0].tolist() == others
        assert counts[others].tolist() == pytest.approx([50_000 / len(others)] * len(others), rel=0.05)


def test_the_loss_of_a_pair_is_the_formula_s():
    torch.manual_seed(0)
    network = TrafficSkipGram(12, 4, 3).double()
    torch.nn.init.normal_(network.road.weight)
    torch.nn.init.normal_(network.context.weight)
    pairs, noise, known = torch.tensor([[1, 2], [7, 0]]), torch.tensor([[3, 4], [5, 9]]), torch.randint(0, 2, (10, 3)).double()
    roads, contexts, traffic = (module.weight.detach() for module in (network.road, network.context, network.traffic))
    expected = [plain_loss(roads[2 + road].tolist(), traffic.tolist(), contexts[2 + near].tolist(), contexts[2 + some].tolist(),
                           known[near].tolist())
                for (road, near), some in zip(pairs.tolist(), noise, strict=True)]
    assert network(pairs, noise, known).tolist() == pytest.approx(expected)


def test_a_step_of_the_skip_gram_moves_the_rows_that_it_met_and_no_other(problem):
    torch.manual_seed(0)
    network = TrafficSkipGram(22, 4, 11)
    torch.nn.init.normal_(network.context.weight)
    network(torch.tensor([[1, 2]]), torch.tensor([[3, 4]]), indicators(problem.only)).sum().backward()
    assert network.road.weight.grad.to_dense().abs().sum(1).nonzero()[:, 0].tolist() == [3]
    assert network.context.weight.grad.to_dense().abs().sum(1).nonzero()[:, 0].tolist() == [4, 5, 6]
    assert network.traffic.weight.grad.abs().sum() > 0


def test_indicators_are_lanes_one_way_and_length_by_the_driven_roads_and_the_class_only_if_it_is_shown(problem):
    city = problem.only
    driven = city.unlabelled.route.values["road"].unique()
    length = torch.full((20,), 10_000.0)
    length[driven] = torch.arange(1.0, len(driven) + 1)
    lanes, oneway = torch.arange(20) % 7, torch.arange(20) % 2 == 0
    city = replace(city, roads=replace(city.roads, length=length, lanes=lanes, oneway=oneway))
    found = indicators(city)
    assert found.shape == (20, 11)
    assert indicator_count(city) == 11
    assert torch.equal(found[:, :5].argmax(1), lanes.clamp(max=4))
    assert torch.equal(found[:, 5] == 1, oneway)
    assert found[driven, 6:].sum(0).tolist() == pytest.approx([len(driven) / 5] * 5, abs=1)
    assert (found.sum(1) == 2 + oneway).all()
    with_class = replace(city, road_class=torch.arange(20) % 3)
    assert indicator_count(with_class) == 14
    assert torch.equal(indicators(with_class)[:, 11:].argmax(1), with_class.road_class)


def test_the_class_is_asked_for_by_its_option_alone():
    assert Toast.asks(ToastOptions()) == Asks()
    assert Toast.asks(ToastOptions(road_class=True)) == Asks(road_class=True)


def test_roads_of_one_neighbourhood_come_nearer_than_others_and_what_is_around_them_is_foretold():
    """Two rings without a link between them, of which one has one-way roads."""
    ring = [[10 * side + k, 10 * side + (k + 1) % 10] for side in (0, 1) for k in range(10)]
    city = made_city(count=8)
    city = replace(city, roads=replace(city.roads, links=torch.tensor(ring), oneway=torch.arange(20) < 10))
    torch.manual_seed(0)
    network = TrafficSkipGram(22, 16, 11)
    run = context(epochs=4)
    learn_walks(network, city, ToastOptions(walks=6, walk_length=20, walk_epochs=4, walk_rate=0.1), run)
    vectors = torch.nn.functional.normalize(network.road.weight[ROADS:].detach(), dim=1)
    cosine, same = vectors @ vectors.T, torch.arange(20)[:, None] // 10 == torch.arange(20) // 10
    assert cosine[same].mean() > cosine[~same].mean() + 0.3
    assert torch.equal(network.traffic(network.road.weight[ROADS:])[:, 5] > 0, city.roads.oneway)
    rates = [epoch["learning_rate"] for epoch in run.history]
    assert rates == pytest.approx([0.1 * share for share in (7 / 8, 5 / 8, 3 / 8, 1 / 8)])


# stage 2

def test_a_quarter_of_each_sequence_is_masked_in_one_stretch_that_lies_anywhere():
    layout, found = Ragged.of_lengths(torch.tensor([8, 1, 3, 40])), set()
    for _ in range(200):
        parts = masked_span(layout, 0.25).split([8, 1, 3, 40])
        assert [int(part.sum()) for part in parts] == [2, 1, 1, 10]
        assert all(int(part.int().diff().abs().sum()) <= 2 for part in parts)
        found.add(int(parts[0].int().argmax()))
    assert found == set(range(7))


def test_walks_and_trips_stand_side_by_side_and_only_trips_are_recovered(problem, monkeypatch):
    method, trips = make(problem, dropout=0.0), problem.only.unlabelled
    network, seen, asked = method.network, [], []
    network.recover.register_forward_hook(lambda module, given, made: asked.append(len(given[0])))
    tokens = network.tokens
    monkeypatch.setattr(network, "tokens", lambda rows, layout: seen.append((rows, layout)) or tokens(rows, layout))
    before = trips.route.values["road"].clone()
    terms = method.losses(trips)
    (rows, layout), lengths = seen[0], trips.route.lengths()
    assert torch.equal(layout.lengths[:8], lengths)
    assert len(layout.lengths) == 16
    assert int((rows == MASK).sum()) == int((layout.lengths // 4).clamp(min=1).sum())
    assert asked == [int((lengths // 4).clamp(min=1).sum())]
    assert torch.equal(trips.route.values["road"], before)  # masks lie on a copy
    links = {tuple(link) for link in problem.only.roads.links.tolist()}
    shown = rows[layout.sequence >= 8] - ROADS
    same = layout.sequence[layout.sequence >= 8].diff() == 0
    steps = [(a, b) for a, b, one in zip(shown[:-1].tolist(), shown[1:].tolist(), same, strict=True) if one and min(a, b) >= 0]
    assert steps
    assert set(steps) <= links
    assert set(terms) == {"recovery", "discrimination"}


def test_walks_are_new_at_every_step_and_those_of_torch_s_seed(problem):
    method = make(problem)
    torch.manual_seed(3)
    first, second = method.walks(6), method.walks(6)
    torch.manual_seed(3)
    assert torch.equal(method.walks(6), first)
    assert not torch.equal(first, second)


def test_a_trip_alone_is_what_it_is_in_a_batch_in_any_order(problem):
    method, trips = make(problem), problem.only.unlabelled
    together = method.encode(trips)
    for trip in range(len(trips)):
        torch.testing.assert_close(method.encode(trips.rows(torch.tensor([trip]))), together[trip:trip + 1], rtol=1e-5, atol=1e-5)
    order = torch.arange(8).flip(0)
    torch.testing.assert_close(method.encode(trips.rows(order)), together[order], rtol=1e-5, atol=1e-5)


def test_a_trip_is_the_mean_of_the_tokens_of_torch_s_layers_over_a_padded_table(problem):
    method, trips = make(problem, layers=2), problem.only.unlabelled
    network, mask = method.network.eval(), trips.route.mask()
    with torch.no_grad():
        x = network.table(trips.route.padded("road") + ROADS) + network.positions.table.weight[:mask.shape[1]]
        x = network.enter(network.norm(x))
        for layer in network.encoder.layers:
            own = torch.nn.TransformerEncoderLayer(16, 2, 16, 0.0, "gelu", layer_norm_eps=1e-12, batch_first=True)
            own.self_attn.in_proj_weight, own.self_attn.in_proj_bias = layer.attention.in_weight, layer.attention.in_bias
            own.self_attn.out_proj, own.norm1, own.norm2 = layer.attention.output, layer.attention_norm, layer.feed_forward_norm
            own.linear1, own.linear2 = layer.feed_forward[0], layer.feed_forward[2]
            x = own(x, src_key_padding_mask=~mask)
        expected = (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    torch.testing.assert_close(method.encode(trips), expected, rtol=1e-5, atol=1e-5)


def test_everything_learns_in_one_of_the_stages(problem):
    method = make(problem)
    sum(method.losses(problem.only.unlabelled).values()).backward()
    idle = {name for name, parameter in method.network.named_parameters() if parameter.grad is None}
    assert idle == {"skip_gram.road.weight", "skip_gram.context.weight", "skip_gram.traffic.weight"}


def test_stage_two_begins_with_the_vectors_of_stage_one_and_its_table_is_the_roads_vectors(problem):
    begun, run = [], context(epochs=2)
    method = make(problem)
    run.progress = lambda progress: begun.append((progress.stage, progress.number, method.network.table.weight.detach().clone()))
    fitted = method.network.begin_with_walks
    method.network.begin_with_walks = lambda: (fitted(), begun.append(("begin", 0, method.network.table.weight.detach().clone())))
    method.fit(run)
    assert [one[:2] for one in begun] == [("walks", 1), ("walks", 1), ("begin", 0), ("pretrain", 2), ("pretrain", 2)]
    assert torch.equal(begun[2][2], method.network.skip_gram.road.weight)
    assert not torch.equal(begun[2][2], method.network.table.weight)
    assert torch.equal(method.roads("a", problem.only.unlabelled), method.network.table.weight[ROADS:])
    assert {epoch["stage"] for epoch in run.history} == {"walks", "pretrain"}
    assert set(run.notes) == {"walks", "training"}


def test_it_tells_trips_from_walks_and_recovers_masked_roads_better_than_their_frequency():
    """Trips go round a ring from its first road on, while links also lead three and seven on."""
    links = torch.tensor([[k, (k + step) % 20] for k in range(20) for step in (1, 3, 7)])
    city = made_city(count=60, road_steps=(8, 12))
    trips = with_roads(city.unlabelled, Ragged.of(city.unlabelled.route.offsets).place)
    problem = made_problem(replace(city, unlabelled=trips, validation=trips, roads=replace(city.roads, links=links)))
    method = make(problem, width=32, dropout=0.0, epochs=25, learning_rate=5e-3, batch_size=20)
    method.fit(context(epochs=25))
    method.network.eval()
    torch.manual_seed(0)
    with torch.no_grad():
        terms = [method.losses(trips) for _ in range(5)]
    recovery, discrimination = (float(torch.stack([one[name] for one in terms]).mean()) for name in ("recovery", "discrimination"))
    share = torch.bincount(trips.route.values["road"], minlength=20) / len(trips.route.values["road"])
    assert recovery < 0.6 * float(-(share * share.clamp(min=1e-9).log()).sum())
    assert discrimination < 0.4


def test_a_fit_broken_off_after_every_epoch_of_both_stages_ends_in_the_same_bits(problem, tmp_path):
    check_resumes(SimpleNamespace(info=SimpleNamespace(name="toast"), problem=problem, folder=tmp_path,
                                  make=lambda problem, seed=0: make(problem, epochs=2)))


def test_a_fit_that_is_shown_road_classes_learns_them_as_well(problem):
    city = replace(problem.only, road_class=torch.arange(20) % 3)
    method = make(made_problem(city), road_class=True, epochs=1, walk_epochs=1)
    before = method.network.skip_gram.traffic.weight.detach().clone()
    method.fit(context(1))
    assert before.shape == (14, 16)
    assert (before != method.network.skip_gram.traffic.weight).any(dim=1).all()


@needs_cuda
def test_it_computes_the_same_on_cuda_and_both_stages_learn_there(problem):
    method, trips = make(problem), problem.only.unlabelled
    expected = method.encode(trips)
    method.network.cuda()
    torch.testing.assert_close(method.encode(trips.to(torch.device("cuda"))).cpu(), expected, atol=1e-3, rtol=1e-3)
    method.fit(RunContext(0, torch.device("cuda"), Budget(1, 90)))
