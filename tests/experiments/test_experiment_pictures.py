"""The pictures of an experiment: one a suite and question, of what is finished; and its page."""

from dataclasses import replace

import pytest
from made.experiments import measured

from benchmark.declared import Experiment
from benchmark.errors import UserError
from benchmark.experiments.doing import experiment_pictures, experiment_report

NYC = {"suites": ("nyc",), "tasks": ("taxi_pick", "taxi_drop")}
GRID = Experiment("made/table1", "Main", "grid", methods=("stid", "linear"), **NYC)
SCENARIOS = Experiment("made/fig4b", "More tasks", "scenarios", ("nyc",), ("cmust",), scenarios=("tasks-1", "tasks-2"))
ABLATION = Experiment("made/fig3", "Parts", "ablation", ("nyc",), ("cmust",))
SWEEP = Experiment("made/fig6", "Values", "sweep", ("nyc",), ("cmust",), sweeps=("heads",))


def test_methods_side_by_side_are_drawn_by_step_ahead(store, asked):
    measured(store, GRID, asked, lambda part, spec: {"stid": 10.0, "linear": 12.0}[part.method])
    (picture,) = experiment_pictures(GRID, asked)
    assert picture.name == "nyc-horizon"
    assert [panel.title for panel in picture.chart.panels] == ["taxi_pick", "taxi_drop"]
    assert {line.name: line.y[0] for line in picture.chart.panels[0].lines} == pytest.approx({"stid": 10.0, "linear": 12.0})


def test_scenarios_stand_along_one_axis_and_a_task_that_one_lacks_is_a_gap(store, asked):
    measured(store, SCENARIOS, asked, lambda part, spec: 10.0 + len(spec.tasks), seeds=(0,))
    (picture,) = experiment_pictures(SCENARIOS, asked)
    assert picture.chart.ticks == {0: "tasks-1", 1: "tasks-2"}
    panels = {panel.title: panel.lines[0].y for panel in picture.chart.panels}
    assert panels["crowd_in"] == pytest.approx([11.0, 12.0])
    assert panels["crowd_out"][1] == pytest.approx(12.0)
    assert panels["crowd_out"][0] != panels["crowd_out"][0], "NaN: the first scenario has no such task"


def test_changes_of_an_ablation_are_paired_by_seed(store, asked):
    measured(store, ABLATION, asked, lambda part, spec: 10.0 + spec.seed + (part.variant == "no_prompt"))
    (picture,) = experiment_pictures(ABLATION, asked)
    changes = picture.chart.changes["crowd_in"]
    assert list(changes) == ["no_context_interaction", "no_consistency", "no_prompt"]
    assert changes["no_prompt"] == pytest.approx([10.0, 100 / 11, 100 / 12])
    assert changes["no_consistency"] == pytest.approx([0.0, 0.0, 0.0])


def test_values_of_an_option_are_drawn_in_order_and_the_one_in_force_is_marked(store, asked):
    measured(store, SWEEP, asked, lambda part, spec: 8.0 + spec.options["heads"], seeds=(0,))
    (picture,) = experiment_pictures(SWEEP, asked)
    assert picture.name == "nyc-heads"
    assert list(picture.chart.ticks.values()) == ["1", "2", "4", "8", "16"]
    assert picture.chart.marked == 0
    assert picture.chart.panels[0].lines[0].y == pytest.approx([9.0, 10.0, 12.0, 16.0, 24.0])


@pytest.mark.parametrize("one", [GRID, SCENARIOS, ABLATION, SWEEP, replace(SWEEP, kind="attention", sweeps=())],
                         ids=lambda one: one.kind)
def test_where_nothing_is_finished_the_command_is_said(store, asked, one):
    with pytest.raises(UserError, match=f"stbench run --experiment {one.name} --preset smoke --data sim"):
        experiment_pictures(one, asked)


def test_attention_needs_the_maps_of_a_kept_run(store, asked):
    one = replace(SWEEP, kind="attention", sweeps=())
    measured(store, one, asked, lambda part, spec: 1.0, seeds=(0,))
    with pytest.raises(UserError, match="No run of this checkout has attention maps"):
        experiment_pictures(one, asked)


def test_a_table_alone_has_no_picture(store, asked):
    with pytest.raises(UserError, match=r"made/table3 is a table alone \(statistics\); type: stbench table made/table3"):
        experiment_pictures(Experiment("made/table3", "Data", "statistics", ("nyc",)), asked)


def test_the_page_of_an_experiment_holds_tables_figures_and_cards_and_loads_nothing(store, asked):
    measured(store, ABLATION, asked, lambda part, spec: 10.0, seeds=(0,))
    page = experiment_report(ABLATION, asked)
    assert page.count("<figure") == 1
    assert "made/fig3: cmust, ablations" in page
    assert "http" not in page.replace("http://www.w3.org", "")
