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
    assert "does_not_exist" in rows["broken_method"]["paper"]


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


def test_asking_for_a_broken_method_fails_with_its_reason(installed):
    done = python(installed, "-m", "benchmark", "run", "--method", "broken_method", "--suite", "nyc")
    assert done.returncode == 2
    assert "does not load" in done.stderr
    assert "Traceback" not in done.stderr
