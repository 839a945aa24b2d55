"""Records of other machines come into one store: all of them, none twice, none over another."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made.forecasting_records import record
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.errors import UserError
from benchmark.store.kept import find_kept, write_kept
from benchmark.store.merging import merge, plan_merge
from benchmark.store.records import Store


@pytest.fixture
def stores(tmp_path):
    """The store that is merged into, and two others."""
    return [Store(tmp_path / name) for name in ("here", "stick", "branch")]


def on(machine, one):
    return replace(one, environment={"device": machine, "system": "Linux x86_64", "torch": "2.13.0", "threads": 1})


def merged(here, *others, code=0):
    done = CliRunner().invoke(app, ["results", "merge", *(str(one.root) for one in others), "--yes", "--results", str(here.root)])
    assert done.exit_code == code, done.output
    return done.output


def test_runs_of_other_folders_come_with_all_that_lies_beside_them(stores):
    here, stick, branch = stores
    here.write(record("gwnet"))
    for seed in range(2):
        stick.write(record("stid", seed), [{"epoch": 0}], {"taxi_pick": [1.0]})
    write_kept(stick, record("stid", 1), {".state.safetensors": b"tensors"})
    branch.write(record("cmust"))
    assert "3 records merged" in merged(here, stick, branch)
    assert {(one.spec.method, one.spec.seed) for one in here.records()} == {("gwnet", 0), ("stid", 0), ("stid", 1), ("cmust", 0)}
    path = here.path(record("stid", 1).spec)
    assert json.loads(path.with_suffix(".history.json").read_text()) == [{"epoch": 0}]
    assert path.with_suffix(".nodes.npz").is_file()
    assert find_kept(here, path.stem).file(".state.safetensors").read_bytes() == b"tensors"


def test_nothing_is_written_before_it_is_said(stores):
    here, stick, _ = stores
    stick.write(record("stid"))
    done = CliRunner().invoke(app, ["results", "merge", str(stick.root), "--results", str(here.root)])
    assert "1 to merge" in done.output
    assert "add --yes" in done.output
    assert not list(here.records())


def test_of_one_run_with_other_numbers_the_one_here_stays_and_both_machines_are_named(stores):
    here, stick, branch = stores
    here.write(on("cpu", record("stid", mae=1.0)))
    stick.write(on("NVIDIA H100", record("stid", mae=2.0)))
    branch.write(record("cmust"))
    said = merged(here, stick, branch, code=1)
    assert "conflict" in said
    assert "NVIDIA H100" in said
    assert "than on cpu, Linux x86_64, torch 2.13.0, 1 thread" in " ".join(said.split())
    assert here.read(record("stid").spec).metrics["taxi_pick"]["mae"] == 1.0
    assert here.has(record("cmust").spec)


def test_two_folders_that_disagree_are_a_conflict_of_the_second(stores):
    here, stick, branch = stores
    stick.write(record("stid", mae=1.0))
    branch.write(record("stid", mae=2.0))
    plan = plan_merge([stick.root, branch.root], here)
    assert [len(part) for part in (plan.new, plan.conflicts)] == [1, 1]
    merge(plan.new, here)
    assert here.read(record("stid").spec).metrics["taxi_pick"]["mae"] == 1.0


def test_an_edited_record_is_named_and_not_merged(stores, caplog):
    here, stick, _ = stores
    stick.write(record("stid"))
    path = stick.write(record("cmust"))
    path.write_text(path.read_text().replace('"mae": 1.0', '"mae": 0.5'))
    plan = plan_merge([stick.root], here)
    assert [one.spec.method for _, one in plan.new] == ["stid"]
    assert "it was edited" in caplog.text


@pytest.mark.parametrize(("folder", "sentence"), [
    ("absent", "is no folder"), ("empty", "has no whole record"), ("here", "is the store that is merged into")])
def test_what_cannot_be_merged_is_said(stores, tmp_path, folder, sentence):
    stores[0].write(record("stid"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=sentence):
        plan_merge([tmp_path / folder], stores[0])


@settings(deadline=None)
@given(st.lists(st.sets(st.integers(0, 5)), min_size=1, max_size=4), st.sets(st.integers(0, 5)))
def test_merging_any_folders_twice_leaves_their_union_and_brings_nothing_more(tmp_path_factory, parts, stands):
    root = tmp_path_factory.mktemp("stores")
    here, others = Store(root / "here"), [Store(root / str(k)) for k in range(len(parts))]
    for store, seeds in zip([here, *others], [stands, *parts], strict=True):
        for seed in seeds:
            store.write(record("stid", seed))
    folders = [store.root for store, seeds in zip(others, parts, strict=True) if seeds]
    merge(plan_merge(folders, here).new, here)
    assert {one.spec.seed for one in here.records()} == stands.union(*parts)
    again = plan_merge(folders, here)
    assert (again.new, again.conflicts, again.there) == ([], [], sum(map(len, parts)))
