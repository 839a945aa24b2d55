"""Ids survive what is born later: a new option, count or field of a spec changes no id where it does as before."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.forecasting.stid import STID
from benchmark import families, spec
from benchmark.execution import plan as planning
from benchmark.execution.plan import Request, make_plan
from benchmark.execution.work import budget, options_of
from benchmark.forecasting.training import TrainingOptions
from benchmark.options import as_dict, resolve
from benchmark.spec import SCHEMA, Record, RunSpec, as_before, born_later, without_unborn
from benchmark.training.stage import StageOptions

VALUES = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.floats(-5, 5), st.sampled_from(["code", "text"]),
                   st.tuples(st.integers(0, 3), st.integers(0, 3)))
OPTIONS = {"width": 64, "rate": 0.1, "views": (1, 2)}


def options_class(where, default, before):
    """Options of three levels, with a field that was born later in one of them; `where` None: before it was born."""
    base = ()
    for level in ("shared", "family", "own"):
        fields = [(name, object, dataclasses.field(default=value)) for name, value in OPTIONS.items() if level == "own"]
        if level == where:
            fields.append(("new", object, born_later(default, as_before=before)))
        base = (dataclasses.make_dataclass(level, fields, bases=base, frozen=True, kw_only=True),)
    return base[0]


def id_of(options):
    return RunSpec("forecasting", "stid", 1, without_unborn(type(options), as_dict(options)), "nyc", 1, ("taxi_pick",), "sim", "abc",
                   "strict", 1, "quick", {"epochs": 6}, 0).id


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["shared", "family", "own"]), VALUES, VALUES, VALUES)
def test_an_option_leaves_the_hash_exactly_where_it_equals_what_was_done_before(where, default, before, value):
    old, cls = id_of(options_class(None, None, None)()), options_class(where, default, before)
    plain = lambda one: spec._plain(list(one) if isinstance(one, tuple) else one)  # noqa: E731
    assert (id_of(cls(new=value)) == old) == (plain(value) == plain(before))
    assert (id_of(cls()) == old) == (plain(default) == plain(before))


@pytest.mark.parametrize("base", [StageOptions, TrainingOptions, STID.Options], ids=lambda base: base.__name__)
@pytest.mark.parametrize("default", [0.0, 0.5])
def test_a_new_field_of_real_options_changes_no_id_of_a_plan_and_old_runs_do_as_before(base, default, monkeypatch):
    def ids(**given):
        request = Request(("stid",), "nyc", (0, 1), ("taxi_pick",), given, "smoke", edition="sim", device="cpu")
        return [run.id for run in make_plan(request).runs]

    before, runs = ids(), make_plan(Request(("stid",), "nyc", preset="smoke", edition="sim", device="cpu")).runs
    grown = dataclasses.make_dataclass("Grown", [("sharpness", float, born_later(default, as_before=0.0))], bases=(base,), frozen=True,
                                       kw_only=True)
    new = grown if base is STID.Options else dataclasses.make_dataclass("New", [], bases=(STID.Options, grown), frozen=True, kw_only=True)
    monkeypatch.setattr(STID, "Options", new)
    assert ids(sharpness="0.0") == before
    assert (ids() == before) == (default == 0.0)
    assert not set(ids(sharpness="2.0")) & set(before)
    assert options_of(runs[0]).sharpness == 0.0, "a run of before the field was born does something else now"


def test_a_new_count_of_a_preset_and_a_new_field_of_the_spec_change_no_id(monkeypatch):
    def plan():
        return make_plan(Request(("stid",), "nyc", (0,), ("taxi_pick",), preset="smoke", edition="sim", device="cpu"))

    before = [run.id for run in plan().runs]
    wider = dataclasses.make_dataclass("Wider", [("test_batch", int | None, born_later(None, as_before=None))], bases=(spec.Preset,),
                                       frozen=True)
    smoke = {f.name: getattr(spec.PRESETS["smoke"], f.name) for f in dataclasses.fields(spec.Preset)}
    family = dataclasses.replace(families.FORECASTING, counts=(*families.FORECASTING.counts, "test_batch"))
    monkeypatch.setattr(planning, "find_family", lambda name: family)
    for value in (None, 32):
        monkeypatch.setitem(spec.PRESETS, "smoke", wider(**smoke, test_batch=value))
        assert ([run.id for run in plan().runs] == before) == (value is None)
    monkeypatch.setitem(spec.PRESETS, "smoke", wider(**smoke))
    longer = dataclasses.make_dataclass("Longer", [("calibrated", bool, born_later(False, as_before=False))], bases=(RunSpec,), frozen=True,
                                        namespace={"__hash__": RunSpec.__hash__})
    monkeypatch.setattr(planning, "RunSpec", longer)
    (run,) = plan().runs
    assert [run.id] == before
    assert dataclasses.replace(run, calibrated=True).id != run.id
    assert budget(run).epoch_windows == 128


def test_family_and_layout_are_said_in_a_record_and_stand_outside_the_id():
    one = RunSpec("forecasting", "stid", 1, {}, "nyc", 1, ("a",), "sim", "abc", "strict", 1, "quick", {}, 0)
    assert one.id == dataclasses.replace(one, family="trajectory").id
    said = Record(one, "done", {}).to_json()
    assert (said["schema"], said["spec"]["family"], said["id"]) == (SCHEMA, "forecasting", one.id)


def test_no_shipped_class_marks_a_field_that_is_not_there():
    assert as_before(STID.Options) == {}
    assert resolve(STID.Options, as_before(STID.Options), "stid") == STID.Options()
