"""Timings on disk: the same when they are read, and left out with a sentence when they are broken."""

import json
from dataclasses import replace

import pytest
from made.timings import GPU, MACHINE, timing

from benchmark.errors import UserError
from benchmark.execution.plan import Request
from benchmark.plain_json import BadFile
from benchmark.store.managing import export, plan_promotion
from benchmark.store.records import LARGEST_RECORD, Store
from benchmark.timing.campaign import time_methods
from benchmark.timing.figures import Timing
from benchmark.timing.files import publishable, read_timing, timings, write_timing


@pytest.mark.parametrize("made", [timing(), timing(learns=False), timing(machine=GPU), timing(hidden=32)])
def test_a_timing_is_read_as_it_was_written(made, tmp_path):
    path = write_timing(tmp_path, made)
    assert read_timing(path) == made
    assert path == tmp_path / "nyc" / "stid" / f"{made.id}.timing.json"
    assert path.stat().st_size < LARGEST_RECORD
    assert Timing.from_json(json.loads(path.read_text())) == made


@pytest.mark.parametrize("change", [{"machine": {**MACHINE, "torch": "2.14.0"}}, {"machine": {**MACHINE, "processor": "Another"}},
                                    {"machine": {**MACHINE, "threads": 2}}, {"task": "taxi_drop"}, {"inference": timing().inference[:1]}])
def test_the_id_follows_hardware_versions_and_what_is_asked(change):
    assert replace(timing(), **change).id != timing().id


def test_the_id_does_not_follow_the_figures_or_the_commit():
    assert replace(timing(step_ms=3.0, call_ms=7.0), code={"commit": "abc", "dirty": True}).id == timing().id


@pytest.mark.parametrize("spoil", [
    lambda data: data.pop("machine"), lambda data: data.update(parameters=-1), lambda data: data["inference"].clear(),
    lambda data: data["inference"][0]["call"].update(median_ms="fast"), lambda data: data["machine"].update(torch="2.14.0"),
    lambda data: data.update(schema=99), lambda data: data["spec"].update(seed=7)])
def test_a_broken_timing_is_left_out_and_the_others_stay(spoil, tmp_path, caplog):
    broken, whole = write_timing(tmp_path, timing()), write_timing(tmp_path, timing("gwnet"))
    data = json.loads(broken.read_text())
    spoil(data)
    broken.write_text(json.dumps(data))
    with pytest.raises(BadFile, match="left out"):
        read_timing(broken)
    assert [one.id for one in timings(tmp_path)] == [read_timing(whole).id]
    assert str(broken) in caplog.text


def test_a_timing_under_another_name_is_none(tmp_path):
    path = write_timing(tmp_path, timing())
    copy = path.with_name(f"{'0' * 16}.timing.json")
    path.rename(copy)
    with pytest.raises(BadFile, match="copy of another"):
        read_timing(copy)


def test_readers_of_records_do_not_see_timings(tmp_path):
    write_timing(tmp_path, timing())
    store = Store(tmp_path)
    assert not list(store.records())
    assert not store.broken
    plan = plan_promotion(store, Store(tmp_path / "published"), lambda record: True)
    assert (plan.ready, plan.refused) == ([], [])
    with pytest.raises(Exception, match="no record"):
        export(store, tmp_path / "out.zip", lambda record: True)


def test_only_timings_of_clean_checkouts_and_real_budgets_are_published_and_once(tmp_path):
    source, target = tmp_path / "local", tmp_path / "published"
    for one in (timing(), timing("gwnet", preset="smoke"), replace(timing("stgcn"), code={"commit": "abc", "dirty": True}),
                replace(timing("mine"), spec=replace(timing("mine").spec, file="a" * 64))):
        write_timing(source, one)
    assert [one.spec.method for one in publishable(source, target, lambda record: True)] == ["stid"]
    assert not publishable(source, target, lambda record: record.spec.method == "gwnet")
    write_timing(target, timing())
    assert not publishable(source, target, lambda record: True)


def test_a_scenario_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(UserError, match="leave the scenario out"):
        time_methods(Request(("random",), "xian", scenario="keep-70"), tmp_path)
