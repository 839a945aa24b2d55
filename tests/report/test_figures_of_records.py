"""Records → pictures: the right numbers in the right panels, and a sentence where something is lacking."""

import math
from dataclasses import replace

import numpy as np
import pytest
from made.figure_records import NODES, TASKS, fill
from made.forecasting_records import finished, record
from made.kept_runs import HORIZON, WINDOWS, keep_run
from made.trajectory_records import record as trip_record

from benchmark.data.clock import Clock
from benchmark.data.folder import Origin, cities_home
from benchmark.data.forecasting.city import Series, write_city
from benchmark.errors import UserError
from benchmark.report.choice import Filter
from benchmark.report.figures.kinds import KINDS, find_kind
from benchmark.report.figures.kinds.runs import MANY, one_setting, settings
from benchmark.report.figures.kinds.series import against_truth
from benchmark.report.figures.kinds.variants import ablation_picture, values_picture
from benchmark.report.ranks import rank_sheets
from benchmark.store.records import Store

TITLE = "nyc@1 · data sim · protocol strict@1 · preset smoke"


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "filled")
    fill(store)
    return store


def picture(kind, store, **filters):
    return find_kind(kind).picture(one_setting(store, None, Filter.by_name(**filters)))


def lines_of(chart, task):
    (panel,) = [panel for panel in chart.panels if panel.title == task]
    return {line.name: line for line in panel.lines}


def test_errors_by_step_are_means_over_seeds_with_their_deviation(store):
    chart = picture("horizon", store).chart
    assert chart.title == TITLE
    assert [panel.title for panel in chart.panels] == list(TASKS)
    stid = lines_of(chart, "taxi_pick")["stid"]
    assert stid.x == list(range(1, 13))
    assert stid.y == pytest.approx([2.0] * 12)
    assert stid.spread == pytest.approx([1.0] * 12)
    assert chart.panels[0].y_label == "MAE (trips)"


def test_another_metric_may_be_asked_for(store):
    chart = picture("horizon", store, metric="rmse", method="stid", task="taxi_drop").chart
    assert lines_of(chart, "taxi_drop")["stid"].y == pytest.approx([4.0] * 12)
    assert chart.panels[0].y_label == "RMSE (trips)"


def test_errors_by_hour_are_those_beside_the_records(store):
    line = lines_of(picture("hour", store).chart, "taxi_drop")["cmust"]
    assert line.y == pytest.approx([3.0 * hour for hour in range(24)])
    assert line.spread == pytest.approx([1.0 * hour for hour in range(24)])


def city_of(nodes):
    values = np.ones((30, NODES), dtype=np.float32)
    clock = Clock("2016-01-01T00:00:00", 30, "America/New_York")
    # the columns of a task stand in another order than the nodes of the city
    index = np.arange(NODES)[::-1].copy()
    return write_city(cities_home() / "nyc" / "sim", "nyc", "sim", Origin("t", "s", "l"), nodes,
                      [Series(task, values, values > 0, index, clock, "trips") for task in TASKS])


def test_a_map_of_nodes_that_lie_nobody_knows_where_cannot_be_drawn(tmp_path, node_table):
    store = Store(tmp_path / "filled")
    fill(store, city_of(node_table(NODES).assign(lon=np.nan, lat=np.nan)).fingerprint)
    with pytest.raises(UserError, match="Nobody knows where the nodes of nyc lie, so there is no map of them"):
        picture("map", store)


def test_a_map_pools_the_seeds_at_the_places_of_the_nodes(tmp_path, node_table):
    nodes = node_table(NODES)
    store = Store(tmp_path / "filled")
    fill(store, city_of(nodes).fingerprint)
    made = picture("map", store).chart
    first = made.tasks[0]
    assert first.lon == nodes["lon"].tolist()[::-1]
    assert first.errors["stid"][:3] == pytest.approx([2, 4, 6])
    assert math.isnan(first.errors["stid"][3])
    assert first.label == "MAE (trips)"


def test_a_map_of_a_city_that_is_not_here_says_what_makes_it(store):
    with pytest.raises(UserError, match=r"fingerprint abc, whose nodes the map shows, is not prepared here.*stbench run --method"):
        picture("map", store)


def test_a_learning_curve_has_a_point_an_epoch(store):
    chart = picture("curves", store).chart
    assert lines_of(chart, "taxi_drop")["cmust"].y == [9, 8, 12]
    assert lines_of(chart, "taxi_drop")["stid"].x == [1, 2]
    assert chart.panels[0].y_label == "validation MAE (trips)"


def test_the_time_to_an_error_counts_from_the_beginning_of_the_fit(store):
    chart = picture("time-to-best", store).chart
    # cmust trained for the other task before
    assert lines_of(chart, "taxi_drop")["cmust"].x == [4, 5, 6]
    assert lines_of(chart, "taxi_drop")["cmust"].y == [9, 8, 8]
    assert lines_of(chart, "taxi_drop")["stid"].x == [1, 2]


def test_ranks_are_those_of_the_table_of_ranks_and_few_tasks_tell_nobody_apart(store):
    (fast,) = [run for run in one_setting(store, None, Filter(methods=("stid",), tasks=("taxi_pick",))).methods["stid"]["taxi_pick"]
               if run.spec.seed == 0]
    for task in TASKS:
        store.write(finished(replace(fast.spec, method="linear", tasks=(task,)), {"mae": 9.0}))
    chart = picture("ranks", store).chart
    (table,) = rank_sheets(store, None, Filter())
    assert chart.ranks == {row["method"]: row["mean_rank"] for row in table.data} == {"stid": 1.0, "cmust": 2.0, "linear": 3.0}
    assert chart.difference == table.data[0]["critical_difference"]
    assert chart.alike == [["stid", "cmust", "linear"]]


def test_two_methods_are_not_ranked(store):
    with pytest.raises(UserError, match="Ranks need 3 methods"):
        picture("ranks", store)


def test_a_fit_of_several_tasks_costs_once(store):
    chart = picture("cost", store).chart
    points = {point.name: point for point in chart.panels[0].points}
    assert (points["stid"].cost, points["cmust"].cost) == (4.0, 10.0)
    assert (points["stid"].value, points["stid"].sd) == (2.0, 1.0)


def test_times_of_another_machine_are_left_out_and_counted(store):
    (one,) = [run.record for run in one_setting(store, None, Filter(methods=("stid",), tasks=("taxi_pick",))).methods["stid"]["taxi_pick"]
              if run.spec.seed == 0]
    Store(store.root).path(one.spec).unlink()
    store.write(one.__class__(**{**vars(one), "environment": {**one.environment, "cores": 64}, "timings": {"fit_s": 900.0}}))
    made = picture("cost", store)
    assert {point.cost for point in made.chart.panels[0].points} == {4.0, 10.0}
    assert "1 results of other machines or versions are left out" in made.caption


def test_forecasts_are_drawn_at_the_moments_that_they_are_of(tmp_path):
    store = Store(keep_run(tmp_path, ["a", "$b$"]))
    store.write(replace(record("stid", preset="smoke", options={}), metrics={}, sums={}))
    runs = one_setting(store, None, Filter())
    (panel,) = against_truth(runs, node="$b$", step=3, days=0.25).chart.panels
    truth, line = panel.lines
    assert panel.title == "taxi_pick · node $b$"
    assert truth.y.tolist() == [WINDOWS + HORIZON - 1 - 12 + k + 100 for k in range(12)]
    assert line.x.tolist() == truth.x.tolist()
    assert line.y.tolist() == [value - 2 + 3000 for value in truth.y.tolist()]
    with pytest.raises(UserError, match="Unknown node of task taxi_pick"):
        against_truth(runs, node="c")


def test_attention_maps_are_sorted_by_stage_and_layer(store):
    runs = one_setting(store, None, Filter())
    run = runs.methods["cmust"]["taxi_pick"][1]
    np.savez(run.path.with_suffix(".arrays.npz"), **{f"{number}.{stage}.taxi_pick.{layer}": np.full((3, 3), number, np.float32)
                                                     for number, stage in ((10, "refine"), (2, "roll")) for layer in ("temporal", "cross")})
    chart = picture("attention", store).chart
    assert list(chart.stages) == ["2. roll", "10. refine"]
    assert list(chart.layers) == ["temporal", "cross"]
    assert float(chart.maps["10. refine", "cross"][0, 0]) == 10


@pytest.mark.parametrize(("kind", "sentence"), [
    ("hour", "keeps its errors by hour"), ("map", "keeps its errors by node"), ("series", "keeps its forecasts"),
    ("curves", "has a history of its epochs"), ("time-to-best", "has a history"), ("attention", "has attention maps")])
def test_what_a_record_alone_does_not_hold_is_named_with_the_command_that_makes_it(tmp_path, kind, sentence):
    bare = Store(tmp_path / "bare")
    fill(bare, beside=False)
    with pytest.raises(UserError, match=f"{sentence}.*stbench run --method stid,cmust --suite nyc --data sim --preset smoke"):
        picture(kind, bare)


def test_steps_are_not_drawn_of_what_has_none(stores):
    local, _ = stores([trip_record("word2vec")])
    with pytest.raises(UserError, match="there is no error by step"):
        find_kind("horizon").picture(one_setting(local, None, Filter()))


def test_one_figure_mixes_no_settings_and_an_empty_one_says_what_to_run(stores):
    local, published = stores([record("stid"), record("stid", preset="smoke")], [record("stid", edition="real")])
    with pytest.raises(UserError, match=r"these records are of 3: .*preset quick; .*preset smoke.* Choose with --suite, --data, --preset"):
        one_setting(local, published, Filter())
    assert len(settings(local, published, Filter())) == 3
    with pytest.raises(UserError, match="No records match"):
        one_setting(local, published, Filter(methods=("gwnet",)))


def test_a_row_takes_one_source_as_in_tables(stores):
    local, published = stores([record("stid", 0)], [record("stid", 1), record("cmust", 0)])
    runs = one_setting(local, published, Filter())
    assert {name: [run.spec.seed for run in by_task["taxi_pick"]] for name, by_task in runs.methods.items()} == {"stid": [0], "cmust": [0]}
    assert runs.methods["stid"]["taxi_pick"][0].local
    assert not runs.methods["cmust"]["taxi_pick"][0].local


def test_of_many_rows_the_variants_with_other_options_are_left_out_and_counted(stores):
    variants = [record("stid", options={"hidden": k}, notes={"user_overrides": {"hidden": k}}) for k in range(1, MANY + 1)]
    local, _ = stores([record("stid"), record("cmust"), *variants])
    runs = one_setting(local, None, Filter())
    assert list(runs.methods) == ["stid", "cmust"]
    assert find_kind("horizon").picture(runs).caption.endswith(f"{MANY} variants with other options are left out.")


def test_an_unknown_kind_is_refused_with_the_known_ones():
    with pytest.raises(UserError, match=r"Unknown kind of figure 'horizn'\. Did you mean horizon, hour\?"):
        find_kind("horizn")
    assert all(kind.meaning for kind in KINDS.values())


def test_an_ablation_pairs_seeds_with_the_full_method():
    full = [record("cmust", seed, mae=mae) for seed, mae in ((0, 2.0), (1, 4.0))]
    without = [record("cmust", seed, mae=mae) for seed, mae in ((0, 3.0), (1, 5.0), (2, 9.0))]
    made = ablation_picture("fig3", "t", full, {"no_prompt": without, "broken": []}, {"taxi_pick": "mae"})
    assert made.chart.changes == {"taxi_pick": {"no_prompt": pytest.approx([50.0, 25.0]), "broken": []}}
    assert "+ is worse" in made.chart.x_label


def test_a_sweep_has_a_point_a_value_at_equal_distances():
    by_value = {"12": [record("cmust", seed, mae=1.0 + seed) for seed in range(3)], "72": [], "36": [record("cmust", 0, mae=5.0)]}
    made = values_picture("fig6", "t", "prompt_width", {"cmust": by_value}, {"taxi_pick": "mae"}, marked="36")
    (panel,) = made.chart.panels
    (line,) = panel.lines
    assert (line.x, line.y[0], line.y[2]) == ([0, 1, 2], 2.0, 5.0)
    assert math.isnan(line.y[1])
    assert line.spread is None, "not every value has three seeds"
    assert (made.chart.ticks, made.chart.marked) == ({0: "12", 1: "72", 2: "36"}, 2)
