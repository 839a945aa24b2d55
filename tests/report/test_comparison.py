"""Rows against one another: which seeds and days pair, which test is used, what a table says of it in every format."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from made.forecasting_records import TASKS, record
from made.sheets import render
from made.trajectory_records import record as trips_record

from benchmark.errors import UserError
from benchmark.report.choice import Filter
from benchmark.report.frames import table as frame_of
from benchmark.report.table import make_tables


def with_days(method, seed=0, mae=1.0, shift=(0.0,), first="2024-03-01T00:00", **more):
    """A run whose mean absolute error is `mae`, and on each of its twelve test days by `shift` another."""
    swing = np.resize(np.array(shift), 12)
    each = mae + swing - swing.mean()
    one = record(method, seed, mae=mae, **more)
    # as many targets as the sums of twelve steps tell
    days = {"first": first, "hours": 24, "sums": {"observed": {"count": [100] * 12, "absolute": (100 * each).tolist()}}}
    return replace(one, days=dict.fromkeys(one.spec.tasks, days))


def told(tables, task="taxi_pick"):
    """Method → its comparison."""
    return {row.method: row.compared for table in tables for row in table.rows if row.task == task and not row.floor}


def test_each_row_is_compared_with_the_best_over_the_seeds_that_both_have(stores):
    values = {"stid": range(6), "gwnet": range(2, 9), "stgcn": range(1)}
    records = [record(name, seed, mae=k + 1.0 + seed / 100) for k, (name, seeds) in enumerate(values.items()) for seed in seeds]
    found = told(make_tables(*stores(records)))
    assert found["stid"] is None
    assert (found["gwnet"].against, found["gwnet"].pairs, found["stgcn"].pairs) == ("stid", 4, 1)
    assert {one.verdict for one in found.values() if one} == {"too few"}


@pytest.mark.parametrize(("seeds", "others", "verdict"), [(5, 1, "too few"), (6, 1, "worse"), (6, 2, "too few"), (7, 2, "worse")])
def test_enough_seeds_are_tested_exactly_and_corrected_for_all_comparisons_of_the_task(stores, seeds, others, verdict):
    records = [record(name, seed, mae=k + 1.0 + seed / 100) for k, name in enumerate(("stid", "gwnet", "stgcn")[: others + 1])
               for seed in range(seeds)]
    found = told(make_tables(*stores(records)))["gwnet"]
    assert found.verdict == verdict
    if verdict == "worse":
        assert (found.tested.test, found.tested.p, found.p) == ("permutation", 2.0 ** (1 - seeds), others * 2.0 ** (1 - seeds))
        assert found.tested.difference == pytest.approx(1.0)


def test_too_few_seeds_are_compared_over_the_days_of_the_test_part(stores):
    records = [with_days("stid", mae=5.0, shift=(1, 0, 2)), with_days("gwnet", mae=7.0), with_days("stgcn", mae=5.1, shift=(3, -3, 0))]
    found = told(make_tables(*stores(records)))
    assert {name: one and (one.tested.test, one.verdict, one.block_hours) for name, one in found.items()} == {
        "stid": None, "gwnet": ("bootstrap", "worse", 48), "stgcn": ("bootstrap", "not told apart", 48)}
    assert found["gwnet"].tested.difference == pytest.approx(2.0)
    assert found["gwnet"].tested.low < 2.0 < found["gwnet"].tested.high
    assert found["gwnet"].p == pytest.approx(2 * found["gwnet"].tested.p)


def test_of_the_paired_seeds_those_count_whose_records_both_hold_days(stores):
    records = [*(with_days("stid", seed, mae=5.0, shift=(0, 1)) for seed in range(3)), record("gwnet", 0, mae=9.0),
               *(with_days("gwnet", seed, mae=9.0) for seed in (1, 2))]
    assert told(make_tables(*stores(records)))["gwnet"].pairs == 2


@pytest.mark.parametrize("other", [{}, {"first": "2024-03-02T00:00"}, {"metric": "rmse"}, {"horizon": 2}])
def test_without_the_same_days_few_seeds_tell_nothing(stores, other):
    made = stores([with_days("stid"), with_days("gwnet", mae=2.0, first=other.get("first", "2024-03-01T00:00")) if other
                   else record("gwnet", mae=2.0)])
    chosen = Filter(metrics=(other["metric"],) if "metric" in other else None, horizon=other.get("horizon"))
    assert told(make_tables(*made, chosen))["gwnet"].verdict == "too few"


def test_a_method_that_gives_the_same_under_every_seed_stands_beside_each_of_them(stores):
    records = [record("linear", mae=3.0), *(record("stid", seed, mae=1.0 + seed / 100) for seed in range(6))]
    found = told(make_tables(*stores(records)))["linear"]
    assert (found.pairs, found.verdict, found.p) == (6, "worse", 2 / 64)
    assert found.effect > 1


def test_a_method_with_one_seed_does_not(stores):
    records = [record("gwnet", mae=3.0), *(record("stid", seed, mae=1.0 + seed / 100) for seed in range(6))]
    assert told(make_tables(*stores(records)))["gwnet"].pairs == 1


def test_what_is_not_settled_a_floor_or_not_ranked_is_not_compared(stores):
    late = {"preset": "full", "notes": {"training": {"best_epoch": 100, "epochs": 100}}}
    floors = {"taxi_pick": {"last value": {"mae": 0.5}}}
    records = [with_days("stid", mae=1.0, preset="full"), replace(with_days("gwnet", mae=0.5, **late), floors=floors),
               with_days("stgcn", mae=2.0, preset="full")]
    (table,) = make_tables(*stores(records))
    assert {row.method for row in table.rows if row.compared} == {"stgcn"}
    assert told([table])["stgcn"].against == "stid"
    (table,) = make_tables(*stores([with_days(name, protocol="paper") for name in ("stid", "gwnet")]), Filter(protocols=("paper",)))
    assert not any(row.compared for row in table.rows)
    assert "told apart" not in render([table], "markdown")


def test_a_task_that_a_method_cannot_do_is_not_compared(stores):
    records = [trips_record("word2vec"), trips_record("mvtraj", grid=True, value=0.6), trips_record("smartraj2", grid=True)]
    tables = make_tables(*stores(records))
    assert told(tables, "chengdu.destination_grid")["word2vec"] is None
    assert told(tables, "chengdu.destination_grid")["smartraj2"].against == "mvtraj"
    assert told(tables, "chengdu.road_label")["word2vec"].against == "mvtraj", "a higher F1 is better"
    assert told(tables, "chengdu.travel_time")["mvtraj"].against == "word2vec", "a lower error is better"


def test_start_hours_of_trips_are_drawn_in_blocks_of_hours(stores):
    swing = np.tile([-0.1, 0.1, 0.0, 0.0, 0.0], 5)[:24]
    records = [replace(trips_record(name, value=value, cities=("xian",)), days={"destination_road": {
        "first": "2024-03-01T00:00", "hours": 1,
        "sums": {"trips": {"count": [1 / 24] * 24, "hits_1": ((value + factor * swing) / 24).tolist()}}}})
        for name, value, factor in (("word2vec", 0.4, 1), ("mvtraj", 0.6, 2))]
    tables = make_tables(*stores(records), Filter(tasks=("destination_road",)))
    found = told(tables, "destination_road")["word2vec"]
    assert (found.verdict, found.block_hours, found.tested.difference) == ("worse", 3, pytest.approx(-0.2))
    assert "one test period, 1 seed, by a paired bootstrap of blocks of 3 hours; where there is one seed" in render(tables, "markdown")


def test_a_named_method_or_row_is_what_the_others_are_compared_with(stores):
    changed = {"options": {"hidden": 64}, "notes": {"user_overrides": {"hidden": 64}}}
    made = stores([with_days("stid", mae=1.0), with_days("gwnet", mae=2.0), with_days("gwnet", mae=4.0, **changed)])
    assert [(row.method, row.changed, row.compared.verdict) for row in make_tables(*made, None, "gwnet")[0].rows if row.compared] == [
        ("stid", "", "better"), ("gwnet", "hidden=64", "worse")]
    (table,) = make_tables(*made, None, "gwnet (hidden=64)")
    assert [row.compared and row.compared.against for row in table.rows] == ["gwnet (hidden=64)", "gwnet (hidden=64)", None]
    assert "told apart from gwnet (hidden=64)" in render([table], "markdown")
    with pytest.raises(UserError, match="Did you mean gwnet"):
        make_tables(*made, None, "gwnett")


def test_a_task_without_the_named_row_is_not_compared(stores):
    records = [with_days("stid"), with_days("gwnet", mae=2.0), with_days("gwnet", task="taxi_drop"), with_days("stgcn", task="taxi_drop")]
    tables = make_tables(*stores(records), None, "stid")
    assert told(tables)["gwnet"].verdict == "worse"
    assert told(tables, "taxi_drop")["stgcn"] is None


SMALL = [with_days("stid", mae=5.0, shift=(1, 0, 2)), with_days("gwnet", mae=7.0),
         with_days("stgcn", mae=5.1, shift=(3, -3, 0)), record("agcrn", mae=8.0)]


MARKDOWN = """\
**nyc@1 · data sim · protocol strict@1 · preset quick**

| task | method | n | MAE ↓ | RMSE ↓ |
|---|---|---:|---:|---:|
| taxi_pick | stid | 1 | **5.00** | **10.00** |
| taxi_pick | stgcn | 1 | <ins>5.10</ins> ≈ | <ins>10.20</ins> |
| taxi_pick | gwnet | 1 | 7.00 | 14.00 |
| taxi_pick | agcrn | 1 | 8.00 ? | 16.00 |

Best bold, second underlined.
City: 60 nodes × 2,016 steps (simulated), fingerprint abc. Mean over n seeds ± sample sd (n ≥ 3).
MAE and RMSE: trips (taxi_pick).
n = 1: stid, stgcn, gwnet, agcrn were run under one seed, which says nothing of the spread.
In the first column of numbers, ≈: not told apart from the best of its task; ?: too few seeds and days to tell; no sign: told apart, \
p ≤ 0.05 (Holm, over the comparisons of a task).
Compared over one test period, 1 seed, by a paired bootstrap of blocks of 2 days; where there is one seed, another may differ by more.
"""
TERMINAL = """\
 taxi_pick
  stid      1  5.00*   10.00*
  stgcn     1  5.10+≈  10.20+
  gwnet     1  7.00    14.00
  agcrn     1  8.00?   16.00
"""


def test_a_small_table_with_its_signs_and_notes(stores, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    made = [replace(table, rows=tuple(replace(row, paper=None) for row in table.rows))
            for table in make_tables(*stores(SMALL), Filter(metrics=("mae", "rmse")))]
    assert render(made, "markdown") == MARKDOWN
    lines = [line.rstrip() for line in render(made, "rich").splitlines()]
    assert TERMINAL in "\n".join(lines) + "\n"


def test_signs_stand_behind_the_first_number_in_every_form_and_are_explained_once(stores, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    made = make_tables(*stores(SMALL))
    assert max(map(len, render(made, "rich").splitlines())) <= 80
    assert r"\underline{5.10}\rlap{\textsuperscript{$\approx$}} &" in render(made, "latex")
    assert "<td><u>5.10</u><sup>≈</sup></td>" in render(made, "html")
    for format in ("rich", "markdown", "latex", "html"):
        assert " ".join(render(made, format).split()).count("told apart from the best of its task") == 1


def test_data_formats_and_frames_give_every_part_of_a_comparison_in_the_tables_unit(stores, tmp_path):
    made = make_tables(*stores(SMALL), Filter(metrics=("mae", "rmse")))
    lines = {(line["method"], line["metric"]): line for line in csv.DictReader(io.StringIO(render(made, "csv")))}
    worse = lines["gwnet", "MAE"]
    assert [worse[name] for name in ("against", "pairs", "test", "verdict", "effect")] == ["stid", "1", "bootstrap", "worse", ""]
    assert float(worse["low"]) < float(worse["difference"]) < float(worse["high"])
    assert 0 < float(worse["p"]) < 0.05
    assert [lines["agcrn", "MAE"][name] for name in ("against", "difference", "p", "test", "verdict")] == ["stid", "", "", "", "too few"]
    assert not any(lines[key][name] for key in [("stid", "MAE"), ("gwnet", "RMSE")] for name in ("against", "p", "verdict"))
    rows = {row["method"]: row["comparison"] for row in json.loads(render(made, "json"))[0]["rows"]}
    assert rows["stid"] is None
    assert (rows["gwnet"]["metric"], rows["gwnet"]["p"]) == ("mae", float(worse["p"]))
    frame = frame_of(tmp_path / "local", metric="mae", fingerprint="abc").set_index("method")
    assert frame.verdict.dropna().to_dict() == {"gwnet": "worse", "stgcn": "not told apart", "agcrn": "too few"}
    assert frame.p["gwnet"] == float(worse["p"])
    named = frame_of(tmp_path / "local", against="gwnet", metric="mae", fingerprint="abc").set_index("method")
    assert named.verdict["stid"] == "better"
    assert named.difference["stid"] == -frame.difference["gwnet"]


def test_where_all_rows_are_told_apart_one_sentence_says_so(stores):
    records = [with_days(name, task=task, mae=k + 1.0) for task in TASKS for k, name in enumerate(("stid", "gwnet"))]
    text = render(make_tables(*stores(records)), "markdown")
    assert "In the first column of numbers every row is told apart from the best of its task, p ≤ 0.05 (Holm," in text
    assert "≈" not in text
