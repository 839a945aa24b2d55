"""A bundle is listed only if a sample that nobody chose is made again; nothing is written otherwise."""

import json
from dataclasses import replace

import pytest
from made.bundles import HOSTILE, files_of, good_bundle, records_of
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.errors import UserError
from benchmark.store.records import Store
from benchmark.store.submissions import submissions
from benchmark.submission.checking import check_bundle
from benchmark.submission.listing import drawn, list_bundle
from benchmark.submission.verifying import judged


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    return good_bundle(tmp_path_factory.mktemp("bundle"))


def same(record):
    """As if it had been made again, on another machine with the same numbers."""
    return replace(judged(record, record, bits_asked=False), environment={"torch": "9.9", "threads": 1, "commit": "not said"})


def worse(record):
    again = replace(record, metrics={task: {**said, "mae": said["mae"] * 1.01} for task, said in record.metrics.items()})
    return judged(record, again, bits_asked=False)


def test_a_sample_is_made_again_and_the_records_are_published_as_they_came(good, tmp_path):
    asked = []
    listed = list_bundle(good, "A. Reader", tmp_path, 3, lambda record: asked.append(record.spec.id) or same(record))
    files = files_of(good)
    assert {str(path.relative_to(tmp_path / "runs")): path.read_bytes() for path in (tmp_path / "runs").rglob("*.json")} == {
        name.removeprefix("records/"): files[name] for name in records_of(files)}
    one = submissions(tmp_path)["stid"]
    assert (one.bundle, one.code, one.author_verified) == (listed.checked.sha256, "https://example.org/somebody/stid", None)
    assert sorted(one.reproduced) == sorted(asked)
    assert len(asked) == 3
    assert one.reproduced[asked[0]] == {"by": "A. Reader", "how": "bits", "environment": {"torch": "9.9", "threads": 1}}
    assert len(listed.written) == 13


def test_nothing_is_written_where_one_record_is_not_made_again_or_the_check_fails(good, tmp_path):
    verdicts = iter([same, worse])
    listed = list_bundle(good, "me", tmp_path / "results", 2, lambda record: next(verdicts)(record))
    assert [verdict.how for verdict in listed.verdicts] == ["bits", None]
    assert listed.written == ()
    (tmp_path / "bad.zip").write_bytes(HOSTILE["a task left out"][0](files_of(good)))
    listed = list_bundle(tmp_path / "bad.zip", "me", tmp_path / "results", 2, same)
    assert listed.checked.problems
    assert listed.verdicts == listed.written == ()
    assert not (tmp_path / "results").exists()


def test_listing_once_more_adds_who_made_which_again_and_writes_no_record_again(good, tmp_path):
    list_bundle(good, "first", tmp_path, 1, same)
    before = submissions(tmp_path)["stid"].reproduced
    listed = list_bundle(good, "second", tmp_path, 2, same)
    after = submissions(tmp_path)["stid"].reproduced
    assert len(listed.written) == 1
    assert {said["by"] for said in after.values()} == {"second"}
    assert set(before) < set(after)
    assert check_bundle(good, Store(tmp_path / "runs"), submissions(tmp_path)).problems == []


def test_who_was_killed_before_all_records_were_there_lists_the_same_bundle_again(good, tmp_path):
    listed = list_bundle(good, "me", tmp_path, 1, same)
    listed.written[-1].unlink()
    assert listed.written[-1] in list_bundle(good, "me", tmp_path, 1, same).written


def test_the_sample_is_drawn_by_the_bytes_of_the_bundle():
    ids = [f"{k:016x}" for k in range(40)]
    assert drawn("a" * 64, ids, 3) == drawn("a" * 64, reversed(ids), 3)
    assert len({tuple(drawn(f"{k:064x}", ids, 2)) for k in range(50)}) > 40
    assert len(drawn("a" * 64, ids[:1], 3)) == 1


@pytest.mark.parametrize("by", ["", " ", "x" * 81, "a\nb", "\u202ea"])
def test_a_name_that_tables_cannot_say_is_refused(good, tmp_path, by):
    with pytest.raises(UserError, match="--by takes a name"):
        list_bundle(good, by, tmp_path, 1, same)


def test_the_command_writes_into_the_checkout_and_ends_with_1_where_a_run_is_not_made_again(good, tmp_path, monkeypatch):
    monkeypatch.setattr("benchmark.store.records.checkout", lambda: tmp_path)
    for again, code, words in ((worse, 1, "Nothing was written."), (same, 0, "13 files written; commit them.")):
        monkeypatch.setattr("benchmark.submission.verifying.verify", lambda record, again=again, **_: again(record))
        done = CliRunner().invoke(app, ["submit", "list", str(good), "--by", "A. Reader"])
        assert done.exit_code == code, done.output
        assert words in done.output
    assert json.loads((tmp_path / "results" / "submissions" / "stid.json").read_text(encoding="utf-8"))["method"] == "stid"
