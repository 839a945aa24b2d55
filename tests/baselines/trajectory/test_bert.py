"""BERT over routes (card bert.md §7)."""

import math
from dataclasses import replace

import pytest
import torch
from made.cuda import needs_cuda
from made.trips import made_city, made_problem

from baselines.layers.bert import BertLayer
from baselines.layers.padding import Tables
from baselines.layers.ragged import Ragged
from baselines.trajectory.bert import BERT, CLS, MASK, ROADS, SEP, BERTOptions, Framed, corrupted, swap_halves
from benchmark.contract import Budget, RunContext
from benchmark.options import resolve
from benchmark.registry import registry
from benchmark.trajectory.trips import TripView

TINY = {"width": 16, "feed_forward_width": 32, "layers": 2, "heads": 2}


@pytest.fixture(scope="module")
def problem():
    return made_problem(made_city(count=8, road_steps=(1, 9)))


def make(problem, **given):
    torch.manual_seed(0)
    return BERT(BERTOptions(**{**TINY, **given}), problem)


def with_roads(trips, roads):
    return replace(trips, route=TripView(trips.route.offsets, {**trips.route.values, "road": roads}))


def encoder_size(method):
    head = [*method.network.recover.parameters(), method.network.recover_bias]
    return method.parameter_count() - sum(parameter.numel() for parameter in head)


@pytest.mark.parametrize(("vocabulary", "expected"), [(28_996, 108_310_272), (5_001, 89_882_112), (6_455, 90_998_784)])
def test_the_profile_base_is_bert_base_by_its_size(vocabulary, expected):
    options = resolve(BERTOptions, {"profile": "base"}, "bert")
    problem = made_problem(replace(made_city(), roads=range(vocabulary - ROADS)))
    with torch.device("meta"):
        method = BERT(options, problem)
    assert encoder_size(method) == expected


def test_the_default_s_size_is_listed():
    method = BERT(BERTOptions(), made_problem(made_city(roads=4996)))
    assert method.parameter_count() == 6_189_705 == registry().info("bert").parameters
    assert encoder_size(method) == 6_118_400


def test_untrained_it_knows_nothing_so_that_the_loss_is_the_logarithm_of_the_vocabulary():
    method = BERT(BERTOptions(layers=1), made_problem(made_city(roads=4996, count=40, road_steps=(10, 30))))
    with torch.no_grad():
        assert float(method.losses(method.problem.only.unlabelled)["recovery"]) == pytest.approx(math.log(5001), abs=0.1)


def test_a_layer_is_torch_s_own_with_gelu_and_the_small_epsilon():
    torch.manual_seed(0)
    layer = BertLayer(16, 2, 32, 0.1).eval()
    own = torch.nn.TransformerEncoderLayer(16, 2, 32, activation="gelu", layer_norm_eps=1e-12, batch_first=True).eval()
    own.self_attn.in_proj_weight, own.self_attn.in_proj_bias = layer.attention.in_weight, layer.attention.in_bias
    own.self_attn.out_proj, own.norm1, own.norm2 = layer.attention.output, layer.attention_norm, layer.feed_forward_norm
    own.linear1, own.linear2 = layer.feed_forward[0], layer.feed_forward[2]
    x = torch.randn(7, 16)
    torch.testing.assert_close(layer(x, Tables(Ragged.of_lengths(torch.tensor([7])))), own(x[None])[0], rtol=1e-5, atol=1e-5)


def test_a_trip_alone_is_what_it_is_in_a_batch_in_any_order(problem):
    for pooling in ("cls", "mean"):
        method, trips = make(problem, pooling=pooling), problem.only.unlabelled
        together = method.encode(trips)
        for trip in range(len(trips)):
            torch.testing.assert_close(method.encode(trips.rows(torch.tensor([trip]))), together[trip:trip + 1], rtol=1e-5, atol=1e-5)
        order = torch.arange(8).flip(0)
        torch.testing.assert_close(method.encode(trips.rows(order)), together[order], rtol=1e-5, atol=1e-5)


def test_the_vectors_are_those_of_a_padded_table_of_tokens_read_by_torch_s_layers(problem):
    """Against `torch.nn.TransformerEncoderLayer` on [CLS] route [SEP] and padding behind."""
    method, trips = make(problem, trip_vector="both"), problem.only.unlabelled
    network, mask = method.network.eval(), trips.route.mask()
    lengths = trips.route.lengths()
    rows = torch.zeros(8, mask.shape[1] + 2, dtype=torch.int64)
    rows[:, 0], rows[:, 1:-1] = CLS, trips.route.padded("road", -ROADS) + ROADS
    rows[torch.arange(8), lengths + 1] = SEP
    padding = torch.arange(rows.shape[1]) >= (lengths + 2)[:, None]
    with torch.no_grad():
        x = network.table(rows) + network.positions.table.weight[: rows.shape[1]] + network.types.weight[0]
        x = network.norm(x)
        for layer in network.encoder.layers:
            own = torch.nn.TransformerEncoderLayer(16, 2, 32, activation="gelu", layer_norm_eps=1e-12, batch_first=True)
            own.self_attn.in_proj_weight, own.self_attn.in_proj_bias = layer.attention.in_weight, layer.attention.in_bias
            own.self_attn.out_proj, own.norm1, own.norm2 = layer.attention.output, layer.attention_norm, layer.feed_forward_norm
            own.linear1, own.linear2 = layer.feed_forward[0], layer.feed_forward[2]
            own.train()  # not the fast path
            own.dropout.p = own.dropout1.p = own.dropout2.p = own.self_attn.dropout = 0.0
            x = own(x, src_key_padding_mask=padding)
        expected = torch.cat([x[:, 0], x[torch.arange(8), lengths]], dim=1)
    torch.testing.assert_close(method.encode(trips), expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(network.road_tokens(trips), x[:, 1:-1][mask], rtol=1e-5, atol=1e-5)


def test_a_route_driven_backwards_has_another_cls_and_times_do_not_count(problem):
    method, trips = make(problem), problem.only.unlabelled.rows(problem.only.unlabelled.route.lengths().argmax()[None])
    assert not torch.allclose(method.encode(trips), method.encode(with_roads(trips, trips.route.values["road"].flip(0))), atol=1e-4)
    hidden = replace(trips, minute=trips.minute + 1, route=TripView(trips.route.offsets, {**trips.route.values,
                                                                                         "time": trips.route.values["time"] * torch.nan}))
    assert torch.equal(method.encode(trips), method.encode(hidden))


def test_of_the_chosen_roads_eight_in_ten_are_masked_and_one_is_another_road():
    torch.manual_seed(0)
    rows = torch.full((40_000,), ROADS + 3)
    chosen = torch.arange(40_000) % 2 == 0
    shown = corrupted(rows, chosen, ROADS + 1000)
    assert torch.equal(shown[~chosen], rows[~chosen])
    assert (rows == ROADS + 3).all()  # a copy
    some = shown[chosen]
    assert float((some == MASK).float().mean()) == pytest.approx(0.8, abs=0.01)
    assert float((some == ROADS + 3).float().mean()) == pytest.approx(0.1, abs=0.01)
    assert (some[some != MASK] >= ROADS).all()


def test_only_chosen_roads_are_asked_for_and_masked_ones_are_not_seen(problem, monkeypatch):
    method, trips = make(problem, dropout=0.0), problem.only.unlabelled
    chosen = torch.arange(len(trips.route.values["road"])) % 3 == 0
    asked = []
    monkeypatch.setattr("baselines.trajectory.bert.masked_blocks", lambda *_: chosen)
    monkeypatch.setattr("baselines.trajectory.bert.MASKED", 1.1)
    monkeypatch.setattr("baselines.trajectory.bert.RANDOM", 0.0)
    method.network.recover.register_forward_hook(lambda module, given, made: asked.append(given[0]))
    for roads in (trips.route.values["road"], torch.where(chosen, 7, trips.route.values["road"])):
        method.losses(with_roads(trips, roads))
    assert len(asked[0]) == int(chosen.sum())
    assert torch.equal(*asked)


def test_halves_are_swapped_as_a_loop_does_it_and_framed_by_their_tokens():
    lengths = torch.tensor([5, 1, 4, 2])
    roads, swapped = Ragged.of_lengths(lengths), torch.tensor([True, True, False, True])
    order, first = swap_halves(roads, swapped)
    framed = Framed.halves(roads, first)
    rows = torch.cat([torch.full((4,), CLS), 100 + order, torch.full((8,), SEP)])
    for trip, units in enumerate(torch.arange(12).split(lengths.tolist())):
        one, other = units[: len(units) // 2].tolist(), units[len(units) // 2:].tolist()
        one, other = (other, one) if swapped[trip] else (one, other)
        mine = framed.layout.sequence == trip
        at = framed.layout.place[mine].argsort()
        assert rows[mine][at].tolist() == [CLS, *(100 + u for u in one), SEP, *(100 + u for u in other), SEP]
        assert framed.types[mine][at].tolist() == [0] * (len(one) + 2) + [1] * (len(other) + 1)
        assert sorted(framed.layout.place[mine].tolist()) == list(range(len(units) + 3))


@pytest.mark.parametrize("swapped_halves", [False, True])
def test_everything_learns_but_the_pooler_which_needs_swapped_halves(problem, swapped_halves):
    method = make(problem, swapped_halves=swapped_halves, mask_probability=0.5)
    terms = method.losses(problem.only.unlabelled)
    assert set(terms) == {"recovery"} | ({"swapped halves"} if swapped_halves else set())
    sum(terms.values()).backward()
    idle = {name for name, parameter in method.network.named_parameters() if parameter.grad is None}
    assert idle == (set() if swapped_halves else {"pooler.0.weight", "pooler.0.bias"})


def ring(count=60):
    """Every trip goes round the same ring from its first road on, so place and neighbours tell a masked road, and the first one a swap."""
    city = made_city(count=count, road_steps=(8, 12))
    trips = city.unlabelled
    trips = with_roads(trips, Ragged.of(trips.route.offsets).place)
    return made_problem(replace(city, unlabelled=trips, validation=trips))


def test_it_learns_the_roads_and_the_order_of_their_halves():
    problem = ring()
    method = make(problem, width=32, dropout=0.0, epochs=80, learning_rate=3e-3, batch_size=60, warm_up_epochs=1, swapped_halves=True)
    run = RunContext(0, torch.device("cpu"), Budget(80, 90))
    method.fit(run)
    assert run.history[0]["validation_loss"] > 2.5
    with torch.no_grad():
        terms = method.losses(problem.only.unlabelled)
    assert float(terms["recovery"]) < 2.0
    assert float(terms["swapped halves"]) < 0.5


@needs_cuda
def test_it_computes_the_same_on_cuda(problem):
    method, trips = make(problem, swapped_halves=True), problem.only.unlabelled
    expected = method.encode(trips)
    method.network.cuda()
    torch.testing.assert_close(method.encode(trips.to(torch.device("cuda"))).cpu(), expected, atol=1e-3, rtol=1e-3)
    assert all(term.isfinite() for term in method.losses(trips.to(torch.device("cuda"))).values())
