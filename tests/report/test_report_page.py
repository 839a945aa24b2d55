"""The report: every sheet, picture, card and environment on one page, which loads nothing from outside."""

import base64
import re

import pytest
from made.figure_records import fill
from made.forecasting_records import record
from made.nasty import SHOWN_WORSE, WORSE, Page, acts
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.report.choice import Filter
from benchmark.report.figures.charts.bars import Bars
from benchmark.report.figures.picture import Picture
from benchmark.report.report_page import Card, report_page
from benchmark.report.report_parts import city_cards, environments, suite_report
from benchmark.report.sheet import Sheet
from benchmark.store.records import Store

pytest.importorskip("matplotlib")

BARS = Bars(WORSE, "change (%)", {"taxi_pick": {"a": [1.0]}})


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "filled")
    fill(store)
    return store


def test_a_page_holds_every_part_as_text_and_its_images_in_itself():
    sheet = Sheet(WORSE, ["method", "MAE"], [[WORSE, "1.0"]], notes=[WORSE])
    text = report_page(WORSE, [sheet, sheet], [Picture("one", WORSE, BARS), Picture("two", WORSE, BARS)], [Card(WORSE, {WORSE: WORSE})],
                       Sheet("", ["stbench", "runs"], [[WORSE, "3"]], words=1), [WORSE])
    assert acts(text) == []
    page = Page(re.sub(r"<img [^>]*>", "", text))
    assert page.open == []
    assert sum(SHOWN_WORSE in one for one in page.texts) >= 9, "title, heading, table, note, captions, card, environment, what is lacking"
    images = re.findall(r'src="data:image/png;base64,([^"]*)"', text)
    assert len(images) == text.count("<img") == 2
    assert all(base64.b64decode(one).startswith(b"\x89PNG") for one in images)
    assert re.findall(r'id="([^"]*)"', text) == ["tables", "figures", "one", "two", "data", "environments"]


def test_a_page_of_tables_alone_names_no_section_that_it_lacks():
    text = report_page("t", [Sheet("t", ["method"], [["a"]])], [], [])
    assert 'id="tables"' in text
    assert not re.search(r'id="(figures|data|environments)"', text)


def test_the_report_of_a_suite_holds_its_tables_figures_cards_and_environments_and_loads_nothing(store):
    chosen = Filter(("nyc",), tasks=("taxi_pick",))
    text = suite_report("stbench: nyc", store, None, chosen)
    assert text == suite_report("stbench: nyc", store, None, chosen)
    assert re.findall(r'<figure id="([^"]*)"', text) == ["horizon-1", "hour-1", "curves-1", "time-to-best-1", "cost-1"]
    outside = re.findall(r'(?:src|href)="(?!data:|#)[^"]*"|url\(|@import|<script|<link', text)
    assert outside == []
    assert "2.00 ± 1.00" in text
    assert "map, nyc@1" in text, "what is lacking is said"
    assert len(text) < 2_000_000


def test_cards_and_environments_are_counted_once(store):
    records = list(store.records())
    (card,) = city_cards(records)
    assert (card.title, card.facts["fingerprint"], card.facts["edition"]) == ("nyc", "abc", "sim")
    assert card.facts["task taxi_pick"] == "nodes: 60; steps: 2016; unit: trips"
    assert [row[-1] for row in environments(records).rows] == ["9"]
    other = record("stid", 7)
    assert environments([*records, other, other]).notes == ["Times of different rows do not compare."]


def test_the_commands_write_what_was_named(store, tmp_path):
    runner, results = CliRunner(), ["--results", str(store.root)]
    drawn = runner.invoke(app, ["figure", "--suite", "nyc", "--preset", "smoke", "--kind", "horizon", "--out", str(tmp_path / "one.svg"),
                                *results])
    assert drawn.exit_code == 0, drawn.output
    assert "Error by step ahead" in drawn.output
    assert (tmp_path / "one.svg").read_bytes().startswith(b"<?xml")
    made = runner.invoke(app, ["report", "--suite", "nyc", "--preset", "smoke", "--out", str(tmp_path / "nyc.html"), *results])
    assert made.exit_code == 0, made.output
    assert (tmp_path / "nyc.html").read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(("arguments", "sentence"), [
    (["figure", "--kind", "horizn", "--out", "x.svg"], "Did you mean horizon"),
    (["figure", "--kind", "hour", "--out", "x.jpg"], "x.jpg ends in"),
    (["figure", "--kind", "hour", "--suite", "nyc", "--preset", "medium", "--out", "x.svg"], "No records match"),
    (["report", "--suite", "atlantis"], "Unknown suite")])
def test_bad_input_is_a_sentence_and_writes_nothing(arguments, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, [*arguments, "--results", str(tmp_path / "none")])
    assert sentence in str(done.exception)
    assert not list(tmp_path.glob("x.*"))
