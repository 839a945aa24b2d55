"""The ablation table: each change over equal seeds, nothing filled in, every number on the screen."""

import csv
import io
import json
import statistics
import sys
import tempfile
import types
from pathlib import Path
from typing import ClassVar

import pytest
from made.forecasting_records import finished

from baselines.forecasting.stid import STID
from benchmark.errors import UserError
from benchmark.execution.plan import Request
from benchmark.experiments.variants import Done, plan_ablation
from benchmark.metrics import METRICS
from benchmark.registry import MethodInfo, Registry
from benchmark.report.ablation_sheet import ablation_sheet
from benchmark.report.render import FORMATS, render
from benchmark.store.records import Store

ABLATIONS = {"no_context_interaction": {"blocks": 1}, "no_identity": {"node_width": 0, "time_width": 4}}
PARTS = MethodInfo("parts", f"{__name__}:Parts", "s", "p", "l")


class Parts(STID):
    ablations = ABLATIONS


class Void(STID):
    ablations: ClassVar = {"no_step": {"batch_size": 64}, "no_identity": {"node_width": 0}}


@pytest.fixture(scope="module")
def plans(tmp_path_factory):
    """Plans the ablations of `parts`; the cities are made once for this module."""
    home = tmp_path_factory.mktemp("home")

    def make(suite="chicago", info=PARTS, **request):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("STBENCH_HOME", str(home))
            catalogue = types.ModuleType("ablation_catalogue")
            catalogue.METHODS = [info]
            patch.setitem(sys.modules, "ablation_catalogue", catalogue)
            return plan_ablation(Request((info.name,), suite, **{"preset": "smoke", "device": "cpu", "seeds": (0, 1, 2), **request}),
                                 Registry(("ablation_catalogue",), "none"))
    return make


@pytest.fixture
def table(tmp_path):
    """The table of made-up errors: variant → seed → MAE, the same for every task."""
    def make(ablation, maes):
        store = Store(Path(tempfile.mkdtemp(dir=tmp_path)))
        for variant, jobs in ablation.variants.items():
            for run in [job.spec for job in jobs]:
                if run.seed in maes.get(variant, {}):
                    value = maes[variant][run.seed]
                    store.write(finished(run, {"mae": value, "rmse": 2 * value}))
        return Done([ablation], store, None).tables[0]
    return make


WHOLE = {"full": {0: 12.0, 1: 13.0, 2: 14.0}, "no_context_interaction": {0: 12.5, 1: 14.5, 2: 15.0},
         "no_identity": {0: 11.0, 1: 13.0, 2: 13.5}}


def test_a_row_gives_mean_sample_sd_and_the_change_against_full(plans, table):
    made = table(plans(), WHOLE)
    assert list(made.rows) == ["full", "no_context_interaction", "no_identity"]
    for task in ("taxi_pick", "taxi_drop", "risk"):
        cell = made.rows["no_context_interaction"][task]
        assert (cell.n, cell.paired) == (3, 3)
        assert cell.error.mean == pytest.approx(14.0)
        assert cell.error.sd == pytest.approx(statistics.stdev([12.5, 14.5, 15.0]))
        assert cell.change == pytest.approx((14.0 - 13.0) / 13.0)
    assert made.rows["no_identity"]["risk"].change == pytest.approx(12.5 / 13.0 - 1)
    assert made.rows["full"]["risk"].change is None


def test_the_change_compares_equal_seeds_only_and_says_where_they_are_fewer(plans, table):
    made = table(plans(), {"full": {0: 10.0, 1: 20.0, 2: 60.0}, "no_context_interaction": {0: 11.0, 1: 22.0}, "no_identity": {1: 19.0}})
    first, second = (made.rows[name]["risk"] for name in ("no_context_interaction", "no_identity"))
    assert (first.n, first.paired, first.change) == (2, 2, pytest.approx(0.1))  # against 10 and 20, not 60
    assert (second.n, second.paired, second.change) == (1, 1, pytest.approx(-0.05))
    fewer = table(plans(), {"full": {1: 20.0}, "no_context_interaction": {0: 11.0, 1: 22.0}})
    assert "no_context_interaction risk (1)" in render(ablation_sheet(fewer), "markdown")


@pytest.mark.parametrize("format", FORMATS)
def test_what_was_not_measured_is_an_empty_cell(plans, table, format):
    text = render(ablation_sheet(table(plans(tasks=("risk",)), {"full": {0: 10.0}, "no_identity": {1: 11.0}})), format)
    if format == "json":
        rows = json.loads(text)["rows"]
        assert rows["no_context_interaction"]["risk"] == {"n": 0, "error": None, "change_percent": None, "paired": 0, "missing": None,
                                                          "p": None, "test": None, "verdict": None}
        assert rows["no_identity"]["risk"]["change_percent"] is None  # no seed in common
    elif format == "csv":
        rows = {row["variant"]: row for row in csv.DictReader(io.StringIO(text))}
        assert [rows["no_context_interaction"][key] for key in ("n", "mean", "sd", "change_percent")] == ["0", "", "", ""]
        assert [rows["no_identity"][key] for key in ("n", "mean", "change_percent")] == ["1", "11.0", ""]
    else:
        name = "no_context_interaction".replace("_", r"\_" if format == "latex" else "_")
        line = next(line for line in text.splitlines() if name in line and "blocks" not in line)
        assert not any(digit in line.replace(name, "") for digit in "123456789.")
    assert "nan" not in text.lower()


def test_without_a_full_run_there_is_no_change_at_all(plans, table):
    made = table(plans(), {name: values for name, values in WHOLE.items() if name != "full"})
    assert {cell.change for cells in made.rows.values() for cell in cells.values()} == {None}
    assert made.rows["no_identity"]["risk"].n == 3


def test_fewer_than_three_runs_show_no_plus_minus(plans, table):
    two = {name: {seed: values[seed] for seed in (0, 1)} for name, values in WHOLE.items()}
    assert "| 2 | 12.50 |  | 12.50 |" in render(ablation_sheet(table(plans(), two)), "markdown")
    assert "| 3 | 13.00 ± 1.00 |  |" in render(ablation_sheet(table(plans(), WHOLE)), "markdown")


def test_a_variant_is_known_by_its_options_not_by_what_a_record_notes(plans, table):
    made = table(plans(), WHOLE)  # these records note nothing
    assert made.rows["no_context_interaction"]["risk"].n == 3
    other = plans(overrides={"batch_size": "16"})
    assert {job.spec.id for jobs in other.variants.values() for job in jobs}.isdisjoint(
        {job.spec.id for jobs in plans().variants.values() for job in jobs})


def test_an_ablation_that_changes_nothing_is_called_the_same_runs(plans, table):
    info = MethodInfo("parts", f"{__name__}:Void", "s", "p", "l")
    ablation = plans(info=info)
    assert len(ablation.plan.runs) == 2 * 3 * 3  # two different variants, three seeds, three tasks
    text = render(ablation_sheet(table(ablation, WHOLE)), "markdown")
    assert "no_step: batch_size=64 (as in full: the same runs)" in text
    assert "| no_step | 3 | 13.00 ± 1.00 | +0.0 |" in text


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_names_suite_edition_protocol_preset_mask_and_options(plans, table, format):
    text = render(ablation_sheet(table(plans(), WHOLE)), format).replace("\\", "")
    assert all(word in text for word in ("chicago@1", "sim", "strict@1", "smoke", "parts", "no_identity", "time_width", "taxi_drop"))
    assert ("mae" if format == "json" else "MAE") in text
    assert ("7.69" if format in ("json", "csv") else "+7.7") in text


def test_the_error_is_the_first_metric_of_the_protocol(plans, tmp_path, monkeypatch):
    ablation = plans(protocol="paper", seeds=(0,))
    store = Store(tmp_path / "store")
    for jobs in ablation.variants.values():
        for run in [job.spec for job in jobs]:
            store.write(finished(run, {"mae": 1.0, "mae_mean12": 7.0}))
    made = Done([ablation], store, None).tables[0]
    text = render(ablation_sheet(made), "markdown")
    assert METRICS["mae_mean12"].label == "MAE (y≠0, mean12)"
    assert "risk MAE ↓ (y≠0, mean12) |" in text
    assert "| full | 1 | 7.00 |" in text
    (row,) = [line for line in screen(made, 80, monkeypatch) if line.split()[:1] == ["full"]]
    assert row.count("7.00") == 3


@pytest.mark.parametrize("format", FORMATS)
def test_a_variant_that_was_shown_days_before_its_window_says_so(plans, tmp_path, format):
    ablation = plans(seeds=(0,), tasks=("risk",))
    store = Store(tmp_path / "store")
    for variant, (job,) in ablation.variants.items():
        asks = {"asks": {"past_days": 7}} if variant != "no_identity" else {}
        store.write(finished(job.spec, notes=asks))
    made = Done([ablation], store, None).tables[0]
    assert made.past_days == {"full": 7, "no_context_interaction": 7, "no_identity": 0}
    text = render(ablation_sheet(made), format).replace("\\", "")
    if format == "csv":
        assert {row["variant"]: row["past_days"] for row in csv.DictReader(io.StringIO(text))} == {
            "full": "7", "no_context_interaction": "7", "no_identity": ""}
    elif format == "json":
        assert json.loads(text)["past_days"]["full"] == 7
    else:
        assert all(part in text for part in ("full (past 7 d)", "no_context_interaction (past 7 d)", "past … d: the method was also shown"))
        assert "no_identity (" not in text


def screen(made, width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    lines = render(ablation_sheet(made), "rich").splitlines()
    assert max(map(len, lines)) <= width
    return lines


@pytest.mark.parametrize("width", [80, 160])
def test_three_tasks_stand_side_by_side(plans, table, width, monkeypatch):
    lines = screen(table(plans(), WHOLE), width, monkeypatch)
    (row,) = [line for line in lines if "no_context_interaction" in line and "blocks" not in line]
    assert row.replace(" ± ", "±").split() == ["no_context_interaction", "3", *["14.00±1.32?", "+7.7"] * 3]
    assert ("14.00 ± 1.32" in row) == (width == 160)


def test_more_tasks_than_the_terminal_takes_are_printed_in_parts_without_cutting_a_number(plans, table, monkeypatch):
    large = {name: {seed: 100 * value for seed, value in values.items()} for name, values in WHOLE.items()}
    made = table(plans("nyc"), large)
    lines = screen(made, 80, monkeypatch)
    rows = [line.replace(" ± ", "±").split() for line in lines if "no_context_interaction" in line and "blocks" not in line]
    assert rows == [["no_context_interaction", "3", *["1400.00±132.29?", "+7.7"] * 2]] * 2
    assert all(any(task in line for line in lines) for task in ("crowd_in", "crowd_out", "taxi_pick", "taxi_drop"))
    (row,) = [line for line in screen(made, 160, monkeypatch) if "no_context_interaction" in line and "blocks" not in line]
    assert row.count("+7.7") == 4


def test_an_unknown_format_names_the_known_ones(plans, table):
    with pytest.raises(UserError, match="Did you mean latex"):
        render(ablation_sheet(table(plans(), WHOLE)), "latx")
