"""Broken records beside good ones: the good ones are shown, the bad ones are named, nothing is a traceback."""

import csv
import os
from pathlib import Path

import pytest
from made.broken_records import BAD, BROKEN, write
from made.forecasting_records import record
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.plain_json import _named
from benchmark.store.campaigns import announce
from benchmark.store.records import Store

ROOT = Path(__file__).resolve().parents[2]
GOOD = [record("stid", seed, mae=1.0 + seed) for seed in range(3)]


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


def test_all_published_records_are_whole():
    published = Store(ROOT / "results" / "runs")
    assert len(list(published.records())) >= 95
    assert not published.broken


def test_forty_broken_records_are_named_each_and_the_good_ones_beside_them_are_shown(store, say):
    for k, text in enumerate(BROKEN.values()):
        write(store.root / "nyc" / "stid" / f"{k:016x}.json", text)
    done, sentences = say("table", "--suite", "nyc")
    assert len(sentences) == len(BROKEN) >= 40
    assert " 3 " in done.output
