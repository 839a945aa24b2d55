"""Stores filled with records."""

import pytest

from benchmark.store.records import Store


@pytest.fixture
def stores(tmp_path):
    def fill(local=(), published=()):
        made = Store(tmp_path / "local"), Store(tmp_path / "published")
        for store, records in zip(made, (local, published), strict=True):
            for one in records:
                store.write(one)
        return made
    return fill
