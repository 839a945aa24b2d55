"""A class of a file in place of a registered method: what is refused, what a run's id holds, and a run from end to end."""

import json
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from made.forecasting_records import record

from benchmark import Registry, UserError, forecast, run
from benchmark.execution.plan import Request, make_plan
from benchmark.method_files import adopt, file_of, is_file, named, read
from benchmark.options import describe_options
from benchmark.registry import registry
from benchmark.report.choice import Filter
from benchmark.report.listing import describe
from benchmark.report.table import tables_of
from benchmark.spec import RunSpec
from benchmark.store.records import Store
from benchmark.suites.cities import CityFinder
from benchmark.timing.measure import Asked, measure

WHOLE = '''
from __future__ import annotations

from dataclasses import dataclass

import torch

from benchmark import Forecaster, MethodInfo, TrajectoryEncoder


@dataclass(frozen=True)
class Options:
    # what is predicted
    level: float = 1.0


class Constant(Forecaster):
    """The same number, always.

    And no other.
    """

    Options = Options

    def fit(self, run):
        self.level = torch.tensor([self.options.level], device="cpu")

    def predict(self, inputs):
        return self.level.to(inputs.values.device).expand(len(inputs.values), self.problem.horizon, inputs.values.shape[2])

    def state_dict(self):
        return {"level": self.level}

    def load_state_dict(self, state):
        self.level = state["level"]
'''
OTHERS = '''

class LikeGWNet2(Constant):
    pass


class Wide(Constant):
    pass


class GWNET(Constant):
    pass


class Gwnet(Constant):
    pass


class Silent(Constant):
    Options = None


class Half(Constant, TrajectoryEncoder):
    pass


class Odd(Constant):
    pass


class Nothing:
    pass


WIDE = MethodInfo("any", "my_package.any:Wide", "wide", "a paper", "MIT", scope="city", inputs=("value",), deterministic=True, floor=True)
ODD = MethodInfo("odd", "odd:Odd", "s", "p", "l", scope="planet")
number = 5
'''


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    """Methods of files are of a test alone, and of no other test file."""
    monkeypatch.setattr("benchmark.registry._registry", None)


@pytest.fixture
def written(tmp_path):
    """Writes a file of methods; written("Class", content) gives what is typed for it."""
    def write(name="Constant", content=WHOLE, file="mine.py"):
        (tmp_path / file).write_text(content, encoding="utf-8")
        return f"{tmp_path / file}:{name}"
    return write


def planned(given, finder=None, **changes):
    asked = {"tasks": ("taxi_pick",), "preset": "smoke", "edition": "sim", "device": "cpu", "floors": False}
    return make_plan(Request((given,), "nyc", **{**asked, **changes}), finder=finder or CityFinder(builds=False))


@pytest.mark.parametrize(("given", "one"), [
    ("a.py:B", True), ("folder/a.py:B", True), ("C:\\x\\a.py:B", True), ("a.py", True), ("a.py:", True), ("stid", False),
    ("a.pyc:B", False), ("a:B.py", True), ("", False), ("a.py:b:C", False)])
def test_a_file_is_told_from_a_name(given, one):
    assert is_file(given) == one


@pytest.mark.parametrize(("name", "called"), [("Constant", "constant"), ("LikeGWNet2", "like_gw_net2"), ("Wide", "wide")])
def test_the_name_of_a_method_is_that_of_its_class_in_lower_snake(written, name, called):
    methods = Registry((), "none")
    assert named([written(name, WHOLE + OTHERS)], methods) == [called]
    assert methods.names("forecasting") == [called]
    assert methods.is_outside(called)
    assert (methods.place(called), methods.origin(called)) == ("file mine.py", "mine.py")
    assert describe_options(methods.load(called).Options)["level"]["meaning"] == "what is predicted"


def test_a_method_info_in_the_file_says_what_the_class_is_and_nobody_else_does(written):
    methods = Registry((), "none")
    named([written("Wide", WHOLE + OTHERS), written("Constant", WHOLE + OTHERS)], methods)
    wide, plain = methods.info("wide"), methods.info("constant")
    assert (wide.scope, wide.inputs, wide.deterministic, wide.paper, wide.floor) == ("city", ("value",), True, "a paper", False)
    assert (plain.scope, plain.deterministic, plain.summary) == ("task", False, "The same number, always.")
    assert plain.inputs == ("value", "time", "calendar", "coordinates", "graph")


@pytest.mark.parametrize(("name", "content", "sentence"), [
    ("Constant", "import no_such_module", r"The file mine\.py does not import: ModuleNotFoundError: No module named 'no_such_module'"),
    ("Constant", "this is no Python", r"The file mine\.py does not import: SyntaxError"),
    ("Constant", "# coding: no-such\n", r"The file mine\.py does not import: SyntaxError"),
    ("Constant", "raise SystemExit(3)", r"The file mine\.py does not import: SystemExit: 3"),
    ("Constant", "raise KeyboardInterrupt", r"The file mine\.py does not import: .*KeyboardInterrupt"),
    ("Constnat", WHOLE, r"Unknown class of mine\.py 'Constnat'\. Did you mean Constant\? Known: Constant\."),
    ("", WHOLE, "names no class; write the file and the class in it"),
    ("a-b", WHOLE, "names no class"),
    ("Nothing", WHOLE + OTHERS, r"Nothing of mine\.py is no class derived from Forecaster or TrajectoryEncoder"),
    ("Forecaster", WHOLE, r"Forecaster of mine\.py is no class derived"),
    ("number", WHOLE + OTHERS, r"number of mine\.py is no class derived"),
    ("Half", WHOLE + OTHERS, r"Half of mine\.py lacks encode"),
    ("Silent", WHOLE + OTHERS, r"Silent of mine\.py says no Options, a frozen dataclass"),
    ("Odd", WHOLE + OTHERS, r"mine\.py is of family 'forecasting' and scope 'planet'"),
    ("Stid", f"{WHOLE}\n\nclass Stid(Constant):\n    pass\n", r"'stid' is the name of a registered method; rename the class in mine\.py"),
    ("Ünlike", f"{WHOLE}\n\nclass Ünlike(Constant):\n    pass\n", "a method has a lower_snake name"),
])
def test_what_is_no_method_is_one_sentence(written, name, content, sentence):
    with pytest.raises(UserError, match=sentence):
        named([written(name, content)], registry())


@pytest.mark.parametrize("given", ["nowhere/mine.py:A", "\0.py:A", "~nobody-of-this-name/a.py:A", "folder.py:A"])
def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path, monkeypatch, given):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(UserError, match=r"The file .* cannot be read: "):
        read(given)


def test_two_methods_of_one_name_are_not_taken_for_one(written):
    methods = Registry((), "none")
    same = written(content=WHOLE + OTHERS)
    assert named([same, same], methods) == ["constant", "constant"]
    with pytest.raises(UserError, match="Two of the methods would be called 'constant'"):
        named([same, written(file="other.py")], methods)
    with pytest.raises(UserError, match="Two of the methods would be called 'gwnet'"):
        named([written("GWNET", WHOLE + OTHERS), written("Gwnet", WHOLE + OTHERS)], methods)


def test_a_file_that_was_changed_takes_the_place_of_what_it_was(written):
    methods = Registry((), "none")
    before = methods.load(*named([written()], methods))
    after = methods.load(*named([written(content=WHOLE.replace("float = 1.0", "float = 2.0"))], methods))
    assert (before.Options().level, after.Options().level) == (1.0, 2.0)
    assert methods.names() == ["constant"]


def test_what_was_read_is_run_whatever_becomes_of_the_file(written, tmp_path):
    file = pickle.loads(pickle.dumps(read(written())))
    (tmp_path / "mine.py").unlink()
    methods = Registry((), "none")
    assert adopt(file, methods) == "constant"
    assert file_of(methods.info("constant").target) == file
    assert methods.load("constant")(None, None).parameter_count() == 0


def test_a_runs_id_follows_the_content_of_the_file_and_not_its_place(written):
    (one,) = planned(written()).jobs
    (moved,) = planned(written(file="moved.py")).jobs
    (other,) = planned(written(content=WHOLE.replace("The same", "Always the same"))).jobs
    assert one.spec.id == moved.spec.id != other.spec.id
    assert one.notes["file"] == {"name": "mine.py", "sha256": one.spec.file}
    assert RunSpec.from_json(json.loads(json.dumps(one.spec.to_json()))) == one.spec


def test_a_method_of_a_package_has_no_file_in_its_record_or_its_id():
    (job,) = planned("last_value").jobs
    assert "file" not in job.spec.to_json()
    assert "file" not in job.notes
    assert job.file is None
    assert replace(job.spec, file="a" * 64).id != job.spec.id


def test_a_method_of_a_file_is_always_isolated(written):
    (job,) = planned(written()).jobs
    assert job.isolated
    assert job.notes["isolated"] is True
    with pytest.raises(UserError, match=r"The method of a file is always isolated; .* make a package of mine\.py \(stbench new\)"):
        planned(written(), isolated=False)


def test_a_method_of_a_file_is_refused_where_nothing_can_be_kept_from_it(written):
    encoder = WHOLE.replace("class Constant(Forecaster)", "class Coder(TrajectoryEncoder)").replace("def predict", "def encode")
    asked = Request((written("Coder", encoder),), "xian", preset="smoke", device="cpu", protocol="paper", floors=False)
    with pytest.raises(UserError, match=r"no method can be kept from it; mine\.py must be: use --protocol strict"):
        make_plan(asked, finder=CityFinder(builds=False))


def test_a_method_of_a_file_is_of_one_family(written):
    with pytest.raises(UserError, match="constant is a forecasting method; this suite needs trajectory methods"):
        make_plan(Request((written(),), "xian", preset="smoke", device="cpu"), finder=CityFinder(builds=False))


def test_a_method_of_a_file_is_shown_like_any_other(written):
    shown = describe(written())
    assert (shown["method"], shown["registered in"]) == ("constant", "file mine.py")
    assert shown["options"]["level"]["meaning"] == "what is predicted"


def test_a_method_of_a_file_is_run_apart_its_record_does_not_say_where_it_lay_and_it_is_used_while_the_file_is_known(written, tmp_path):
    frame = run(written(), "nyc", task="taxi_pick", preset="smoke", data="sim", options={"level": 2.0}, keep=True)
    assert set(frame[~frame.floor]["method"]) == {"constant"}
    (found,) = Store(tmp_path / "results").records()
    assert (found.notes["file"]["name"], found.notes["isolated"]) == ("mine.py", True)
    assert str(tmp_path) not in Store(tmp_path / "results").path(found.spec).read_text(encoding="utf-8")
    assert set(forecast(found.spec.id, "nyc")["forecast"]) == {2.0}
    named([written(content=WHOLE.replace("1.0", "3.0"))], registry())
    with pytest.raises(UserError, match=rf"Run {found.spec.id} is of a method of a file, which no record holds"):
        forecast(found.spec.id, "nyc")


def test_a_method_of_a_file_is_timed_where_nobody_has_heard_of_it(written, monkeypatch):
    (job,) = planned(written(), finder=CityFinder()).jobs
    monkeypatch.setattr("benchmark.registry._registry", None)
    monkeypatch.setattr("benchmark.method_files._known", {})
    assert measure(Asked(job, "taxi_pick", "cpu", (1,), {})).spec.file == job.spec.file


def test_workers_know_the_method_of_a_file(written, tmp_path):
    done = subprocess.run([sys.executable, "-m", "benchmark", "run", "--method", written(), "--suite", "nyc", "--preset", "smoke", "--task",
                           "taxi_pick,taxi_drop", "--workers", "2"], capture_output=True, encoding="utf-8", check=False,
                          cwd=Path(__file__).parents[1])
    assert done.returncode == 0, done.stderr
    assert [one.status for one in Store(tmp_path / "results").records()] == ["done", "done"]


def test_records_of_two_files_are_two_rows_that_say_so():
    found = [("local", record("mine", file=letter * 64), ("taxi_pick",)) for letter in "ab"]
    (table,) = tables_of(found, Filter())
    assert [row.differs for row in table.rows if not row.floor] == ["file aaaaaaaa", "file bbbbbbbb"]
