"""What the README shows is true: one page, whose method is pasted into an empty folder and runs, and whose table the records make."""

import os
import re
import subprocess
import sys

import pytest
from made.pages import README, ROOT, block

import benchmark as stb


def test_the_readme_is_one_page():
    assert len(README.read_bytes()) <= 8192


@pytest.fixture(scope="module")
def pasted(tmp_path_factory):
    """A folder where only the README's method lies, and where pip put it, without network."""
    folder, site = tmp_path_factory.mktemp("empty"), tmp_path_factory.mktemp("site")
    (folder / "nlinear.py").write_text(block(README, "python", "class NLinear("))
    (folder / "pyproject.toml").write_text(block(README, "toml", "nlinear"))
    flags = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--target", str(site)]
    subprocess.run([sys.executable, "-m", "pip", "install", *flags, str(folder)], check=True, capture_output=True)

    def python(*arguments):
        done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, cwd=folder, check=False,
                              env={**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{ROOT}"})
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return python


def test_the_method_of_the_readme_has_25_lines():
    assert len(block(README, "python", "class NLinear(").splitlines()) <= 25


def test_the_method_of_the_readme_runs_from_an_empty_folder(pasted):
    out = pasted("-m", "benchmark", "run", "--method", "nlinear,last_value", "--suite", "nyc", "--task", "taxi_pick", "--preset", "smoke",
                 "--workers", "1")
    assert re.search(r"^ *nlinear +1 +\d+\.\d\d", out, re.MULTILINE), out


def test_the_method_of_the_readme_passes_the_conformance_check(pasted, tmp_path):
    code = f"import pathlib, benchmark; print(len(benchmark.check_method('nlinear', pathlib.Path({str(tmp_path)!r}))))"
    assert pasted("-c", code) == "16\n"


def test_the_python_of_the_readme_runs():
    exec(block(README, "python", "import benchmark as stb"), {})


def test_the_table_of_the_readme_is_what_the_published_records_say(tmp_path):
    frame = stb.table(suite="flights", edition="real", preset="quick", protocol="strict", metric="mae", results=tmp_path)
    # other options than the method's own stand in docs/results.md; the floors are last_value, last_week and historical_average
    frame = frame[~frame.floor & (frame.options == "") & frame.task.isin(["late", "inbound_late"])]
    tasks = list(dict.fromkeys(frame.task))
    rows = [["method", "n", *tasks], ["---"] * (2 + len(tasks))]
    for method, cells in frame.groupby("method", sort=False):
        shown = [f"{mean:.2f}" + (f" ± {sd:.2f}" if n >= 3 else "")
                 for mean, sd, n in zip(cells["mean"], cells["sd"], cells["n"], strict=True)]
        rows.append([method, str(cells["n"].iloc[0]), *shown])
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows).replace("| --- | --- | --- | --- |", "|---|---|---|---|")
    assert table in README.read_text(encoding="utf-8"), f"write into the README:\n{table}"
