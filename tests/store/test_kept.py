"""Kept fits: believed only whole, found by id or path, never taken for records, never published."""

import json
from dataclasses import replace

import pytest
from made.forecasting_records import record

from benchmark.errors import UserError
from benchmark.store import kept
from benchmark.store.kept import PREDICTIONS, SIDECAR, STATE, find_kept, is_kept, write_kept
from benchmark.store.managing import plan_promotion, promote
from benchmark.store.records import Store

DONE = record("stid", mae=0.1 + 0.2)
SPEC = DONE.spec
FILES = {STATE: b"weights", PREDICTIONS: b"arrays"}


@pytest.fixture
def store(tmp_path):
    """With one finished and kept run."""
    made = Store(tmp_path / "records")
    write_kept(made, DONE, FILES)
    made.write(DONE)
    return made


def path(store, suffix):
    return store.path(SPEC).with_name(f"{SPEC.id}{suffix}")


def test_the_files_stand_beside_the_record_and_their_digests_in_the_sidecar(store):
    found = find_kept(store, SPEC.id)
    assert (found.spec, found.metrics) == (SPEC, DONE.metrics)
    assert found.file(STATE) == path(store, STATE)
    assert found.file(PREDICTIONS).read_bytes() == b"arrays"
    assert is_kept(store, SPEC)
    assert sorted(json.loads(path(store, SIDECAR).read_text())["files"]) == [PREDICTIONS, STATE]


def test_kept_files_are_no_records_and_are_never_swept_or_published(store, tmp_path):
    store.sweep(SPEC)
    assert is_kept(store, SPEC)
    assert list(store.records()) == [DONE]
    published = Store(tmp_path / "published")
    assert promote(plan_promotion(store, published, lambda record: True), published) == [published.path(SPEC)]
    assert [file.name for file in published.path(SPEC).parent.iterdir()] == [f"{SPEC.id}.json"]


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_a_kill_between_the_files_leaves_nothing_that_is_believed(store, monkeypatch, writes):
    """Of a first fit, and of one that replaces another."""
    whole, left = kept.write_atomic, [writes]

    def killed(*given):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        whole(*given)

    monkeypatch.setattr(kept, "write_atomic", killed)
    with pytest.raises(KeyboardInterrupt):
        write_kept(store, DONE, {STATE: b"other weights", PREDICTIONS: b"other arrays"})
    assert not is_kept(store, SPEC)
    with pytest.raises(UserError, match="was not kept"):
        find_kept(store, SPEC.id)


@pytest.mark.parametrize("suffix", [STATE, PREDICTIONS])
def test_a_changed_or_missing_file_is_refused(store, suffix):
    file = path(store, suffix)
    file.write_bytes(b"changed")
    with pytest.raises(UserError, match=rf"{suffix} has changed since it was kept \(SHA-256 differs\).*again with --keep"):
        find_kept(store, SPEC.id).file(suffix)
    file.unlink()
    assert not is_kept(store, SPEC)
    with pytest.raises(UserError, match=f"{suffix} is missing"):
        find_kept(store, SPEC.id).file(suffix)


def test_a_file_that_a_family_does_not_have_is_a_sentence(store):
    write_kept(store, DONE, {STATE: b"weights"})
    with pytest.raises(UserError, match=r"keeps no predictions\.npz; it keeps state\.safetensors"):
        find_kept(store, SPEC.id).file(PREDICTIONS)


def test_a_run_is_found_by_the_beginning_of_its_id_or_the_path_of_any_of_its_files(store):
    for given in (SPEC.id, SPEC.id[:4], path(store, SIDECAR), str(path(store, STATE)), store.path(SPEC)):
        assert find_kept(store, given).spec == SPEC


def test_a_kept_run_that_was_copied_elsewhere_is_found_by_its_path(store, tmp_path):
    for suffix in (STATE, PREDICTIONS, SIDECAR):
        (tmp_path / path(store, suffix).name).write_bytes(path(store, suffix).read_bytes())
    assert find_kept(Store(tmp_path / "empty"), tmp_path / f"{SPEC.id}{SIDECAR}").file(STATE).parent == tmp_path


def test_an_unknown_ambiguous_or_empty_beginning_is_refused_with_what_there_is(store):
    specs = [replace(SPEC, seed=seed) for seed in range(1, 20)]
    for spec in specs:
        write_kept(store, replace(DONE, spec=spec), FILES)
    with pytest.raises(UserError, match=r"No run 'zz'.*Kept runs: .*stid taxi_pick seed .* on nyc"):
        find_kept(store, "zz")
    (shared,) = [first for first in "0123456789abcdef" if sum(s.id.startswith(first) for s in [SPEC, *specs]) > 1][:1]
    with pytest.raises(UserError, match=rf"'{shared}' is the beginning of \d+ kept runs: .*Give more of the id"):
        find_kept(store, shared)
    with pytest.raises(UserError, match="No run ''"):
        find_kept(store, "")


def test_a_finished_run_that_was_not_kept_says_how_to_keep_it(store):
    other = replace(SPEC, seed=5)
    store.write(replace(DONE, spec=other))
    with pytest.raises(UserError, match=f"The state of run {other.id} was not kept.*again with --keep"):
        find_kept(store, other.id)
    with pytest.raises(UserError, match=f"The state of run {other.id} was not kept"):
        find_kept(store, store.path(other))


def test_the_state_of_an_earlier_fit_is_not_taken_for_that_of_a_forced_one(store):
    store.write(record("stid", mae=0.3))
    assert not is_kept(store, SPEC)
    with pytest.raises(UserError, match="is of an earlier fit, with other metrics than the record beside it"):
        find_kept(store, SPEC.id)


@pytest.mark.parametrize("text", ["{", "{}", "[]"])
def test_a_broken_sidecar_is_a_sentence(store, text):
    path(store, SIDECAR).write_text(text)
    with pytest.raises(UserError, match="is not whole"):
        find_kept(store, SPEC.id)


def test_an_edited_sidecar_is_refused(store):
    said = json.loads(path(store, SIDECAR).read_text())
    said["spec"]["seed"] = 3
    path(store, SIDECAR).write_text(json.dumps(said))
    with pytest.raises(UserError, match="the file was edited"):
        find_kept(store, SPEC.id)
