"""A campaign on a Ray cluster ends as one in this process does, whatever workers and nodes are lost."""

import os
import sys
from importlib.util import find_spec

import pytest
from made.notes import without_seconds

from benchmark.data.folder import prepared, read_card
from benchmark.errors import UserError
from benchmark.execution.campaign import run_plan
from benchmark.execution.engines import Watcher
from benchmark.execution.engines.choosing import pick_engine
from benchmark.execution.engines.packs import MOST, Packs
from benchmark.execution.engines.ray import Ray
from benchmark.execution.plan import Request, make_plan
from benchmark.spec import Record
from benchmark.store.records import Store
from benchmark.suites import carrying
from benchmark.suites.cities import CityRef, carried_folder, find_city

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed (extra ray)")
SMALL = {"object_store_memory": 100_000_000}


def make(**changes):
    given = {"methods": ("linear",), "suite": "nyc", "tasks": ("taxi_pick",), "preset": "smoke", "edition": "sim", "device": "cpu"}
    return make_plan(Request(**{**given, **changes}))


def told(store):
    """What the records of a store say, but for the seconds that it took."""
    return {record.spec.id: (record.metrics, record.sums, record.days, record.counts, without_seconds(record.notes))
            for record in store.records()}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A head without cores, and two nodes of one core; what is lost is joined again by whoever loses it."""
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_worker_niceness", "0")
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [os.getcwd(), *sys.path])))
        made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False, **SMALL})
        made.nodes = [made.add_node(num_cpus=1, **SMALL) for _ in range(2)]
        yield made
        made.shutdown()


class Killing(Watcher):
    """Does something once, when so many runs are over."""

    def __init__(self, after, act):
        self.after, self.act, self.over = after, act, 0

    def finished(self, record):
        self.over += 1
        if self.over == self.after:
            self.act()


@needs_ray
@pytest.mark.slow
def test_a_campaign_on_two_nodes_one_of_them_killed_and_then_both_ends_in_the_records_of_this_process(cluster, tmp_path):
    plan, here = make(methods=("linear", "stid"), seeds=tuple(range(4)), floors=False), Store(tmp_path / "here")
    run_plan(plan, here, workers=1)
    right = told(here)

    def lose_one():
        cluster.remove_node(cluster.nodes.pop(), allow_graceful=False)

    def lose_all_and_join():
        while cluster.nodes:
            lose_one()
        cluster.nodes.append(cluster.add_node(num_cpus=1, **SMALL))

    for name, watcher in (("one", Killing(2, lose_one)), ("both", Killing(2, lose_all_and_join))):
        there = Store(tmp_path / name)
        done = run_plan(plan, there, watcher=watcher, engine=Ray(cluster.address))
        assert (done.failed, done.elsewhere) == ((), ())
        assert told(there) == right
        assert not list(there.root.rglob("*.claim"))
    cluster.nodes.append(cluster.add_node(num_cpus=1, **SMALL))


FAULTY = """
from dataclasses import dataclass

from benchmark import Forecaster


@dataclass(frozen=True)
class Options:
    pass


class Raises(Forecaster):
    Options = Options

    def fit(self, run):
        raise LookupError("no such node")

    def predict(self, inputs):
        return inputs.values

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass
"""


@needs_ray
@pytest.mark.slow
def test_a_methods_fault_is_an_error_record_and_is_not_tried_again(cluster, tmp_path):
    (tmp_path / "raises.py").write_text(FAULTY)
    store = Store(tmp_path / "store")
    done = run_plan(make(methods=(f"{tmp_path}/raises.py:Raises",), floors=False), store, engine=Ray(cluster.address))
    assert [record.error["kind"] for record in done.failed] == ["LookupError"]
    assert len(list(store.root.rglob("*.error-*.json"))) == 1


@needs_ray
@pytest.mark.slow
def test_in_a_shared_store_the_workers_claim_and_write(cluster, tmp_path):
    plan, here, there = make(), Store(tmp_path / "here"), Store(tmp_path / "there")
    run_plan(plan, here, workers=1)
    run_plan(plan, there, engine=Ray(cluster.address, shared=True))
    assert told(there) == told(here)


def test_small_runs_of_a_known_cost_share_a_task_and_one_of_an_unknown_cost_goes_alone():
    jobs = make(methods=("stid",), seeds=tuple(range(60)), floors=False).jobs
    packs = Packs(jobs, [])
    assert packs.take(2) == [jobs[0]]
    packs.learn(Record(jobs[0].spec, "done", {}, timings={"total_s": 0.3}))
    assert packs.take(2) == list(jobs[1:7])
    assert len(packs.take(53)) == 1, "nobody is left without work"
    packs.learn(Record(jobs[0].spec, "done", {}, timings={"total_s": 0.001}))
    assert len(packs.take(2)) == 6, "the first that was told holds"


def test_no_pack_is_longer_than_the_longest():
    jobs = make(methods=("stid",), seeds=tuple(range(60)), floors=False).jobs
    packs = Packs(jobs, [])
    packs.learn(Record(jobs[0].spec, "done", {}, timings={"total_s": 0.0}))
    assert len(packs.take(1)) == MOST


def test_a_city_that_was_sent_is_verified_laid_apart_from_the_users_own_and_laid_once(tmp_path, monkeypatch):
    make()
    (folder,) = prepared()
    card = read_card(folder)
    ref = CityRef("nyc", "real", card["fingerprint"])
    files = carrying.files_of(ref)
    monkeypatch.setenv("STBENCH_HOME", str(tmp_path / "elsewhere"))
    with pytest.raises(UserError, match="has changed"):
        carrying.have(ref, lambda: {**files, next(iter(card["files"])): b"other"})
    assert find_city(ref) is None
    carrying.have(ref, lambda: files)
    assert find_city(ref) == carried_folder(ref)
    assert prepared() == []
    carrying.have(ref, lambda: pytest.fail("it is there"))


def test_a_city_that_is_neither_there_nor_sent_is_named():
    with pytest.raises(UserError, match=r"City mine .* is not prepared on this machine"):
        carrying.have(CityRef("mine", "own", "0" * 16), None)


@pytest.mark.parametrize(("given", "match"), [
    (("rai",), "Did you mean ray"), (("here", None, 2), "this process alone"), (("ray", "cuda:1"), "--device cuda")])
def test_an_engine_that_cannot_be_is_a_sentence(given, match):
    with pytest.raises(UserError, match=match):
        pick_engine(*given)


def test_an_option_of_ray_without_ray_is_a_sentence():
    with pytest.raises(UserError, match="--address belongs to --engine ray"):
        pick_engine("here", address="somewhere:6379")


def test_without_the_extra_it_is_said_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match=r'pip install "stbench\[ray\]"'):
        run_plan(make(), Store(tmp_path / "store"), engine=Ray())


def test_a_device_that_this_machine_lacks_may_be_named_for_others(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert make(device="cuda", elsewhere=True, floors=False).device == "cuda"
    with pytest.raises(UserError, match="not available here"):
        make(device="cuda")
