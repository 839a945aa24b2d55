"""Nothing that was measured is lost: kills, Ctrl-C, dead workers, a full disk, two processes on one store."""

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from pathlib import Path

import pytest
import torch
from made.killing import in_child
from made.notes import without_seconds

from benchmark.checkpoints import Checkpoints
from benchmark.contract import Budget, RunContext
from benchmark.errors import UserError
from benchmark.execution import work
from benchmark.execution.campaign import run_plan
from benchmark.execution.engines import Board, Watcher, processes
from benchmark.execution.engines.here import Here
from benchmark.execution.plan import Request, make_plan
from benchmark.files import write_atomic
from benchmark.fitting import seed_everything
from benchmark.registry import registry
from benchmark.store.claims import claim
from benchmark.store.records import Store

ROOT = Path(__file__).resolve().parents[2]


def make(**changes):
    given = {"methods": ("stid",), "suite": "nyc", "tasks": ("taxi_pick",), "preset": "smoke", "edition": "sim", "device": "cpu"}
    return make_plan(Request(**{**given, **changes}))


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def sums(store):
    return {record.spec.id: record.sums for record in store.records()}


def leftovers(root):
    return sorted(path for path in root.rglob("*")
                  if path.suffix in (".claim", ".pt", ".checkpoint") or re.match(r"\.[0-9a-f]{16}\.", path.name))


@pytest.mark.slow
def test_campaigns_whose_workers_are_killed_30_times_end_in_the_table_of_an_undisturbed_one_and_leave_no_litter(tmp_path):
    """SIGKILL, in a process of its own that forks, started as `make storm` does, which kills a thousand times."""
    done = subprocess.run([sys.executable, Path(__file__).with_name("storm.py"), "30"], capture_output=True, text=True,
                          env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"}, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert (found["kills"], found["aimed"]) == (30, 15)
    assert (found["differences"], found["litter"]) == ([], [])
    assert found["at_work"] >= 10
    assert found["inside_a_fit"] >= 2


def test_what_a_killed_owner_left_of_a_finished_run_is_gone_after_the_next_campaign_and_a_living_ones_stays(store):
    made = make(methods=("last_value", "stid"))
    run_plan(made, store, workers=1)
    places = [store.path(run) for run in made.runs]
    for place in places:
        place.with_suffix(".checkpoint").mkdir()
        place.with_suffix(".checkpoint").joinpath("fit.pt").touch()
    dead, living = (place.with_suffix(".claim") for place in places)
    dead.write_text("killed")
    assert not in_child(lambda: write_atomic(places[0], "{}"), 1)
    with claim(store, made.runs[1]):
        run_plan(made, store, workers=1)
        stages = places[1].with_suffix(".checkpoint")
        assert leftovers(store.root) == [stages, stages / "fit.pt", living]
    run_plan(made, store, workers=1)
    assert leftovers(store.root) == []


def test_a_run_whose_folder_is_removed_while_it_is_at_work_keeps_its_result(store, monkeypatch):
    made, whole = make(methods=("last_value",)), work.execute

    def execute(*arguments, **more):
        shutil.rmtree(store.root)
        return whole(*arguments, **more)

    monkeypatch.setattr(work, "execute", execute)
    assert run_plan(made, store, workers=1).done == 1
    assert store.has(made.runs[0])


@pytest.mark.parametrize("known", [True, False], ids=["of other data", "gone"])
def test_a_city_that_is_replaced_after_it_was_found_ends_the_campaign_with_a_sentence(store, monkeypatch, known):
    made, elsewhere = make(methods=("last_value",)), make(suite="chicago", tasks=None).jobs[0].cities[0]
    found = work.locate(elsewhere) if known else store.root
    monkeypatch.setattr(work, "locate", lambda ref: found)
    with pytest.raises(UserError, match="The city nyc was replaced by other data meanwhile" if known else "No city at"):
        run_plan(made, store, workers=1)
    assert not list(store.records())


def command(store, *more):
    return [sys.executable, "-m", "benchmark", "run", "--method", "stid", "--suite", "nyc", "--data", "sim", "--preset", "smoke", "--task",
            "taxi_pick,taxi_drop", "--device", "cpu", "--results", str(store), *more]


def wait_for(condition, what, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, what
        time.sleep(0.05)


def long_run(store, workers):
    """A campaign of many short epochs, at work on as many runs as it has workers."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    # a shell that starts the tests in the background has their children ignore SIGINT
    launcher = ("import dataclasses, signal, sys, benchmark.spec as s; from benchmark.cli import main; "
                "signal.signal(signal.SIGINT, signal.default_int_handler); "
                "s.PRESETS['smoke'] = dataclasses.replace(s.PRESETS['smoke'], epochs=100, epoch_windows=64); main()")
    arguments = command(store, "--workers", str(workers), "--set", "milestones=")[3:]
    running = subprocess.Popen([sys.executable, "-c", launcher, *arguments], cwd=ROOT, env=environment, start_new_session=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: len(list(store.rglob("*.pt"))) >= workers or running.poll() is not None, "no fit got to its first epoch")
    return running


def owners(store):
    return [json.loads(path.read_text()) for path in store.rglob("*.claim")]


def alive(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at processes in /proc")
def test_when_the_parent_is_killed_its_workers_end_and_their_runs_are_free(tmp_path):
    store = tmp_path / "store"
    running = long_run(store, workers=2)
    pids = [owner["pid"] for owner in owners(store)]
    assert len(set(pids)) == 2
    assert running.pid not in pids
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    wait_for(lambda: not any(alive(pid) for pid in pids), "a worker outlived its parent")
    (spec, _) = make(methods=("stid",), tasks=("taxi_pick", "taxi_drop")).runs
    path = next(store.rglob("*.claim"))
    with claim(Store(store), spec) as mine:
        assert mine is not None
    assert path.exists()  # of a run with other counts: a dead owner's claim stays until somebody takes the run over


@pytest.mark.parametrize(("workers", "how"), [(1, signal.SIGINT), (2, signal.SIGTERM)], ids=["Ctrl-C, one process", "SIGTERM, workers"])
def test_ctrl_c_and_sigterm_end_cleanly_and_say_how_to_go_on(tmp_path, workers, how):
    store = tmp_path / "store"
    running = long_run(store, workers)
    os.kill(running.pid, how)
    _, errors = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "the others go on at their last epoch: type the same command again" in errors
    assert "Traceback" not in errors
    assert "leaked" not in errors
    wait_for(lambda: not any(alive(owner["pid"]) for owner in owners(store)), "a worker outlived the campaign")
    assert list(store.rglob("*.pt"))


def fit(folder, problem, budget, progress=lambda progress: None):
    cls = registry().load("stid")
    seed_everything(0)
    method = cls(cls.Options(batch_size=16), problem)
    run = RunContext(0, torch.device("cpu"), budget, progress, checkpoints=Checkpoints(folder) if folder else None)
    method.fit(run)
    return method, run


class BrokenOffError(Exception):
    pass


def break_off(progress):
    raise BrokenOffError


def test_a_resumed_fit_trains_no_epoch_twice_and_keeps_its_whole_history(make_problem, tmp_path):
    problem, budget = make_problem(), Budget(4, 30, 64, 16)
    for _ in range(2):
        with pytest.raises(BrokenOffError):
            fit(tmp_path, problem, budget, break_off)
    heard = []
    method, run = fit(tmp_path, problem, budget, heard.append)
    whole, undisturbed = fit(None, problem, budget)
    assert [step.epoch for step in heard] == [3, 4]
    assert run.checkpoints.resumed_seconds > 0
    assert [{**entry, "seconds": 0} for entry in run.history] == [{**entry, "seconds": 0} for entry in undisturbed.history]
    assert all(torch.equal(tensor, whole.state_dict()[name]) for name, tensor in method.state_dict().items())
    assert without_seconds(run.notes["training"]) == without_seconds(undisturbed.notes["training"])


def test_early_stopping_counts_on_where_it_was(make_problem, tmp_path, monkeypatch):
    from benchmark.forecasting import training

    losses = iter([5.0, 4.0, 6.0, 7.0, 8.0, 1.0])
    monkeypatch.setattr(training, "evaluate", lambda *arguments: next(losses))
    budget = Budget(10, 3, 16, 8)
    for _ in range(4):
        with pytest.raises(BrokenOffError):
            fit(tmp_path, make_problem(), budget, break_off)
    _, run = fit(tmp_path, make_problem(), budget)
    assert [entry["validation_loss"] for entry in run.history] == [5.0, 4.0, 6.0, 7.0, 8.0]
    assert run.notes["training"]["best_epoch"] == 2


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(b""), lambda path: path.write_bytes(path.read_bytes()[:200]),
                                    lambda path: path.write_text("no checkpoint")], ids=["empty", "cut off", "other"])
def test_a_checkpoint_that_cannot_be_read_costs_its_epochs_and_nothing_else(make_problem, tmp_path, damage):
    problem, budget = make_problem(), Budget(2, 30, 32, 8)
    with pytest.raises(BrokenOffError):
        fit(tmp_path, problem, budget, break_off)
    (path,) = tmp_path.glob("*.pt")
    damage(path)
    heard = []
    fit(tmp_path, problem, budget, heard.append)
    assert [step.epoch for step in heard] == [1, 2]


def test_a_checkpoint_of_other_versions_or_threads_is_not_taken_up(tmp_path):
    Checkpoints(tmp_path, "torch 1").save("fit", {"epoch": 3})
    assert Checkpoints(tmp_path, "torch 1").load("fit", torch.device("cpu")) == {"epoch": 3}
    assert Checkpoints(tmp_path, "torch 2").load("fit", torch.device("cpu")) is None


def test_a_checkpoint_never_runs_code(tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    torch.save({"origin": "", "state": Trap()}, tmp_path / "fit.pt")
    assert Checkpoints(tmp_path).load("fit", torch.device("cpu")) is None
    assert not (tmp_path / "sprung").exists()


def test_a_finished_or_failed_run_leaves_no_checkpoint(store, monkeypatch):
    run_plan(make(), store, workers=1)
    monkeypatch.setattr("baselines.forecasting.stid.STID.predict", lambda self, inputs: torch.full((1,), torch.nan))
    (failed,) = run_plan(make(seeds=(1,)), store, workers=1).failed
    assert failed.error["kind"] == "BadPrediction"
    assert leftovers(store.root) == []


@pytest.mark.parametrize("full_at", range(0, 12, 2))
def test_a_full_disk_stops_with_a_sentence_and_no_half_file_and_the_campaign_goes_on_later(store, monkeypatch, full_at):
    """The disk is full from the n-th write on, wherever that is: plan, checkpoint, history or record."""
    undisturbed = Store(store.root.with_name("undisturbed"))
    run_plan(make(seeds=(0, 1)), undisturbed, workers=1)
    writes, fsync = [], os.fsync

    def full(handle):
        writes.append(handle)
        if len(writes) > full_at:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="The disk is full"):
        run_plan(make(seeds=(0, 1)), store, workers=1)
    half = [path for path in store.root.rglob("*.json") if not path.read_text().endswith("}\n") and not path.read_text().endswith("]\n")]
    assert half == []
    assert [path for path in leftovers(store.root) if path.name.startswith(".") or path.suffix == ".claim"] == []
    monkeypatch.undo()
    run_plan(make(seeds=(0, 1)), store, workers=1)
    assert sums(store) == sums(undisturbed)
    assert leftovers(store.root) == []


def test_a_run_that_another_process_holds_is_passed_over_and_named(store):
    made = make(seeds=(0, 1))
    with claim(store, made.runs[0]):
        result = run_plan(made, store, workers=1)
        assert (result.done, result.elsewhere) == (1, (made.runs[0],))
    result = run_plan(made, store, workers=1)
    assert (result.done, result.skipped, result.elsewhere) == (1, 1, ())


def test_a_run_that_another_process_finished_meanwhile_is_not_done_again(store, monkeypatch):
    made = make()
    run_plan(made, store, workers=1)
    written = store.path(made.runs[0]).stat().st_mtime_ns
    monkeypatch.setattr(work, "execute", lambda *arguments: pytest.fail("the run was done again"))
    assert work.Work(store.root, "cpu").do(made.jobs[0]).spec == made.runs[0]
    assert store.path(made.runs[0]).stat().st_mtime_ns == written


def test_a_campaign_goes_on_in_a_new_pool_when_a_worker_dies_and_gives_up_when_it_dies_again_and_again(store, monkeypatch):
    from concurrent.futures.process import BrokenProcessPool

    pools = []

    def dying(self, jobs, work, board):
        pools.append(len(jobs))
        if len(pools) < deaths:
            raise BrokenProcessPool

    monkeypatch.setattr(processes.Processes, "_pool", dying)
    deaths = 3
    how = work.Work(store.root, "cpu", force=True)
    processes.Processes(2).run(make().jobs[:1], how, Board(Watcher()))
    assert pools == [1, 1, 1]
    pools.clear()
    deaths = 4
    with pytest.raises(UserError, match=r"again and again.*last epoch"):
        processes.Processes(2).run(make().jobs[:1], how, Board(Watcher()))


@pytest.mark.parametrize("engine", [Here(), processes.Processes(2)], ids=["here", "processes"])
def test_a_fault_of_the_machine_is_tried_again_at_once_and_nothing_else_waits_for_it(store, monkeypatch, engine):
    made, tries = make(), []

    def do(self, job, progress=None):
        tries.append(job.spec.id)
        if len(tries) in (1, 2):
            raise OSError("the disk was gone for a moment")
        return None

    monkeypatch.setattr(work.Work, "do", do)
    monkeypatch.setattr(processes, "ProcessPoolExecutor", InThisProcess)
    engine.run(made.jobs[:1], work.Work(store.root, "cpu"), Board(Watcher()))
    assert len(tries) == 3
    assert set(tries) == {job.spec.id for job in made.jobs[:1]}


class InThisProcess:
    """An executor without processes."""

    def __init__(self, *_, **__):
        pass

    def submit(self, function, *arguments):
        future = Future()
        try:
            future.set_result(function(*arguments))
        except OSError as error:
            future.set_exception(error)
        return future

    def shutdown(self, **_):
        pass


def test_gpus_are_dealt_out_by_visible_devices(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, 5,7")
    assert processes.visible_gpus("cuda") == ["2", "5", "7"]
    assert processes.visible_gpus("cuda:1") == ["5"]
    assert processes.default_workers("cuda") == 3
    assert processes.visible_gpus("cpu") == []
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert processes.visible_gpus("cuda") == ["0", "1"]


def test_each_worker_sees_the_next_gpu(monkeypatch):
    import multiprocessing

    counter, seen = multiprocessing.get_context("spawn").Value("i", 0), []
    for name in ("signal.signal", "threading.Thread.start"):
        monkeypatch.setattr(name, lambda *arguments: None)
    for _ in range(3):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "none")
        processes.start_worker("cuda", ["4", "6"], counter)
        seen.append(os.environ["CUDA_VISIBLE_DEVICES"])
    assert seen == ["4", "6", "4"]
