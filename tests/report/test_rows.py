"""Rows of a table: what tells them apart, and whether their training has settled."""

import csv
import io
import json
from dataclasses import replace

import pytest
from made.forecasting_records import record
from made.sheets import render

from benchmark.report.comparison import compared
from benchmark.report.render import FORMATS
from benchmark.report.rows import is_settled, make_row, ranked
from benchmark.report.table import make_tables
from benchmark.report.telling import few_events_notes


def labels(table):
    return [line.split("|")[2].strip() for line in render([table], "markdown").splitlines() if line.startswith("| taxi_pick")]


@pytest.mark.parametrize(("specs", "shown"), [
    ([{}, {"method_version": 2}], ["stid (version 1)", "stid (version 2)"]),
    ([{"options": {"hidden": 32, "batch": 8}}, {"options": {"hidden": 32, "batch": 64}}], ["stid (batch=64)", "stid (batch=8)"]),
    ([{"options": {"hidden": 32}}, {"options": {"hidden": 32, "views": ["gps", "route"]}}], ["stid", "stid (views=gps,route)"]),
    ([{"tasks": ("taxi_pick",)}, {"tasks": ("taxi_pick", "taxi_drop")}], ["stid (a fit of 1 task)", "stid (a fit of 2 tasks)"]),
    ([{"options": {name: k for name in "abcdef"}} for k in (1, 2)], ["stid (a=1, 5 more differ)", "stid (a=2, 5 more differ)"]),
    ([{}, {"edition": "own"}], ["stid"]),
])
def test_a_label_says_what_tells_it_from_another_row_of_its_method(stores, specs, shown):
    table, *_ = make_tables(*stores([replace(record("stid", mae=1.0 + k, **spec)) for k, spec in enumerate(specs)]))
    assert sorted(labels(table)) == shown


def test_what_the_user_changed_tells_rows_apart_and_its_consequences_are_not_listed(stores):
    other = replace(record("stid", options={"hidden": 8, "layers": 2}), notes={"user_overrides": {"profile": "text"}})
    (table,) = make_tables(*stores([record("stid"), other, record("gwnet", options={"hidden": 7})]))
    assert sorted(labels(table)) == ["gwnet", "stid", "stid (profile=text)"]


def test_differences_stand_in_the_data_formats_and_at_every_task(stores):
    records = [record("stid", options={"hidden": 8}), record("stid", options={"hidden": 9}, mae=2.0),
               record("stid", task="taxi_drop", options={"hidden": 8})]
    made = make_tables(*stores(records))
    assert {(row.task, row.differs) for row in made[0].rows} == {("taxi_pick", "hidden=8"), ("taxi_pick", "hidden=9"),
                                                                  ("taxi_drop", "hidden=8")}
    assert {line["options"] for line in csv.DictReader(io.StringIO(render(made, "csv")))} == {"hidden=8", "hidden=9"}
    assert {row["differs"] for row in json.loads(render(made, "json"))[0]["rows"]} == {"hidden=8", "hidden=9"}


@pytest.mark.parametrize(("change", "titles"), [
    ({"budget": {"epochs": 7, "windows": 5}}, ["epochs=6", "epochs=7, windows=5"]),
    ({"fingerprint": "def"}, ["fingerprint abc", "fingerprint def"]),
    ({"preset": "full"}, ["preset full", "preset quick"]),
])
def test_tables_of_one_heading_say_what_tells_them_apart(stores, change, titles):
    made = make_tables(*stores([record("stid"), record("stid", **change)]))
    assert sorted(table.title.rpartition(" · ")[2] for table in made) == titles
    assert json.loads(render(made, "json"))[0]["budget"] in ({"epochs": 6}, {"epochs": 7, "windows": 5})
    assert {line["budget"] for line in csv.DictReader(io.StringIO(render(made, "csv")))} >= {"epochs=6"}


def trained(method, best, epochs=100, mae=1.0, **spec):
    return record(method, mae=mae, notes={"training": {"best_epoch": best, "epochs": epochs}},
                  **{"preset": "full", "budget": {"epochs": None}, **spec})


def in_stages(*stages):
    return record("cmust", preset="medium", notes={"cmust": {"stages": [{"task": task, "epochs": 20, "best_epoch": best}
                                                                        for task, best in stages]}})


@pytest.mark.parametrize(("one", "settled"), [
    (trained("stid", 90), True), (trained("stid", 91), False),
    # patience ended it, not the budget
    (trained("stid", 25, 55), True),
    (trained("stid", 20, 20, preset="medium", budget={"epochs": 20}), False),
    (trained("stid", 18, 20, preset="medium", budget={"epochs": 20}), True),
    # conclusions are not drawn from these
    (trained("stid", 6, 6, preset="quick", budget={"epochs": 6}), True),
    (trained("stid", 2, 2, preset="smoke", budget={"epochs": 2}), True),
    # nothing was trained
    (record("stid", preset="full", budget={"epochs": None}), True),
    # of several stages the task's last one counts
    (in_stages(("taxi_pick", 20), ("crowd_in", 20), ("taxi_pick", 15)), True),
    (in_stages(("taxi_pick", 10), ("crowd_in", 10), ("taxi_pick", 19)), False),
    (in_stages(("crowd_in", 20)), True),
])
def test_a_run_is_settled_unless_the_budget_ended_it_while_its_error_still_fell(one, settled):
    assert is_settled(one, "taxi_pick") is settled


@pytest.mark.parametrize("format", FORMATS)
def test_a_row_that_is_not_settled_is_shown_said_and_not_ranked(stores, format):
    # one run of a row is enough
    local = [trained("stid", 100, mae=1.0, seed=0), trained("stid", 50, mae=1.0, seed=1), trained("gwnet", 50, mae=2.0),
             trained("stgcn", 60, mae=3.0)]
    (table,) = make_tables(*stores(local))
    assert {row.method: (row.settled, row.cells["mae"].rank) for row in table.rows} == {
        "stid": (False, 0), "gwnet": (True, 1), "stgcn": (True, 2)}
    text = render([table], format)
    if format == "csv":
        lines = {line["method"]: line for line in csv.DictReader(io.StringIO(text)) if line["metric"] == "MAE"}
        assert [(lines[name]["settled"], lines[name]["rank"]) for name in ("stid", "gwnet")] == [("False", ""), ("True", "1")]
    elif format == "json":
        assert {row["method"]: row["settled"] for row in json.loads(text)[0]["rows"]} == {"stid": False, "gwnet": True, "stgcn": True}
    else:
        assert "stid (not settled)" in text
        assert " ".join(text.split()).count("not settled: the budget ended training while the validation error still fell") == 1
        assert "gwnet (not settled)" not in text


@pytest.mark.parametrize("notes", [{"mine": {"stages": 3}}, {"mine": {"stages": [1, {}]}},
                                   {"training": {"best_epoch": "last", "epochs": 3}}])
def test_notes_of_a_methods_own_are_never_mistaken_for_training(stores, notes):
    (table,) = make_tables(*stores([record("stid", preset="full", notes=notes)]))
    assert table.rows[0].settled


@pytest.mark.parametrize(("task", "events", "ranks"), [("risk", 399, [0, 0]), ("risk", 400, [1, 2]), ("taxi_pick", 399, [1, 2])])
def test_risk_of_few_events_is_shown_said_and_not_ranked(task, events, ranks):
    ones = [replace(record(method, task=task, mae=mae), sums={task: {"nonzero": {"count": [events - 1, events, 0]}}})
            for method, mae in (("stid", 1.0), ("gwnet", 2.0))]
    rows = ranked([make_row(task, "local", [one], None) for one in ones], ["mae"])
    assert [row.cells["mae"].rank for row in rows] == ranks
    assert few_events_notes(rows) == ([] if any(ranks) else [
        "Too few events to tell methods apart: risk (399 in the test part); never ranked."])
    assert all(row.compared is None for row in compared(rows, [[one] for one in ones], "mae", None, None)) is not any(ranks)
