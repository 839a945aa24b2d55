"""The registry: lazy, loud about duplicates, patient with broken packages."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from benchmark import MethodInfo, Registry, UserError

ROOT = Path(__file__).resolve().parents[1]
INFO = MethodInfo("mine", "json:dumps", "s", "p", "l")


@pytest.fixture
def catalogue(make_catalogue):
    return partial(make_catalogue, "METHODS")


def test_a_duplicate_name_is_an_error_that_names_both_places(catalogue):
    with pytest.raises(UserError, match=r"'mine'.*first.*second"):
        Registry((catalogue("first", INFO), catalogue("second", INFO)), "none")


def test_an_unknown_method_names_the_nearest(catalogue):
    with pytest.raises(UserError, match="Did you mean mine"):
        Registry((catalogue("first", INFO),), "none").info("mime")


def test_a_target_that_is_no_method_or_does_not_exist_is_refused(catalogue):
    missing = MethodInfo("missing", "no_such_module:X", "s", "p", "l")
    registry = Registry((catalogue("first", INFO, missing),), "none")
    with pytest.raises(UserError, match=r"no class derived from benchmark\.Method"):
        registry.load("mine")
    with pytest.raises(UserError, match="no_such_module"):
        registry.load("missing")


def test_a_broken_package_is_listed_with_its_reason_and_fails_when_asked_for(monkeypatch):
    class Point:
        name, value, dist = "foreign", "foreign_package:info", None

        def load(self):
            raise ImportError("No module named 'foreign_package'")

    monkeypatch.setattr("benchmark.registry.entry_points", lambda group: [Point()])
    registry = Registry((), "any")
    assert "foreign_package" in registry.broken["foreign"].reason
    with pytest.raises(UserError, match=r"'foreign'.*No module named"):
        registry.info("foreign")


def point(load, name="foreign"):
    class Point:
        value, dist = "foreign_package:info", None

    Point.name, Point.load = name, lambda self: load()
    return Point()


def loud():
    print("hello")
    return replace(INFO, name="loud")


@pytest.mark.parametrize(("load", "reason"), [
    (lambda: sys.exit(3), "SystemExit: 3"), (lambda: 1 / 0, "ZeroDivisionError"), (lambda: INFO, "Two methods are called 'mine'"),
    (lambda: {"name": "x"}, "is no benchmark.MethodInfo"), (lambda: replace(INFO, name="Not Snake"), "has a lower_snake name"),
    (lambda: replace(INFO, name="../x"), "has a lower_snake name"), (lambda: replace(INFO, name=5), "says 5 for name"),
    (lambda: replace(INFO, name="a", version="1"), "says '1' for version"), (lambda: replace(INFO, name="a", inputs=(1,)), "for inputs"),
    (lambda: replace(INFO, name="a", inputs="value"), "for inputs"),
    (lambda: replace(INFO, name="a", family="cooking"), "of family 'cooking'"),
    (lambda: replace(INFO, name="a", scope="world"), "scope 'world'"), (lambda: MethodInfo, "is no benchmark.MethodInfo")])
def test_an_outside_package_stops_no_command_but_those_that_name_it(monkeypatch, catalogue, load, reason):
    monkeypatch.setattr("benchmark.registry.entry_points", lambda group: [point(load), point(lambda: replace(INFO, name="good"), "good")])
    registry = Registry((catalogue("first", INFO),), "any")
    assert registry.names() == ["mine", "good"]
    assert reason in registry.broken["foreign"].reason
    assert registry.info("mine") is INFO
    with pytest.raises(UserError, match="does not load"):
        registry.info("foreign")


def test_a_broken_package_under_the_name_of_ours_hides_nothing(monkeypatch, catalogue):
    monkeypatch.setattr("benchmark.registry.entry_points", lambda group: [point(lambda: 1 / 0, "mine")])
    assert Registry((catalogue("first", INFO),), "any").info("mine") is INFO


def test_what_an_outside_package_prints_is_no_output_of_ours(monkeypatch, capsys):
    monkeypatch.setattr("benchmark.registry.entry_points", lambda group: [point(loud)])
    assert Registry((), "any").names() == ["loud"]
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "hello\n")


def test_what_an_outside_package_writes_past_python_is_no_output_of_ours_either(monkeypatch, capfd):
    def writes():
        os.write(1, b"from C\n")
        return loud()

    monkeypatch.setattr("benchmark.registry.entry_points", lambda group: [point(writes)])
    assert Registry((), "any").names() == ["loud"]
    os.write(1, b"ours\n")
    said = capfd.readouterr()
    assert said.out == "ours\n"
    assert "from C\n" in said.err


def test_an_interrupt_that_nobody_typed_is_the_packages_fault(monkeypatch):
    def interrupts():
        raise KeyboardInterrupt

    def typed():
        signal.raise_signal(signal.SIGINT)
        raise KeyboardInterrupt

    monkeypatch.setattr("benchmark.registry.entry_points", lambda group: [point(interrupts)])
    assert "KeyboardInterrupt" in next(iter(Registry((), "any").broken.values())).reason
    monkeypatch.setattr("benchmark.registry.entry_points", lambda group: [point(typed)])
    before = signal.signal(signal.SIGINT, lambda number, frame: None)  # one that raises may do so in a collector's callback
    try:
        with pytest.raises(KeyboardInterrupt):
            Registry((), "any")
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("code", ["raise SystemExit(3)", "1 / 0", "this is no Python"])
def test_a_target_that_fails_as_it_loads_is_a_sentence(monkeypatch, tmp_path, catalogue, code):
    (tmp_path / "failing_target.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match=r"'a'.*does not load from failing_target:X"):
        Registry((catalogue("first", replace(INFO, name="a", target="failing_target:X")),), "none").load("a")


@pytest.mark.parametrize("made", ["methods/__init__.py", "methods/catalogue.py", "methods.py", "baselines/notes.txt"])
def test_a_folder_or_file_of_the_users_own_that_hides_ours_is_named_in_one_sentence(tmp_path, made):
    """Run where the engine is found last, as an editable installation is."""
    mine = tmp_path / made
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("")
    package = made.partition("/")[0].removesuffix(".py")
    code = ("import sys\nfrom importlib.machinery import PathFinder\n"
            "class Last:\n    def find_spec(name, path=None, target=None):\n"
            f"        return PathFinder.find_spec(name, [{str(ROOT)!r}]) if path is None else None\n"
            "sys.meta_path.append(Last)\nsys.argv = ['stbench', 'list', 'methods']\nfrom benchmark.cli import main\nmain()")
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path,
                          env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if "site-packages" in p)})
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert f"hides the package '{package}' of stbench, which lies in {ROOT / package}" in line
    assert str(tmp_path / (made if made == "methods.py" else package)) in line
