"""A declared search looks at validation errors alone, and at few settings."""

import tomllib
from pathlib import Path

import pytest

from benchmark.errors import UserError
from benchmark.experiments.search import MOST_TRIALS, search
from benchmark.options import resolve
from benchmark.registry import registry

DECLARED = tomllib.loads((Path(__file__).resolve().parents[2] / "results" / "search" / "quick.toml").read_text(encoding="utf-8"))


def settings_of(method):
    """The overrides of each declared trial."""
    one = DECLARED[method]
    return [{key: tuple(value) if isinstance(value, list) else value for key, value in {**one.get("base", {}), **overrides}.items()}
            for overrides in one["trials"].values()]


@pytest.mark.parametrize("method", sorted(DECLARED))
def test_every_declared_trial_is_one_of_few_and_its_options_exist(method):
    assert 2 <= len(DECLARED[method]["trials"]) <= MOST_TRIALS
    for overrides in settings_of(method):
        resolve(registry().load(method).Options, overrides, method)


@pytest.mark.parametrize("method", sorted(DECLARED))
def test_what_is_in_force_under_quick_is_a_declared_trial(method):
    assert dict(registry().load(method).presets["quick"]) in settings_of(method)


def test_a_search_gives_validation_errors_and_scores_no_test_window(monkeypatch):
    monkeypatch.setattr("benchmark.forecasting.measuring.score", lambda *_, **__: pytest.fail("a test window was scored"))
    monkeypatch.setattr("benchmark.forecasting.posing.held_out_windows", lambda *_, **__: pytest.fail("a test window was made"))
    declared = {"suites": ["nyc"], "trials": {"large": {}, "small": {"batch_size": 16}}}
    one, other = search(declared, "stid", "smoke")
    assert set(one.errors) == {"crowd_in", "crowd_out", "taxi_pick", "taxi_drop"}
    assert (one.steps, other.steps) == (4 * 2 * 2, 4 * 2 * 8)
    assert one.errors != other.errors


def test_a_search_of_too_many_trials_is_refused():
    with pytest.raises(UserError, match="9 trials; 8 are allowed"):
        next(search({"suites": ["nyc"], "trials": {str(k): {} for k in range(9)}}, "stid"))
