"""The registry: lazy, loud about duplicates, patient with broken packages."""

import sys
import types

import pytest

from benchmark import MethodInfo, Registry, UserError

INFO = MethodInfo("mine", "json:dumps", "s", "p", "l")


@pytest.fixture
def catalogue(monkeypatch):
    def make(name, *methods):
        module = types.ModuleType(name)
        module.METHODS = methods
        monkeypatch.setitem(sys.modules, name, module)
        return name
    return make


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
