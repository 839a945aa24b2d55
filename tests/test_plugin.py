"""A real outside package: installed, listed, checked, run."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve()
ROOT = HERE.parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder the package was installed into by pip, without network."""
    import shutil

    source = tmp_path_factory.mktemp("source") / "plugin"
    shutil.copytree(HERE.parent / "plugin_pkg", source)
    target = tmp_path_factory.mktemp("site")
    flags = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--target", target]
    subprocess.run([sys.executable, "-m", "pip", "install", *flags, source], check=True, capture_output=True)
    return target


def python(installed, *arguments):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, cwd=ROOT, check=False,
                          env={**os.environ, "PYTHONPATH": f"{installed}{os.pathsep}{ROOT}"})


@pytest.mark.parametrize(("what", "whole", "broken"), [
    ("methods", "seasonal_naive", "broken_method"), ("methods", "hashed_roads", "broken_method"), ("suites", "even-town", "broken-suite"),
    ("experiments", "plugin/table1", "broken_experiments"), ("sources", "even_town", "broken_source")])
def test_what_an_outside_package_brings_is_listed_with_its_origin_and_what_is_broken_says_why(installed, what, whole, broken):
    done = python(installed, "-m", "benchmark", "list", what, "--json")
    assert done.returncode == 0, done.stderr
    rows = {row[what.removesuffix("s")]: row for row in json.loads(done.stdout)}
    assert (rows[whole]["from"], rows[whole]["broken"]) == ("stbench-plugin", None)
    assert (rows[broken]["from"], rows[broken]["broken"]) == (
        "stbench-plugin", "package stbench-plugin: ModuleNotFoundError: No module named 'stbench_plugin.does_not_exist'")
    assert next(iter(rows.values()))["from"] is None
    text = python(installed, "-m", "benchmark", "list", what).stdout
    assert re.search(rf"^ {whole} .* stbench-plugin$", text, re.MULTILINE)
    assert f"{broken} does not load: package stbench-plugin: ModuleNotFoundError" in text


@pytest.mark.parametrize("name", ["seasonal_naive", "hashed_roads"])
def test_an_outside_method_passes_the_conformance_check(installed, tmp_path, name):
    code = ("import sys\nfrom pathlib import Path\nfrom benchmark.testing import check_method\n"
            f"print(len(check_method({name!r}, Path({str(tmp_path)!r}))))")
    done = python(installed, "-c", code)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 9


def test_an_outside_method_runs_in_spawned_workers(installed):
    done = python(installed, "-m", "benchmark", "run", "--method", "seasonal_naive", "--suite", "nyc", "--preset", "smoke",
                  "--workers", "2")
    assert done.returncode == 0, done.stderr
    assert "seasonal_naive" in done.stdout
    assert "taxi_drop" in done.stdout


def test_an_outside_source_is_listed_shown_and_builds_its_city_and_a_broken_one_says_why(installed):
    rows = {row["source"]: row for row in json.loads(python(installed, "-m", "benchmark", "list", "sources", "--json").stdout)}
    assert rows["even_town"]["meaning"] == "a town where nothing changes"
    assert "does_not_exist" in rows["broken_source"]["broken"]
    shown = json.loads(python(installed, "-m", "benchmark", "show", "even_town", "--json").stdout)
    assert shown["registered in"] == "package stbench-plugin"
    assert shown["options"]["level"] == {"default": 3, "meaning": "the value of every node"}
    done = python(installed, "-m", "benchmark", "data", "build", "even_town", "--set", "level=5")
    assert done.returncode == 0, done.stderr
    assert "even-town (own): taxi_pick; 2 nodes; 240 steps; fingerprint " in done.stdout
    assert done.stdout.endswith("Every value is 5.\n")
    done = python(installed, "-m", "benchmark", "data", "build", "broken_source")
    assert done.returncode == 2
    assert "The source 'broken_source' of package stbench-plugin does not load: ModuleNotFoundError" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_outside_experiment_on_an_outside_suite_is_run_and_tabled(installed):
    shown = json.loads(python(installed, "-m", "benchmark", "show", "even-town", "--json").stdout)
    assert (shown["tasks"], shown["editions"]) == (["taxi_pick"], {"own": "made when first used"})
    assert shown["registered in"] == "package stbench-plugin"
    done = python(installed, "-m", "benchmark", "run", "--experiment", "plugin/table1", "--preset", "smoke", "--workers", "1")
    assert done.returncode == 0, done.stderr
    table = json.loads(python(installed, "-m", "benchmark", "table", "plugin/table1", "--preset", "smoke", "--json").stdout)
    means = {(row["method"], row["metric"]): row["mean"] for sheet in table for row in sheet["rows"]}
    assert means["seasonal_naive", "MAE"] == means["last_value", "MAE"] == 0


def test_an_outside_encoder_runs_apart(installed):
    done = python(installed, "-m", "benchmark", "run", "--method", "hashed_roads", "--suite", "xian", "--task", "travel_time", "--preset",
                  "smoke", "--workers", "1")
    assert done.returncode == 0, done.stderr
    assert "hashed_roads" in done.stdout


@pytest.mark.parametrize(("words", "sentence"), [
    (("run", "--method", "broken_method", "--suite", "nyc"), "The method 'broken_method' of package stbench-plugin does not load: "),
    (("run", "--method", "stid", "--suite", "broken-suite"), "The suite 'broken-suite' of package stbench-plugin does not load: "),
    (("show", "broken-suite"), "The suite 'broken-suite' of package stbench-plugin does not load: "),
    (("run", "--experiment", "broken_experiments/table1"), "The file of experiments 'broken_experiments' of package stbench-plugin"),
])
def test_asking_for_what_is_broken_fails_with_its_reason(installed, words, sentence):
    done = python(installed, "-m", "benchmark", *words)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
