"""The ablation table of a trajectory suite: every task by its own metric, and the bad sign of a change said."""

import sys
import types
from typing import ClassVar

import pytest
from made.lattice_city import write_lattice
from made.trajectory_records import NO_GRID, sums_of

from baselines.trajectory.random import Random
from benchmark.data.own.trajectories import import_trajectories
from benchmark.execution.plan import Request
from benchmark.experiments.variants import Done, plan_ablation
from benchmark.registry import MethodInfo, Registry
from benchmark.report.ablation_sheet import ablation_sheet
from benchmark.report.render import render
from benchmark.spec import Record
from benchmark.store.records import Store

PARTS = MethodInfo("parts", f"{__name__}:Parts", "s", "p", "l", family="trajectory", scope="city", inputs=("route",))


class Parts(Random):
    ablations: ClassVar = {"narrow": {"width": 8}}


@pytest.fixture
def table(tmp_path, monkeypatch):
    write_lattice(tmp_path)
    import_trajectories(tmp_path / "lattice.toml")
    catalogue = types.ModuleType("ablation_catalogue")
    catalogue.METHODS = [PARTS]
    monkeypatch.setitem(sys.modules, "ablation_catalogue", catalogue)
    ablation = plan_ablation(Request(("parts",), "lattice", (0, 1, 2), preset="smoke", device="cpu"),
                             Registry(("ablation_catalogue",), "none"))
    store = Store(tmp_path / "store")
    for variant, value in (("full", 0.5), ("narrow", 0.4)):
        for run in [job.spec for job in ablation.variants[variant]]:
            metrics = {"road_label": {"micro_f1": value, "macro_f1": value}, "travel_time": {"mae": 1000 * value, "rmse": 2000 * value},
                       "destination_road": {"acc_1": value, "acc_5": value}}
            city = {"size": "small", "suite_tasks": list(run.tasks), "tasks": {task: {"unit": "s"} for task in run.tasks}}
            store.write(Record(run, "done", city, metrics, sums_of(metrics), notes={"missing": {"destination_grid": NO_GRID}}))
    return Done([ablation], store, None).tables[0]


def test_every_task_is_compared_by_its_own_first_metric(table):
    assert table.metrics == {"road_label": "micro_f1", "travel_time": "mae", "destination_road": "acc_1", "destination_grid": "acc_1"}
    assert table.rows["narrow"]["travel_time"].error.mean == pytest.approx(400)
    assert table.rows["narrow"]["road_label"].change == pytest.approx(-0.2)


def test_a_task_that_a_variant_cannot_answer_is_crossed_out_with_the_reason(table):
    cell = table.rows["narrow"]["destination_grid"]
    assert (cell.n, cell.error, cell.missing) == (3, None, "the method does not read the view grid")
    for format in ("rich", "markdown", "html"):
        text = " ".join(render(ablation_sheet(table), format).split())
        assert text.count("✕") == 3, "two variants, and the reason"
        assert "✕: the method does not read the view grid." in text
    assert render(ablation_sheet(table), "csv").count(",the method does not read the view grid\n") == 2
    assert " 0/" not in render(ablation_sheet(table), "rich"), "n counts the finished runs"


@pytest.mark.parametrize("width", [80, 160])
def test_the_terminal_shows_units_and_which_sign_is_worse(table, width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    text = render(ablation_sheet(table), "rich")
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    flat = " ".join(text.split())
    assert "micro-F1, MAE, Acc@1: mean over n seeds" in flat
    assert "in % (road_label, destination_road, destination_grid); s (travel_time)." in flat
    assert "+ is worse for MAE, − for micro-F1, Acc@1." in flat
    assert "micro-F1 %" in flat
    assert "400.00" in flat
    assert text.count("-20.0") == 3
