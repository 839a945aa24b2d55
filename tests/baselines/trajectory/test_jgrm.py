"""JGRM (card jgrm.md §7)."""

import math
from dataclasses import fields, replace
from types import SimpleNamespace

import pytest
import torch
from made.trips import made_city, made_problem
from plain.jgrm import plain_joint, plain_loss, plain_streams

from baselines.layers.ragged import Ragged
from baselines.layers.skip_gram import SkipGramOptions, skip_gram
from baselines.trajectory.jgrm import JGRM, JGRMOptions
from baselines.trajectory.masking import masked_blocks
from baselines.trajectory.multi_view.encoder import TINY_STREAMS
from baselines.trajectory.multi_view.streams import GPS_ROAD, ROUTE
from baselines.trajectory.multi_view.trip_features import units_of
from benchmark.contract import Budget, RunContext
from benchmark.fitting import seed_everything
from benchmark.registry import registry
from benchmark.testing.shared import check_resumes
from benchmark.trajectory.trips import TripView

WIDTH = TINY_STREAMS["width"]


@pytest.fixture(scope="module")
def problem():
    return made_problem(made_city(count=7))


def make(problem, **given):
    torch.manual_seed(0)
    return JGRM(JGRMOptions(**{**TINY_STREAMS, "batch_size": 4, **given}), problem)


def untimed(trips, first=()):
    """Trips whose roads do not show when they were entered, but for the first road of each where `first` says so."""
    time = torch.full_like(trips.route.values["time"], math.nan)
    time[trips.route.offsets[:-1][list(first)]] = 0
    return replace(trips, route=TripView(trips.route.offsets, {**trips.route.values, "time": time}))


def numbers(module):
    return sum(parameter.numel() for parameter in module.parameters())


# sizes

@pytest.mark.parametrize(("roads", "expected"), [(4996, 6_481_874), (6450, 7_415_342)], ids=["xian", "chengdu"])
def test_the_parameters_are_the_card_s_block_by_block(roads, expected):
    method = JGRM(JGRMOptions(), made_problem(made_city(roads=roads)))
    network = method.network
    assert method.parameter_count() == expected
    assert expected in (registry().info("jgrm").parameters, 7_415_342)
    assert numbers(network.route) == 12_800 + 33_024 + 1_583_104
    assert numbers(network.joint) == 25_600 + 65_792 + 791_552
    assert numbers(network.gps) == 1_152 + 2 * 198_144
    assert numbers(network.roads) == 33_536 + 128 * roads
    assert numbers(network.time) == 184_448 + 1_024 + 13_000
    assert numbers(network.recovery) == 2 * (256 * roads + roads)
    assert numbers(network.matching) == 2 * 65_792 + 1_026


def test_the_default_vector_has_512_numbers_and_both_streams_as_many_tokens_as_the_route(problem):
    assert 2 * JGRMOptions().width == 512
    method, trips = make(problem), problem.only.unlabelled
    network, units = method.network, units_of(trips, "route")
    assert method.encode(trips).shape == (7, 2 * WIDTH)
    for stream in network.joined({GPS_ROAD: network.gps_stream(trips, units), ROUTE: network.route_stream(units)}).values():
        assert stream.pooled.shape == (7, WIDTH)
        assert stream.tokens.shape == (int(trips.route.offsets[-1]), WIDTH)


def test_what_it_lets_choose_are_the_card_s_values():
    o = JGRMOptions()
    said = (o.embedding_width, o.width, o.view_heads, o.joint_heads, o.view_layers, o.joint_layers, o.feed_forward_width, o.dropout,
            o.edge_dropout, o.mask_length, o.mask_probability, o.temperature, o.weight_decay, o.epochs, o.batch_size)
    assert said == (128, 256, 8, 4, 4, 2, 256, 0.1, 0.1, 2, 0.2, 0.07, 1e-6, 20, 64)
    assert not {"views", "cross_heads", "use_gat", "pair_loss"} & {field.name for field in fields(o)}  # what would not act


# what it computes

def test_vectors_and_road_tokens_are_those_of_a_loop_over_trips_and_roads(problem):
    network, trips = make(problem, view_layers=2, joint_layers=2, view_heads=2, joint_heads=4).network.eval(), problem.only.unlabelled
    joint = [plain_joint(network, one) for one in plain_streams(network, trips, torch.zeros_like(trips.route.values["road"]).bool())]
    expected = torch.stack([torch.cat([one[GPS_ROAD][0], one[ROUTE][0]]) for one in joint])
    torch.testing.assert_close(network(trips), expected, rtol=1e-5, atol=1e-5)
    # both streams: the authors' evaluation takes the GPS tokens twice
    tokens = torch.cat([(one[GPS_ROAD][1] + one[ROUTE][1]) / 2 for one in joint])
    torch.testing.assert_close(network.road_tokens(trips), tokens, rtol=1e-5, atol=1e-5)


def test_the_losses_and_their_gradients_are_those_of_the_plain_form():
    """With two trips the only negative is the other one, so nothing but the masks is drawn."""
    problem = made_problem(made_city(count=12))
    method, trips = make(problem), problem.only.unlabelled.rows(torch.tensor([2, 5]))
    network, layout = method.network.eval(), Ragged.of(trips.route.offsets)
    for seed in range(20):
        torch.manual_seed(seed)
        masked = masked_blocks(layout, 2, 0.2)
        if masked.any():
            break
    torch.manual_seed(seed)
    terms = method.losses(trips)
    assert set(terms) == {"recover gps_road", "recover route", "pair"}
    losses = sum(terms.values()), plain_loss(network, trips, masked)
    torch.testing.assert_close(*losses, rtol=1e-5, atol=1e-5)
    found, expected = (torch.autograd.grad(loss, list(network.parameters()), allow_unused=True) for loss in losses)
    for one, other in zip(found, expected, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_the_same_roads_are_masked_in_both_streams_and_their_numbers_and_points_change_no_token(problem):
    network, trips = make(problem).network.eval(), problem.only.unlabelled
    units = units_of(trips, "route")
    torch.manual_seed(1)
    masked = masked_blocks(units.layout, 2, 0.2)
    hidden = masked[trips.route.offsets[:-1][Ragged.of(trips.gps.offsets).sequence] + trips.gps.values["step"]]
    roads = torch.where(masked, (trips.route.values["road"] + 3) % 20, trips.route.values["road"])
    changed = replace(trips, route=TripView(trips.route.offsets, {**trips.route.values, "road": roads}))
    before, after = ({GPS_ROAD: network.gps_stream(one, units_of(one, "route"), masked),
                      ROUTE: network.route_stream(units_of(one, "route"), masked)} for one in (trips, changed))
    assert masked.any()
    assert hidden.any()
    for name, stream in network.joined(before).items():
        assert torch.equal(stream.tokens, network.joined(after)[name].tokens)
    # points that lie on masked roads are zero behind the linear map, whatever their channels
    points = network.scaler(trips)
    network.scaler.forward = lambda _: torch.where(hidden[:, None], points + 5, points)
    assert torch.equal(network.gps_stream(trips, units, masked).tokens, before[GPS_ROAD].tokens)


def test_about_a_fifth_of_roads_and_points_is_masked():
    city = made_city(count=600, road_steps=(11, 40), points=(40, 120))
    trips = city.unlabelled
    layout = Ragged.of(trips.route.offsets)
    torch.manual_seed(0)
    masked = masked_blocks(layout, JGRMOptions().mask_length, JGRMOptions().mask_probability)
    of_point = masked[trips.route.offsets[:-1][Ragged.of(trips.gps.offsets).sequence] + trips.gps.values["step"]]
    assert masked.float().mean().item() == pytest.approx(0.2, abs=0.02)
    assert of_point.float().mean().item() == pytest.approx(0.2, abs=0.02)


# which vectors

@pytest.mark.parametrize("hide", [untimed, lambda trips: untimed(trips, range(len(trips)))], ids=["paper", "strict"])
def test_where_times_are_hidden_the_route_encoder_answers_alone_behind_zeros(problem, hide):
    network, trips = make(problem).network.eval(), hide(problem.only.unlabelled)
    vectors = network(trips)
    assert (vectors[:, :WIDTH] == 0).all()
    torch.testing.assert_close(vectors[:, WIDTH:], network.route_stream(units_of(trips, "route")).pooled)
    gps = {**trips.gps.values, "lon": trips.gps.values["lon"] + 1, "time": 2 * trips.gps.values["time"]}
    assert torch.equal(network(replace(trips, gps=TripView(trips.gps.offsets, gps))), vectors)  # no way to the answer


def test_a_trip_alone_is_what_it_is_in_a_batch_in_any_order_also_beside_trips_whose_times_are_hidden(problem):
    method, trips = make(problem), problem.only.unlabelled
    mixed = trips.route.values["time"].clone()
    mixed[slice(*trips.route.offsets[2:4].tolist())] = math.nan
    mixed = replace(trips, route=TripView(trips.route.offsets, {**trips.route.values, "time": mixed}))
    for some in (trips, untimed(trips), mixed):
        together = method.encode(some)
        for trip in range(len(trips)):
            torch.testing.assert_close(method.encode(some.rows(torch.tensor([trip]))), together[trip:trip + 1], rtol=1e-5, atol=1e-5)
        order = torch.arange(7).flip(0)
        torch.testing.assert_close(method.encode(some.rows(order)), together[order], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(method.encode(mixed)[[0, 1, 3]], method.encode(trips)[[0, 1, 3]])


@pytest.mark.parametrize("when", ["unknown time", "mean time"])
def test_a_road_that_no_trip_drives_is_met_at_an_unknown_time_or_at_the_means_of_minute_weekday_and_interval(when):
    network = make(made_problem(replace(made_city(roads=40), lone_roads=when))).network.eval()
    roads, seen = torch.tensor([3, 8]), []
    network.route.register_forward_hook(lambda module, given, made: seen.append(given[0]))
    with torch.no_grad():
        network.lone_roads("a", roads)
    time = network.time
    if when == "unknown time":
        told = time.minute.weight[0] + time.weekday.weight[0] + time.interval(torch.tensor([-1.0]))[0]
    else:
        told = time.minute.weight[1:].mean(0) + time.weekday.weight[1:].mean(0) + time.interval.bins.weight.mean(0)
    torch.testing.assert_close(seen[0], network.roads()[roads] + told)


# how it learns

def test_gradients_reach_every_parameter_but_those_of_the_direction_that_is_not_kept(problem):
    method = make(problem)
    torch.manual_seed(3)
    sum(method.losses(problem.only.unlabelled).values()).backward()
    still = {name for name, weight in method.network.named_parameters() if weight.grad is None}
    assert still == {f"gps.inside.forwards.{kind}_{part}_l0" for kind in ("weight", "bias") for part in ("ih", "hh")}


def test_it_overfits_a_tiny_city():
    trips = (problem := made_problem(made_city(count=2, road_steps=(5, 8)))).only.unlabelled
    sizes = {"width": 32, "embedding_width": 32, "view_heads": 2, "joint_heads": 2}
    method = make(problem, **sizes, dropout=0.0, edge_dropout=0.0)
    steps, recovered = torch.optim.Adam(method.network.parameters(), 5e-3), []
    for _ in range(150):
        terms = method.losses(trips)
        steps.zero_grad()
        sum(terms.values()).backward()
        steps.step()
        recovered.append(sum(float(terms[f"recover {name}"].detach()) for name in (GPS_ROAD, ROUTE)))
    assert sum(recovered[-20:]) < 0.2 * sum(recovered[:20])


def test_a_killed_pre_training_goes_on_bit_for_bit(problem, tmp_path):
    def fresh():
        seed_everything(0)
        return JGRM(JGRMOptions(**TINY_STREAMS, batch_size=2, epochs=4, warm_up_epochs=1), problem)

    check_resumes(SimpleNamespace(info=SimpleNamespace(name="jgrm"), problem=problem, folder=tmp_path, make=lambda _: fresh()))


def test_skip_gram_vectors_of_roads_outlive_the_first_weights_where_they_are_asked_for(problem):
    method, run = make(problem, road_init="word2vec", pretrain=False), RunContext(0, torch.device("cpu"), Budget(1, 30))
    method.fit(run)
    route = problem.only.unlabelled.route
    sequences = [trip.tolist() for trip in route.values["road"].split(route.lengths().tolist())]
    vectors, occurs = skip_gram(sequences, 20, SkipGramOptions(width=8), run)
    torch.testing.assert_close(method.network.roads.table.weight[occurs], vectors[occurs])
