"""A real outside package: installed, listed, checked, run."""

import json
import os
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


def test_an_outside_method_is_listed_and_a_broken_one_says_why(installed):
    rows = {row["method"]: row for row in json.loads(python(installed, "-m", "benchmark", "list", "methods", "--json").stdout)}
    assert rows["seasonal_naive"]["scope"] == "task"
    assert "does_not_exist" in rows["broken_method"]["broken"]


def test_an_outside_method_passes_the_conformance_check(installed, tmp_path):
    code = ("import sys\nfrom pathlib import Path\nfrom benchmark.testing import check_method\n"
            f"print(len(check_method('seasonal_naive', Path({str(tmp_path)!r}))))")
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


def test_asking_for_a_broken_method_fails_with_its_reason(installed):
    done = python(installed, "-m", "benchmark", "run", "--method", "broken_method", "--suite", "nyc")
    assert done.returncode == 2
    assert "does not load" in done.stderr
    assert "Traceback" not in done.stderr
