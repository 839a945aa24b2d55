"""SMARTraj2's network: sizes, the plain form it equals, and what changes what (card §3, §7)."""

from dataclasses import replace

import pytest
import torch
from made.trips import made_city, made_problem
from plain.smartraj2 import plain_forward, plain_recovery
from torch import nn

from baselines.layers.ragged import Ragged
from baselines.trajectory.multi_view.encoder import TINY_VIEWS
from baselines.trajectory.multi_view.streams import STREAMS, Stream
from benchmark.errors import UserError
from benchmark.options import resolve
from benchmark.registry import registry
from benchmark.trajectory.trips import TripView
from methods.smartraj2.gates import Gate, Gates
from methods.smartraj2.losses import RECOVERY, loss_terms
from methods.smartraj2.method import SMARTraj2
from methods.smartraj2.network import SMARTraj2Network
from methods.smartraj2.options import SMARTraj2Options


def options(**given):
    return SMARTraj2Options(**{**TINY_VIEWS, "view_heads": 2, "cross_heads": 4, "joint_heads": 2, **given})


def two_cities():
    return made_problem(made_city("a", count=6), made_city("b", roads=25, cells=22, count=4, seed=1))


def build(problem=None, **given):
    torch.manual_seed(0)
    return SMARTraj2Network(options(**given), problem or two_cities()).eval()


@pytest.fixture(scope="module")
def problem():
    return two_cities()


@pytest.fixture
def network(problem):
    return build(problem)


def count(*modules):
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


def without_grid(trips, trip=1):
    """The trips, of which one shows no cell."""
    lengths = trips.grid.lengths()
    shown = torch.repeat_interleave(torch.arange(len(trips)) != trip, lengths)
    lengths[trip] = 0
    offsets = torch.cat([torch.zeros(1, dtype=torch.int64), lengths.cumsum(0)])
    return replace(trips, grid=TripView(offsets, {name: values[shown] for name, values in trips.grid.values.items()}))


# sizes

def test_the_parameters_are_the_card_s_in_whole_and_piece_by_piece():
    xian, chengdu = made_city("xian", roads=4996, cells=10_098), made_city("chengdu", roads=6450, cells=9369)
    network = SMARTraj2(SMARTraj2Options(), made_problem(xian, chengdu)).network
    assert count(network) == 44_834_380 == registry().info("smartraj2").parameters
    for city, tables, heads in (("xian", 639_488 + 1_292_544, 7_758_316), ("chengdu", 825_600 + 1_199_232, 8_130_966)):
        views = network.city(city)
        assert count(views.roads.table, views.cells) == tables
        assert count(views, network.specific[city]) - tables == 7_398_144
        assert count(views.roads.layers) == 33_536
        assert count(network.recovery[city]) == heads
    assert count(network.specific["xian"]) == count(network.invariant) == 4_106_752
    assert count(network.gates.city_gate) == count(network.gates.trip_gate) == 2_361_344
    shared = (network.shared, network.gates, network.types, network.invariant, network.matching)
    assert count(*shared) - 2_361_344 == 7_830_602


def test_one_gate_for_both_steps_saves_the_other_one_s_parameters(problem):
    assert count(build(problem)) - count(build(problem, tie_gates=True)) == count(build(problem).gates.trip_gate)


def test_a_trip_has_eight_pooled_vectors_and_a_road_one_token(network, problem):
    trips = problem.cities["a"].unlabelled
    assert network(trips).shape == (6, 8 * 16)
    assert network.road_tokens(trips).shape == (len(trips.route.values["road"]), 16)
    encoded, gated, versions = network.encode(trips)
    assert set(versions) == {"specific", "invariant"}
    for streams in (encoded.streams, gated, *versions.values()):
        assert set(streams) == set(STREAMS)
        assert {stream.pooled.shape for stream in streams.values()} == {(6, 16)}
        assert len(streams["gps_road"].tokens) == len(streams["route"].tokens) == len(trips.route.values["road"])
        assert len(streams["gps_grid"].tokens) == len(streams["grid"].tokens) == len(trips.grid.values["cell"])


# the plain form

@pytest.mark.parametrize("direction", ["backward", "forward"])
def test_all_outputs_and_losses_are_those_of_a_loop_over_trips_and_runs(problem, direction):
    network = build(problem, intra_direction=direction, joint_layers=2, view_layers=2)
    with torch.no_grad():  # no weight is at a value that hides another
        for weight in network.parameters():
            weight.add_(0.05 * torch.randn_like(weight))
    trips = problem.cities["b"].unlabelled
    encoded, gated, versions = network.encode(trips, masking=True)
    assert all(masked.any() for masked in encoded.masked.values())
    plain_gated, plain_versions = plain_forward(network, trips, encoded)
    for ours, plain in ((gated, plain_gated), *((versions[name], plain_versions[name]) for name in versions)):
        for name, stream in ours.items():
            torch.testing.assert_close(stream.pooled, torch.stack([trip[name][0] for trip in plain]), rtol=1e-5, atol=1e-5)
            torch.testing.assert_close(stream.tokens, torch.cat([trip[name][1] for trip in plain]), rtol=1e-5, atol=1e-5)
    recovered = network.recovery["b"]([{name: stream.tokens for name, stream in version.items()} for version in versions.values()],
                                      encoded.numbers(), encoded.masked)
    for name, losses in zip(versions, recovered, strict=True):
        total = sum(RECOVERY.get(stream, 1) * loss for stream, loss in losses.items())
        torch.testing.assert_close(total, plain_recovery(network, trips, encoded, plain_versions[name]), rtol=1e-5, atol=1e-5)


# what changes what

def test_a_trip_alone_is_what_it_is_in_a_batch_in_any_order_even_where_it_shows_no_cell(network, problem):
    for trips in (problem.cities["a"].unlabelled, without_grid(problem.cities["a"].unlabelled)):
        together = network(trips)
        assert torch.isfinite(together).all()
        for trip in range(len(trips)):
            torch.testing.assert_close(network(trips.rows(torch.tensor([trip]))), together[trip:trip + 1], rtol=1e-5, atol=1e-5)
        order = torch.tensor([3, 0, 5, 1, 4, 2])
        torch.testing.assert_close(network(trips.rows(order)), together[order], rtol=1e-5, atol=1e-5)
    assert torch.isfinite(network(trips.rows(torch.tensor([1]))).sum())


def test_another_city_s_parts_change_nothing_and_the_shared_extractor_changes_both_cities(problem):
    cities = problem.cities

    def outputs(network):
        return {name: network(city.unlabelled).detach() for name, city in cities.items()}

    network = build(problem)
    before = outputs(network)
    with torch.no_grad():
        for module in (network.views["a"], network.specific["a"]):
            for weight in module.parameters():
                weight.mul_(1.5).add_(0.1)
    after = outputs(network)
    assert torch.equal(before["b"], after["b"])
    assert not torch.equal(before["a"], after["a"])
    with torch.no_grad():
        network.invariant.positions.table.weight.add_(torch.randn(100, 16))
    last = outputs(network)
    specific = 4 * 16
    for city in cities:
        assert torch.equal(after[city][:, :specific], last[city][:, :specific])
        assert not torch.equal(after[city][:, specific:], last[city][:, specific:])


def test_the_numbers_of_masked_roads_and_cells_have_no_effect_on_what_is_predicted(network, problem):
    trips = problem.cities["a"].unlabelled
    torch.manual_seed(3)
    encoded, _, versions = network.encode(trips, masking=True)

    def renumbered(view, name, size):
        values = getattr(trips, view).values
        other = torch.where(encoded.masked[view], (values[name] + 1) % size, values[name])
        return TripView(getattr(trips, view).offsets, {**values, name: other})

    # places of interest stay those of the true cells (card §4: visible), so all cells get the same here
    network.city("a").poi.fill_(1 / 13)
    torch.manual_seed(3)
    _, _, versions = network.encode(trips, masking=True)
    changed = replace(trips, route=renumbered("route", "road", 20), grid=renumbered("grid", "cell", 30))
    torch.manual_seed(3)
    _, _, others = network.encode(changed, masking=True)
    for name, version in versions.items():
        for stream in STREAMS:
            assert torch.equal(version[stream].tokens, others[name][stream].tokens)
    assert not torch.equal(network(trips), network(changed))  # without masks they do count


def test_a_city_alone_has_the_shared_extractor_too(problem):
    alone = build(made_problem(problem.cities["a"]))
    assert alone(problem.cities["a"].unlabelled).shape == (6, 8 * 16)
    assert alone.gates.constants_a.tolist() == [0.5] * 25


# gates

def some_streams(count=3, width=16):
    layout = Ragged.of_lengths(torch.tensor([2, 0, 3][:count]))
    units = len(layout.sequence)
    return {name: Stream(torch.randn(count, width, requires_grad=True), torch.randn(units, width), layout) for name in STREAMS}


def test_a_gate_s_factors_lie_between_0_and_gamma_and_are_1_without_weights():
    torch.manual_seed(0)
    gate = Gate(5, 8, 2.0)
    factors = gate(100 * torch.randn(50, 5), 100 * torch.randn(50, 8))
    assert ((factors >= 0) & (factors <= 2)).all()
    assert factors.min() < 0.5
    assert factors.max() > 1.5
    nn.init.zeros_(gate.factor.weight)
    nn.init.zeros_(gate.factor.bias)
    assert (gate(torch.randn(3, 5), torch.randn(3, 8)) == 1).all()


@pytest.mark.parametrize("only", ["city", "trajectory"])
def test_no_gradient_goes_through_what_a_gate_reads_but_one_through_what_it_scales(only):
    torch.manual_seed(0)
    gates = Gates(options(use_city_gate=only == "city", use_trajectory_gate=only != "city"), STREAMS, {"a": torch.rand(25)})
    streams, ends = some_streams(), torch.randn(3, 16)
    gated = gates(streams, "a", ends)
    for name in STREAMS:
        factor = gated[name].pooled / streams[name].pooled
        (slope,) = torch.autograd.grad(gated[name].pooled.sum(), streams[name].pooled, retain_graph=True)
        torch.testing.assert_close(slope, factor.detach())  # δ itself: nothing comes back through δ(z)
        torch.testing.assert_close(gated[name].tokens, streams[name].tokens * factor[gated[name].layout.sequence])
    sum(stream.pooled.sum() for stream in gated.values()).backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in gates.parameters() if parameter.ndim == 2)


def test_the_second_gate_reads_the_streams_that_the_first_has_scaled():
    torch.manual_seed(0)
    gates = Gates(options(), STREAMS, {"a": torch.rand(25)})
    streams, ends = some_streams(), torch.randn(3, 16)
    first = Gates._gated(gates, gates.city_gate, gates.city_context(gates.constants_a).expand(3, -1), streams)
    both = Gates._gated(gates, gates.trip_gate, gates.trip_context(ends), first)
    given = gates(streams, "a", ends)
    assert all(torch.equal(given[name].pooled, both[name].pooled) for name in STREAMS)


def test_without_gates_the_streams_stay_as_they_are():
    gates = Gates(options(use_city_gate=False, use_trajectory_gate=False), STREAMS, {"a": torch.rand(25)})
    streams = some_streams()
    assert gates(streams, "a", torch.randn(3, 16)) == streams
    assert count(gates) == 0


# ablations and options

ABLATIONS = {  # streams, versions, loss terms
    "no_diff_loss": (4, 2, {"recover specific", "recover invariant", "pair", "difference"}),
    "no_gating": (4, 2, {"recover specific", "recover invariant", "pair", "difference"}),
    "no_grid": (2, 2, {"recover specific", "recover invariant", "pair", "difference"}),
    "no_gps": (2, 2, {"recover specific", "recover invariant", "pair", "difference"}),
    "no_route": (2, 2, {"recover specific", "recover invariant", "pair", "difference"}),
    "no_invariant_specific": (4, 1, {"recover gated", "pair"}),
    "no_gating_specific": (4, 1, {"recover invariant", "pair"}),
    "single_city": (4, 2, {"recover specific", "recover invariant", "pair", "difference"}),
}


@pytest.mark.parametrize("name", ABLATIONS)
def test_an_ablation_leaves_the_vectors_and_losses_of_what_it_keeps(problem, name):
    # without pre-training the network is the same
    assert set(registry().load("smartraj2").ablations) == {*ABLATIONS, "no_pretraining"}
    given, (streams, versions, terms) = registry().load("smartraj2").ablations[name], ABLATIONS[name]
    torch.manual_seed(0)
    network = SMARTraj2(options(**given), problem).network.eval().of("a")
    trips = problem.cities["a"].unlabelled
    assert network(trips).shape == (6, versions * streams * 16)
    losses = loss_terms(network, trips, options(**given))
    assert set(losses) == terms
    assert (losses.get("difference", torch.ones(())) > 0) == (name != "no_diff_loss")
    assert (losses["pair"] > 0) == (name != "no_gps")  # routes and cells are never matched with one another
    assert (len(list(network.gates.parameters())) > 0) == ("gating" not in name)
    if network.gates.city_gate is not None:
        assert network.gates.city_gate.factor.out_features == 16 * streams


def test_cities_apart_are_networks_of_one_city_each(problem):
    torch.manual_seed(0)
    method = SMARTraj2(options(share_cities=False, learning_rate=1e-2, warm_up_epochs=1), problem)
    torch.manual_seed(0)
    alone = {name: SMARTraj2(options(), made_problem(city)) for name, city in problem.cities.items()}
    road = torch.tensor([0, 3])
    for name, city in problem.cities.items():
        torch.testing.assert_close(method.encode(city.unlabelled), alone[name].encode(city.unlabelled), rtol=0, atol=0)
        assert torch.equal(method.roads(name, city.unlabelled), alone[name].roads(name, city.unlabelled))
        assert torch.equal(method.network.lone_roads(name, road), alone[name].network.lone_roads(name, road))
        torch.manual_seed(1)
        here = method.losses(city.unlabelled)
        torch.manual_seed(1)
        there = alone[name].losses(city.unlabelled)
        assert {term: loss.item() for term, loss in here.items()} == {term: loss.item() for term, loss in there.items()}
    assert method.parameter_count() == sum(one.parameter_count() for one in alone.values())
    sum(method.losses(problem.cities["a"].unlabelled).values()).backward()
    assert all(weight.grad is None for weight in method.network.of("b").parameters())
    assert method.road_tables()["b"] is method.network.of("b").city("b").roads.table.weight


def test_without_both_extractors_the_vectors_are_the_gated_streams(problem):
    network = build(problem, use_invariant=False, use_specific=False)
    trips = problem.cities["a"].unlabelled
    _, gated, _ = network.encode(trips)
    assert torch.equal(network(trips), torch.cat([gated[name].pooled for name in STREAMS], dim=1))


def test_a_gate_that_is_shared_needs_both_steps_and_gamma_is_positive():
    with pytest.raises(ValueError, match="tie_gates makes one gate of two"):
        options(tie_gates=True, use_city_gate=False)
    with pytest.raises(UserError, match=r"smartraj2\.gamma is a finite number above 0, got '0\.0'"):
        resolve(SMARTraj2Options, {"gamma": 0.0}, "smartraj2")
