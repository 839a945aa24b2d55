"""`trip_vector`: pooled, last, or both, for every encoder."""

import pytest
import torch
from made.trips import made_city, made_problem

from baselines.layers.ragged import Ragged
from benchmark.contract import Budget, RunContext
from benchmark.fitting import seed_everything
from benchmark.options import resolve
from benchmark.registry import registry
from benchmark.spec import without_unborn

ENCODERS = registry().names("trajectory")


def vectors(name, kind, trips=None, **options):
    problem = made_problem(made_city(count=12))
    cls = registry().load(name)
    seed_everything(0)
    method = cls(resolve(cls.Options, {**cls.presets.get("smoke", {}), **options, "trip_vector": kind}, name), problem)
    method.fit(RunContext(0, torch.device("cpu"), Budget(1, 1)))
    return method, method.encode(problem.only.unlabelled if trips is None else trips)


@pytest.mark.parametrize("name", ENCODERS)
def test_both_is_the_pooled_vector_beside_the_last_one_which_differ(name):
    pooled, last, both = (vectors(name, kind)[1] for kind in ("pooled", "last", "both"))
    torch.testing.assert_close(both, torch.cat([pooled, last], dim=1))
    assert pooled.shape == last.shape
    assert not torch.equal(pooled, last)


@pytest.mark.parametrize("name", ["random", "word2vec", "node2vec"])
def test_the_last_vector_of_a_table_is_that_of_the_last_road(name):
    method, last = vectors(name, "last")
    trips = method.problem.only.unlabelled
    roads = [trips.route.values["road"][end - 1] for end in trips.route.offsets[1:].tolist()]
    assert torch.equal(last, torch.stack([method.table[road] for road in roads]))


@pytest.mark.parametrize("name", ENCODERS)
def test_what_is_pooled_keeps_the_ids_of_earlier_records(name):
    options = registry().load(name).Options
    assert "trip_vector" not in without_unborn(options, {"trip_vector": "pooled"})
    assert without_unborn(options, {"trip_vector": "last"}) == {"trip_vector": "last"}


def test_the_last_token_of_each_sequence_stands_at_its_last_place_whatever_the_order_of_the_tokens():
    layout = Ragged.of_lengths(torch.tensor([2, 0, 3]))
    x = torch.arange(5.0)[:, None]
    assert layout.last(x)[:, 0].tolist() == [1, 0, 4]
    assert layout.backwards().last(x)[:, 0].tolist() == [0, 0, 2]
