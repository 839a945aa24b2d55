"""Sheets of timings: what is ranked, against what, and what is said of it."""

import csv
import io
import json
from dataclasses import replace

import pytest
from made.timings import GPU, MACHINE, timing

from benchmark.report.render import FORMATS, render
from benchmark.report.sheet import BEST
from benchmark.report.timing import NOTHING, columns, number_text, paper_costs, timing_sheets
from benchmark.timing.figures import Memory


def best(sheet):
    """Head → the method that is marked."""
    return {sheet.full_heads[column]: sheet.rows[row][0] for (row, column), mark in sheet.marks.items() if mark == BEST}


@pytest.mark.parametrize("other", [
    {"machine": {**MACHINE, "processor": "Another"}}, {"machine": {**MACHINE, "torch": "2.14.0"}},
    {"machine": {**MACHINE, "stbench": "0.2.0"}},
    {"machine": {**MACHINE, "threads": 2}}, {"machine": GPU}, {"preset": "full"}, {"suite": "chicago"}])
def test_what_was_measured_differently_is_never_ranked_together(other):
    sheets = timing_sheets([timing("stid"), timing("gwnet", 1.0, 1.0, **other)])
    assert [[row[0] for row in sheet.rows] for sheet in sheets] in ([["stid"], ["gwnet"]], [["gwnet"], ["stid"]])
    assert not any(sheet.marks for sheet in sheets), "one alone is no best"
    assert len({sheet.group for sheet in sheets}) == 2


def test_the_best_of_each_ranked_figure_is_marked_among_learners():
    (sheet,) = timing_sheets([timing("stid", 10.0, 2.0), timing("gwnet", 5.0, 4.0), timing("last_value", call_ms=0.1, learns=False)])
    marked = best(sheet)
    assert marked["training windows/s"] == "gwnet"
    assert marked["inference, batch 64 windows/s"] == marked["inference, batch 1 ms"] == "stid"
    # of the method's own batch, of its own choice, of no machine
    assert not {"training step ms", "training s/epoch", "size parameters", "training GFLOP"} & set(marked)


def test_what_was_not_measured_is_a_dash():
    (sheet,) = timing_sheets([timing("last_value", learns=False)])
    cells = dict(zip(sheet.full_heads, sheet.rows[0], strict=True))
    assert {cells[head] for head in sheet.full_heads if head.startswith("training")} == {"–"}
    assert cells["inference, batch 64 windows/s"] == "500"
    assert "Energy: not measured." in sheet.notes
    assert not any("GPU" in head for head in sheet.full_heads)
    assert any("last_value 1.50 s" in note for note in sheet.notes)


def test_a_gpu_has_columns_of_its_own():
    made = timing(machine=GPU)
    made = replace(made, memory=Memory(100.0, 2000.0, 300.0), inference=tuple(replace(one, call_j=0.5) for one in made.inference))
    (sheet,) = timing_sheets([made])
    assert {"memory GPU MB, training", "memory GPU MB, inference", "energy J/call, batch 64"} <= set(sheet.full_heads)
    assert any(note.startswith("Joules: of the whole GPU") for note in sheet.notes)
    assert "A GPU, 80 GB, driver 550.1, CUDA 12.8" in sheet.notes[0]


def test_operators_outside_the_count_are_named_method_by_method():
    (sheet,) = timing_sheets([timing("stid"), timing("gwnet")])
    assert any("gru, sum (stid); gru, sum (gwnet)." in note for note in sheet.notes)


def test_rows_of_one_method_are_told_apart_by_their_options():
    (sheet,) = timing_sheets([timing(hidden=32), timing(hidden=64)])
    assert {row[0] for row in sheet.rows} == {"stid (hidden=32)", "stid (hidden=64)"}


def test_of_one_timing_in_two_stores_the_first_stands():
    (sheet,) = timing_sheets([timing(call_ms=1.0), timing(call_ms=9.0)])
    assert [row[sheet.full_heads.index("inference, batch 1 ms")] for row in sheet.rows] == ["1"]


def test_the_papers_figures_stand_beside_and_are_never_ranked():
    ours = [timing(name, suite="xian", task="travel_time", unit="trips", family="trajectory") for name in ("transformer", "mvtraj")]
    (sheet,) = timing_sheets(ours)
    cells = dict(zip(sheet.full_heads, sheet.rows[[row[0] for row in sheet.rows].index("mvtraj")], strict=True))
    assert (cells["paper MB"], cells["paper min/epoch"], cells["paper ms"]) == ("207", "35", "10.6")
    assert not any(head.startswith("paper") for head in best(sheet))
    both = replace(ours[0], spec=replace(ours[0].spec, suite="chengdu-xian", tasks=("xian.travel_time",)), task="xian.travel_time")
    assert any(head.startswith("paper") for head in timing_sheets([both])[0].full_heads)
    assert not any(head.startswith("paper") for head in timing_sheets([timing()])[0].full_heads)
    assert paper_costs()["xian", "random", "inference_time_ms"] == 0.374


def test_a_method_without_a_timing_is_a_row_that_says_why_beside_the_papers_figures():
    ours = timing("mvtraj", suite="xian", task="travel_time", unit="trips", family="trajectory")
    (sheet,) = timing_sheets([ours], {"start": "the registry has no such method"})
    assert sheet.rows[1][0] == "start"
    assert dict(zip(sheet.full_heads, sheet.rows[1], strict=True))["paper MB"] == "94"
    assert {text for head, text in zip(sheet.full_heads[1:], sheet.rows[1][1:], strict=True) if not head.startswith("paper")} == {"–"}
    assert any(note == "Not measured: the registry has no such method." for note in sheet.notes)
    assert not any(row == 1 for row, _ in sheet.marks)


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_every_format_shows_the_timings_and_the_empty_store(format):
    text = render(timing_sheets([timing("stid"), timing("gwnet")]), format, NOTHING)
    assert "stid" in text
    assert "gwnet" in text
    render([], format, NOTHING)


def test_the_data_of_a_sheet_are_whole():
    made = [timing("stid"), timing("gwnet")]
    (whole,) = json.loads(render(timing_sheets(made), "json"))
    assert {one["id"] for one in whole["timings"]} == {one.id for one in made}
    rows = list(csv.DictReader(io.StringIO(render(timing_sheets(made), "csv"))))
    assert len(rows) == sum(column.value(one) is not None for one in made for column in columns(made))
    assert {row["n"] for row in rows if row["figure"] == "inference, batch 64 ms"} == {"50"}


@pytest.mark.parametrize(("value", "text"), [(0.0, "0"), (103980.0, "103,980"), (148.9, "149"), (18.66, "18.7"), (0.03612, "0.0361"),
                                             (1.0, "1"), (0.00004149, "0.0000415"), (None, "–")])
def test_numbers_have_three_significant_digits(value, text):
    assert number_text(value) == text
