"""Broken records beside good ones: the good ones are shown, the bad ones are named, nothing is a traceback."""

import copy
import csv
import json
import math
import os
import time
from pathlib import Path

import pytest
from made.forecasting_records import record
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.plain_json import _named
from benchmark.store.campaigns import announce
from benchmark.store.records import Store, dumps

ROOT = Path(__file__).resolve().parents[2]
GOOD = [record("stid", seed, mae=1.0 + seed) for seed in range(3)]
BAD = record("stid", 7, mae=77.0)


def changed(*path, value):
    """The text of the bad record with one value replaced, or removed where the value is ..."""
    data = copy.deepcopy(json.loads(dumps(BAD)))
    place = data
    for key in path[:-1]:
        place = place[key]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return json.dumps(data)


SUMS = ("sums", "taxi_pick", "observed")
BROKEN = {
    "empty": "", "half": dumps(BAD)[:500], "null": "null", "a list": "[]", "a number": "7", "an empty object": "{}",
    "deep": "[" * 100_000, "deep notes": changed("notes", "a", value=json.loads("[" * 50 + "]" * 50)), "not UTF-8": b'{"id": "\xff"}',
    "half a character": changed("notes", "a", value="\ud800"), "twice": dumps(BAD).replace('"status"', '"id": "x", "status"'),
    "long": dumps(BAD) + " " * 5_000_000,
    "many digits": changed("counts", "steps", value=0).replace('"steps": 0', f'"steps": {"9" * 6000}'),
    "no spec": changed("spec", value=...), "spec a list": changed("spec", value=[]), "no tasks": changed("spec", "tasks", value=[]),
    "no status": changed("status", value=...), "another status": changed("status", value="perhaps"),
    "a failed one": changed("status", value="failed"), "an error": changed("error", value={"kind": "a", "message": "b"}),
    "another seed": changed("spec", "seed", value=8), "a seed of text": changed("spec", "seed", value="7"),
    "another id": changed("id", value="0" * 16), "an id of a list": changed("id", value=[]), "another layout": changed("schema", value=1),
    "an unknown field": changed("more", value=1), "an unknown spec": changed("spec", "more", value=1),
    "an unknown family": changed("spec", "family", value="cooking"), "an unknown protocol": changed("spec", "protocol", value="lax"),
    "metrics a list": changed("metrics", value=[]), "a metric of text": changed("metrics", "taxi_pick", "mae", value="0"),
    "no error at all": changed("metrics", "taxi_pick", "mae", value=0.0), "NaN": changed("metrics", "taxi_pick", "mae", value=math.nan),
    "infinite": changed("metrics", "taxi_pick", "mae", value=1).replace('"mae": 1,', '"mae": 1e999,'),
    "no metric": changed("metrics", "taxi_pick", value={}), "an unknown metric": changed("metrics", "taxi_pick", "best", value=1.0),
    "another task": changed("metrics", "risk", value={"mae": 1.0}), "no sums": changed("sums", value={}),
    "no count": changed(*SUMS, "count", value=...), "a short sum": changed(*SUMS, "absolute", value=[1.0]),
    "negative": changed(*SUMS, "count", value=[-1.0] * 12), "sums of text": changed(*SUMS, "count", value="12"),
    "huge": changed(*SUMS, "count", value=[10**400] * 12),
    "more at least 1 than 0": changed("sums", "taxi_pick", "nonzero", value={**BAD.sums["taxi_pick"]["observed"], "count": [1.0] * 12}),
    "an impossible count": changed("counts", "taxi_pick", value={"test_windows": 1, "nodes": 60}),
    "days of a list": changed("days", value=[]),
    "days that do not add up": changed("days", value={"taxi_pick": {"first": "2016-01-01T00:00", "hours": 24,
                                                                         "sums": {"observed": {"count": [1]}}}}),
    "floors of numbers": changed("floors", value={"taxi_pick": 1}), "a city without tasks": changed("city", "tasks", value={}),
    "no unit": changed("city", "tasks", "taxi_pick", value={}), "a city of text": changed("city", value="nyc"),
    "asks of text": changed("notes", "asks", value="all"), "overrides of a list": changed("notes", "user_overrides", value=[1]),
    "a time of text": changed("timings", "total_s", value="long"),
}


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))


@pytest.fixture
def store(tmp_path, monkeypatch):
    """With three good records; warnings of before are forgotten."""
    _named.clear()
    monkeypatch.setattr("benchmark.report.choice.published_root", lambda: None)
    made = Store(tmp_path / "local")
    for one in GOOD:
        made.write(one)
    announce(made, "a campaign", {one.spec: {} for one in (*GOOD, BAD)})
    return made


@pytest.fixture
def say(store, caplog, monkeypatch):
    """Types a command; gives exit code, what it prints, and the sentences on stderr."""
    def call(*words):
        _named.clear()
        caplog.clear()
        with monkeypatch.context() as patch:
            if "promote" in words:  # to a checkout of this test's own
                patch.setattr("benchmark.store.records.checkout", lambda: store.root.parent / "checkout")
            done = CliRunner().invoke(app, [*words, "--results", str(store.root)])
        assert done.exception is None or type(done.exception).__name__ in ("UserError", "SystemExit"), repr(done.exception)
        return done, [entry.getMessage() for entry in caplog.records]
    return call


@pytest.mark.parametrize("shape", BROKEN)
def test_a_broken_record_is_named_in_one_sentence_and_left_out_everywhere(store, say, shape):
    path = store.path(BAD.spec)
    write(path, BROKEN[shape])
    for words, shown in ((("table", "--suite", "nyc"), " 3 "), (("status",), "4 runs: 3 done"), (("results", "promote"), "3 to publish")):
        done, sentences = say(*words)
        assert done.exit_code == 0
        assert shown in done.output
        (sentence,) = sentences
        assert sentence.startswith(str(path))
        assert "\n" not in sentence
        assert len(sentence) < 400 + len(str(path))
    for words in (("table", "--strict"), ("status", "--strict")):
        done, _ = say(*words)
        assert "1 broken record, named above" in str(done.exception)


def folder(path):
    path.mkdir()


@pytest.mark.parametrize("make", [folder, os.mkfifo, lambda path: path.symlink_to(path)], ids=["a folder", "a pipe", "a loop"])
def test_what_is_no_file_is_no_record(store, say, make):
    make(store.path(BAD.spec))
    for words in (("table",), ("status",), ("results", "promote"), ("results", "export", str(store.root.parent / "out.zip"))):
        done, sentences = say(*words)
        assert done.exit_code == 0
        assert len(sentences) == 1


@pytest.mark.parametrize("name", ["copy.json", "{id} copy.json", "0123456789abcdef.json", "../other/{id}.json"])
def test_a_copied_record_is_no_other_seed(store, say, name):
    path = store.path(GOOD[0].spec)
    copied = path.parent / name.format(id=path.stem)
    copied.parent.mkdir(exist_ok=True)
    copied.write_bytes(path.read_bytes())
    done, (sentence,) = say("table", "--suite", "nyc", "--format", "csv")
    assert "is a copy of another record" in sentence
    assert {line["n"] for line in csv.DictReader(done.output.splitlines())} == {"3"}


def test_replaced_and_failed_records_have_names_of_their_own(store, say):
    store.write(GOOD[0])
    assert store.path(GOOD[0].spec).with_suffix(".superseded-1.json").is_file()
    assert say("table")[1] == []


def test_a_broken_record_is_done_again_and_kept_beside_the_new_one(store):
    path = store.path(BAD.spec)
    path.write_text("{")
    assert not store.has(BAD.spec)
    store.write(BAD)
    assert store.has(BAD.spec)
    assert path.with_suffix(".superseded-1.json").read_text() == "{"


def test_all_published_records_are_whole_and_forty_broken_ones_cost_no_second(store, say):
    published = Store(ROOT / "results" / "runs")
    assert len(list(published.records())) >= 95
    assert not published.broken
    for k, text in enumerate(BROKEN.values()):
        write(store.root / "nyc" / "stid" / f"{k:016x}.json", text)
    began = time.process_time()
    _, sentences = say("table")
    assert len(sentences) == len(BROKEN) >= 40
    assert time.process_time() - began < 2
