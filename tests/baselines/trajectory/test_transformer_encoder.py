"""The Transformer over routes (card transformer.md §7)."""

from dataclasses import replace

import pytest
import torch
from made.trips import made_city, made_problem

from baselines.trajectory.transformer import Transformer, TransformerOptions
from benchmark.contract import Budget, RunContext
from benchmark.registry import registry
from benchmark.trajectory.trips import TripView

TINY = {"width": 16, "feed_forward_width": 16, "heads": 2}


@pytest.fixture(scope="module")
def problem():
    return made_problem(made_city(count=8, road_steps=(3, 9)))


def make(problem, **given):
    torch.manual_seed(0)
    return Transformer(TransformerOptions(**{**TINY, **given}), problem)


def with_roads(trips, roads):
    return replace(trips, route=TripView(trips.route.offsets, {**trips.route.values, "road": roads}))


def test_the_parameters_are_the_card_s_at_xian_s_roads():
    method = Transformer(TransformerOptions(), made_problem(made_city(roads=4996)))
    assert method.parameter_count() == 3_380_612 == registry().info("transformer").parameters


def test_a_trip_alone_is_what_it_is_in_a_batch_in_any_order(problem):
    method, trips = make(problem), problem.only.unlabelled
    together = method.encode(trips)
    for trip in range(len(trips)):
        torch.testing.assert_close(method.encode(trips.rows(torch.tensor([trip]))), together[trip:trip + 1], rtol=1e-5, atol=1e-5)
    order = torch.arange(8).flip(0)
    torch.testing.assert_close(method.encode(trips.rows(order)), together[order], rtol=1e-5, atol=1e-5)


def test_the_order_of_roads_counts_and_their_times_do_not(problem):
    method, trips = make(problem), problem.only.unlabelled.rows(torch.tensor([0]))
    assert not torch.allclose(method.encode(trips), method.encode(with_roads(trips, trips.route.values["road"].flip(0))), atol=1e-4)
    hidden = replace(trips, minute=trips.minute + 1, route=TripView(trips.route.offsets, {**trips.route.values,
                                                                                         "time": trips.route.values["time"] * torch.nan}))
    assert torch.equal(method.encode(trips), method.encode(hidden))


def test_only_masked_roads_are_asked_for_and_their_numbers_do_not_matter_to_the_answer(problem, monkeypatch):
    method, trips = make(problem), problem.only.unlabelled
    network, given = method.network.eval(), []
    monkeypatch.setattr(network.recover, "forward", lambda tokens: given.append(tokens) or tokens @ network.recover.weight.T)
    roads = trips.route.values["road"]
    masked = torch.zeros_like(roads, dtype=torch.bool)
    masked[::3] = True
    monkeypatch.setattr("baselines.trajectory.transformer.masked_blocks", lambda *_: masked)
    losses = [float(method.losses(one)["recovery"].detach()) for one in (trips, with_roads(trips, torch.where(masked, 7, roads)))]
    assert len(given[0]) == int(masked.sum())
    assert torch.equal(given[0], given[1])
    assert losses[0] != losses[1]  # another label


def test_a_road_s_vector_is_its_mean_token_and_a_new_road_is_encoded_alone(problem):
    method, trips = make(problem), problem.only.unlabelled
    vectors, network = method.roads("a", trips), method.network.eval()
    with torch.no_grad():
        tokens, driven = network.road_tokens(trips), trips.route.values["road"]
        new = [road for road in range(20) if road not in driven.tolist()]
        some = int(driven[0])
        torch.testing.assert_close(vectors[some], tokens[driven == some].mean(0), rtol=1e-5, atol=1e-5)
        for road in new:
            torch.testing.assert_close(vectors[road], network.lone_roads("a", torch.tensor([road]))[0], rtol=1e-5, atol=1e-5)


def test_it_learns_which_road_follows_which():
    """Every trip goes round the same ring of roads, so a masked road can be told from its neighbours."""
    city = made_city(count=60, road_steps=(8, 12))
    trips = city.unlabelled
    ring = (torch.repeat_interleave(torch.arange(60), trips.route.lengths()) + torch.arange(len(trips.route.values["road"]))) % 20
    trips = with_roads(trips, ring)
    problem = made_problem(replace(city, unlabelled=trips, validation=trips))
    method = make(problem, width=32, feed_forward_width=32, layers=1, dropout=0.0, epochs=50, learning_rate=1e-2, batch_size=10)
    run = RunContext(0, torch.device("cpu"), Budget(50, 90))
    method.fit(run)
    assert run.history[0]["validation_loss"] > 2.5
    assert run.history[-1]["validation_loss"] < 1.2
