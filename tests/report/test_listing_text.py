"""Lists on the terminal: from data to columns that fit, with nothing lost unsaid."""

import json

import pytest

from benchmark.data.forecasting.cards import CARDS
from benchmark.report.console import plain_facts, plain_table
from benchmark.report.listing_text import list_text, short_paper

CITY = {"name": "town", "edition": "own", "tasks": ["in", "speed"], "nodes": [60, 12], "steps": 672, "interval_minutes": [5, 30],
        "span": "2016-01-01T00:00:00/2016-01-14T23:30:00", "size": "60 nodes"}


@pytest.mark.parametrize(("paper", "short"), [
    ("Yi, Zhou, Huang, NeurIPS 2024", "Yi et al., NeurIPS 2024"), ("Mikolov, Chen, Corrado, Dean, 2013", "Mikolov et al., 2013"),
    ("Grover, Leskovec, KDD 2016", "Grover, Leskovec, KDD 2016"), ("Vaswani et al., NeurIPS 2017", "Vaswani et al., NeurIPS 2017"),
    ("a, b, c, and much more", "a, b, c, and much more")])
def test_of_many_authors_the_first_is_shown(paper, short):
    assert short_paper(paper) == short


def test_what_tasks_of_a_city_have_each_is_a_list_of_numbers_and_reads_well(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    tasks = {"in": {"nodes": 60, "steps": 672}, "speed": {"nodes": 12, "steps": 672}}
    facts = CARDS.facts({"name": "town", "tasks": tasks, "nodes": 72})
    assert (facts["nodes"], facts["steps"], facts["trips"]) == ([60, 12], 672, None)
    assert json.loads(json.dumps(facts))["nodes"] == [60, 12]
    line = next(line for line in list_text("cities", [CITY]).splitlines() if "town" in line)
    assert all(part in line for part in ("60, 12", "5, 30", "2016-01-01 … 2016-01-14"))


def test_what_does_not_load_is_named_below_with_its_reason():
    rows = [{"source": "a", "makes": ["forecasting"], "licence": "MIT", "files": None, "meaning": "m", "broken": None},
            {"source": "b", "makes": None, "licence": None, "files": None, "meaning": None, "broken": "package x: no"}]
    assert list_text("sources", rows).endswith("b does not load: package x: no\n")


def test_where_things_come_from_is_shown_as_soon_as_one_is_an_outsiders(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    ours = {"source": "a", "makes": ["forecasting"], "licence": "MIT", "files": None, "meaning": "m", "from": None, "broken": None}
    assert "from" not in list_text("sources", [ours])
    lines = [line.split() for line in list_text("sources", [ours, {**ours, "source": "b", "from": "a-package"}]).splitlines()]
    assert {line[0]: line[-1] for line in lines if len(line) > 1} == {"source": "from", "a": "files", "b": "a-package"}


@pytest.mark.parametrize("width", [30, 60, 80, 160])
def test_a_table_of_facts_never_exceeds_the_terminal_and_drops_nothing_in_silence(width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    rows = [{"kind": kind, "name": f"name_{k}", "count": 12345, "extra": "x" * 20, "meaning": "word " * 30}
            for k, kind in enumerate(("one", "two", "one"))]
    lines = plain_table(rows, section="kind", prose=("meaning",), optional=("extra",)).splitlines()
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert text.count("word") == 90
    assert "x" * 20 in text or "Wider terminals show as well: extra." in " ".join(text.split())
    assert [line.split()[0] for line in lines if line.strip().startswith("name_")] == ["name_0", "name_2", "name_1"]


def test_options_stand_below_each_other_with_their_choices(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    options = {"a": {"default": 1, "meaning": "first"}, "long_name": {"default": "x", "meaning": "second", "choices": ["x", "y"]},
               "b": {"default": [], "meaning": "word " * 12}, "c": {"default": "a very long default", "meaning": "fourth"}}
    lines = plain_facts({"options": options}).splitlines()
    assert lines[1:3] == ["  a          1  first", "  long_name  x  second [x, y]"]
    assert lines[3].startswith("  b          –  word")
    assert lines[4].startswith(" " * 16 + "word")
    assert lines[-2:] == ["  c          a very long default", " " * 16 + "fourth"]
    assert max(map(len, lines)) <= 60
