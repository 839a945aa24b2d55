"""`stbench new`: what it writes installs, passes the conformance kit and its own test, and is refused with a sentence."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmark.cli import main
from benchmark.registry import registry
from benchmark.scaffold.writing import KINDS, skeleton

ROOT = Path(__file__).resolve().parents[2]
NAMES = {"forecaster": "tidal", "encoder": "wayfaring"}


@pytest.fixture
def stbench(monkeypatch, capsys):
    """A command in this process: (exit code, stdout, stderr)."""
    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["stbench", *map(str, arguments)])
        try:
            main()
        except SystemExit as stopped:
            return stopped.code, *capsys.readouterr()
        return 0, *capsys.readouterr()

    return call


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a skeleton of each family, and `site`, into which both are installed by pip, without network."""
    folder = tmp_path_factory.mktemp("authors")
    kept = {key: value for key, value in os.environ.items() if not key.startswith("STBENCH_")}

    def python(*arguments):
        return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, check=False, cwd=folder,
                              env={**kept, "PYTHONPATH": f"{folder / 'site'}{os.pathsep}{ROOT}", "OMP_NUM_THREADS": "1",
                                   "STBENCH_HOME": str(folder / "home")})

    for kind, name in NAMES.items():
        done = python("-m", "benchmark", "new", name, "--family", kind)
        assert done.returncode == 0, done.stderr
        assert f"stbench check {name}\n" in done.stdout
    flags = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--target", folder / "site"]
    done = python("-m", "pip", "install", *flags, *(folder / name for name in NAMES.values()))
    assert done.returncode == 0, done.stderr
    python.folder = folder
    return python


def test_the_skeletons_pass_their_own_tests(made):
    done = made("-m", "pytest", "-q", "-p", "no:cacheprovider", *(f"{name}/tests" for name in NAMES.values()))
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def test_an_installed_skeleton_passes_stbench_check_in_a_process_of_its_own_in_ascii(made):
    done = made("-c", "import sys; sys.argv = ['stbench', 'check', 'tidal']; sys.stdout.reconfigure(encoding='ascii')\n"
                "from benchmark.cli import main; main()")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("ok check_facts\nok check_predictions\n")
    assert done.stdout.endswith("16 checks; holds: 16\n")


def test_the_skeletons_have_the_style_of_this_project(made):
    done = made("-m", "ruff", "check", "--config", ROOT / "pyproject.toml", "--no-cache", *NAMES.values())
    if "No module named ruff" in done.stderr:
        pytest.skip("ruff is not installed")
    assert done.returncode == 0, done.stdout


def test_what_the_skeletons_say_of_their_size_is_true(make_problem, monkeypatch):
    for kind in KINDS:
        for path, text in skeleton(f"counted_{kind}", kind):
            if path.startswith("src/"):
                made = Path(os.environ["STBENCH_HOME"]) / path
                made.parent.mkdir(parents=True, exist_ok=True)
                made.write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(Path(os.environ["STBENCH_HOME"]) / "src")
    forecaster, encoder = (importlib.import_module(f"counted_{kind}.method") for kind in KINDS)
    said = [importlib.import_module(f"counted_{kind}").INFO.parameters for kind in KINDS]
    network = encoder.Network(4996, encoder.MethodOptions())
    assert said == [forecaster.Method(forecaster.MethodOptions(), make_problem(nodes=206)).parameter_count(),
                    sum(parameter.numel() for parameter in network.parameters())]
    assert all(isinstance(one, torch.nn.Module) for one in (network, forecaster.Network(make_problem(), forecaster.MethodOptions())))


@pytest.mark.parametrize("kind", KINDS)
def test_a_skeleton_has_a_card_a_test_an_entry_point_and_no_name_but_its_own(kind):
    files = dict(skeleton("tidal", kind))
    assert sorted(files) == ["CARD.md", "pyproject.toml", "src/tidal/__init__.py", "src/tidal/method.py", "tests/test_tidal.py"]
    assert not [path for path, text in files.items() if "my_method" in text or "$" in text]
    assert [line[3:] for line in files["CARD.md"].splitlines() if line.startswith("## ")] == [
        "Paper", "Code", "Licence", "What differs", "Training", "Cost"]
    assert 'tidal = "tidal:INFO"' in files["pyproject.toml"]
    assert "def declines(" in files["src/tidal/method.py"]
    assert all("replace this" in text.lower() for path, text in files.items() if not path.startswith("tests/"))


@pytest.mark.parametrize(("name", "sentence"), [
    ("Tidal", "lower_snake name"), ("tidal-net", "lower_snake name"), ("../tidal", "lower_snake name"), ("x" * 41, "lower_snake name"),
    ("stid", "A method called 'stid' is registered already"), ("lambda", "a word of Python's own"), ("json", "a module 'json' already"),
    ("torch", "a module 'torch' already"), ("benchmark", "a module 'benchmark' already"), ("pyyaml", "pip would replace it")])
def test_a_name_that_cannot_be_is_refused_with_the_reason_and_nothing_is_written(stbench, tmp_path, monkeypatch, name, sentence):
    monkeypatch.setattr("benchmark.scaffold.writing._distributions", lambda: {"pyyaml"})
    code, out, said = stbench("new", name, "--family", "forecaster", "--out", tmp_path / "mine")
    assert (code, out) == (2, "")
    assert sentence in said
    assert not (tmp_path / "mine").exists()


def test_distributions_are_named_as_modules_are():
    from benchmark.scaffold.writing import _distributions

    assert {"torch", "typer"} <= _distributions()
    assert not [name for name in _distributions() if "-" in name or name != name.lower()]


def test_a_name_of_a_method_that_does_not_load_is_taken_too(stbench, tmp_path, monkeypatch):
    monkeypatch.setitem(registry().broken, "tidal", None)
    assert "registered already" in stbench("new", "tidal", "--family", "encoder", "--out", tmp_path)[2]


def test_an_unknown_family_is_refused_with_both_names(stbench, tmp_path):
    code, _, said = stbench("new", "tidal", "--family", "trajectory", "--out", tmp_path)
    assert code == 2
    assert "Known: encoder, forecaster." in said


def test_a_folder_that_is_there_stays_as_it_is(stbench, tmp_path):
    (tmp_path / "tidal").mkdir()
    (tmp_path / "wayfaring").symlink_to(tmp_path / "nowhere")
    for name in ("tidal", "wayfaring"):
        code, _, said = stbench("new", name, "--family", "encoder", "--out", tmp_path)
        assert code == 2
        assert "is there already and was left as it is" in said
    assert not list((tmp_path / "tidal").iterdir())
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith(".")) == ["tidal", "wayfaring"]


def test_a_place_that_is_a_file_is_one_sentence(stbench, tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    code, _, said = stbench("new", "tidal", "--family", "encoder", "--out", tmp_path / "file")
    assert code == 2
    assert len(said.splitlines()) == 1
