"""Tables: one source a row, only equals ranked, nothing filled in."""

import csv
import io
import json
from dataclasses import replace

import pytest
from made.forecasting_records import TASKS, record, sums
from made.sheets import render

from benchmark.errors import UserError
from benchmark.report.choice import Filter
from benchmark.report.render import FORMATS
from benchmark.report.render import render as render_sheets
from benchmark.report.rows import Cell
from benchmark.report.suite import nothing
from benchmark.report.table import make_tables
from benchmark.report.words import cell_text


def test_a_row_gives_mean_and_sample_sd_over_its_seeds(stores):
    (table,) = make_tables(*stores([record("stid", seed, mae=mae) for seed, mae in enumerate((1.0, 2.0, 6.0))]))
    (row,) = table.rows
    assert (row.n, row.cells["mae"].mean, row.cells["mae"].sd) == (3, 3.0, pytest.approx(7**0.5))
    assert "wape" not in row.cells


def test_fewer_than_three_runs_show_no_plus_minus():
    assert cell_text(Cell(1.234, 0.5), "mae", 2) == "1.23"
    assert cell_text(Cell(1.234, 0.5), "mae", 3) == "1.23 ± 0.50"
    assert cell_text(Cell(0.1234, 0.05), "mape", 3) == "12.3 ± 5.0"
    assert cell_text(None, "mae", 3) == ""


def test_a_row_takes_one_source_local_if_there_is_any(stores):
    local, published = [record("stid", 0, mae=5.0)], [record("stid", seed, mae=1.0) for seed in range(5)] + [record("gwnet", mae=3.0)]
    (table,) = make_tables(*stores(local, published))
    assert {row.method: (row.source, row.n, row.cells["mae"].mean) for row in table.rows} == {
        "stid": ("local", 1, 5.0), "gwnet": ("published", 1, 3.0)}
    assert "gwnet†" in render([table], "markdown")


@pytest.mark.parametrize("change", [{"edition": "own"}, {"preset": "full"}, {"protocol": "paper"}, {"suite_version": 2},
                                    {"fingerprint": "other"}, {"budget": {"epochs": 7}}])
def test_what_is_not_equal_is_never_ranked_in_one_table(stores, change):
    tables = make_tables(*stores([record("stid", mae=1.0), record("gwnet", mae=2.0, **change)]))
    assert len(tables) == 2
    assert all(cell.rank == 0 for table in tables for row in table.rows for cell in row.cells.values())


def test_best_and_second_are_marked_within_a_task(stores):
    records = [record(method, task=task, mae=mae) for task in ("taxi_pick", "taxi_drop")
               for method, mae in (("stid", 1.0), ("gwnet", 2.0), ("stgcn", 3.0))]
    (table,) = make_tables(*stores(records))
    assert {(row.task, row.method): row.cells["mae"].rank for row in table.rows} == {
        (task, method): rank for task in TASKS for method, rank in (("stid", 1), ("gwnet", 2), ("stgcn", 0))}
    text = render([table], "markdown")
    assert "**1.00**" in text
    assert "<ins>2.00</ins>" in text


def test_the_head_of_a_table_says_the_split_that_the_city_declares(stores):
    one = record("stid")
    plain, declared = (make_tables(*stores([record]))[0] for record in (one, replace(one, city={**one.city, "split": [6, 2, 2]})))
    assert declared.title == "nyc@1 · data sim · protocol strict@1 · split 6:2:2 · preset quick"
    assert "split" not in plain.title


def test_the_papers_number_stands_apart_and_is_called_not_comparable(stores):
    (table,) = make_tables(*stores([record("gwnet"), record("stid")]))
    assert {row.method: row.paper for row in table.rows} == {"gwnet": 7.0701, "stid": None}
    text = render([table], "markdown")
    assert "paper (real, y≠0)" in text
    assert "not comparable" in text


def test_changed_options_are_rows_of_their_own(stores):
    other = replace(record("stid", mae=9.0, options={"hidden": 64}), notes={"user_overrides": {"hidden": "64"}})
    (table,) = make_tables(*stores([record("stid"), other]))
    assert [row.changed for row in table.rows] == ["", "hidden=64"]


def test_filters_choose_tables_rows_and_columns(stores):
    made = stores([record("stid"), record("gwnet"), record("stid", task="taxi_drop"), record("stid", suite="sip")])
    (table,) = make_tables(*made, Filter(suites=("nyc",), methods=("stid",), tasks=("taxi_pick",), metrics=("rmse",)))
    assert [(row.method, row.task) for row in table.rows] == [("stid", "taxi_pick")]
    assert table.metrics == ("rmse",)
    with pytest.raises(UserError, match="Did you mean mae"):
        make_tables(*made, Filter(metrics=("maee",)))


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_names_edition_protocol_preset_and_every_mask(stores, format):
    text = render(make_tables(*stores([record("stid", seed) for seed in range(3)])), format)
    wanted = ("sim", "strict", "quick", "mape" if format == "json" else "MAPE")
    assert all(word in text for word in wanted)
    if format == "json":
        assert json.loads(text)[0]["rows"][0]["cells"]["mae"]["mean"] == 1.0
    if format == "csv":
        assert {row["metric"] for row in csv.DictReader(io.StringIO(text))} == {"MAE", "RMSE", "MAPE (y≥1)"}


def shown_days_before(method, seed=0, days=7, changed=(), **spec):
    notes = {"user_overrides": dict(changed), "asks": {"past_days": days}}
    return record(method, seed, options={"hidden": 32, **dict(changed)}, notes=notes, **spec)


@pytest.mark.parametrize("format", ["rich", "markdown", "latex", "html"])
def test_a_method_that_was_shown_days_before_its_window_says_so(stores, format):
    records = [shown_days_before("astgcn"), shown_days_before("astgcn", changed={"hidden": 64}), record("stid", mae=2.0)]
    text = render(make_tables(*stores(records, published=[shown_days_before("gwnet", days=1)])), format).replace("\\", "")
    dagger = r"$^dagger$" if format == "latex" else "†"
    assert "astgcn (past 7 d)" in text
    assert "astgcn (past 7 d, hidden=64)" in text
    assert f"gwnet (past 1 d){dagger}" in text
    assert text.count("past … d: the method was also shown") == 1
    assert "stid (" not in text


def test_a_method_that_was_shown_the_other_tasks_says_so(stores):
    asks = {"asks": {"past_days": 2, "beside": True}}
    text = render(make_tables(*stores([record("mtgnn_joint", notes=asks), record("stid", mae=2.0)])), "markdown")
    assert "mtgnn_joint (past 2 d, all tasks)" in text
    assert text.count("all tasks: the method was shown") == 1
    assert "stid (" not in text


def test_data_formats_say_the_days_before_the_window_too(stores):
    made = make_tables(*stores([shown_days_before("astgcn"), record("stid", mae=2.0)]))
    lines = csv.DictReader(io.StringIO(render(made, "csv")))
    assert {(line["method"], line["past_days"]) for line in lines} == {("astgcn", "7"), ("stid", "")}
    rows = json.loads(render(made, "json"))[0]["rows"]
    assert {row["method"]: row["past_days"] for row in rows} == {"astgcn": 7, "stid": 0}


def test_days_before_the_window_are_not_mentioned_where_there_are_none(stores):
    assert "past" not in render(make_tables(*stores([record("stid"), shown_days_before("gwnet", days=0)])), "rich")


@pytest.mark.parametrize("width", [80, 160])
def test_what_a_method_was_shown_is_not_cut_on_the_terminal(stores, width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    records = [shown_days_before("astgcn", seed, changed={"spatial_attention": False, "hidden": 64}, mae=123.4 + seed) for seed in range(3)]
    text = render(make_tables(*stores(records)), "rich")
    assert max(map(len, text.splitlines())) <= width
    for part in ("(past 7 d,", "hidden=64,", "spatial_attention=False)", "124.40±1.00", "248.80±2.00"):
        assert part in text.replace(" ± ", "±"), part


def test_a_method_that_the_paper_calls_otherwise_stands_beside_its_number(stores):
    (table,) = make_tables(*stores([record("mtgnn"), record("mtgnn_joint", mae=2.0)]))
    assert {row.method: row.paper for row in table.rows} == {"mtgnn": 7.0736, "mtgnn_joint": 7.0736}


def test_the_papers_number_stands_at_its_own_metric_in_csv(stores):
    lines = list(csv.DictReader(io.StringIO(render(make_tables(*stores([record("gwnet"), record("stid")])), "csv"))))
    assert {(line["method"], line["metric"]): line["paper"] for line in lines if line["paper"]} == {("gwnet", "MAE"): "7.0701"}


def test_csv_says_the_ranks(stores):
    records = [record(name, mae=k) for k, name in enumerate(("stid", "gwnet", "stgcn"))]
    lines = csv.DictReader(io.StringIO(render(make_tables(*stores(records)), "csv")))
    assert {line["method"]: line["rank"] for line in lines if line["metric"] == "RMSE"} == {"stid": "1", "gwnet": "2", "stgcn": ""}


def test_a_long_option_beside_many_columns_costs_the_edges_and_no_text(stores, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    changed = {"context_interaction": False}
    values = {"mae": 0.81, "rmse": 2.03, "mape": 0.717, "wape": 1.133, "recall_10": 0.211}
    records = [replace(record("cmust", task=task), metrics={task: values}, sums={task: sums(values)},
                       notes={"user_overrides": changed}) for task in TASKS]
    text = render(make_tables(*stores(records)), "rich")
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    assert all(part in text for part in ("\nmethod ", "(context_interaction=False)", " 1 0.81 2.03 ", "113.3", "21.1"))


@pytest.mark.parametrize(("chosen", "said"), [({"preset": "quik"}, "Did you mean quick"), ({"protocol": ("strict", "papr")}, "paper"),
                                              ({"scenario": "labels-11"}, "labels-10"), ({"metric": "maee"}, "Did you mean mae"),
                                              ({"methods": "stid"}, "Did you mean method")])
def test_a_filter_that_does_not_exist_names_the_nearest(stores, chosen, said):
    with pytest.raises(UserError, match=said):
        make_tables(*stores(), Filter.by_name(**chosen))


def test_filters_by_name_take_a_text_or_several():
    assert Filter.by_name(suite="nyc", method=("stid", "cmust"), task=["risk"], horizon=3, edition=None) == Filter(
        suites=("nyc",), methods=("stid", "cmust"), tasks=("risk",), horizon=3)


FLOORS = {"last value": {"mae": 0.5, "rmse": 0.9, "mape": 0.1, "mae_nonzero": 0.6}, "last week": {"mae": 7.25, "rmse": 9.0, "mape": None}}


def with_floors(*methods):
    return [replace(record(name, mae=k + 1.0), floors={"taxi_pick": FLOORS}) for k, name in enumerate(methods)]


def test_floors_stand_above_the_methods_and_are_never_ranked(stores):
    (table,) = make_tables(*stores(with_floors("stid", "gwnet")))
    assert [(row.method, row.floor, row.cells["mae"].rank) for row in table.rows] == [
        ("last value", True, 0), ("last week", True, 0), ("stid", False, 1), ("gwnet", False, 2)]
    assert "mape" not in table.rows[1].cells
    text = render([table], "markdown")
    assert "| taxi_pick | *last week* | *–* | *7.25* |" in text
    assert "n –: a floor, what is reached without any model; never ranked." in text


def test_records_of_before_there_were_floors_show_none(stores):
    (table,) = make_tables(*stores([record("stid"), record("gwnet", mae=2.0)]))
    assert [row.method for row in table.rows] == ["stid", "gwnet"]
    assert "a floor" not in render([table], "markdown")
    (table,) = make_tables(*stores(with_floors("stgcn"), published=[record("stid"), record("gwnet", mae=2.0)]))
    assert [row.method for row in table.rows if row.floor] == ["last value", "last week"]


def test_the_table_of_one_step_has_no_floors_since_records_hold_those_of_all_steps(stores):
    (table,) = make_tables(*stores(with_floors("stid")), Filter(horizon=2))
    assert [row.method for row in table.rows] == ["stid"]


@pytest.mark.parametrize("width", [80, 160])
def test_the_terminal_table_fits_its_width_and_cuts_no_number(stores, width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    records = [record(m, seed, mae=v + seed) for m, v in (("historical_average", 123.45), ("gwnet", 23.4)) for seed in range(3)]
    text = render(make_tables(*stores(records)), "rich")
    assert max(map(len, text.splitlines())) <= width
    assert "124.45±1.00" in text.replace(" ± ", "±")
    assert "248.90±2.00" in text.replace(" ± ", "±")
    assert "historical_average" in text


@pytest.mark.parametrize("width", [80, 160])
def test_the_paper_protocols_table_fits_its_width_and_cuts_nothing(stores, width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    values = {"mae_mean12": 17.78, "rmse_mean12": 30.52, "mape_mean12": 0.611, "mae": 16.45}
    each = [{metric: value + seed / 10 for metric, value in values.items()} for seed in range(3)]
    records = [replace(record("cmust", seed, protocol="paper"), metrics={"taxi_pick": one}, sums={"taxi_pick": sums(one)},
                       notes={"user_overrides": {"profile": "text"}}) for seed, one in enumerate(each)]
    text = render(make_tables(*stores(records)), "rich")
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert "(profile=text)" in text
    for number in ("17.88±0.10", "30.62±0.10", "71.1±10.0", "16.55±0.10", "6.76"):
        assert number in text.replace(" ± ", "±"), number


@pytest.mark.parametrize(("chosen", "said"), [
    ({}, "--method linear --suite nyc"),
    ({"suite": "sip"}, "--method linear --suite sip"),
    ({"suite": "xian", "task": "travel_time"}, "--method word2vec --suite xian --task travel_time"),
    ({"method": "mvtraj"}, "--method mvtraj --suite chengdu"),
    ({"suite": "sip", "method": "mvtraj"}, "--method linear --suite sip"),
    ({"task": "risk"}, "--method linear --suite chicago --task risk"),
    ({"suite": "sip", "method": ("stid", "gwnet"), "preset": "full", "protocol": "paper", "edition": "archive"},
     "--method stid,gwnet --suite sip --data archive --preset full --protocol paper"),
    ({"suite": "xian", "scenario": "keep-70"}, "--method word2vec --suite xian --scenario keep-70"),
])
def test_where_no_record_matches_the_command_that_makes_one_is_named(chosen, said, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    sheet = nothing(Filter.by_name(**chosen))
    assert render_sheets([], "rich", sheet) == f"No records match. Measure some: stbench run {said}\n"
    assert render_sheets([], "csv", sheet).startswith("suite,edition,protocol,")


def test_where_no_record_can_match_that_is_said():
    assert "Did you mean sip" in nothing(Filter(suites=("sipp",))).title
    assert "xian asks for has no steps, so leave --horizon out" in nothing(Filter(suites=("xian",), horizon=3)).title


@pytest.mark.parametrize("horizon", [0, 13, -1])
def test_a_step_beyond_the_horizon_is_refused_with_the_steps_that_there_are(stores, horizon):
    with pytest.raises(UserError, match=rf"no step {horizon} of the horizon: a forecast has the steps 1 to 12\. Write --horizon 12"):
        make_tables(*stores([record("stid")]), Filter(horizon=horizon))


def of_steps(method, protocol="strict", **more):
    """A run whose absolute error at step q is q a target, with two targets a step; one of them is 0 and not counted under y≠0."""
    steps = [float(q) for q in range(1, 13)]
    sums = {mask: {"count": [n] * 12, "absolute": [n * q for q in steps], "squared": [n * q * q for q in steps],
                   "relative": [n * q / 2 for q in steps], "truth": [4.0] * 12} for mask, n in (("observed", 2.0), ("nonzero", 1.0))}
    values = {"mae": 6.5, "mae_mean12": 6.5, "rmse_mean12": 6.5, "mape_mean12": 3.25}
    return replace(record(method, protocol=protocol, **more), sums={"taxi_pick": sums}, metrics={"taxi_pick": values})


def test_one_step_shows_its_own_numbers_and_heads_and_no_number_of_the_papers_mean(stores):
    made = stores([of_steps("cmust", "paper"), of_steps("gwnet", "paper")])
    (whole,), (third,) = make_tables(*made), make_tables(*made, Filter(horizon=3))
    assert whole.metrics == ("mae_mean12", "rmse_mean12", "mape_mean12", "mae")
    assert third.metrics == ("mae_nonzero", "rmse_nonzero", "mape_nonzero", "mae")
    assert [third.rows[0].cells[metric].mean for metric in third.metrics] == [3.0, 3.0, 1.5, 3.0]
    assert not any("mean12" in metric for row in third.rows for metric in row.cells)
    assert all(row.paper for row in whole.rows)
    assert all(row.paper is None for row in third.rows)
    text = render([third], "markdown")
    assert "horizon 3 only" in text
    assert "Every number is of step 3 of the horizon alone, so none is a mean over steps." in text
    assert "mean12" not in text
    assert "the paper's MAE" not in text
    (asked,) = make_tables(*made, Filter(horizon=3, metrics=("mae_mean12",)))
    assert asked.metrics == ("mae_nonzero",)
    assert {row["horizon"] for row in csv.DictReader(io.StringIO(render([third], "csv")))} == {"3"}


def test_floors_which_are_of_all_steps_are_not_beside_one(stores):
    made = stores([replace(of_steps("stid"), floors={"taxi_pick": {"last value": {"mae": 5.0}}})])
    assert [row.floor for row in make_tables(*made)[0].rows] == [True, False]
    assert [row.floor for row in make_tables(*made, Filter(horizon=3))[0].rows] == [False]


def test_a_head_says_which_way_is_better(stores):
    text = render(make_tables(*stores([record("stid")])), "markdown")
    assert "| MAE ↓ | RMSE ↓ | MAPE % ↓ (y≥1) |" in text


def test_rows_of_one_run_say_why(stores):
    records = [record("last_value", mae=4.0), record("linear", mae=3.0), record("stid"), *(record("gwnet", seed) for seed in range(2))]
    text = render(make_tables(*stores(records)), "markdown")
    assert ("n = 1: last_value, linear give the same under every seed and run once; "
            "stid was run under one seed, which says nothing of the spread.") in text
    assert "n = 1" not in render(make_tables(*stores([record("gwnet", seed) for seed in range(2)]), Filter(methods=("gwnet",))), "markdown")


def test_csv_json_and_frames_give_what_is_printed_in_its_unit(stores):
    made = make_tables(*stores([record("gwnet", seed, mae=1.0 + seed) for seed in range(3)]))
    lines = {line["metric"]: line for line in csv.DictReader(io.StringIO(render(made, "csv")))}
    assert {metric: (line["unit"], float(line["mean"]), float(line["sd"])) for metric, line in lines.items()} == {
        "MAE": ("trips", 2.0, 1.0), "RMSE": ("trips", 4.0, 2.0), "MAPE (y≥1)": ("%", pytest.approx(20.0), pytest.approx(10.0))}
    assert "| 20.0 ± 10.0 |" in render(made, "markdown")
    (row,) = json.loads(render(made, "json"))[0]["rows"]
    assert row["cells"]["mape"] == {"unit": "%", "mean": pytest.approx(20.0), "sd": pytest.approx(10.0), "rank": 0}
    assert row["cells"]["mae"]["unit"] == "trips"
    assert (row["paper"], row["paper_metric"]) == (7.0701, "MAE (y≠0)")


def test_the_papers_number_says_its_own_metric_and_stands_at_the_nearest(stores):
    made = make_tables(*stores([record("gwnet"), of_steps("gwnet", "paper")]))
    papers = {(line["protocol"], line["metric"]): (line["paper"], line["paper_metric"])
              for line in csv.DictReader(io.StringIO(render(made, "csv"))) if line["paper"]}
    assert papers == {("strict@1", "MAE"): ("7.0701", "MAE (y≠0)"), ("paper@1", "MAE (y≠0, mean12)"): ("7.0701", "MAE (y≠0)")}


def test_an_unknown_format_names_the_known_ones():
    with pytest.raises(UserError, match="Did you mean latex"):
        render([], "latx")
