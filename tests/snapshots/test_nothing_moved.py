"""What was measured stays what it was: every sum of the published records, and every byte of the cities that they were measured on."""

import hashlib
import json
from pathlib import Path

import pytest

from benchmark.data.own.series import import_city
from benchmark.data.own.trajectories import import_trajectories
from benchmark.data.simulate import build
from benchmark.store.check import read_record as read
from benchmark.store.records import dumps

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RECORDS = json.loads((HERE / "records.json").read_text())
CITIES = json.loads((HERE / "cities.json").read_text())


def name_of(record):
    """A record by what was run, whatever its id."""
    spec = record["spec"]
    changed = [f"{key}={value}" for key, value in sorted(record["notes"]["user_overrides"].items())]
    return " ".join([spec["suite"], spec["method"], *changed, ",".join(spec["tasks"]), spec["protocol"], spec["preset"], spec["scenario"],
                     str(spec["seed"])])


def digest_of(record):
    measured = {key: record.get(key, {}) for key in ("metrics", "sums", "floors", "counts")}
    return hashlib.sha256(json.dumps(measured, sort_keys=True).encode()).hexdigest()[:16]


def published():
    return {name_of(record): digest_of(record)
            for path in (ROOT / "results" / "runs").glob("*/*/*.json") for record in [json.loads(path.read_text())]}


def test_the_snapshot_holds_what_was_published():
    assert len(RECORDS) == 352


def test_every_published_record_keeps_all_its_sums_and_metrics():
    found = published()
    assert {name: found.get(name) for name in RECORDS} == RECORDS


def test_a_published_record_that_is_read_and_written_again_keeps_every_byte():
    paths = sorted((ROOT / "results" / "runs").glob("*/*/*.json"))
    assert paths
    assert [path for path in paths if dumps(read(path)) != path.read_text()] == []


@pytest.mark.parametrize("name", sorted(CITIES["simulated"]))
def test_a_simulated_city_keeps_every_byte(name, tmp_path):
    city, size = name.split()
    assert build(city, size, 0, tmp_path / "city").fingerprint == CITIES["simulated"][name]


@pytest.mark.samples
@pytest.mark.parametrize("name", sorted(CITIES["imported"]))
def test_an_imported_city_keeps_every_byte(name, samples):
    read = import_trajectories if name.endswith("-2018") else import_city
    assert read(ROOT / "tests" / "cities" / f"{name}.toml").fingerprint == CITIES["imported"][name]
