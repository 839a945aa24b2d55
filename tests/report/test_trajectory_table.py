"""Tables of trajectory suites: a table a kind of metrics, floors apart, ✕ where a method lacks the view."""

import csv
import io
import json
import re
from dataclasses import replace

import pytest
from made.forecasting_records import finished
from made.sheets import render
from made.trajectory_records import FLOORS, NO_GRID, record, sums_of

from benchmark.metrics import METRICS
from benchmark.report.choice import Filter
from benchmark.report.render import FORMATS
from benchmark.report.table import make_tables
from benchmark.spec import RunSpec
from benchmark.store.records import Store


@pytest.fixture
def tables(tmp_path):
    """Tables of local records, and of published ones."""
    def make(local, chosen=None, published=()):
        stores = Store(tmp_path / "local"), Store(tmp_path / "published")
        for store, records in zip(stores, (local, published), strict=True):
            for one in records:
                store.write(one)
        return make_tables(*stores, chosen)
    return make


def three_methods():
    """One run, three runs, and five runs of a method that reads every view and fits both cities at once."""
    single = [record(name, seed, value=value + seed / 100, only=(city,)) for name, value, n in (("random", 0.43, 1), ("word2vec", 0.61, 3))
              for seed in range(n) for city in ("chengdu", "xian")]
    return [*single, *(record("smartraj2", seed, value=0.78 + seed / 100, grid=True) for seed in range(5))]


def rows_of(table, task):
    return {row.method: row for row in table.rows if row.task == task}


def test_tasks_of_other_metrics_stand_in_a_table_of_their_own_in_the_suites_order(tables):
    made = tables(three_methods())
    assert [(table.metrics, table.tasks) for table in made] == [
        (("micro_f1", "macro_f1"), ("chengdu.road_label", "xian.road_label")),
        (("mae", "rmse"), ("chengdu.travel_time", "xian.travel_time")),
        (("acc_1", "acc_5"), ("chengdu.destination_road", "xian.destination_road", "chengdu.destination_grid", "xian.destination_grid"))]
    assert {table.group for table in made} == {0}
    assert len({table.title for table in made}) == 1
    (alone, *_) = tables([record(cities=("xian",))], Filter(suites=("xian",)))
    assert alone.tasks == ("road_label",)


def test_a_row_of_several_seeds_gives_mean_and_sample_sd(tables):
    row = rows_of(tables(three_methods())[0], "xian.road_label")["word2vec"]
    assert (row.n, row.cells["micro_f1"].mean, row.cells["micro_f1"].sd) == (3, pytest.approx(0.62), pytest.approx(0.01))


def test_floors_stand_first_in_every_task_and_are_never_ranked(tables):
    for table in tables(three_methods()):
        for task in table.tasks:
            rows = [row for row in table.rows if row.task == task]
            names = sorted(FLOORS[task.partition(".")[2]])
            assert [row.method for row in rows[:len(names)]] == names
            assert [row.floor for row in rows] == [True] * len(names) + [False] * 3
            assert all(cell.rank == 0 for row in rows if row.floor for cell in row.cells.values())
    # the majority class, at 0.9, is better than every method, and the best method is still the best
    high = {**FLOORS, "road_label": {"majority class": {"micro_f1": 0.9, "macro_f1": 0.9}}}
    alone = [record(name, cities=("xian",), value=value, floors=high) for name, value in (("random", 0.3), ("word2vec", 0.4))]
    table, *_ = tables(alone, Filter(suites=("xian",)))
    assert {name: row.cells["micro_f1"].rank for name, row in rows_of(table, "road_label").items()} == {
        "majority class": 0, "random": 2, "word2vec": 1}


def test_a_floor_that_depends_on_the_seed_is_the_mean_over_the_seeds(tables):
    def floors(value):
        return {**FLOORS, "road_label": {"majority class": {"micro_f1": value, "macro_f1": None}}}

    records = [record("word2vec", seed, floors=floors(value)) for seed, value in enumerate((0.40, 0.42, 0.44))]
    # a method of one seed has the same folds as the first one's seed 0, and weighs nothing more
    table, *_ = tables([*records, record("random", 0, floors=floors(0.40))])
    floor = rows_of(table, "xian.road_label")["majority class"]
    assert floor.cells["micro_f1"].mean == pytest.approx(0.42)
    assert floor.cells["micro_f1"].sd is None
    assert "macro_f1" not in floor.cells


def test_floors_that_disagree_are_averaged_not_hidden(tables):
    other = {**FLOORS, "travel_time": {"mean travel time": {"mae": 220.5, "rmse": 300.0}}}
    table = tables([record("word2vec"), record("random", floors=other)])[1]
    assert rows_of(table, "chengdu.travel_time")["mean travel time"].cells["mae"].mean == pytest.approx(215.5)


def test_a_method_without_the_view_keeps_its_row_with_the_reason_and_no_rank(tables):
    *_, table = tables(three_methods())
    rows = rows_of(table, "xian.destination_grid")
    assert (rows["word2vec"].missing, rows["word2vec"].cells, rows["word2vec"].n) == (NO_GRID, {}, 3)
    assert rows["smartraj2"].missing is None
    assert rows["smartraj2"].cells["acc_1"].rank == 0  # alone, it is not the best of anything
    text = render([table], "markdown")
    assert "| xian.destination_grid | word2vec | 3 | ✕ | ✕ |" in text
    assert text.count("✕: the method does not read the view grid.") == 1


def test_a_table_of_methods_that_cannot_do_its_tasks_is_still_a_table(tables):
    *_, table = tables([record("word2vec")], Filter(tasks=("destination_grid",)))
    assert table.metrics == ("acc_1", "acc_5")
    assert [(row.method, bool(row.missing)) for row in table.rows if not row.floor] == [("word2vec", True)] * 2


def test_two_reasons_name_their_methods(tables):
    reason = "the method reads the road classes by its options"
    seen = record("start", options={"road_class": True})
    metrics = {task: one for task, one in seen.metrics.items() if "road_label" not in task}
    missing = {**seen.notes["missing"], **{f"{city}.road_label": reason for city in ("chengdu", "xian")}}
    made = tables([record("word2vec"), replace(seen, metrics=metrics, sums=sums_of(metrics), notes={**seen.notes, "missing": missing})])
    text = render(made, "markdown")
    assert (f"✕: {reason} (start (road_class=True)); {NO_GRID} (word2vec, start (road_class=True))." in text)


@pytest.mark.parametrize("names", [("road_label",), ("chengdu.road_label", "xian.road_label")])
def test_a_kind_of_task_means_that_task_of_each_city(tables, names):
    (table,) = tables(three_methods(), Filter(tasks=names))
    assert table.tasks == ("chengdu.road_label", "xian.road_label")
    (one,) = tables(three_methods(), Filter(tasks=("xian.road_label",)))
    assert one.tasks == ("xian.road_label",)


def test_a_metric_that_was_asked_for_is_shown_where_it_exists(tables):
    (table,) = tables(three_methods(), Filter(metrics=("macro_f1",)))
    assert table.metrics == ("macro_f1",)
    times, destinations = tables(three_methods(), Filter(metrics=("acc_5", "rmse")))
    assert (times.metrics, destinations.metrics) == (("rmse",), ("acc_5",))


def test_scenarios_are_groups_of_their_own_and_the_title_says_which(tables):
    made = tables([record(), record(scenario="keep-70", only=("xian",))])
    assert {table.title for table in made} == {"chengdu-xian@1 · data sim · protocol strict@1 · preset quick",
                                               "chengdu-xian@1 · data sim · scenario keep-70 · protocol strict@1 · preset quick"}
    chosen = tables([], Filter(scenarios=("keep-70",)))
    assert {table.scenario for table in chosen} == {"keep-70"}
    assert all(row.paper is None for table in chosen for row in table.rows)
    assert {row["scenario"] for row in csv.DictReader(io.StringIO(render(chosen, "csv")))} == {"keep-70"}


def test_the_papers_number_of_the_suite_of_both_cities_is_that_of_its_main_tables(tables):
    labels, times, ends = tables(three_methods())
    assert rows_of(labels, "xian.road_label")["word2vec"].paper == 0.6525
    assert rows_of(labels, "chengdu.road_label")["random"].paper == 0.4363
    assert rows_of(times, "xian.travel_time")["word2vec"].paper == 89.5472
    assert rows_of(ends, "xian.destination_road")["random"].paper == 0.6502
    assert rows_of(ends, "xian.destination_grid")["random"].paper is None  # the paper has no number there either
    text = render([labels, times, ends], "markdown")
    assert "| paper % (real) |" in text
    assert "| 65.2 |" in text  # a percentage like the cells beside it
    assert "| paper (real) |" in text
    assert "| 89.55 |" in text
    assert "paper (real): the paper's micro-F1, MAE, Acc@1 on its own data and protocol: not comparable, never ranked." in text


def test_a_suite_of_one_city_has_the_papers_number_of_that_city_alone(tables):
    table, *_ = tables([record("smartraj2", cities=("xian",)), record("word2vec", cities=("xian",))])
    papers = {row.method: row.paper for row in table.rows if not row.floor}
    assert papers["word2vec"] is None
    assert papers["smartraj2"] == pytest.approx(0.8, abs=0.1)
    assert papers["smartraj2"] != 0.8407  # that is of both cities


def test_one_step_of_the_horizon_has_no_trajectories(tables):
    assert tables(three_methods(), Filter(horizon=3)) == []


@pytest.mark.parametrize("width", [80, 160])
def test_the_terminal_cuts_nothing_and_says_heading_and_notes_once(tables, width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    records = [replace(one, metrics=slow, sums=sums_of(slow)) for one in three_methods() for slow in [
        {task: {name: 9 * value if "travel" in task else value for name, value in values.items()} for task, values in one.metrics.items()}]]
    options = {"probe": "finetune", "views": "gps,route", "encoder": "none"}
    long = [record("smartraj2", seed, value=0.5 + seed / 100, options=options) for seed in range(3)]
    made = tables([*records, *long])
    text = render(made, "rich")
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    for once in ("chengdu-xian@1 · data sim", "fingerprint abc", "✕: the", "n –: a floor", "paper (real): the"):
        assert text.count(once) == 1, once
    for table in made:
        assert len(re.findall(rf"^ *method +n +{METRICS[table.metrics[0]].label}", text, re.MULTILINE)) >= 1
    for whole in ("720.00±14.23", "864.00±17.08", "62.0±1.0", "first-order Markov", "chengdu.destination_grid", "finetune"):
        assert whole in text.replace(" ± ", "±"), whole
    assert re.search(r"majority class +– +41\.0 +14\.6", text)


@pytest.mark.parametrize("format", ["markdown", "html", "latex"])
def test_text_formats_share_heading_and_notes_and_mark_floors(tables, format):
    text = render(tables(three_methods()), format).replace("<title>chengdu-xian@1 · data sim", "")
    assert text.count("chengdu-xian@1 · data sim") == 1
    assert text.count("fingerprint abc") == 1
    assert text.count({"markdown": "|---|", "html": "<table>", "latex": r"\begin{tabular}"}[format]) >= 3
    assert {"markdown": "*majority class*", "html": "<i>majority class</i>", "latex": r"\textit{majority class}"}[format] in text
    assert {"markdown": "✕ |", "html": "<td>✕</td>", "latex": r"$\times$ &"}[format] in text


def test_data_formats_say_what_is_a_floor_and_why_a_cell_is_missing(tables):
    made = tables(three_methods())
    lines = list(csv.DictReader(io.StringIO(render(made, "csv"))))
    floor = next(line for line in lines if line["method"] == "length and hour")
    assert (floor["floor"], floor["n"], floor["metric"], float(floor["mean"])) == ("True", "", "MAE", pytest.approx(96.1))
    missing = next(line for line in lines if line["missing"])
    assert (missing["missing"], missing["floor"], missing["mean"], missing["method"]) == (NO_GRID, "False", "", "random")
    papers = {(line["metric"], line["paper"]) for line in lines if line["task"] == "xian.travel_time" and line["method"] == "word2vec"}
    assert papers == {("MAE", "89.5472"), ("RMSE", "")}
    rows = [row for table in json.loads(render(made, "json")) for row in table["rows"]]
    assert {row["method"] for row in rows if row["floor"]} == {name for floors in FLOORS.values() for name in floors}
    assert {row["missing"] for row in rows if row["method"] == "word2vec"} == {None, NO_GRID}


def test_published_rows_are_marked_and_their_floors_are_not(tables):
    text = render(tables([record("word2vec")], published=[record("random", value=0.4)]), "markdown")
    assert "random†" in text
    assert "majority class†" not in text
    assert text.count("† from the published records") == 1


@pytest.mark.parametrize("format", FORMATS)
def test_forecasting_and_trajectory_tables_stand_together(tables, format):
    spec = RunSpec("forecasting", "stid", 1, {}, "nyc", 1, ("taxi_pick",), "sim", "def", "strict", 1, "quick", {"epochs": 6}, 0)
    text = render(tables([*three_methods(), finished(spec, {"mae": 12.5})]), format)
    assert "nyc@1" in text
    assert "12.5" in text
    assert "paper" in text
