"""What is published, removed and exported, and what never is."""

import json
import zipfile
from dataclasses import replace

import pytest
from made.forecasting_records import record
from made.killing import in_child
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.errors import UserError
from benchmark.spec import Record
from benchmark.store.check import read_record
from benchmark.store.claims import claim
from benchmark.store.managing import plan_promotion, promote
from benchmark.store.records import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "local")


@pytest.fixture
def published(tmp_path, monkeypatch):
    """The published store of a checkout of this test's own."""
    monkeypatch.setattr("benchmark.store.records.checkout", lambda: tmp_path / "checkout")
    return Store(tmp_path / "checkout" / "results" / "runs")


@pytest.fixture
def stbench(store):
    """Types a command on the local store; gives what it prints."""
    def call(*words, code=0):
        done = CliRunner().invoke(app, [*words, "--results", str(store.root)])
        if code == 2:
            assert isinstance(done.exception, UserError)
            return str(done.exception)
        assert done.exit_code == code, done.output
        return done.output
    return call


def failed(one):
    return replace(one, status="failed", metrics={}, sums={}, error={"kind": "Diverged", "message": "NaN", "traceback": ""})


def everything(_):
    return True


def test_finished_runs_of_public_editions_are_published_and_others_only_by_name(store, published, stbench):
    kept = [record("stid"), record("stid", edition="real"), record("stid", edition="own")]
    for one in (*kept, failed(record("stid", 9))):
        store.write(one)
    stbench("results", "promote", "--yes")
    assert list(published.records()) == sorted(kept[:2], key=lambda one: one.spec.id)
    stbench("results", "promote", "--data", "own", "--yes")
    assert len(list(published.records())) == 3
    assert "0 to publish, 0 refused, 2 published already" in stbench("results", "promote")


def test_what_a_killed_promotion_left_in_the_published_folder_is_swept_by_the_next_one(store, published, stbench):
    for seed in range(2):
        store.write(record("stid", seed))
    assert not in_child(lambda: promote(plan_promotion(store, published, everything), published), 4, r"\.part")
    files = [path.name for path in published.root.rglob("*") if path.is_file()]
    assert len(files) == 2
    assert sum(name.endswith(".part") for name in files) == 1
    stbench("results", "promote", "--yes")
    assert len(list(published.records())) == len([path for path in published.root.rglob("*") if path.is_file()]) == 2


def test_nothing_is_published_before_yes_and_what_would_be_is_listed(store, published, stbench):
    store.write(record("stid"))
    said = stbench("results", "promote")
    assert f"nyc/stid/{record('stid').spec.id}.json  stid taxi_pick seed 0 · nyc · data sim · preset quick" in said
    assert "1 to publish" in said
    assert "add --yes" in said
    assert not published.root.exists()


def test_a_run_of_a_method_of_a_file_is_never_published(store, published, stbench):
    store.write(record("mine", file="a" * 64))
    said = stbench("results", "promote", "--yes")
    assert "its method is of a file that nobody else has; make a package of it with stbench new." in said
    assert "0 to publish, 1 refused" in said
    assert not published.root.exists()


def test_a_filter_says_what_is_published(store, published, stbench):
    for one in (record("stid"), record("gwnet"), record("gwnet", preset="full"), record("gwnet", suite="chicago")):
        store.write(one)
    stbench("results", "promote", "--method", "gwnet", "--suite", "nyc", "--preset", "quick", "--yes")
    assert list(published.records()) == [record("gwnet")]
    assert "Did you mean quick" in stbench("results", "promote", "--preset", "quik", code=2)


@pytest.mark.parametrize(("changes", "reason"), [
    ({"preset": "smoke"}, "a smoke run measures nothing"),
    ({"environment": {"dirty": True}}, "uncommitted changes"),
    ({"notes": {"long": "x" * 100_000}}, "KB; a published record stays below"),
])
def test_smoke_runs_those_of_a_changed_checkout_and_huge_records_are_refused_with_the_reason(
        store, published, stbench, changes, reason):
    bad = replace(record("stid"), **changes) if "preset" not in changes else record("stid", **changes)
    for one in (bad, record("gwnet"), replace(record("dlinear"), environment={"dirty": False})):
        store.write(one)
    said = stbench("results", "promote", "--yes")
    assert f"refused: {bad.spec.id}" in said
    assert reason in said
    assert {one.spec.method for one in published.records()} == {"gwnet", "dlinear"}


def test_a_published_record_is_the_same_to_the_last_bit_and_never_written_again(store, published):
    store.write(record("stid", mae=0.1 + 0.2))
    assert promote(plan_promotion(store, published, everything), published) == [published.path(record("stid").spec)]
    assert list(published.records()) == [record("stid", mae=0.1 + 0.2)]
    assert promote(plan_promotion(store, published, everything), published) == []


def fill(store, one):
    """A run with everything that may lie beside it."""
    store.write(failed(one))
    store.write(one, history=[{"epoch": 1}])
    store.write(one)
    path = store.path(one.spec)
    path.with_suffix(".nodes.npz").write_bytes(b"")
    path.with_suffix(".checkpoint").mkdir()
    (path.with_suffix(".checkpoint") / "fit.pt").write_bytes(b"")
    return path


def test_a_run_is_removed_with_all_that_lies_beside_it_and_no_other_is_touched(store, stbench):
    fill(store, record("stid"))
    other = fill(store, record("stid", 1))
    before = sorted(path.name for path in other.parent.glob(f"{other.stem}.*"))
    said = stbench("results", "rm", record("stid").spec.id)
    assert "1 runs would be removed; add --yes" in said
    assert "(6 files)" in said
    assert store.has(record("stid").spec)
    stbench("results", "rm", record("stid").spec.id, "--yes")
    assert sorted(path.name for path in other.parent.iterdir()) == before


def test_runs_are_removed_by_a_filter_failed_ones_too(store, stbench):
    for one in (record("stid"), failed(record("stid", 1)), record("stid", preset="smoke"), record("gwnet")):
        store.write(one)
    assert "2 runs removed" in stbench("results", "rm", "--method", "stid", "--preset", "quick", "--yes")
    assert {(one.spec.method, one.spec.preset) for one in store.records()} == {("stid", "smoke"), ("gwnet", "quick")}


def test_a_broken_record_can_be_removed_by_its_id(store, stbench):
    path = store.write(record("stid"))
    path.write_text("{")
    assert "no whole record" in stbench("results", "rm", path.stem, "--yes")
    assert not path.exists()


def test_removing_without_saying_what_an_unknown_id_and_a_run_at_work_are_refused(store, published, stbench):
    path = store.write(record("stid"))
    assert "Say which runs" in stbench("results", "rm", "--yes", code=2)
    assert f"Unknown run '{path.stem[:-1]}0'. Did you mean {path.stem}" in stbench("results", "rm", path.stem[:-1] + "0", code=2)
    with claim(store, record("stid").spec):
        assert "is at work on run" in stbench("results", "rm", path.stem, "--yes", code=2)
    assert path.exists()


def test_published_records_are_not_removed(published, tmp_path):
    path = published.write(record("stid"))
    done = CliRunner().invoke(app, ["results", "rm", "--method", "stid", "--yes", "--results", str(published.root)])
    assert "with git" in str(done.exception)
    assert path.exists()


def test_an_export_holds_the_chosen_records_alone_as_a_folder_or_a_zip(store, stbench, tmp_path):
    fill(store, record("stid"))
    store.write(record("gwnet"))
    name = f"nyc/stid/{record('stid').spec.id}.json"
    assert "1 records written" in stbench("results", "export", str(tmp_path / "out"), "--method", "stid")
    assert [str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()] == [name]
    assert read_record(tmp_path / "out" / name) == record("stid")
    for file in ("a.zip", "b.zip"):
        stbench("results", "export", str(tmp_path / file), "--suite", "nyc", "--method", "stid")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == [name]
        assert Record.from_json(json.loads(archive.read(name))) == record("stid")


def test_an_export_refuses_what_is_there_what_is_broken_and_nothing_at_all(store, stbench, tmp_path):
    assert "no record that these filters take" in stbench("results", "export", str(tmp_path / "out"), code=2)
    path = store.write(record("stid"))
    assert "is there already" in stbench("results", "export", str(tmp_path), code=2)
    path.write_text(path.read_text().replace('"seed": 0', '"seed": 1'))
    assert "no record that these filters take" in stbench("results", "export", str(tmp_path / "out.zip"), code=2)
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "out.zip").exists()


def test_the_version_is_said(stbench):
    import benchmark

    assert CliRunner().invoke(app, ["--version"]).output == f"stbench {benchmark.__version__}\n"
