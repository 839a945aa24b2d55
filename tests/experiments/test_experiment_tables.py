"""The table of an experiment: which records stand in which row, the paper beside, and what is lacking said."""

import csv
import io
import json
from dataclasses import replace

import pytest
from made.experiments import measured

from benchmark.declared import Experiment
from benchmark.errors import UserError
from benchmark.experiments.doing import experiment_sheets, plan_experiment, run_experiments
from benchmark.report.render import FORMATS, render
from benchmark.suites.cities import CityFinder

GRID = Experiment("made/table1", "Main", "grid", ("nyc",), ("never_written", "stid", "linear"), tasks=("taxi_pick", "taxi_drop"), seeds=3,
                  metrics=("mae", "mape"), paper="cmust_table1.csv", settings={"never_written": "dcrnn"})
PAPER_TAXI_PICK = {"dcrnn": 10.8231}


def rows(sheet, task):
    return {row[1].rstrip("†"): row for row in sheet.rows if row[0] == task}


def test_a_row_has_mean_and_sd_of_all_seeds_and_the_papers_number_made_alike(store, asked):
    measured(store, GRID, asked, lambda part, spec: {0: 10.0, 1: 11.0, 2: 12.0}[spec.seed], method="stid")
    (sheet,) = experiment_sheets(GRID, asked)
    blocks = ("MAE ↓ (y≠0, mean12)", "MAPE % ↓ (y≠0, mean12)")
    assert sheet.full_heads == ["task", "method", "n", "MAE ↓", *(f"{one} {head}" for one in blocks for head in ("ours", "paper", "gap %"))]
    row = rows(sheet, "taxi_pick")["stid"]
    assert row[2:4] == ["3", "11.00 ± 1.00"]
    assert row[4] == "11.00 ± 1.00"


def test_a_method_that_the_registry_lacks_is_a_row_that_says_so_beside_the_papers_number(store, asked):
    (sheet,) = experiment_sheets(GRID, asked)
    row = rows(sheet, "taxi_pick")["never_written"]
    assert row[2:5] == ["–", "–", "–"]
    assert row[5] == f"{PAPER_TAXI_PICK['dcrnn']:.2f}"
    assert "– never_written: no method of this name is registered." in sheet.notes


def test_a_missing_run_shows_the_command_that_fills_it_and_is_never_guessed(store, asked):
    measured(store, GRID, asked, lambda part, spec: 10.0, method="stid")
    (sheet,) = experiment_sheets(GRID, asked)
    assert rows(sheet, "taxi_drop")["linear"][2:5] == ["–", "–", "–"]
    assert "–: not measured; this fills it: stbench run --experiment made/table1 --preset smoke --data sim" in sheet.notes


def test_a_simulated_city_under_a_small_budget_is_not_comparable_and_says_by_what(store, asked):
    measured(store, GRID, asked, lambda part, spec: 10.0)
    (sheet,) = experiment_sheets(GRID, asked)
    assert any("Verdict: not comparable: edition sim, protocol strict@1, preset smoke." in note for note in sheet.notes)
    assert {row["verdict"] for row in sheet.data if row["paper"] is not None and row["n"]} <= {
        "not comparable: edition sim, protocol strict@1, preset smoke"}


def test_best_and_second_are_marked_among_methods_of_one_task(store, asked):
    measured(store, GRID, asked, lambda part, spec: {"stid": 10.0, "linear": 12.0}[part.method])
    (sheet,) = experiment_sheets(GRID, asked)
    marks = {(sheet.rows[k][0], sheet.rows[k][1]): mark for (k, column), mark in sheet.marks.items() if column == 3}
    assert marks == {(task, method): rank for task in ("taxi_pick", "taxi_drop") for method, rank in (("stid", 1), ("linear", 2))}


def test_runs_of_other_seeds_options_presets_and_protocols_do_not_stand_in_a_row(store, asked):
    measured(store, GRID, asked, lambda part, spec: 10.0, seeds=(0,), method="linear")
    for other in ({"preset": "quick"}, {"protocol": "paper"}, {"suite_version": 9}, {"method_version": 7}, {"scenario": "keep-70"}):
        measured(store, GRID, asked, lambda part, spec: 99.0, seeds=(1,), method="linear", **other)
    (sheet,) = experiment_sheets(GRID, asked)
    assert rows(sheet, "taxi_pick")["linear"][2:4] == ["1", "10.00"]


def test_runs_on_two_contents_of_a_city_never_share_a_row(store, asked):
    measured(store, GRID, asked, lambda part, spec: 10.0, seeds=(0,), method="stid", fingerprint="aaaa")
    measured(store, GRID, asked, lambda part, spec: 20.0, seeds=(1,), method="stid", fingerprint="bbbb")
    (sheet,) = experiment_sheets(GRID, asked)
    assert rows(sheet, "taxi_pick")["stid"][2] == "1"


def test_every_format_holds_every_number_and_data_are_tidy(store, asked):
    measured(store, GRID, asked, lambda part, spec: 10.0)
    sheets = experiment_sheets(GRID, asked)
    for format in set(FORMATS) - {"csv", "json"}:
        assert "10.82" in render(sheets, format), format
    tidy = list(csv.DictReader(io.StringIO(render(sheets, "csv"))))
    assert {row["method"] for row in tidy} == set(GRID.methods)
    assert json.loads(render(sheets, "json"))[0]["experiment"] == "made/table1"


def test_a_run_that_two_experiments_share_is_done_once(tmp_path, asked):
    grid = replace(GRID, methods=("last_value", "linear"), seeds=1, paper="")
    other = replace(grid, name="made/table2", methods=("linear",), tasks=("taxi_pick",))
    first, second = (run_experiments([one], asked, tmp_path / "store", workers=1) for one in (grid, other))
    assert (first[0].done, first[0].skipped) == (4, 0)
    assert (second[0].done, second[0].skipped) == (0, 1)


def test_an_ablation_shows_changes_and_a_second_table_beside_the_papers_numbers(store, asked):
    one = Experiment("made/fig3", "Parts", "ablation", ("nyc",), ("cmust",), variants=("no_prompt",), metrics=("mae",),
                     paper="cmust_table1.csv", settings={"no_prompt": "nothing"})
    measured(store, one, asked, lambda part, spec: 12.0 if part.variant == "no_prompt" else 10.0, seeds=(0,))
    changes, beside = experiment_sheets(one, asked)
    assert [row[0] for row in changes.rows] == ["full", "no_prompt"]
    assert [row[1].split("†")[0] for row in beside.rows[:2]] == ["cmust full", "cmust no_prompt"]
    assert beside.rows[0][beside.full_heads.index("MAE ↓ (y≠0, mean12) paper")] == "11.15"
    assert beside.rows[1][beside.full_heads.index("MAE ↓ (y≠0, mean12) paper")] == ""


def test_a_sweep_is_a_table_an_option_with_the_value_that_is_in_force_as_reference(store, asked):
    one = Experiment("made/fig6", "Values", "sweep", ("nyc",), ("cmust",), sweeps=("heads",))
    measured(store, one, asked, lambda part, spec: 8.0 + spec.options["heads"], seeds=(0,))
    (sheet,) = experiment_sheets(one, asked)
    assert [row[0] for row in sheet.rows] == ["heads=1 (as it is)", "heads=2", "heads=4", "heads=8", "heads=16"]
    assert sheet.rows[1][3] == f"{100 * (10 / 9 - 1):+.1f}"


def test_a_value_in_force_that_is_not_swept_stands_among_the_others(store, asked):
    one = Experiment("made/fig6", "Values", "sweep", ("nyc",), ("cmust",), sweeps=("prompt_width",))
    measured(store, one, asked, lambda part, spec: 8.0 + spec.options["prompt_width"], seeds=(0,))
    (sheet,) = experiment_sheets(one, replace(asked, overrides={}))
    assert [row[0] for row in sheet.rows] == ["prompt_width=4 (as it is)", *(f"prompt_width={width}" for width in (18, 36, 72, 144))]
    assert sheet.rows[0][3] == "", "against itself"


def test_an_error_of_a_declaration_names_the_experiment(asked):
    with pytest.raises(UserError, match="made/table1: Unknown suite 'nowhere'"):
        plan_experiment(replace(GRID, suites=("nowhere",)), asked, CityFinder(builds=False))
