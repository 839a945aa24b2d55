"""Experiments on the command line: listed, run, tabled; those of an outside package too."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = """
from benchmark import ExperimentFile

MINE, LOST = ExperimentFile("outside", "outside_papers"), ExperimentFile("lost", "no_package_of_this_name")
"""
DECLARED = """
[table1]
title = "Cheap methods"
kind = "grid"
suites = ["nyc"]
tasks = ["taxi_pick"]
methods = ["linear", "last_week", "not_written_yet"]

[fig1]
title = "Ridge"
kind = "sweep"
suites = ["nyc"]
tasks = ["taxi_pick"]
methods = ["swept"]

[fig2]
title = "Data"
kind = "statistics"
suites = ["nyc"]
"""
SWEPT = """
from benchmark import MethodInfo
from baselines.forecasting.linear import Linear

INFO = MethodInfo("swept", "swept_method:Swept", "s", "p", "l", deterministic=True)


class Swept(Linear):
    sweeps = {"ridge": (1.0, 10.0)}
"""


@pytest.fixture(scope="module")
def stbench(tmp_path_factory):
    """Runs `python -m benchmark …` where an outside package declares experiments."""
    home, results, site = (tmp_path_factory.mktemp(name) for name in ("home", "results", "site"))
    (site / "outside_papers").mkdir()
    (site / "outside_papers" / "__init__.py").write_text(PACKAGE)
    (site / "outside_papers" / "experiments.toml").write_text(DECLARED)
    (site / "swept_method.py").write_text(SWEPT)
    facts = site / "outside-1.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: outside\nVersion: 1\n")
    (facts / "entry_points.txt").write_text("[stbench.methods]\nswept = swept_method:INFO\n[stbench.experiments]\n"
                                            "outside = outside_papers:MINE\nlost = outside_papers:LOST\nbad = outside_papers:NOTHING\n")

    def call(*arguments, code=0):
        done = subprocess.run([sys.executable, "-m", "benchmark", *arguments], capture_output=True, text=True, check=False, cwd=home,
                              env={**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{ROOT}", "STBENCH_HOME": str(home),
                                   "STBENCH_RESULTS": str(results), "COLUMNS": "120"})
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return call


SMOKE = ("--preset", "smoke", "--data", "sim")


def test_experiments_of_outside_packages_are_listed_and_broken_ones_named(stbench):
    done = stbench("list", "experiments", "--json")
    rows = {row["experiment"]: row for row in json.loads(done.stdout)}
    assert rows["outside/table1"]["kind"] == "grid"
    assert rows["cmust/table1"]["paper"] == "cmust_table1.csv"
    assert "NOTHING" in rows["bad"]["broken"]
    assert "There is no package no_package_of_this_name" in rows["lost"]["broken"]
    assert (rows["outside/table1"]["from"], rows["lost"]["from"], rows["cmust/table1"]["from"]) == ("outside", "outside", None)


def test_an_experiment_is_run_and_tabled_by_one_command_and_again_from_its_records(stbench):
    first = stbench("run", "--experiment", "outside/table1,outside/fig1", "--workers", "1", *SMOKE)
    assert "outside/table1: Cheap methods" in first.stdout
    assert "swept, ridge" in first.stdout
    assert "not_written_yet" in first.stdout
    again = stbench("run", "--experiment", "outside/table1,outside/fig1", "--workers", "1", *SMOKE)
    assert "0 to do" in again.stdout
    table = stbench("table", "outside/table1", "--json", *SMOKE)
    cells = {(row["method"], row["metric"]): row for sheet in json.loads(table.stdout) for row in sheet["rows"]}
    assert cells["linear", "MAE"]["mean"] > 0
    assert cells["not_written_yet", "MAE"]["missing"] == "no method of this name is registered"


def test_a_dry_run_of_an_experiment_lists_its_runs_and_does_none(stbench):
    done = stbench("run", "--experiment", "outside/table1", "--dry-run", "--preset", "smoke", "--data", "sim", "--seeds", "7,")
    assert "linear" in done.stdout
    assert "outside/table1:" not in done.stdout


def test_an_outside_method_is_swept_like_ours(stbench):
    done = stbench("sweep", "swept", "--suite", "nyc", "--task", "taxi_pick", "--workers", "1", "--json", *SMOKE)
    (table,) = json.loads(done.stdout)
    assert set(table["rows"]) >= {"ridge=10.0"}
    named = stbench("sweep", "stid", "--param", "blocks=1,2", "--suite", "nyc", "--task", "taxi_pick", "--workers", "1", *SMOKE)
    assert "blocks=1" in named.stdout


@pytest.mark.parametrize(("arguments", "said"), [
    (("run", "--experiment", "outside/table9"), "Unknown experiment 'outside/table9'"),
    (("run", "--experiment", "outside/table1", "--method", "stid"), "leave --method out"),
    (("run", "--experiment", "lost/table1"), "There is no package no_package_of_this_name"),
    (("run", "--method", "stid"), "Name what is run"),
    (("table", "outside/table1", "--suite", "nyc"), "says itself what it shows"),
    (("table", "outside/table1", "--preset", "huge"), "Unknown preset 'huge'"),
    (("sweep", "last_value", "--suite", "nyc"), "declares no sweeps"),
    (("sweep", "last_value"), "declares no ablations and no sweeps"),
    (("sweep", "stid", "--suite", "nyc", "--param", "blocks"), "--param takes key=value"),
    (("sweep", "stid", "--suite", "nyc", "--param", "bloks=1,2"), "Did you mean blocks"),
    (("sweep", "stid", "--suite", "nyc", "--param", "blocks=1,two"), "stid.blocks"),
    (("sweep", "stid", "--suite", "nyc", "--param", "blocks=1,2", "--set", "blocks=3"), "would undo the sweep"),
])
def test_what_cannot_be_done_is_one_sentence(stbench, arguments, said):
    error = stbench(*arguments, code=2).stderr.strip().splitlines()[-1]
    assert said in error
