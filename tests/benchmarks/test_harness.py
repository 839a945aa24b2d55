"""Speed and memory of the harness: `make bench`. Not part of the normal test run; figures stand in docs/speed.md."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from made.broken_records import BROKEN, write
from made.many_records import fill
from made.measuring import threads
from made.sites import chromium

from benchmark.contract import Budget, RunContext
from benchmark.fitting import seed_everything
from benchmark.forecasting.training import masked_mae, train
from benchmark.registry import registry
from benchmark.report.site.build import site_files
from benchmark.report.site.writing import write_site
from benchmark.store.records import Store

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def one_thread():
    with threads(1):
        yield


def test_the_harness_costs_less_than_5_percent_of_a_gwnet_epoch(benchmark, make_problem, one_thread):
    """An epoch of the loop against the bare steps of the same network (forward, loss, backward, clip, Adam) on ready batches."""
    problem = make_problem(nodes=60, steps=460)
    cls = registry().load("gwnet")
    seed_everything(0)
    method = cls(cls.Options(), problem)
    network, task, options = method.network, problem.only, method.options
    starts = torch.randperm(len(task.train))[:256].split(64)
    batches = [(task.train.inputs(s), task.train.targets(s)) for s in starts]
    optimiser = torch.optim.Adam(network.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)

    def bare_steps():
        network.train()
        for inputs, targets in batches:
            optimiser.zero_grad(set_to_none=True)
            masked_mae(task.scaler.unscale(network(inputs)), targets).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), options.clip_norm)
            optimiser.step()
        network.eval()
        with torch.no_grad():
            network(task.validation.inputs(torch.arange(64)))

    def epoch():
        run = RunContext(0, torch.device("cpu"), Budget(1, 30, 256, 64))
        train(network, task, options, run)

    def seconds(function):
        began = time.process_time()
        function()
        return time.process_time() - began

    seconds(bare_steps), seconds(epoch)
    pairs = [(seconds(bare_steps), seconds(epoch)) for _ in range(5)]
    bare, whole = (min(side) for side in zip(*pairs, strict=True))
    benchmark.extra_info |= {"bare_s": bare, "epoch_s": whole, "overhead": whole / bare - 1}
    benchmark.pedantic(epoch, rounds=1)
    assert whole / bare < 1.05


@pytest.mark.parametrize("method", ["last_value", "stid"])
def test_full_size_new_york_stays_below_1500_mb(benchmark, tmp_path, method):
    """One run on 206 nodes × 4,368 steps in a process of its own; the record says how much memory it took."""
    environment = {**os.environ, "STBENCH_HOME": str(tmp_path.parent / "full-home"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "benchmark", "run", "--method", method, "--suite", "nyc", "--data", "sim", "--preset", "full",
               "--task", "taxi_pick", "--workers", "1", "--results", str(tmp_path)]
    if method == "stid":
        command += ["--set", "batch_size=64"]
        sitecustomize = tmp_path / "sitecustomize.py"
        sitecustomize.write_text("import benchmark.spec as s, dataclasses\n"
                                 "s.PRESETS['full'] = dataclasses.replace(s.PRESETS['full'], epochs=3)\n")
        environment["PYTHONPATH"] = f"{tmp_path}{os.pathsep}{ROOT}"
    benchmark.pedantic(subprocess.run, args=(command,), rounds=1, kwargs={"check": True, "cwd": ROOT, "env": environment})
    (path,) = tmp_path.glob("nyc/*/*[0-9a-f].json")
    peak = json.loads(path.read_text())["environment"]["process_peak_mb"]
    benchmark.extra_info["peak_mb"] = peak
    assert peak < 1500


@pytest.mark.parametrize("arguments", [["--help"], ["list", "methods"], ["table"]], ids=" ".join)
def test_light_commands_answer_in_well_under_a_second(benchmark, arguments):
    command = [sys.executable, "-m", "benchmark", *arguments]
    benchmark.pedantic(subprocess.run, args=(command,), rounds=5, kwargs={"check": True, "capture_output": True, "cwd": ROOT})
    assert benchmark.stats.stats.min < 1.0


def test_forty_broken_records_beside_the_published_ones_leave_a_table_within_a_second(benchmark, tmp_path):
    """Of a processor's time; the good ones are shown, and each bad one is named on stderr."""
    folder, rounds = tmp_path / "nyc" / "stid", 5
    folder.mkdir(parents=True)
    for k, content in enumerate(BROKEN.values()):
        write(folder / f"{k:016x}.json", content)
    command = [sys.executable, "-m", "benchmark", "table", "--results", str(tmp_path)]
    before = os.times()
    done = benchmark.pedantic(subprocess.run, args=(command,), rounds=rounds, kwargs={"check": True, "capture_output": True, "cwd": ROOT})
    after = os.times()
    seconds = (after.children_user + after.children_system - before.children_user - before.children_system) / rounds
    benchmark.extra_info["cpu_s"] = seconds
    assert len([line for line in done.stderr.splitlines() if line.startswith(os.fsencode(tmp_path))]) == len(BROKEN) >= 40
    assert b"cmust" in done.stdout
    assert seconds < 1.0


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A store of 5,000 records of real size, and a home in which they are remembered."""
    folder = tmp_path_factory.mktemp("many")
    fill(Store(folder / "records"), 5000)
    return folder


@pytest.mark.parametrize("arguments", [["--suite", "nyc"], ["--format", "markdown"], []], ids=["a suite", "all as markdown", "all"])
def test_tables_over_5000_records_are_there_in_2_seconds_once_they_were_read(benchmark, many, arguments):
    """Of a processor's time, of a process of its own; beside it that of the first reading, and what is read of a suite then."""
    command = [sys.executable, "-m", "benchmark", "table", "--results", str(many / "records"), *arguments]
    environment, rounds = {**os.environ, "STBENCH_HOME": str(many / "-".join(["home", *arguments]))}, 5

    def seconds(count):
        before = os.times()
        for _ in range(count):
            subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=environment)
        after = os.times()
        return (after.children_user + after.children_system - before.children_user - before.children_system) / count

    benchmark.extra_info["first_s"] = seconds(1)
    benchmark.extra_info["cpu_s"] = again = benchmark.pedantic(seconds, args=(rounds,), rounds=1)
    assert again < (2.0 if arguments else 3.0)


def test_a_suites_page_of_5000_records_is_there_within_a_second(benchmark, tmp_path):
    """From the request to the drawn tables, in a browser, of the suite that has most rows."""
    fill(Store(tmp_path / "results" / "runs"), 5000)
    write_site(tmp_path / "site", site_files(tmp_path / "results"))
    largest = max((tmp_path / "site" / "data").glob("*.js"), key=lambda path: path.stat().st_size)
    address = (tmp_path / "site" / "suites" / f"{largest.stem}.html").as_uri()
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})

        def load():
            page.goto(address, wait_until="load")
            page.wait_for_selector(".numbers .tabulator-row")

        benchmark.extra_info |= {"data_mb": largest.stat().st_size / 1e6, "suite": largest.stem}
        benchmark.pedantic(load, rounds=5, warmup_rounds=1)
    assert benchmark.stats.stats.median < 1
