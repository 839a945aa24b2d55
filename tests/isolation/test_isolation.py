"""A method in a process of its own gives the same numbers, and reaches no target of the test part."""

import os

import numpy as np
import pytest
import torch
from made.notes import without_seconds

from benchmark import lazy
from benchmark.contract import Budget, Progress, RunContext
from benchmark.errors import UserError
from benchmark.execution.plan import Request, make_plan
from benchmark.families import find_family
from benchmark.fitting import FailedElsewhere, failure_of, seed_everything
from benchmark.isolation.alone import Drawn, NotAlone
from benchmark.isolation.child import Child
from benchmark.options import resolve
from benchmark.registry import MethodInfo, registry
from benchmark.spec import RunSpec
from benchmark.testing.forecasting import tiny_city
from benchmark.testing.tiny_trips import tiny_trajectory_city

CHEATS = {"collector": "Collector", "frames": "Frames", "files": "Files", "neighbours": "Neighbours", "honest": "Honest"}
TINY = Budget(epochs=2, patience=30, epoch_windows=32, validation_windows=8, unlabelled_trips=48, labelled_trips=48)


@pytest.fixture
def add(monkeypatch):
    """Register a method of `made.cheats`."""
    def made(name, target, **facts):
        info = MethodInfo(name, f"made.cheats:{target}", "a cheat", "nobody", "none", **facts)
        monkeypatch.setitem(registry()._infos, name, info)
        monkeypatch.setitem(registry()._places, name, "here")
    return made


@pytest.fixture
def measured(tmp_path, monkeypatch):
    """Fit and score a method on a tiny city that lies where cities lie."""
    monkeypatch.setenv("STBENCH_HOME", str(tmp_path))

    def measure(method, *, isolated, tasks=("taxi_pick",), budget=TINY, run=None, scenario="standard", **options):
        info = registry().info(method)
        trips = info.family == "trajectory"
        folder = tmp_path / "cities" / "tiny" / "own"
        city = (tiny_trajectory_city if trips else tiny_city)(folder) if not folder.exists() else None
        measurer = lazy.load(find_family(info.family).measurer)
        city = city or measurer.open_city(folder)
        cls = registry().load(method)
        resolved = resolve(cls.Options, {**cls.presets.get("smoke", {}), **options}, method)
        spec = RunSpec(info.family, method, 1, {}, "tiny", 1, tasks, "own", "abc", "strict", 1, "smoke", {
            "epochs": 2, "unlabelled_trips": 48, "labelled_trips": 48} if trips else {"epochs": 2}, 0, scenario)
        run = run or RunContext(0, torch.device("cpu"), budget)
        seed_everything(0)
        return measurer.measure(spec, [city], resolved, run, isolated=isolated), run

    return measure


@pytest.mark.parametrize(("method", "tasks", "options"), [
    ("stid", ("taxi_pick",), {}), ("cmust", ("taxi_pick", "taxi_drop"), {}), ("historical_average", ("taxi_pick",), {}),
    ("word2vec", ("road_label", "travel_time", "destination_road"), {}), ("transformer", ("travel_time",), {"probe": "finetune"})])
def test_isolated_runs_give_the_same_bits_notes_and_history(measured, method, tasks, options):
    (plain, one), (apart, other) = (measured(method, isolated=isolated, tasks=tasks, **options) for isolated in (False, True))
    assert (apart.metrics, apart.sums, apart.days, apart.counts, apart.floors) == (plain.metrics, plain.sums, plain.days, plain.counts,
                                                                                   plain.floors)
    assert (apart.parameters, without_seconds(other.notes)) == (plain.parameters, without_seconds(one.notes))
    for mine, its in zip(one.history, other.history, strict=True):
        assert {k: v for k, v in mine.items() if "seconds" not in k} == {k: v for k, v in its.items() if "seconds" not in k}


@pytest.mark.parametrize("scenario", ["cold-start", "nodes-50"])
def test_an_isolated_run_under_a_scenario_gives_the_same_bits_notes_and_arrays(measured, scenario):
    found = []
    for isolated in (False, True):
        run = RunContext(0, torch.device("cpu"), TINY, keeps_arrays=True)
        found.append(measured("cmust", isolated=isolated, scenario=scenario, run=run))
    (plain, one), (apart, other) = found
    assert (apart.sums, apart.floors, apart.counts) == (plain.sums, plain.floors, plain.counts)
    assert without_seconds(other.notes) == without_seconds(one.notes)
    assert list(one.arrays) == sorted(one.arrays, key=lambda name: int(name.partition(".")[0]))
    assert set(other.arrays) == set(one.arrays)
    assert all(np.array_equal(one.arrays[name], other.arrays[name]) for name in one.arrays)


@pytest.mark.parametrize("name", ["collector", "frames", "files"])
def test_a_cheat_reaches_the_test_part_unless_it_is_isolated(add, measured, name):
    add(name, CHEATS[name])
    add("honest", "Honest")
    assert measured(name, isolated=False)[0].metrics["taxi_pick"]["mae"] < 0.1
    assert measured(name, isolated=True)[0].metrics == measured("honest", isolated=False)[0].metrics


def test_a_forecaster_that_looks_at_the_other_windows_of_its_batch_fails_by_name(add, measured):
    add("neighbours", "Neighbours")
    add("honest", "Honest")
    assert measured("neighbours", isolated=False)[0].metrics["taxi_pick"]["mae"] < (
        measured("honest", isolated=False)[0].metrics["taxi_pick"]["mae"] / 2)
    with pytest.raises(NotAlone, match=r"A window of task taxi_pick: asked again by itself, .* remembers what it was shown before"):
        measured("neighbours", isolated=True)


def test_an_encoder_that_remembers_the_trips_of_another_task_fails_by_name(add, measured):
    add("remembers", "Remembers", family="trajectory", scope="city", inputs=("route",))
    tasks = ("travel_time", "destination_road")
    measured("remembers", isolated=False, tasks=tasks)
    with pytest.raises(NotAlone, match="A test trip of probe tiny destination_road: asked again by itself"):
        measured("remembers", isolated=True, tasks=tasks)


def test_a_child_has_an_empty_home_and_folder_and_no_variable_that_names_another(child, tmp_path):
    said, _ = child.call("where")
    child.close()
    assert said["home"] == said["results"] == said["folder"]
    assert said["there"] == []
    assert str(tmp_path) not in said["began with"]
    assert not os.path.exists(said["folder"])


@pytest.fixture
def child():
    made = Child("made.hosts:Telling", torch.device("cpu"))
    yield made
    made.close()


def test_faults_of_the_method_have_the_names_that_they_have_there(child):
    with pytest.raises(FailedElsewhere, match="a sensor was silent") as caught:
        child.call("raises")
    assert failure_of(caught.value)["kind"] == "LookupError"
    assert child.call("where")[0]["there"] == []


@pytest.mark.parametrize(("name", "message"), [("babbles", "broke the protocol"), ("exits", r"process ended \(exit code 3\)")])
def test_a_process_that_breaks_the_protocol_or_ends_is_a_fault_of_the_method(child, name, message):
    with pytest.raises(FailedElsewhere, match=message):
        child.call(name)


def test_an_answer_is_never_unpickled_here(child):
    with pytest.raises(FailedElsewhere, match="broke the protocol"):
        child.call("pickles")
    assert "stbench was here" not in os.environ


def test_tensors_are_sent_as_copies_of_what_they_show(child):
    whole = torch.arange(1_000_000, dtype=torch.float32)
    said, tensors = child.call("reaches", whole[10:13], torch.tensor([1.5], dtype=torch.bfloat16), torch.tensor(True))
    assert said == {"numbers": [3, 1, 1]}
    assert tensors["0"].tolist() == [10, 11, 12]
    assert tensors["1"].dtype == torch.bfloat16


def test_progress_is_heard_and_an_interrupt_ends_the_process(measured):
    heard = []

    def stop(step):
        heard.append(step)
        raise KeyboardInterrupt

    run = RunContext(0, torch.device("cpu"), TINY, progress=stop)
    with pytest.raises(KeyboardInterrupt):
        measured("stid", isolated=True, run=run)
    assert isinstance(heard[0], Progress)
    assert (len(heard), heard[0].epoch) == (1, 1)


def test_a_broken_off_isolated_fit_goes_on_from_its_checkpoints_and_ends_in_the_same_bits(measured, tmp_path):
    from benchmark.checkpoints import Checkpoints

    whole, _ = measured("stid", isolated=True)

    def stop(step):
        raise RuntimeError("power cut")

    kept = Checkpoints(tmp_path / "checkpoints", "here")
    with pytest.raises(RuntimeError, match="power cut"):
        measured("stid", isolated=True, run=RunContext(0, torch.device("cpu"), TINY, progress=stop, checkpoints=kept))
    assert list(kept.folder.glob("*.pt"))
    again = RunContext(0, torch.device("cpu"), TINY, checkpoints=kept)
    resumed, _ = measured("stid", isolated=True, run=again)
    assert resumed.sums == whole.sums
    assert kept.resumed_seconds > 0


def test_what_is_asked_again_follows_from_the_answers_and_a_secret():
    def drawn(shift, secret=b"ours"):
        held = Drawn(secret)
        for k in range(20):
            held.see(lambda row, k=k: 10 * k + row, torch.arange(10.0)[:, None] + 100 * k + shift)
        return [asked for asked, _, _ in held]

    assert drawn(0) == drawn(0) != drawn(1)
    assert drawn(0) != drawn(0, b"another")
    assert drawn(0, None) != drawn(0, None)
    assert len(drawn(0)) == 4
    rows = np.array([asked % 10 for shift in range(50) for asked in drawn(shift)])
    assert len(np.unique(rows)) == 10


def test_the_trajectory_protocol_paper_refuses_to_isolate_and_outside_methods_say_so():
    request = {"preset": "smoke", "edition": "sim", "device": "cpu", "floors": False}
    with pytest.raises(UserError, match=r"Protocol 'paper' chooses probes on the test part, .* --protocol strict"):
        make_plan(Request(("random",), "xian", protocol="paper", isolated=True, **request))
    [job] = make_plan(Request(("random",), "xian", isolated=True, **request)).jobs
    assert (job.isolated, job.notes["isolated"]) == (True, True)
    [job] = make_plan(Request(("random",), "xian", **request)).jobs
    assert not job.isolated
    assert "isolated" not in job.notes


def test_methods_of_outside_packages_are_isolated_unless_someone_says_otherwise(monkeypatch):
    monkeypatch.setitem(registry()._packages, "random", "a-package")
    request = {"preset": "smoke", "edition": "sim", "device": "cpu", "floors": False}
    asked = ({}, {"isolated": False}, {"protocol": "paper"})
    jobs = [make_plan(Request(("random",), "xian", **request, **more)).jobs[0] for more in asked]
    assert [(job.isolated, job.notes["isolated"]) for job in jobs] == [(True, True), (False, False), (False, False)]
