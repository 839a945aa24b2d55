"""`stbench time` on tiny cities, in processes of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TAXI = ("--suite", "nyc", "--task", "taxi_drop", "--preset", "smoke", "--data", "sim", "--device", "cpu", "--batch", "1,4")


@pytest.fixture(scope="module")
def stbench(tmp_path_factory):
    """Runs `python -m benchmark …` with a home and results of this module's own."""
    home, results = (tmp_path_factory.mktemp(name) for name in ("home", "results"))

    def call(*arguments, code=0, beside=""):
        done = subprocess.run([sys.executable, "-m", "benchmark", *arguments], capture_output=True, text=True, check=False, cwd=home,
                              env={**os.environ, "PYTHONPATH": f"{beside}{os.pathsep}{ROOT}", "STBENCH_HOME": str(home),
                                   "STBENCH_RESULTS": str(results), "COLUMNS": "250"})
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout, done.stderr

    call.results = results
    return call


@pytest.fixture(scope="module")
def timed(stbench):
    """The timings of a floor and of a learner."""
    out, _ = stbench("time", "--method", "last_value", *TAXI, "--json")
    floor = json.loads(out)
    out, _ = stbench("time", "--method", "stid", *TAXI, "--set", "blocks=1", "--json")
    return [*floor[0]["timings"], *json.loads(out)[0]["timings"]]


def test_json_holds_all_that_explains_the_figures(timed):
    floor, learner = timed
    assert (floor["spec"]["method"], floor["training"], floor["parameters"]) == ("last_value", None, 0)
    assert floor["fit_s"] is not None
    assert learner["fit_s"] is None
    assert learner["spec"]["options"]["blocks"] == 1
    assert (learner["task"], learner["unit"]) == ("taxi_drop", "windows")
    assert [one["batch"] for one in learner["inference"]] == [1, 4]
    assert learner["inference"][1]["arithmetic"]["flops"] == 4 * learner["inference"][0]["arithmetic"]["flops"] > 0
    assert learner["training"]["epoch_s"] > 0
    assert learner["training"]["steps_an_epoch"] == 2
    assert learner["memory"]["cpu_mb"] is None or learner["memory"]["cpu_mb"] > 0
    assert learner["checkpoint_mb"] > 0


def test_a_timing_tells_no_host_and_no_path(timed, stbench):
    import socket

    text = "".join(path.read_text() for path in stbench.results.rglob("*.timing.json"))
    assert text
    assert str(stbench.results) not in text
    assert str(ROOT) not in text
    assert f'"{socket.gethostname()}"' not in text


def test_what_is_measured_is_not_measured_again_unless_asked(timed, stbench):
    paths = sorted(stbench.results.rglob("*.timing.json"))
    before = [path.stat().st_mtime_ns for path in paths]
    again = ("time", "--method", "last_value", *TAXI)
    out, err = stbench(*again)
    assert "Measured before" in err
    assert "last_value" in out
    assert [path.stat().st_mtime_ns for path in paths] == before
    stbench(*again, "--force")
    assert sum(path.stat().st_mtime_ns != old for path, old in zip(paths, before, strict=True)) == 1


def test_what_is_stored_is_shown_without_torch(timed, stbench):
    out, _ = stbench("time", "--show", "--suite", "nyc", "--format", "csv")
    assert "stid" in out
    assert "Nothing" not in out
    assert "No timing" in stbench("time", "--show", "--suite", "chicago")[0]
    code = ("import sys; sys.argv = ['stbench', 'time', '--show']\nfrom benchmark.cli import main\ntry:\n    main()\n"
            "except SystemExit as stop:\n    assert not stop.code\nprint('torch' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT,
                          env={**os.environ, "STBENCH_RESULTS": str(stbench.results)})
    assert done.stdout.splitlines()[-1] == "False"


def test_tables_and_publishing_are_not_disturbed_by_timings(timed, stbench):
    assert "stid" not in stbench("table", "--suite", "nyc", "--preset", "smoke", "--strict")[0]
    assert "0 to publish" in stbench("results", "promote", "--results", str(stbench.results))[0]


@pytest.mark.parametrize(("arguments", "said"), [
    (["--suite", "nyc"], "Name methods and a suite"), (["--method", "stid"], "Name methods and a suite"),
    (["--method", "stid", "--suite", "nyc", "--batch", "1,x"], "--batch takes whole numbers"),
    (["--method", "stid", "--suite", "nyc", "--batch", "0"], "sizes of at least 1"),
    (["--method", "stid", "--suite", "nyc", "--batch", "4,4"], "different sizes"),
    (["--method", "stod", "--suite", "nyc"], "stod"), (["--show", "--format", "pdf"], "format"),
    (["--show", "--preset", "tiny"], "preset")])
def test_wrong_words_end_with_one_sentence(stbench, arguments, said):
    _, err = stbench("time", *arguments, code=2)
    assert said in err
    assert len(err.strip().splitlines()) == 1


def test_an_encoder_is_timed_trip_by_trip(stbench):
    out, _ = stbench("time", "--method", "random,transformer", "--suite", "xian", "--preset", "smoke", "--data", "sim", "--device", "cpu",
                     "--json")
    (sheet,) = json.loads(out)
    random, transformer = sheet["timings"]
    assert (random["training"], random["unit"]) == (None, "trips")
    assert transformer["training"]["steps_an_epoch"] > 0
    assert transformer["inference"][1]["arithmetic"]["flops"] > transformer["inference"][0]["arithmetic"]["flops"] > 0


def fails_at_import(stbench, folder, does, methods):
    """What is printed where the library of word2vec does this when it is imported."""
    (folder / "gensim.py").write_text(does)
    return stbench("time", "--method", methods, "--suite", "xian", "--preset", "smoke", "--data", "sim", "--device", "cpu", "--batch", "2",
                   code=1, beside=str(folder))


def test_a_method_that_fails_is_named_and_the_others_are_timed(stbench, tmp_path):
    out, err = fails_at_import(stbench, tmp_path, "raise ImportError('there is no gensim')", "word2vec,random")
    assert "word2vec could not be timed: ImportError: there is no gensim" in err
    assert "random" in out


def test_a_method_whose_process_is_killed_is_named(stbench, tmp_path):
    _, err = fails_at_import(stbench, tmp_path, "import os; os._exit(9)", "word2vec")
    assert "word2vec could not be timed: its process was killed" in err
