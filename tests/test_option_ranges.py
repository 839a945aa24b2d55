"""What an option, a seed and a list of names may be, refused by a sentence before any work."""

import dataclasses
import math
import tracemalloc
import typing

import pytest
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.errors import UserError
from benchmark.execution.plan import Request, make_plan
from benchmark.experiments.running import run
from benchmark.options import LARGEST, Range, range_of, ranged, resolve
from benchmark.registry import registry
from benchmark.report.console import plain_facts
from benchmark.report.listing import describe
from benchmark.spec import MOST_SEEDS, born_later, seeds_of, without_unborn

METHODS = registry().names()
# (method, option) -> why any finite number will do
WITHOUT: dict[tuple[str, str], str] = {}


@dataclasses.dataclass(frozen=True)
class Base:
    # a share
    share: float = ranged(0.5, least=0, below=1)
    # any number
    number: float = 1.0
    # counts
    counts: tuple[int, ...] = ranged((1, 2), least=1)
    # a count, or none
    limit: int | None = ranged(None, least=1, most=9)


@dataclasses.dataclass(frozen=True)
class Child(Base):
    share: float = 0.25
    on: bool = False


@pytest.mark.parametrize(("given", "sentence"), [
    ({"share": "1"}, "m.share is a finite number at least 0 and below 1, got '1'; the default is 0.25."),
    ({"share": -1e-9}, "got '-1e-09'"),
    ({"share": "nan"}, "a finite number at least 0 and below 1, got 'nan'"),
    ({"number": "nan"}, "m.number is a finite number, got 'nan'; the default is 1.0."),
    ({"number": "-inf"}, "finite number, got '-inf'"),
    ({"number": "1e999"}, "finite number, got '1e999'"),
    ({"number": True}, "finite number, got 'True'"),
    ({"number": [1.0]}, "finite number, got '1.0'"),
    ({"counts": "1,0"}, f"m.counts is a list, each a whole number at least 1 and at most {LARGEST}, got '1,0'; the default is 1,2."),
    ({"counts": "1,,2"}, "m.counts has an empty element in '1,,2'"),
    ({"counts": 3}, "is a list, each a whole number"),
    ({"limit": "10"}, "m.limit is a whole number at least 1 and at most 9, or none, got '10'; the default is None."),
    ({"limit": 2.0}, "got '2.0'"),
    ({"on": 1}, "m.on is true or false, got '1'"),
    ({"counts": "9" * 30}, f"got '{'9' * 30}'"),
    ({"limit": "9" * 5000}, f"m.limit is of type int, got '{'9' * 40}…'."),
])
def test_a_value_out_of_its_range_is_one_sentence(given, sentence):
    with pytest.raises(UserError) as caught:
        resolve(Child, given, "m")
    assert sentence in str(caught.value)
    assert len(str(caught.value)) < 300


def test_what_lies_within_is_taken_and_a_default_set_anew_keeps_the_range():
    assert resolve(Child, {"share": "0", "counts": "", "limit": "none", "number": -5}, "m") == Child(0.0, -5, (), None)
    assert resolve(Child, {"counts": [4, 5]}, "m").counts == [4, 5]
    assert range_of(Child, "share") == Range(least=0, below=1)
    assert range_of(Child, "number") is None
    assert Child().share == 0.25


def test_a_field_that_was_born_later_has_a_range_too():
    @dataclasses.dataclass(frozen=True)
    class Later:
        # a weight
        weight: float = born_later(ranged(0.5, least=0), as_before=0.0)

    assert Later().weight == 0.5
    assert without_unborn(Later, {"weight": 0.0}) == {}
    with pytest.raises(UserError, match=r"m\.weight is a finite number at least 0"):
        resolve(Later, {"weight": "-1"}, "m")


def options_of(method):
    """(method, option, type, range) of its numbers."""
    options = registry().load(method).Options
    hints = typing.get_type_hints(options)
    for field in dataclasses.fields(options):
        kinds = {one for kind in (hints[field.name], *typing.get_args(hints[field.name])) for one in (kind, *typing.get_args(kind))}
        if kinds & {int, float}:
            yield field.name, int if int in kinds else float, range_of(options, field.name)


@pytest.mark.parametrize("method", METHODS)
def test_every_number_of_a_method_has_a_range_that_holds_before_any_work(method):
    options = registry().load(method).Options
    for name, kind, within in options_of(method):
        assert within is not None or (method, name) in WITHOUT, f"{method}.{name} declares no range"
        outside = [] if within is None else [end - 1 for end in (within.least, within.above) if end is not None]
        for value in [*outside, *([math.nan, math.inf] if kind is float else [10**20])]:
            with pytest.raises(UserError, match=rf"^{method}\.{name} is "):
                resolve(options, {name: str(value)}, method)
        default = next(field.default for field in dataclasses.fields(options) if field.name == name)
        resolve(options, {name: default}, method)


def test_the_range_is_checked_of_runs_ablations_and_specs(own_home):
    with pytest.raises(UserError, match=r"stid\.learning_rate is a finite number above 0, got 'nan'"):
        make_plan(Request(("stid",), "nyc", overrides={"learning_rate": "nan"}, preset="smoke"))
    for arguments in (["run", "--method", "stid", "--suite", "nyc", "--set", "learning_rate=-1"],
                      ["ablate", "cmust", "--set", "batch_size=0"], ["data", "build", "simulator", "--set", "seed=-1"]):
        done = CliRunner().invoke(app, arguments)
        assert isinstance(done.exception, UserError), done.output
        assert " at least " in str(done.exception) or " above " in str(done.exception)
    assert not own_home.exists()


@pytest.mark.parametrize("text", ["0", "-1", "1000000000", "1" + "0" * 20, "1e9", "",
                                  ",", "0,,1", "0,0", "1,-1", f"{2**32},", "nan", "9" * 5000])
def test_seeds_that_no_campaign_has_are_one_sentence_and_take_no_memory(text):
    tracemalloc.start()
    done = CliRunner().invoke(app, ["run", "--method", "stid", "--suite", "nyc", f"--seeds={text}"])
    largest = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert str(done.exception).startswith("--seeds takes a number (5 means 0 to 4)")
    assert len(str(done.exception)) < 300
    assert largest < 2**28


def test_seeds_of_python_are_held_to_the_same():
    assert seeds_of(3) == (0, 1, 2)
    assert seeds_of([7, 3]) == (7, 3)
    assert len(seeds_of(MOST_SEEDS)) == MOST_SEEDS
    for wrong in (0, -1, 10**20, [], [1, 1], [-1], [0.5], range(10**12), ["0"]):
        with pytest.raises(UserError, match=r"^seeds takes a number"):
            run("stid", "nyc", seeds=wrong)


@pytest.mark.parametrize(("arguments", "sentence"), [
    (["run", "--suite", "nyc", "--method", ""], "--method '' has an empty name"),
    (["run", "--suite", "nyc", "--method", "stid,,gwnet"], "--method 'stid,,gwnet' has an empty name"),
    (["run", "--suite", "nyc", "--method", "stid", "--task", ""], "--task '' has an empty name"),
    (["run", "--suite", "", "--method", "stid"], "Unknown suite ''"),
    (["run", "--suite", "nyc", "--method", "stid", "--preset", ""], "Unknown preset ''"),
    (["run", "--suite", "nyc", "--method", "stid", "--preset", "smoke", "--data", ""], "no edition ''"),
    (["run", "--suite", "nyc", "--method", "stid", "--device", ""], "Device ''"),
    (["ablate", "", "--suite", "nyc"], "Unknown method ''"),
    (["ablate", "cmust", "--suite", ""], "Unknown suite ''"),
    (["table", "--suite", ""], "--suite '' has an empty name"),
    (["table", "--method", "stid,"], "--method 'stid,' has an empty name"),
    (["results", "rm", "--method", ","], "--method ',' has an empty name"),
])
def test_an_empty_name_is_a_sentence(arguments, sentence):
    done = CliRunner().invoke(app, arguments)
    assert isinstance(done.exception, UserError), done.output
    assert sentence in str(done.exception)


def test_python_is_told_of_lists_of_nothing():
    with pytest.raises(UserError, match="No method is named"):
        run([], "nyc")
    with pytest.raises(UserError, match="No task is named"):
        run("stid", "nyc", task=[])


def test_show_says_the_range():
    facts = describe("stid")["options"]
    assert facts["learning_rate"]["range"] == "above 0"
    assert facts["dropout"]["range"] == "at least 0 and below 1"
    assert "[at least 0 and below 1]" in " ".join(plain_facts({"options": facts}).split())
