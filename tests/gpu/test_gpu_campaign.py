"""The campaign of a CUDA machine, with stand-ins that need none."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from gpu import stages as limits
from gpu.__main__ import FITS, SUITES, marked, stages
from gpu.agreement import agree, tried
from gpu.stages import BEFORE, DONE, FAILED, NOT_BEGUN, STOPPED, Stage, Stages

from benchmark.registry import registry

ROOT = Path(__file__).resolve().parents[2]


def python(code):
    return [sys.executable, "-S", "-c", code]


def is_over(pid):
    """Whether a killed process is gone, or waits only to be counted by the system, which takes an orphan up at its own time."""
    state = Path(f"/proc/{pid}/stat")
    for _ in range(500):
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.01)
    return False


@pytest.fixture
def runner(tmp_path, monkeypatch):
    """Runs stages with short graces, and keeps what it tells."""
    monkeypatch.setattr(limits, "GRACE", 1.0)
    monkeypatch.setattr(limits, "LEAST", 0.1)
    told = []
    made = Stages(tmp_path / "gpu", "now", {}, told.append)
    made.told = told
    return made


def test_stages_follow_each_other_and_commands_of_one_run_at_once(runner, tmp_path):
    meet = "import pathlib, time\npathlib.Path({!r}).touch()\nwhile not pathlib.Path({!r}).exists(): time.sleep(0.01)"
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    became = runner.run([Stage({"one": python(meet.format(one, two)), "two": python(meet.format(two, one))}),
                         Stage({"after": python("print('hello')")})], 60)
    assert became == dict.fromkeys(("one", "two", "after"), DONE)
    assert (tmp_path / "gpu" / "after.log").read_text() == "hello\n"


def test_a_command_whose_time_is_over_is_interrupted_and_may_end_what_it_does(runner, tmp_path):
    kept, begun = tmp_path / "kept", tmp_path / "begun"
    code = (f"import pathlib, signal, time\nsignal.signal(signal.SIGINT, signal.default_int_handler)\ntry:\n"
            f"    pathlib.Path({str(begun)!r}).touch()\n    time.sleep(60)\nexcept KeyboardInterrupt:\n"
            f"    pathlib.Path({str(kept)!r}).write_text('whole')")
    assert runner.run([Stage({"fit": python(code)}, share=0.5)], 5)["fit"] == STOPPED
    assert begun.exists()
    assert kept.read_text() == "whole"


def test_one_that_hears_nothing_is_killed_with_its_children(runner, tmp_path):
    pids = tmp_path / "pids"
    child = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(60)"
    code = (f"import os, pathlib, signal, subprocess, sys, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
            f"one = subprocess.Popen([sys.executable, '-S', '-c', {child!r}])\n"
            f"pathlib.Path({str(pids)!r}).write_text(f'{{os.getpid()}} {{one.pid}}')\ntime.sleep(60)")
    began = time.monotonic()
    assert runner.run([Stage({"deaf": python(code)}, share=0.5)], 5)["deaf"] == STOPPED
    assert time.monotonic() - began < 30
    assert all(is_over(pid) for pid in pids.read_text().split())


def test_what_has_no_time_left_is_not_begun_and_a_share_leaves_time_for_the_next(runner):
    asleep = python("import time; time.sleep(60)")
    became = runner.run([Stage({"long": asleep}, share=0.3), Stage({"short": python("")}), Stage({"longer": asleep}),
                         Stage({"late": python("")})], 6)
    assert became == {"long": STOPPED, "short": DONE, "longer": STOPPED, "late": NOT_BEGUN}


def test_a_failure_is_told_with_its_log_and_the_others_go_on(runner):
    became = runner.run([Stage({"bad": python("raise SystemExit(3)")}), Stage({"good": python("")})], 60)
    assert became == {"bad": FAILED, "good": DONE}
    assert runner.told == [f"bad: FAILED, see {runner.folder / 'bad'}.log", "good: done"]


def test_what_leaves_no_records_is_done_once_for_each_origin(runner, tmp_path):
    count = tmp_path / "count"
    stage = Stage({"tests": python(f"open({str(count)!r}, 'a').write('x')"), "other": python("")}, once=("tests",))
    assert runner.run([stage], 60)["tests"] == DONE
    assert runner.run([stage], 60) == {"tests": BEFORE, "other": DONE}
    runner.origin = "another commit"
    assert runner.run([stage], 60)["tests"] == DONE
    assert count.read_text() == "xx"
    assert json.loads((runner.folder / "done.json").read_text()) == {"tests": "another commit"}


@pytest.mark.parametrize("gensim", [True, False])
def test_the_campaign_is_tests_and_cities_then_timings_then_fits(gensim, tmp_path):
    first, *others = stages(tmp_path, "full", gensim=gensim)
    assert {"tests", "agreement", "city-nyc-full", "city-chengdu-full", "city-xian-full"} == set(first.commands)
    assert [name for stage in others for name in stage.commands] == [*(f"time-{suite}" for suite in SUITES), *(f"fit-{s}" for s in FITS)]
    timed = {name for stage in others for command in stage.commands.values() for name in command[command.index("--method") + 1].split(",")}
    assert set(registry().names()) - timed == (set() if gensim else {"word2vec", "node2vec"})
    assert all("cuda" in command for stage in others for command in stage.commands.values())


def test_the_tests_of_a_gpu_are_found_and_this_file_is_none_of_them():
    found = {path.name for path in marked()}
    assert "test_methods.py" in found
    assert Path(__file__).name not in found


@pytest.mark.parametrize("name", ["last_value", "stid"])
def test_the_same_weights_on_the_same_device_agree_wholly(name):
    assert agree(name, "cpu").apart == 0


def test_a_method_that_cannot_be_fitted_here_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "gensim.models", None)
    found = tried("word2vec", "cpu")
    assert found.apart is None
    assert "gensim" in found.line()


def test_a_method_that_fails_is_named_and_agrees_with_nothing(monkeypatch):
    monkeypatch.setattr("baselines.forecasting.last_value.LastValue.fit", lambda self, run: 1 / 0)
    found = tried("last_value", "cpu")
    assert not found.apart <= 1
    assert "ZeroDivisionError" in found.line()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_cuda_device_there_is_one_sentence_and_exit_code_2():
    done = subprocess.run([sys.executable, "-m", "gpu", "--minutes", "1"], capture_output=True, text=True, check=False, cwd=ROOT,
                          env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "needs a CUDA device" in done.stderr
