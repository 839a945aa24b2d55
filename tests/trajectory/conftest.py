"""A tiny city whose tasks are judged."""

from types import SimpleNamespace

import pytest
import torch

from benchmark.contract import Budget, RunContext
from benchmark.testing.tiny_trips import tiny_trajectory_city
from benchmark.trajectory.cuts import TripTable
from benchmark.trajectory.exam import Exam
from benchmark.trajectory.posing import part_rows


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return TripTable(tiny_trajectory_city(tmp_path_factory.mktemp("judging") / "tiny"))


@pytest.fixture(scope="module")
def rows(tiny):
    return part_rows(tiny.city, {"unlabelled_trips": None, "labelled_trips": None})


@pytest.fixture
def make_exam(tiny, rows):
    """An exam whose method has the road's own number as its vector."""
    def make(protocol, prober=None, share=None, seed=0, vectors=None, rows=rows):
        numbers = torch.arange(120.0)[:, None] if vectors is None else vectors
        method = SimpleNamespace(roads=lambda city, trips: numbers)
        return Exam(tiny, rows, protocol, share, method, prober, RunContext(seed, torch.device("cpu"), Budget(1, 1)))
    return make
