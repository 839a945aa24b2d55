"""What is remembered of records: the same as what stands in their files, whatever becomes of it."""

import json
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from made.forecasting_records import record
from made.trajectory_records import record as trajectory_record

from benchmark.files import home
from benchmark.spec import RunSpec
from benchmark.store import reading
from benchmark.store.reading import completed, read_records
from benchmark.store.records import Store, dumps

RECORDS = [*(record("stid", seed, mae=1.0 + seed / 3) for seed in range(3)), record("gwnet", mae=0.1 + 0.2),
           record("stid", suite="sip"), trajectory_record(seed=1)]


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "records")
    for one in RECORDS:
        made.write(one)
    return made


@pytest.fixture
def parsed(monkeypatch):
    """The paths of the records that are parsed."""
    paths = []

    def sound(self, path):
        paths.append(path)
        return true_sound(self, path)

    true_sound = Store.sound
    monkeypatch.setattr(Store, "sound", sound)
    return paths


def texts(store, **chosen):
    return [dumps(one) for one in read_records(store, **chosen)]


def remembered():
    return sorted((home() / "records").glob("*.lines"))


def test_records_are_the_same_cold_warm_and_from_their_files_to_the_last_byte(store, parsed):
    cold, warm, files = texts(store), texts(store), [dumps(completed(one)) for one in store.records()]
    assert cold == warm == files
    assert len(parsed) == 2 * len(RECORDS)


def test_a_remembered_record_equals_the_one_of_its_file(store):
    list(read_records(store))
    assert list(read_records(store)) == [completed(one) for one in store.records()]


def test_only_the_folders_that_are_asked_for_are_parsed(store, parsed):
    texts(store, suites=("nyc",), methods=("gwnet", "stid"))
    assert {path.parent.relative_to(store.root).as_posix() for path in parsed} == {"nyc/gwnet", "nyc/stid"}


def test_a_changed_a_new_and_a_removed_record_are_seen_and_nothing_else_is_parsed(store, parsed):
    texts(store)
    changed = replace(RECORDS[0], timings={"total_s": 2.0})
    store.path(changed.spec).write_text(dumps(changed))
    store.path(RECORDS[1].spec).unlink()
    new = record("stid", seed=9)
    store.write(new)
    parsed.clear()
    seen = [one for one in read_records(store) if one.spec.method == "stid" and one.spec.suite == "nyc"]
    assert sorted(parsed) == sorted([store.path(changed.spec), store.path(new.spec)])
    assert sorted(map(dumps, seen)) == sorted(dumps(completed(one)) for one in (changed, RECORDS[2], new))
    assert not any(RECORDS[1].spec.id in path.read_text() for path in remembered())


@pytest.mark.parametrize("moment", [0, 2**33, 10**9])
def test_an_edit_of_the_same_size_is_seen_whatever_the_clock_says(store, moment):
    """Set back and forward by decades: times are compared for being equal, never with the clock."""
    path = store.path(RECORDS[0].spec)
    os.utime(path, (moment, moment))
    texts(store)
    content = path.read_text()
    path.write_text(content.replace('"status": "done"', '"status": "dome"'))
    os.utime(path, (moment, moment + 1))
    assert path.stat().st_size == len(content.encode())
    assert len(texts(store)) == len(RECORDS) - 1


def test_a_broken_record_is_never_remembered_and_is_named_every_time(store):
    path = store.path(RECORDS[0].spec)
    path.write_text("{}")
    for _ in range(2):
        again = Store(store.root)
        assert len(texts(again)) == len(RECORDS) - 1
        assert str(path) in again.broken[path]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(damage=some.data())
def test_whatever_is_damaged_is_read_again(store, damage):
    whole = texts(store)
    for path in remembered():
        content = bytearray(path.read_bytes())
        at, gone = damage.draw(some.integers(0, len(content))), damage.draw(some.integers(0, 4))
        content[at : at + gone] = damage.draw(some.binary(max_size=4))
        path.write_bytes(content)
    assert texts(store) == whole


@pytest.mark.parametrize("drop", [Path.unlink, lambda path: (path.unlink(), path.mkdir()), lambda path: path.write_bytes(b"")],
                         ids=["gone", "a folder", "empty"])
def test_what_is_remembered_may_be_dropped_at_any_moment(store, drop):
    whole = texts(store)
    for path in remembered():
        drop(path)
    assert texts(store) == whole


def test_what_other_code_read_is_read_again(store, parsed, monkeypatch):
    texts(store)
    parsed.clear()
    monkeypatch.setattr(reading, "_reader", lambda: "another")
    assert texts(store)
    assert len(parsed) == len(RECORDS)


def test_what_was_read_of_a_store_is_not_believed_of_another(store, tmp_path, parsed):
    texts(store)
    other = Store(tmp_path / "moved")
    os.rename(store.root, other.root)
    parsed.clear()
    assert len(texts(other)) == len(parsed) == len(RECORDS)


def test_without_a_place_to_write_records_are_read_all_the_same(store, monkeypatch, tmp_path):
    place = tmp_path / "a file"
    place.write_text("")
    monkeypatch.setenv("STBENCH_HOME", str(place))
    assert texts(store) == texts(store)
    assert place.read_text() == ""


def test_readers_that_remember_and_drop_at_once_all_see_the_same(store):
    whole, seen = texts(store), []

    def look():
        for _ in range(10):
            for path in remembered():
                path.unlink(missing_ok=True)
            seen.append(texts(store))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert seen == [whole] * 40


def test_of_too_much_what_was_written_first_is_dropped(store, monkeypatch):
    texts(store)
    first = next(path for path in remembered() if "gwnet" in path.read_text())
    os.utime(first, (1, 1))
    monkeypatch.setattr(reading, "MOST_BYTES", sum(path.stat().st_size for path in remembered()))
    store.write(record("stid", seed=7, suite="sip"))
    texts(store, suites=("sip",))
    assert first not in remembered()
    assert 0 < sum(path.stat().st_size for path in remembered()) <= reading.MOST_BYTES


def test_a_metric_that_is_younger_than_a_record_is_made_from_its_sums(store):
    """The WAPE of these records is unknown to them; their sums would tell none, and tell the MAPE of y ≥ 1."""
    one = record("stgcn")
    old = replace(one, metrics={task: {"mae": said["mae"]} for task, said in one.metrics.items()})
    store.write(old)
    for _ in range(2):
        (seen,) = read_records(store, methods=("stgcn",))
        assert seen.metrics["taxi_pick"] == {**old.metrics["taxi_pick"], "rmse": 2.0, "wape": None, "mape": 0.1}


def test_long_fields_are_parsed_only_when_they_are_looked_into(store, monkeypatch):
    list(read_records(store))
    seen = list(read_records(store))
    monkeypatch.setattr(json, "loads", None)
    assert all(one.metrics and isinstance(one.spec, RunSpec) for one in seen)
    with pytest.raises(TypeError):
        len(seen[0].sums)
