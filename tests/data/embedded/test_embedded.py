"""Real data that ship: small, there without preparation, found by fingerprint, unpacked once."""

import dataclasses
import json
import pickle
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import benchmark
from benchmark.cli.app import app
from benchmark.data.embedded.pack import ARRAYS, unpack
from benchmark.data.embedded.recipe import HERE, embedded
from benchmark.data.folder import cities_home, prepared, read_card
from benchmark.errors import UserError
from benchmark.execution.making import load_city
from benchmark.execution.plan import Request, make_plan
from benchmark.execution.work import Work
from benchmark.suites.catalogue import find_suite
from benchmark.suites.cities import CityFinder, locate

TASKS = ("departures", "inbound", "late", "inbound_late")


def planned(*, builds=True):
    request = Request(("last_value",), "flights", tasks=("late",), preset="smoke", device="cpu")
    return make_plan(request, finder=CityFinder(builds=builds))


def typed(*arguments):
    out = CliRunner().invoke(app, [*arguments])
    assert out.exit_code == 0, out.output
    return out.output


@pytest.mark.parametrize("name", sorted(embedded()))
def test_what_ships_is_small_and_nothing_but_arrays_nodes_and_card(name):
    sizes = {path.name: path.stat().st_size for path in (HERE / name).iterdir()}
    assert sorted(sizes) == ["arrays.npz", "card.json", "nodes.csv"]
    assert max(sizes.values()) < 1_000_000
    assert sum(sizes.values()) < 1_500_000
    with np.load(HERE / name / ARRAYS, allow_pickle=False) as held:
        assert {str(held[key].dtype) for key in held.files} <= {"uint8", "uint16", "bool"}


@pytest.mark.parametrize("name", sorted(embedded()))
def test_what_ships_is_unpacked_to_the_city_of_its_card(name, tmp_path):
    assert unpack(HERE / name, tmp_path / "city").card == embedded()[name].card


def test_an_installed_package_has_what_ships_and_what_sources_read():
    root = Path(benchmark.__file__).parents[1]
    patterns = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["benchmark"]
    packed = {path for pattern in patterns for path in (root / "benchmark").glob(pattern)}
    lying = [path for path in (root / "benchmark").rglob("*") if path.is_file() and path.suffix in (".npz", ".csv", ".json", ".toml")]
    assert len(lying) > 10
    assert not set(lying) - packed


def test_the_suite_is_there_before_anything_is_unpacked_and_lists_write_nothing():
    suite = find_suite("flights")
    assert (suite.editions, suite.tasks) == (("real",), TASKS)
    rows = json.loads(typed("list", "suites", "--json"))
    assert next(row for row in rows if row["suite"] == "flights")["editions"] == ["real"]
    assert "real" in json.loads(typed("show", "flights", "--json"))["editions"]
    assert "2001-01-01" in typed("data", "list")
    assert not cities_home().exists()


def test_a_dry_run_unpacks_nothing_and_knows_its_ids_and_the_size():
    plan = planned(builds=False)
    assert not cities_home().exists()
    assert all(job.known for job in plan)
    assert "100 nodes × 4,344 steps" in plan.headline()
    assert planned().runs == plan.runs


def test_the_city_is_unpacked_when_it_is_first_used_into_a_folder_that_carries_its_fingerprint():
    plan = planned()
    (folder,) = prepared()
    fingerprint = embedded()["flights"].card["fingerprint"]
    assert folder.name == f"real-{fingerprint[:8]}"
    assert [job.spec.fingerprint for job in plan] == [fingerprint]
    times = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    planned()
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == times


def test_a_job_carries_what_another_machine_needs_to_make_the_city(tmp_path, monkeypatch):
    (job,) = pickle.loads(pickle.dumps(planned().jobs))
    monkeypatch.setenv("STBENCH_HOME", str(tmp_path / "bare"))
    assert Work(tmp_path / "store", "cpu").do(job).status == "done"
    assert [folder.parent.name for folder in prepared()] == ["flights"]


def test_a_city_of_the_same_content_is_found_wherever_it_lies_and_nothing_is_unpacked():
    unpack(HERE / "flights", cities_home() / "flights" / "real")
    assert [locate(job.cities[0]).name for job in planned()] == ["real"]
    assert len(prepared()) == 1


def test_a_city_of_another_version_is_refused(monkeypatch, tmp_path):
    (job,) = planned().jobs
    monkeypatch.setenv("STBENCH_HOME", str(tmp_path / "bare"))
    with pytest.raises(UserError, match=r"The city flights that ships with stbench has the fingerprint .*, not abc: another version"):
        locate(dataclasses.replace(job.cities[0], fingerprint="abc"))


def test_a_prepared_city_of_the_edition_that_ships_does_not_take_its_place():
    other = cities_home() / "flights" / "real"
    shutil.copytree(HERE / "flights", other)
    card = read_card(other)
    (other / "card.json").write_text(json.dumps({**card, "fingerprint": "abc"}))
    assert [job.spec.fingerprint for job in planned()] == [card["fingerprint"]]


def test_a_changed_file_of_the_unpacked_city_is_noticed():
    planned()
    (folder,) = prepared()
    (folder / "nodes.csv").write_text("changed")
    with pytest.raises(UserError, match=r"nodes\.csv has changed since it was prepared"):
        planned()


def test_the_city_loads_by_name_and_is_shown_and_verified_without_preparation():
    city = load_city("flights")
    assert city.tasks == TASKS
    assert (len(city.nodes), city.series("late").steps, city.series("late").clock.zone) == (100, 4_344, "America/New_York")
    assert city.adjacency.sum(axis=1) == pytest.approx(np.ones(100), abs=1e-6)
    for folder in prepared():
        shutil.rmtree(folder)
    assert "License Terms Not Explicitly Specified" in " ".join(typed("data", "show", "flights").split())
    assert typed("data", "verify", "flights").startswith("flights/real-")
