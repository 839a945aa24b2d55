"""Every room says what it is, and what a docstring shows is what the code does."""

import ast
import doctest
import importlib
import re
from pathlib import Path

import pytest

import benchmark

ROOT = Path(__file__).resolve().parents[1]
ROOMS = sorted(path.parent for folder in ("benchmark", "baselines", "methods") for path in (ROOT / folder).rglob("__init__.py"))
# the examples of the face are written as its users write them; test_face.py runs those
SHOWN = sorted(name for folder in ("benchmark", "baselines", "methods") for path in (ROOT / folder).rglob("*.py")
               if ">>> " in path.read_text(encoding="utf-8")
               and (name := ".".join(path.relative_to(ROOT).with_suffix("").parts)) not in benchmark._FACE.values())


def page_of(room):
    return ast.get_docstring(ast.parse((room / "__init__.py").read_text())) or ""


def files_named(page):
    return re.findall(r"`([\w/]+\.(?:py|toml))`", page)


def name_of(room):
    return str(room.relative_to(ROOT))


def test_every_folder_of_modules_is_a_room():
    assert len(ROOMS) > 30
    modules = {path.parent for folder in ("benchmark", "baselines", "methods") for path in (ROOT / folder).rglob("*.py")}
    assert modules == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS, ids=name_of)
def test_a_room_says_in_5_to_25_lines_what_comes_in_what_goes_out_and_what_to_open_first(room):
    page = page_of(room)
    assert 5 <= len(page.splitlines()) <= 25
    for word in ("In: ", "Out: ", "Open first: "):
        assert word in page, f"{name_of(room)} does not say '{word}'"
    assert any((room / name).is_file() for name in files_named(page))


@pytest.mark.parametrize("room", ROOMS, ids=name_of)
def test_a_room_names_no_file_that_is_not_there(room):
    """A file is named from the room, from a room around it, or from the top."""
    around = [room, *(parent for parent in room.parents if parent.is_relative_to(ROOT))]
    absent = [name for name in files_named(page_of(room)) if not any((place / name).is_file() for place in around)]
    assert not absent


def test_there_are_examples_to_run():
    assert len(SHOWN) >= 10


@pytest.mark.parametrize("name", SHOWN)
def test_the_examples_of_a_module_run(name):
    done = doctest.testmod(importlib.import_module(name))
    assert done.attempted > 0
    assert done.failed == 0
