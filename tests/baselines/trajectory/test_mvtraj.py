"""MVTraj (card mvtraj.md §7)."""

import math
from dataclasses import replace

import pytest
import torch
from made.trips import made_city, made_problem
from plain.smartraj2 import plain_extractor, plain_views

from baselines.trajectory.multi_view.encoder import TINY_VIEWS
from baselines.trajectory.multi_view.streams import STREAMS, UNITS
from baselines.trajectory.mvtraj import MVTraj, MVTrajOptions
from benchmark.contract import Budget, RunContext
from benchmark.registry import registry
from benchmark.spec import without_unborn
from benchmark.trajectory.trips import TripView


@pytest.fixture(scope="module")
def problem():
    return made_problem(made_city(count=7))


def make(problem, **given):
    torch.manual_seed(0)
    return MVTraj(MVTrajOptions(**{**TINY_VIEWS, "batch_size": 4, **given}), problem)


@pytest.mark.parametrize(("roads", "cells", "expected"), [(4996, 10_098, 18_348_726), (6450, 9369, 18_814_176)], ids=["xian", "chengdu"])
def test_the_parameters_are_the_card_s_without_the_unused_table_of_types(roads, cells, expected):
    method = MVTraj(MVTrajOptions(), made_problem(made_city(roads=roads, cells=cells)))
    assert method.parameter_count() == expected
    assert expected in (registry().info("mvtraj").parameters, 18_814_176)


def test_the_default_vector_has_1024_numbers_and_shapes_are_the_card_s(problem):
    assert 4 * MVTrajOptions().width == 1024
    method, trips = make(problem), problem.only.unlabelled
    assert method.encode(trips).shape == (7, 4 * 16)
    encoded = method.network.views(trips, method.network.shared)
    for name in STREAMS:
        assert encoded.streams[name].pooled.shape == (7, 16)
        assert encoded.streams[name].tokens.shape == (int(getattr(trips, UNITS[name]).offsets[-1]), 16)


def test_the_vectors_are_those_of_a_loop_over_trips_and_runs(problem):
    network, trips = make(problem, view_layers=2, joint_layers=2).network.eval(), problem.only.unlabelled
    network.city = lambda name: network.views  # what the plain form asks SMARTraj2 for
    encoded = network.views(trips, network.shared)
    joint = [plain_extractor(network.extractor, streams, network.types.weight) for streams in plain_views(network, trips, encoded)]
    expected = torch.stack([torch.cat([trip[name][0] for name in STREAMS]) for trip in joint])
    torch.testing.assert_close(network(trips), expected, rtol=1e-5, atol=1e-5)
    tokens = torch.cat([(trip["gps_road"][1] + trip["route"][1]) / 2 for trip in joint])
    torch.testing.assert_close(network.road_tokens(trips), tokens, rtol=1e-5, atol=1e-5)


def test_a_trip_alone_is_what_it_is_in_a_batch_in_any_order(problem):
    method, trips = make(problem), problem.only.unlabelled
    together = method.encode(trips)
    for trip in range(len(trips)):
        torch.testing.assert_close(method.encode(trips.rows(torch.tensor([trip]))), together[trip:trip + 1], rtol=1e-5, atol=1e-5)
    order = torch.arange(7).flip(0)
    torch.testing.assert_close(method.encode(trips.rows(order)), together[order], rtol=1e-5, atol=1e-5)


def test_numbers_of_masked_roads_do_not_change_any_token(problem):
    network, trips = make(problem).network.eval(), problem.only.unlabelled
    torch.manual_seed(1)
    encoded = network.views(trips, network.shared, masking=True)
    roads = torch.where(encoded.masked["route"], (trips.route.values["road"] + 3) % 20, trips.route.values["road"])
    changed = replace(trips, route=TripView(trips.route.offsets, {**trips.route.values, "road": roads}))
    torch.manual_seed(1)
    other = network.views(changed, network.shared, masking=True)
    assert encoded.masked["route"].any()
    for name in STREAMS:
        assert torch.equal(encoded.streams[name].tokens, other.streams[name].tokens)


def test_the_terms_add_up_to_the_card_s_total(problem):
    method, trips = make(problem), problem.only.unlabelled
    network = method.network.eval()
    torch.manual_seed(2)
    total = sum(method.losses(trips).values())
    torch.manual_seed(2)
    encoded = network.views(trips, network.shared, masking=True)
    joint = network.extractor(encoded.streams, network.types.weight)
    (recovered,) = network.recovery([{name: stream.tokens for name, stream in joint.items()}], encoded.numbers(), encoded.masked)
    pairs = network.matching({name: stream.pooled for name, stream in encoded.streams.items()})
    torch.testing.assert_close(total, (2 * sum(recovered.values()) + pairs) / 7)
    assert set(recovered) == set(STREAMS)


def test_a_trip_is_as_long_as_the_roads_and_cells_that_are_read(problem):
    trips = problem.only.unlabelled
    roads, cells = trips.route.lengths(), trips.grid.lengths()
    for views, expected in ((("gps", "route", "grid"), roads + cells), (("gps", "route"), roads), (("gps", "grid"), cells)):
        assert torch.equal(make(problem, views=views).lengths(trips), expected)


@pytest.mark.parametrize("views", [("gps", "route"), ("gps", "grid"), ("route", "grid")])
def test_it_learns_from_two_of_the_views(problem, views):
    method = make(problem, views=views, epochs=25, learning_rate=1e-2, warm_up_epochs=1)

    def mean_loss():
        method.network.eval()
        torch.manual_seed(0)
        with torch.no_grad():
            return sum(float(sum(method.losses(problem.only.unlabelled).values())) for _ in range(20)) / 20

    before = mean_loss()
    method.fit(RunContext(0, torch.device("cpu"), Budget(25, 30)))
    assert mean_loss() < 0.95 * before
    assert method.encode(problem.only.unlabelled).shape == (7, 2 * 16)


def with_points(trips, **values):
    return replace(trips, gps=TripView(trips.gps.offsets, {**trips.gps.values, **values}))


def test_where_gps_is_dropped_nothing_of_the_points_of_a_trip_without_times_is_read_and_other_trips_are_as_they_were(problem):
    trips, (kept, dropped) = problem.only.unlabelled, (make(problem, gps=gps).network.eval() for gps in ("line", "drop"))
    assert torch.equal(dropped(trips), kept(trips))
    time, offsets = trips.gps.values["time"].clone(), trips.gps.offsets
    time[offsets[3] + 1:offsets[5]] = math.nan  # of two trips, but for the departure of the first
    hidden = with_points(trips, time=time)
    moved = with_points(hidden, lon=torch.where(time.isnan(), 99.0, trips.gps.values["lon"]), step=torch.where(time.isnan(), 0, 1))
    assert not torch.equal(kept(moved)[3:5], kept(hidden)[3:5])
    others = torch.tensor([0, 1, 2, 5, 6])
    torch.testing.assert_close(dropped(hidden)[others], kept(trips)[others])
    assert torch.equal(dropped(moved)[3:5], dropped(hidden)[3:5])


def test_a_dropped_trip_has_one_zero_vector_for_each_road_and_each_cell(problem):
    trips = problem.only.unlabelled
    network, hidden = make(problem, gps="drop").network.eval(), with_points(trips, time=torch.full_like(trips.gps.values["time"], math.nan))
    streams, seen = network.views(hidden, network.shared).streams, {"gps_road": trips.route, "gps_grid": trips.grid}
    for name, units in seen.items():
        count = int(units.offsets[-1])
        alone = network.shared.gps[name](torch.zeros(count, 8), torch.arange(count), streams[name].layout)
        torch.testing.assert_close(streams[name].tokens, alone.tokens)


def test_a_line_in_the_place_of_points_keeps_the_ids_of_earlier_records():
    assert without_unborn(MVTrajOptions, {"gps": "line"}) == {}
    assert without_unborn(MVTrajOptions, {"gps": "drop"}) == {"gps": "drop"}
