"""Plans over several suites, jobs that find their cities by fingerprint, and what a dry run leaves alone."""

import dataclasses
import os
import shutil

import pytest

from benchmark.data.folder import cities_home, prepared
from benchmark.errors import UserError
from benchmark.execution.campaign import run_plan
from benchmark.execution.plan import Request, make_plan
from benchmark.execution.work import Work
from benchmark.store.records import Store
from benchmark.suites import cities
from benchmark.suites.cities import CityFinder, CityRef, locate
from benchmark.testing.forecasting import tiny_city


def request(suite="nyc", method="last_value", **changes):
    given = {"seeds": (0,), "tasks": ("taxi_pick",), "preset": "smoke", "edition": "sim", "device": "cpu"}
    return Request((method,), suite, **{**given, **changes})


def test_a_plan_spans_suites_families_and_scenarios_and_asks_for_each_run_once(tmp_path):
    trips = {"tasks": None, "method": "random"}
    plan = make_plan([request(), request("chicago"), request("nyc", "linear"), request(), request("xian", **trips),
                      request("xian", **trips, scenario="keep-70")])
    assert len(plan.settings) == 4  # New York's two requests share one
    assert [(job.spec.suite, job.spec.method, job.spec.scenario) for job in plan] == [
        ("nyc", "last_value", "standard"), ("chicago", "last_value", "standard"), ("nyc", "linear", "standard"),
        ("xian", "random", "standard"), ("xian", "random", "keep-70")]
    assert len(plan.headline().splitlines()) == 4
    result = run_plan(plan, Store(tmp_path / "store"), workers=1)
    assert (result.done, result.failed) == (5, ())


def test_cities_are_looked_for_and_verified_once_however_many_requests(monkeypatch):
    looked = []
    original = cities.verify
    monkeypatch.setattr(cities, "verify", lambda folder: looked.append(folder.parent.name) or original(folder))
    make_plan([request(seeds=(k,)) for k in range(5)] + [request("chicago")])
    assert looked == ["nyc", "chicago"]


def test_a_dry_run_builds_nothing_and_its_ids_are_not_known_yet():
    plan = make_plan(request(seeds=(0, 1), method="stid"), finder=CityFinder(builds=False))
    assert prepared() == []
    assert [(job.known, job.spec.fingerprint) for job in plan] == [(False, "")] * 2
    assert "not made yet" in plan.headline()
    make_plan(request())
    again = make_plan(request(seeds=(0, 1), method="stid"), finder=CityFinder(builds=False))
    assert all(job.known for job in again)


def test_a_job_finds_its_city_by_fingerprint_wherever_its_folder_lies(tmp_path, monkeypatch):
    tiny_city(cities_home() / "tiny" / "own")
    plan = make_plan(request("tiny", edition="own"))
    elsewhere = tmp_path / "another machine"
    shutil.copytree(cities_home(), elsewhere / "cities")
    os.rename(elsewhere / "cities" / "tiny" / "own", elsewhere / "cities" / "tiny" / "under another name")
    monkeypatch.setenv("STBENCH_HOME", str(elsewhere))
    (job,) = plan.jobs
    assert locate(job.cities[0]).name == "under another name"
    assert Work(tmp_path / "store", "cpu").do(job).status == "done"


def test_a_machine_without_the_city_simulates_it_and_a_real_one_is_a_sentence(tmp_path, monkeypatch):
    plan = make_plan(request())
    monkeypatch.setenv("STBENCH_HOME", str(tmp_path / "bare"))
    (job,) = plan.jobs
    assert Work(tmp_path / "store", "cpu").do(job).status == "done"
    with pytest.raises(UserError, match=r"City far \(edition own, fingerprint abc\) is not prepared on this machine"):
        locate(CityRef("far", "own", "abc"))


def test_a_simulated_city_that_differs_from_the_one_that_was_planned_is_refused(tmp_path, monkeypatch):
    (job,) = make_plan(request()).jobs
    monkeypatch.setenv("STBENCH_HOME", str(tmp_path / "bare"))
    with pytest.raises(UserError, match="another version of stbench made that one"):
        locate(dataclasses.replace(job.cities[0], fingerprint="abc"))


def test_the_folder_of_a_simulated_city_carries_a_hash_of_its_size_so_an_old_one_is_never_taken(monkeypatch):
    from benchmark.data import simulate

    first = locate(make_plan(request()).jobs[0].cities[0])
    smoke = simulate.SIZES["nyc"]["smoke"]
    monkeypatch.setitem(simulate.SIZES["nyc"], "smoke", dataclasses.replace(smoke, nodes=smoke.nodes + 1))
    second = locate(make_plan(request()).jobs[0].cities[0])
    assert first != second
    assert first.is_dir()
    assert simulate.parameters_hash("nyc", "smoke", 0) != simulate.parameters_hash("nyc", "smoke", 1)
