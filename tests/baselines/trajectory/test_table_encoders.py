"""Random, Word2vec and Node2vec: tables of road vectors, averaged over a trip."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from baselines.trajectory.node2vec import Node2vec, Node2vecOptions, biased_walks
from baselines.trajectory.random import Random, RandomOptions
from baselines.trajectory.word2vec import Word2vec, Word2vecOptions, filled
from benchmark import RunContext
from benchmark.contract import Budget
from benchmark.data.trajectory.splits import LABELLED
from benchmark.registry import registry
from benchmark.testing.tiny_trips import tiny_trajectory_city
from benchmark.trajectory import cuts
from benchmark.trajectory.cuts import TripTable
from benchmark.trajectory.posing import part_rows, pose_trajectories
from benchmark.trajectory.problem import TrajectoryProblem

WHOLE = {"unlabelled_trips": None, "labelled_trips": None}
METHODS = [(Random, RandomOptions()), (Word2vec, Word2vecOptions(epochs=2)), (Node2vec, Node2vecOptions(walks=2, walk_length=20, epochs=1))]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return TripTable(tiny_trajectory_city(tmp_path_factory.mktemp("tiny") / "city"))


@pytest.fixture(scope="module")
def problem(table):
    return pose_trajectories([table], {"tiny": part_rows(table.city, WHOLE)})


def fit(cls, options, problem, seed=0):
    method = cls(options, problem)
    run = RunContext(seed, torch.device("cpu"), Budget(1, 30))
    method.fit(run)
    return method, run


@pytest.mark.parametrize(("cls", "options"), METHODS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_trips_vector_is_the_mean_of_its_roads_vectors(table, problem, cls, options):
    method, _ = fit(cls, options, problem)
    trips = cuts.whole(table, np.arange(5))
    roads = method.roads("tiny", trips)
    expected = torch.stack([roads[part].mean(dim=0) for part in trips.route.values["road"].split(trips.route.lengths().tolist())])
    torch.testing.assert_close(method.encode(trips), expected)
    assert roads.shape == (120, 128)


@pytest.mark.parametrize("name", ["word2vec", "node2vec"])
def test_skip_gram_has_two_vectors_a_road_so_the_listed_count_is_that_of_xian(problem, name):
    cls = registry().load(name)
    assert cls(cls.Options(), problem).parameter_count() == 2 * 120 * 128
    assert registry().info(name).parameters == 2 * 4996 * 128 == 1_278_976


def test_random_entries_are_standard_normal_and_those_of_a_seed(problem):
    first, again, other = (fit(Random, RandomOptions(), problem, seed)[0].table for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.mean().abs() < 0.03
    assert first.std() == pytest.approx(1, abs=0.03)


def test_random_per_trip_says_nothing_of_the_roads(table, problem):
    method, _ = fit(Random, RandomOptions(per_trip=True), problem)
    trips = cuts.whole(table, np.arange(60))
    vectors = method.encode(trips)
    assert torch.equal(vectors, method.encode(trips))
    assert len(torch.unique(vectors, dim=0)) == 60
    by_roads = Random(RandomOptions(), problem)
    by_roads.table = torch.randn(120, 128, generator=torch.Generator().manual_seed(3))
    pooled = by_roads.encode(trips)
    shared = torch.corrcoef(pooled)[np.triu_indices(60, 1)]
    own = torch.corrcoef(vectors)[np.triu_indices(60, 1)]
    assert torch.corrcoef(torch.stack([shared, own]))[0, 1].abs() < 0.1


def test_word2vec_reads_the_unlabelled_trips_alone(table, problem):
    first, _ = fit(Word2vec, Word2vecOptions(epochs=1), problem)
    rows = part_rows(table.city, WHOLE)
    other = pose_trajectories([table], {"tiny": replace(rows, labelled=rows.test, test=rows.labelled)})
    again, _ = fit(Word2vec, Word2vecOptions(epochs=1), other)
    assert torch.equal(first.table, again.table)
    swapped = pose_trajectories([table], {"tiny": replace(rows, unlabelled=np.flatnonzero(table.city.parts == LABELLED))})
    assert not torch.equal(first.table, fit(Word2vec, Word2vecOptions(epochs=1), swapped)[0].table)


def corridors(problem, count=200):
    """A problem whose trips drive roads 0 … 9 or roads 10 … 19 in a row, and no other."""
    city = problem.only
    view = city.unlabelled.route
    trips = city.unlabelled.rows(torch.arange(count) % len(city.unlabelled))
    road = torch.cat([torch.arange(10) + 10 * (k % 2) for k in range(count)])
    route = type(view)(torch.arange(0, 10 * count + 1, 10), {"road": road, "time": torch.zeros(10 * count)})
    return TrajectoryProblem({"tiny": replace(city, unlabelled=replace(trips, route=route))})


def test_word2vec_puts_roads_of_one_corridor_nearer_than_others(problem):
    method, run = fit(Word2vec, Word2vecOptions(), corridors(problem))
    vectors = torch.nn.functional.normalize(method.table[:20], dim=1)
    cosine = vectors @ vectors.T
    same = torch.arange(20)[:, None] // 10 == torch.arange(20) // 10
    neighbours = cosine[torch.arange(9), torch.arange(1, 10)].mean()
    assert neighbours > cosine[~same].mean() + 0.2
    assert run.notes["roads without a trip"] == 100


def test_a_road_without_trips_has_the_mean_of_its_known_neighbours_else_zeros():
    table = torch.tensor([[1.0, 0.0], [3.0, 2.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    known = torch.tensor([True, True, False, False, False])
    links = torch.tensor([[0, 2], [2, 1], [2, 3]])
    assert filled(table, known, links).tolist() == [[1, 0], [3, 2], [2, 1], [0, 0], [0, 0]]


LINKS = np.array([[0, 1], [0, 2], [1, 0], [1, 2], [1, 3], [2, 0], [2, 1], [3, 4]])


def test_every_pair_of_a_walk_is_a_link_and_a_dead_end_stops_it():
    walks = biased_walks(LINKS, 5, np.repeat(np.arange(5), 200), 10, 0.5, 2.0, np.random.default_rng(0))
    linked = set(map(tuple, LINKS.tolist()))
    for walk in walks.tolist():
        length = walk.index(-1) if -1 in walk else len(walk)
        assert all(pair in linked for pair in pairwise(walk[:length]))
        assert set(walk[length:]) <= {-1}
        assert length == 10 or walk[length - 1] == 4


def test_with_p_and_q_of_one_every_next_road_is_equally_likely():
    walks = biased_walks(LINKS, 5, np.full(4000, 1), 3, 1.0, 1.0, np.random.default_rng(1))
    first = Counter(walks[:, 1].tolist())
    assert all(count / 4000 == pytest.approx(1 / 3, abs=0.03) for count in first.values())
    after = Counter(walks[walks[:, 1] == 2, 2].tolist())
    assert after[0] / sum(after.values()) == pytest.approx(0.5, abs=0.05)


def test_the_second_step_has_the_weights_of_node2vec():
    p, q = 0.25, 4.0
    walks = biased_walks(LINKS, 5, np.full(20_000, 0), 3, p, q, np.random.default_rng(2))
    second = Counter(walks[walks[:, 1] == 1, 2].tolist())
    # from 0 over 1: back to 0 (1/p), to 2, which leads to 0 (1), to 3, which does not (1/q)
    weights = np.array([1 / p, 1, 1 / q])
    shares = np.array([second[road] for road in (0, 2, 3)]) / sum(second.values())
    assert shares == pytest.approx(weights / weights.sum(), abs=0.02)


def test_undirected_walks_leave_a_dead_end_against_its_direction(problem):
    city = problem.only
    roads = replace(city.roads, links=torch.tensor([[k, k + 1] for k in range(119)]))
    line = TrajectoryProblem({"tiny": replace(city, roads=roads)})
    options = Node2vecOptions(walks=1, walk_length=5, epochs=1, undirected=True)
    assert torch.isfinite(fit(Node2vec, options, line)[0].table).all()
    both = np.concatenate([[[k, k + 1], [k + 1, k]] for k in range(119)])
    walks = biased_walks(both, 120, np.array([119] * 10), 5, 1.0, 1.0, np.random.default_rng(0))
    assert (walks >= 0).all()
