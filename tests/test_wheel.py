"""The wheel, built and installed as a user's would be, used from an empty folder."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# all that a wheel is made of
SOURCES = ("benchmark", "baselines", "methods", "results/paper", "results/runs", "pyproject.toml", "setup.py", "MANIFEST.in", "README.md",
           "LICENSE")

pytestmark = pytest.mark.slow


def pip(*arguments):
    done = subprocess.run([sys.executable, "-m", "pip", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built without network from a copy, so that no build folder is left in the checkout and none is taken up."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source / name)
    pip("wheel", source, "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "-w", out)
    (found,) = out.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def stbench(wheel, tmp_path_factory):
    """Types a command where the wheel is installed, from an empty folder, as a user without any setting."""
    site, user, empty = (tmp_path_factory.mktemp(name) for name in ("site", "user", "empty"))
    pip("install", "--quiet", "--no-deps", "--no-index", "--target", site, wheel)

    def call(*words, code=0, **environment):
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("STBENCH_", "XDG_"))}
        done = subprocess.run([sys.executable, "-m", "benchmark", *words], capture_output=True, text=True, check=False, cwd=empty,
                              env={**kept, "PYTHONPATH": str(site), "HOME": str(user), "COLUMNS": "120", **environment})
        assert done.returncode == code, done.stdout + done.stderr
        assert not list(empty.iterdir())
        return done.stderr if code else done.stdout

    call.site, call.user = site, user
    return call


def test_the_wheel_holds_every_table_of_facts_the_papers_numbers_and_one_snapshot_of_the_records(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    data = {path.relative_to(ROOT).as_posix() for package in ("benchmark", "baselines", "methods") for path in (ROOT / package).rglob("*")
            if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert "benchmark/suites/suites.toml" in data
    assert data <= names
    assert {f"benchmark/published/paper/{path.name}" for path in (ROOT / "results" / "paper").iterdir()} <= names
    assert "benchmark/published/runs.zip" in names
    assert not [name for name in names if name.startswith(("tests", "results", "setup"))]


def test_its_metadata_say_who_what_and_for_whom_and_invent_no_address(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
        said = Parser().parsestr(archive.read(name).decode())
    assert said["License-Expression"] == "Apache-2.0"
    assert said["Author"] == "The stbench developers"
    assert "spatio-temporal" in said["Keywords"]
    assert any("Science/Research" in one for one in said.get_all("Classifier"))
    assert said.get_all("Project-URL") is None
    assert said["Version"] == __import__("benchmark").__version__


def test_tables_of_published_records_with_the_papers_numbers_need_no_checkout(stbench):
    for _ in range(2):  # unpacked once, then found
        table = stbench("table", "--suite", "nyc", "--format", "csv")
    here = subprocess.run([sys.executable, "-m", "benchmark", "table", "--suite", "nyc", "--format", "csv", "--results", stbench.user],
                          capture_output=True, text=True, check=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert table == here.stdout
    assert re.search(r"cmust.*11\.15", table)
    assert len(list((stbench.user / ".cache" / "stbench" / "published").iterdir())) == 1


def test_the_snapshot_is_every_published_record_to_the_last_bit(stbench):
    with zipfile.ZipFile(stbench.site / "benchmark" / "published" / "runs.zip") as archive:
        packed = {name: archive.read(name) for name in archive.namelist()}
    assert packed == {path.relative_to(ROOT / "results" / "runs").as_posix(): path.read_bytes()
                      for path in (ROOT / "results" / "runs").rglob("*.json")}


def test_lists_versions_and_states_work_from_an_empty_folder(stbench):
    assert {row["method"] for row in json.loads(stbench("list", "methods", "--json"))} >= {"cmust", "smartraj2", "stid"}
    assert stbench("--version").startswith("stbench 0.")
    assert "Nothing is to do" in stbench("status")
    assert "no checkout to publish to" in stbench("results", "promote", code=2)


def test_a_method_is_fitted_kept_and_forecasts_on_the_real_flights_that_ship(stbench):
    told = stbench("run", "--method", "stid", "--suite", "flights", "--task", "late", "--preset", "smoke", "--keep", "--device", "cpu")
    (run,) = re.findall(r"kept ([0-9a-f]{16})  stid ", told)
    out = stbench.user / "forecasts.csv"
    assert "1200 forecasts written" in stbench("predict", run, "--city", "flights", "--out", str(out))
    assert len(out.read_text().splitlines()) == 1 + 12 * 100


@pytest.mark.skipif(sys.platform != "linux", reason="the folder is the platform's")
def test_records_of_a_wheels_user_go_to_the_data_folder_and_cities_to_the_cache(stbench):
    stbench("run", "--method", "last_value", "--suite", "nyc", "--preset", "smoke", "--task", "taxi_pick", "--data", "sim")
    (kept,) = (stbench.user / ".local" / "share" / "stbench" / "results" / "nyc" / "last_value").glob("*.json")
    assert json.loads(kept.read_text())["spec"]["preset"] == "smoke"
    assert list((stbench.user / ".cache" / "stbench" / "cities").iterdir())
    assert not (stbench.user / ".cache" / "stbench" / "results").exists()


NETWORK = '''
        super().__init__()
        self.map = nn.Linear(problem.history, problem.horizon)
        self.bias = nn.Parameter(torch.zeros(problem.horizon, problem.only.nodes))
        self.width = options.width

    def forward(self, inputs: Inputs) -> Tensor:  # → [batch, horizon, node], z-scored
        return self.map(inputs.scaled.transpose(1, 2)).transpose(1, 2) + self.bias
'''


def test_an_outside_author_comes_from_a_skeleton_to_the_board_by_the_commands_of_the_docs(stbench, tmp_path):
    stbench("new", "own_map", "--family", "forecaster", "--out", str(tmp_path))
    written = tmp_path / "own_map" / "src" / "own_map" / "method.py"
    text = written.read_text(encoding="utf-8")
    begin = text.index("        super().__init__()\n")
    text = text[:begin] + NETWORK.lstrip("\n") + text[text.index("\n\nclass Method("):]
    written.write_text(text.replace("from torch import", "import torch\nfrom torch import", 1), encoding="utf-8")
    pip("install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--target", tmp_path / "site", tmp_path / "own_map")

    def typed(*words, code=0):
        return stbench(*words, code=code, PYTHONPATH=os.pathsep.join([str(stbench.site), str(tmp_path / "site")]), OMP_NUM_THREADS="1")

    assert "holds: 16" in typed("check", "own_map")
    assert "own_map" in typed("run", "--method", "own_map", "--suite", "flights", "--preset", "quick", "--device", "cpu", "--workers", "1")
    bundle = tmp_path / "own_map.zip"
    code = ("--code", "https://example.org/own_map", "--card", str(tmp_path / "own_map" / "CARD.md"))
    typed("submit", "pack", "--method", "own_map", *code, "--out", str(bundle))
    typed("submit", "check", str(bundle))
    typed("results", "export", str(tmp_path / "mine" / "runs"), "--method", "own_map")
    typed("leaderboard", "build", "--results-root", str(tmp_path / "mine"), "--out", str(tmp_path / "board"))
    assert "own_map" in (tmp_path / "board" / "data" / "flights.js").read_text(encoding="utf-8")
