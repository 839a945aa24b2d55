"""Specs, records, options."""

import json
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import pytest

from benchmark.errors import UserError
from benchmark.families import forecasting_protocol
from benchmark.options import as_dict, describe_options, parse_assignments, resolve
from benchmark.spec import Record, RunSpec, find_preset

SPEC = RunSpec("forecasting", "stid", 1, {"hidden": 32, "milestones": (1, 50)}, "nyc", 1, ("taxi_pick",), "sim", "abc", "strict", 1,
               "quick", {"epochs": 6}, 0)


def test_a_spec_survives_json_with_its_id():
    assert RunSpec.from_json(json.loads(json.dumps(SPEC.to_json()))).id == SPEC.id


def test_every_field_of_a_spec_changes_its_id():
    others = {"method": "x", "method_version": 2, "options": {"hidden": 33}, "suite": "x", "suite_version": 2, "tasks": ("a",),
              "edition": "x", "fingerprint": "x", "protocol": "x", "protocol_version": 2, "preset": "x", "budget": {"epochs": 7}, "seed": 1,
              "scenario": "x"}
    assert set(others) == set(SPEC.to_json()) - {"family"}
    assert len({replace(SPEC, **{name: value}).id for name, value in others.items()} | {SPEC.id}) == len(others) + 1


def test_a_record_survives_json():
    record = Record(SPEC, "done", city={"name": "nyc"}, metrics={"taxi_pick": {"mae": 1.5}})
    assert Record.from_json(json.loads(json.dumps(record.to_json()))) == record


def test_a_record_without_days_says_nothing_of_them_so_that_records_of_before_are_the_same_text():
    assert "days" not in Record(SPEC, "done", city={}).to_json()
    days = {"taxi_pick": {"first": "2016-02-19T00:00", "hours": 24, "sums": {"observed": {"count": [3]}}}}
    record = Record(SPEC, "done", city={}, days=days)
    assert Record.from_json(json.loads(json.dumps(record.to_json()))).days == days


@dataclass(frozen=True)
class Base:
    # units of the hidden layer
    hidden: int = 64
    rate: float = 0.1


@dataclass(frozen=True)
class Options(Base):
    # epochs of the decays,
    # counted from 1
    milestones: tuple[int, ...] = (1, 2)
    # windows, None: all
    limit: int | None = None
    on: bool = True


def test_text_values_become_the_fields_types():
    given = {"hidden": "8", "rate": "0.5", "milestones": "3,4", "limit": "none", "on": "false"}
    assert resolve(Options, given, "m") == Options(8, 0.5, (3, 4), None, False)
    assert resolve(Options, {"limit": "7"}, "m").limit == 7
    assert as_dict(Options())["milestones"] == [1, 2]


@dataclass(frozen=True)
class Profiled:
    profiles: ClassVar = {"plain": {}, "grand": {"hidden": 512, "rate": 0.5}}
    # which defaults hold
    profile: Literal["plain", "grand"] = "plain"
    # units
    hidden: int = 64
    # share
    rate: float = 0.1


def test_a_profile_gives_defaults_that_every_other_override_beats():
    assert resolve(Profiled, {}, "m") == Profiled("plain", 64, 0.1)
    assert resolve(Profiled, {"profile": "grand"}, "m") == Profiled("grand", 512, 0.5)
    assert resolve(Profiled, {"hidden": "8", "profile": "grand"}, "m") == Profiled("grand", 8, 0.5)
    assert resolve(Profiled, as_dict(Profiled("grand", 8, 0.1)), "m") == Profiled("grand", 8, 0.1)
    for wrong in ({"profile": "gran"}, {"profiles": "grand"}):
        with pytest.raises(UserError, match="Did you mean"):
            resolve(Profiled, wrong, "m")


@pytest.mark.parametrize(("assignment", "sentence"), [
    ("hiden=3", r"Unknown option of m 'hiden'\. Did you mean hidden\?"),
    ("hidden=three", "m.hidden is of type int, got 'three'"),
    ("on=yes", "true or false"),
    ("hidden", "key=value"),
])
def test_a_wrong_override_is_a_sentence(assignment, sentence):
    with pytest.raises(UserError, match=sentence):
        resolve(Options, parse_assignments([assignment]), "m")


def test_options_explain_themselves_from_their_comments():
    about = describe_options(Options)
    assert about["hidden"] == {"default": 64, "meaning": "units of the hidden layer"}
    assert about["milestones"] == {"default": [1, 2], "meaning": "epochs of the decays, counted from 1"}
    assert about["rate"]["meaning"] == ""


def test_unknown_presets_and_protocols_name_the_nearest():
    with pytest.raises(UserError, match="Did you mean quick"):
        find_preset("quik")
    with pytest.raises(UserError, match="Did you mean strict"):
        forecasting_protocol("strickt")
