"""One broken card, declaration, campaign or claim never stops another suite: it is named, and left out."""

import json
import os
import time

import pytest
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.plain_json import _named
from benchmark.store import claims
from benchmark.store.campaigns import states
from benchmark.store.claims import claim, read_claim, running
from benchmark.store.records import Store
from benchmark.suites.catalogue import suites

CARD = {"kind": "forecasting", "name": "aarhus", "edition": "own", "title": "Aarhus", "files": {}, "fingerprint": "abc", "card_sha256": "d",
        "tasks": {"speed": {"nodes": 3, "steps": 500, "unit": "km/h", "clock": {"interval_minutes": 5}}}}
DEEP = "[" * 100_000


@pytest.fixture(autouse=True)
def nothing_named():
    _named.clear()


def plant(own_home, content, name="aarhus", label="own"):
    path = own_home / "cities" / name / label / "card.json"
    path.parent.mkdir(parents=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_good_card_is_a_suite(own_home):
    plant(own_home, CARD)
    assert suites()["aarhus"].tasks == ("speed",)


@pytest.mark.parametrize("content", [
    "", "null", "{", DEEP, "{}", {**CARD, "kind": "cooking"}, {**CARD, "name": 7}, {**CARD, "name": "../x"}, {**CARD, "name": "nyc"},
    {**CARD, "edition": None}, {**CARD, "tasks": 5}, {**CARD, "tasks": {"speed": {}}}, {**CARD, "files": [1]}, {**CARD, "title": []},
    {**CARD, "tasks": {"speed": {"nodes": "3", "steps": 500, "unit": "u"}}}, {**CARD, "kind": "trajectory"}])
def test_a_broken_card_stops_no_suite_and_is_named(own_home, caplog, content):
    before = set(suites())
    path = plant(own_home, content)
    for words in (("list", "suites"), ("list", "tasks"), ("data", "list"), ("show", "nyc")):
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, repr(done.exception)
    assert set(suites()) == before
    (said,) = [entry.getMessage() for entry in caplog.records]
    assert str(path.parent) in said
    assert "\n" not in said


def test_a_folder_in_place_of_a_card_is_named(own_home, caplog):
    (own_home / "cities" / "aarhus" / "own" / "card.json").mkdir(parents=True)
    assert "nyc" in suites()
    assert "is no regular file" in caplog.text


@pytest.mark.parametrize(("name", "changes"), [
    ("nyc", {}), ("nyc", {"kind": "trajectory", "trips": 1, "roads": 1, "cells": 1, "notes": {}, "edition": "real"}),
    ("chengdu-xian", {})])
def test_a_card_cannot_take_over_a_built_in_name(own_home, caplog, name, changes):
    before = suites()
    plant(own_home, {**CARD, "name": name, **changes}, name)
    assert suites() == before
    assert f"'{name}'" in caplog.text


@pytest.mark.parametrize("content", ["", "null", DEEP, "[]", '{"title": "a"}', '{"title": "a", "cities": "ab"}',
                                     '{"title": 1, "cities": ["a"]}', '{"title": "a", "cities": ["a"], "family": "cooking"}'])
def test_a_broken_declaration_stops_no_suite_and_none_takes_over_a_built_in_name(own_home, caplog, content):
    before = suites()
    (own_home / "suites").mkdir(parents=True)
    (own_home / "suites" / "both.json").write_text(content)
    (own_home / "suites" / "nyc.json").write_text('{"title": "mine", "cities": ["a", "b"]}')
    assert suites() == before
    assert len(caplog.records) == 2


@pytest.mark.parametrize("content", ["", "null", DEEP, "[]", "{}", '{"headline": "a", "started": "b", "runs": []}',
                                     '{"headline": "a", "started": 1, "runs": [{"id": "x"}]}',
                                     '{"headline": "a", "started": 1, "runs": [{"id": "../../x", "suite": "s", "method": "m", '
                                     '"label": "l", "tasks": 1}]}'])
def test_a_broken_campaign_file_is_named_and_left_out(tmp_path, caplog, content):
    store = Store(tmp_path)
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "campaigns" / "a.json").write_text(content)
    (tmp_path / "campaigns" / "b.json").mkdir()
    assert states(store) == []
    assert len(caplog.records) == 2


OWNER = {"host": "x", "pid": 1, "began": 1, "since": 1.0, "token": "t", "progress": {}}


@pytest.mark.parametrize("content", [
    "", "null", DEEP, "[]", json.dumps({**OWNER, "pid": "x"}), json.dumps({**OWNER, "pid": None}), json.dumps({**OWNER, "pid": 10**30}),
    json.dumps({**OWNER, "pid": 0}), json.dumps({**OWNER, "since": "then"}), json.dumps({**OWNER, "more": 1}),
    json.dumps({**OWNER, "progress": [1]})])
def test_a_broken_claim_is_free(tmp_path, content):
    path = tmp_path / "a.claim"
    path.write_text(content)
    assert read_claim(path) is None


def test_a_folder_in_place_of_a_claim_is_free(tmp_path):
    (tmp_path / "a.claim").mkdir()
    assert running(tmp_path / "a.json") is None


def test_progress_that_is_none_is_not_shown_and_the_claim_stays(tmp_path):
    path = tmp_path / "a.claim"
    path.write_text(json.dumps({**OWNER, "progress": {"stage": 5}}))
    found, _ = read_claim(path)
    assert found.progress == {}


@pytest.mark.parametrize(("ahead", "alive"), [(0.0, True), (100.0, True), (-100.0, True), (1000.0, False), (-1000.0, False)])
def test_a_heartbeat_far_in_the_future_is_dead_like_one_in_the_past(tmp_path, ahead, alive):
    path = tmp_path / "a.claim"
    path.write_text(json.dumps({**OWNER, "host": "elsewhere"}))
    os.utime(path, (time.time() + ahead, time.time() + ahead))
    assert (running(tmp_path / "a.json") is not None) == alive


def test_a_loss_that_is_no_number_loses_no_claim(tmp_path, monkeypatch):
    from made.forecasting_records import record

    monkeypatch.setattr(claims, "HEARTBEAT", 0.0)
    with claim(Store(tmp_path), record("stid").spec) as mine:
        mine.progress = {"stage": "fit", "epoch": 1, "epochs": 2, "train_loss": float("nan"), "validation_loss": object()}
        mine.beat()
        assert mine.held()
