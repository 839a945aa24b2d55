"""The store: atomic, append-only, self-explaining, validated."""

import errno
import json
import os
from dataclasses import replace

import numpy as np
import pytest
from made.forecasting_records import failed, record

from benchmark.errors import UserError
from benchmark.store.check import read_record
from benchmark.store.records import Store, dumps, local_root, paper_root, published_root

DONE = record("stid", mae=0.1 + 0.2)
SPEC = DONE.spec
FAILED = failed(SPEC)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "records")


def test_a_record_comes_back_as_it_was_written_to_the_last_bit(store):
    store.write(DONE, history=[{"epoch": 1}], per_node={"taxi_pick.count": np.ones(3)})
    assert list(store.records()) == [DONE]
    folder = store.path(SPEC).parent
    assert json.loads((folder / f"{SPEC.id}.history.json").read_text()) == [{"epoch": 1}]
    with np.load(folder / f"{SPEC.id}.nodes.npz", allow_pickle=False) as arrays:
        assert arrays["taxi_pick.count"].tolist() == [1, 1, 1]


def test_the_text_of_a_record_is_json_with_sorted_keys():
    data = json.loads(dumps(DONE))
    assert list(data) == sorted(data)
    assert data["id"] == SPEC.id


def test_a_run_is_done_only_by_a_finished_record(store):
    store.write(FAILED)
    assert not store.has(SPEC)
    store.write(DONE)
    assert store.has(SPEC)


def test_failures_are_kept_one_file_an_attempt_beside_later_success(store):
    for _ in range(2):
        store.write(FAILED)
    store.write(DONE)
    assert [record.status for record in store.errors(store.path(SPEC))] == ["failed", "failed"]
    assert list(store.records()) == [DONE]


def test_nothing_is_overwritten_by_a_forced_run(store):
    store.write(DONE)
    again = replace(DONE, timings={"total_s": 2.0})
    store.write(again)
    assert list(store.records()) == [again]
    assert read_record(store.path(SPEC).with_suffix(".superseded-1.json")) == DONE


@pytest.mark.parametrize("damage", [lambda text: text[: len(text) // 2], lambda text: "{}", lambda text: "",
                                    lambda text: text.replace('"seed": 0', '"seed": 1')])
def test_a_half_written_or_edited_record_is_a_sentence_with_its_path(store, damage):
    path = store.write(DONE)
    path.write_text(damage(path.read_text()))
    assert list(store.records()) == []
    assert str(path) in store.broken[path]
    with pytest.raises(UserError, match=str(path)):
        store.read(SPEC)


def test_a_full_disk_is_a_sentence_and_leaves_no_half_file(store, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UserError, match="disk is full"):
        store.write(DONE)
    assert not [path for path in store.root.rglob("*") if path.is_file()]


def test_the_local_store_follows_the_option_then_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("STBENCH_RESULTS", str(tmp_path / "b"))
    assert local_root(tmp_path / "a") == tmp_path / "a"
    assert local_root() == tmp_path / "b"
    monkeypatch.delenv("STBENCH_RESULTS")
    assert local_root().parts[-2:] == ("results", "local")


@pytest.mark.parametrize(("platform", "variables", "folder"), [
    ("linux", {}, ".local/share/stbench"), ("linux", {"XDG_DATA_HOME": "{home}/data"}, "data/stbench"),
    ("darwin", {}, "Library/Application Support/stbench"), ("win32", {"LOCALAPPDATA": "{home}/AppData/Local"}, "AppData/Local/stbench"),
    ("linux", {"STBENCH_HOME": "{home}/all"}, "all"),
])
def test_without_a_checkout_records_go_to_the_users_data_and_not_to_a_cache(tmp_path, monkeypatch, platform, variables, folder):
    for name in ("STBENCH_HOME", "STBENCH_RESULTS", "XDG_DATA_HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(home=tmp_path))
    monkeypatch.setattr("benchmark.store.records.checkout", lambda: None)
    monkeypatch.setattr("benchmark.files.sys.platform", platform)
    monkeypatch.setattr("pathlib.Path.home", lambda: tmp_path)
    assert local_root() == tmp_path / folder / "results"


def test_with_neither_checkout_nor_wheel_nothing_is_published_and_no_paper_has_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmark.store.records.checkout", lambda: None)
    monkeypatch.setattr("benchmark.store.records.SHIPPED", tmp_path / "published")
    assert published_root() is None
    assert paper_root() is None
