"""A store, and a request, of the tests of experiments."""

import pytest

from benchmark.experiments import doing
from benchmark.experiments.doing import request_of
from benchmark.store.records import Store


@pytest.fixture
def asked():
    return request_of(preset="smoke", edition="sim", device="cpu")


@pytest.fixture
def store(tmp_path, monkeypatch):
    """An empty local store, and no published one."""
    monkeypatch.setattr(doing, "open_stores", lambda results=None: (Store(tmp_path / "store"), None))
    return Store(tmp_path / "store")
