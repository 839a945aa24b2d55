"""A declared search looks at validation errors alone, and at few settings."""

import tomllib
from pathlib import Path

import pytest

from benchmark.data.trajectory.splits import LABELLED, VALIDATION
from benchmark.errors import UserError
from benchmark.experiments.search import MOST_TRIALS, search
from benchmark.options import resolve
from benchmark.registry import registry
from benchmark.trajectory.cuts import POSES

FOLDER = Path(__file__).resolve().parents[2] / "results" / "search"
DECLARED = {(path.stem, method): one for path in sorted(FOLDER.glob("*.toml"))
            for method, one in tomllib.loads(path.read_text(encoding="utf-8")).items()}
PRESET_OF = {"quick": "quick", "encoders": "quick", "medium": "medium"}


def settings_of(key):
    """The overrides of each declared trial."""
    one = DECLARED[key]
    return [{key: tuple(value) if isinstance(value, list) else value for key, value in {**one.get("base", {}), **overrides}.items()}
            for overrides in one["trials"].values()]


@pytest.mark.parametrize("key", sorted(DECLARED))
def test_every_declared_trial_is_one_of_few_and_its_options_exist(key):
    assert 2 <= len(DECLARED[key]["trials"]) <= MOST_TRIALS
    for overrides in settings_of(key):
        resolve(registry().load(key[1]).Options, overrides, key[1])


@pytest.mark.parametrize("key", sorted(DECLARED))
def test_what_is_in_force_under_a_preset_is_a_declared_trial(key):
    file, method = key
    assert dict(registry().load(method).presets[PRESET_OF[file]]) in settings_of(key)


@pytest.mark.parametrize("key", sorted(DECLARED))
def test_a_record_says_as_many_trials_as_were_declared(key):
    file, method = key
    assert registry().load(method).trials[PRESET_OF[file]] == len(DECLARED[key]["trials"])


def test_a_search_gives_validation_errors_and_scores_no_test_window(monkeypatch):
    monkeypatch.setattr("benchmark.forecasting.measuring.score", lambda *_, **__: pytest.fail("a test window was scored"))
    monkeypatch.setattr("benchmark.forecasting.posing.held_out_windows", lambda *_, **__: pytest.fail("a test window was made"))
    declared = {"suites": ["nyc"], "trials": {"large": {}, "small": {"batch_size": 16}}}
    one, other = search(declared, "stid", "smoke")
    assert set(one.errors) == {"crowd_in", "crowd_out", "taxi_pick", "taxi_drop"}
    assert (one.steps, other.steps) == (4 * 2 * 2, 4 * 2 * 8)
    assert one.errors != other.errors


def test_a_search_may_name_its_tasks():
    (one,) = search({"suites": ["nyc"], "tasks": ["taxi_pick"], "trials": {"small": {"batch_size": 16}}}, "stid", "smoke")
    assert set(one.errors) == {"taxi_pick"}


def test_a_search_over_encoders_answers_for_validation_trips_and_poses_no_test_trip(monkeypatch):
    parts = set()

    def watched(pose):
        def posed(table, rows, *rest):
            parts.update(table.city.parts[rows].tolist())
            return pose(table, rows, *rest)
        return posed

    for kind, pose in POSES.items():
        monkeypatch.setitem(POSES, kind, watched(pose))
    (one,) = search({"suites": ["xian"], "trials": {"narrow": {"width": 8}}}, "random", "smoke")
    assert set(one.errors) == {"road_label", "travel_time", "destination_road"}
    assert parts == {LABELLED, VALIDATION}
    assert one.errors["travel_time"] > 0
    assert 0 <= one.errors["destination_road"] <= 1


def test_a_search_of_too_many_trials_is_refused():
    with pytest.raises(UserError, match="9 trials; 8 are allowed"):
        next(search({"suites": ["nyc"], "trials": {str(k): {} for k in range(9)}}, "stid"))
