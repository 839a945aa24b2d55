"""A city's card for readers: every number against a plain computation, and a page that no text of a city can break out of."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made.nasty import NASTY, SHOWN, acts
from made.ring_city import MATCHED, PARTS, TRIPS, places
from typer.testing import CliRunner

from benchmark.cli.data import app
from benchmark.data.clock import Clock
from benchmark.data.folder import Origin, cities_home
from benchmark.data.forecasting.city import Series, write_city
from benchmark.data.forecasting.totals import totals
from benchmark.data.profile import Outline
from benchmark.data.trajectory.city import write_trajectory_city
from benchmark.errors import UserError
from benchmark.report.card.about import about, about_one
from benchmark.report.card.drawing import MOST_TEXT, PITCH, bars, drawn, street_paths
from benchmark.report.card.page import card_page
from benchmark.report.card.text import BLOCKS, NOTHING, blocks, card_text
from benchmark.report.card.use import OTHERWISE, bibtex, may_use

LEFT_OUT = {"trips": {"rows": 100, "kept": 90, "left_out": {"duration": {"rule": "it takes less than 60 seconds", "rows": 7},
                                                            "outside": {"rule": "neither end lies at a place that counts", "rows": 3}}}}


@pytest.fixture
def town(node_table):
    """Writes a city of four nodes: eleven days of 40 minutes a step, from a Wednesday, with a night that skips an hour."""
    def write(name: str = "town", *, title: str = "A town", notes=None, placed: bool = True, edition: str = "own", **more):
        rng = np.random.default_rng(0)
        nodes = node_table(4) if placed else node_table(4).assign(lon=np.nan, lat=np.nan)
        steps = 36 * 11
        series = [Series(task, rng.poisson(3, (steps, 4)).astype(np.float32), rng.random((steps, 4)) < 0.8, np.array([2, 0, 1, 3]),
                         Clock("2019-03-06T00:00:00", 40, "America/New_York"), unit) for task, unit in (("pick", "trips per 40 min"),
                                                                                                     ("speed", "km/h"))]
        origin = Origin(title, "made for a test", more.pop("licence", "CC0-1.0"), notes or {})
        return write_city(cities_home() / name / edition, name, edition, origin, nodes, series)

    return write


@pytest.fixture
def ring():
    return write_trajectory_city(cities_home() / "ring" / "own", "ring", "own", Origin("A ring", "made for a test", "not stated"),
                                 places(), TRIPS, MATCHED, PARTS)


def test_day_and_week_of_series_are_those_of_a_plain_loop(town):
    city = town()
    (pick, _), series = about_one("town").look.profiles, city.series("pick")
    hours, days = defaultdict(list), defaultdict(list)
    for step in range(series.steps):
        moment = datetime(2019, 3, 6) + timedelta(minutes=40 * step)
        for node in range(4):
            if series.observed[step, node]:
                hours[moment.hour].append(float(series.values[step, node]))
                days[moment.weekday()].append(float(series.values[step, node]))
    assert pick.day == pytest.approx([sum(hours[k]) / len(hours[k]) for k in range(24)])
    assert pick.week == pytest.approx([sum(days[k]) / len(days[k]) for k in range(7)])
    assert (pick.name, pick.unit) == ("pick", "trips per 40 min")


def test_a_step_longer_than_an_hour_is_a_bar_and_what_was_never_observed_is_none(node_table):
    observed = np.ones((6, 1), bool)
    observed[1::3] = False
    one = Series("flow", np.arange(6, dtype=np.float32)[:, None], observed, np.arange(1), Clock("2024-01-01T00:00:00", 480, "UTC"), "cars")
    write_city(cities_home() / "slow" / "own", "slow", "own", Origin("Slow", "made", "CC0"), node_table(1), [one])
    (profile,) = about_one("slow").look.profiles
    assert profile.day == (1.5, None, 3.5)
    assert profile.week == (1.0, 4.0, None, None, None, None, None)
    assert blocks(profile.day) == f"▄{NOTHING}█"


def test_totals_do_not_depend_on_how_many_rows_are_read_at_once(town, monkeypatch):
    series = town().series("pick")
    whole = totals(series)
    monkeypatch.setattr("benchmark.data.forecasting.totals.BLOCK", 20)
    assert all(np.array_equal(a, b) for a, b in zip(vars(whole).values(), vars(totals(series)).values(), strict=True))
    assert whole.zeros == sum(bool(seen) and value == 0 for value, seen in zip(series.values.flat, series.observed.flat, strict=True))


def test_trips_begin_when_a_plain_loop_says_and_streets_weigh_as_often_as_they_are_taken(ring):
    look = about_one("ring").look
    hours, days, seen = [0] * 24, [0] * 7, set()
    for first in (0, 100):
        moment = datetime.fromtimestamp(first, UTC).astimezone(ZoneInfo("Asia/Shanghai"))
        hours[moment.hour] += 1
        days[moment.weekday()] += 1
        seen.add(moment.date())
    (profile,) = look.profiles
    assert profile.day == tuple(hours)
    assert profile.week == tuple(None if k not in {day.weekday() for day in seen} else days[k] / 24 for k in range(7))
    assert look.outline.weight.tolist() == [2, 1, 2, 1]
    assert np.diff(look.outline.offsets).tolist() == [2] * 4


def test_the_text_says_licence_cleaning_values_profile_and_digests_in_eighty_columns(town, monkeypatch):
    city = town(notes=LEFT_OUT)
    monkeypatch.setenv("COLUMNS", "80")
    text = card_text(about_one("town"))
    assert "who may use it: anybody, for any purpose" in text
    assert re.search(r"trips +duration: it takes less than 60 seconds +7\n", text)
    assert re.search(r"steps of pick +skipped by daylight saving +2\n", text)
    assert re.search(r"records thousands +pick +0\.0900\n", text)
    assert re.search(rf"pick +[{BLOCKS}]{{24}} ", text)
    assert text.count("start: 2019-03-06") == 1, "what is the same of all tasks is said once"
    assert all(digest in text for digest in city.card["files"].values())
    assert not [line for line in text.splitlines() if len(line) > 80 and not re.search("[0-9a-f]{64}$|^folder: ", line)]


def test_ours_stands_beside_the_papers_where_a_paper_tabulates_the_city(town, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    town("nyc")
    text = card_text(about_one("nyc"))
    assert "As papers tabulate data, beside cmust/table3" in text
    assert re.search(r"regions +pick, speed +4 +–\n", text)
    assert re.search(r"regions +taxi_drop, taxi_pick, crowd_in, crowd_out +– +206\n", text)
    assert "of its own data, which are other data unless the edition is archive" in text
    town("elsewhere")
    assert "data, beside" not in card_text(about_one("elsewhere"))


def test_json_holds_the_whole_card_with_what_its_arrays_tell(town):
    city = town(notes=LEFT_OUT)
    (told,) = json.loads(CliRunner().invoke(app, ["show", "town", "--json"]).output)
    assert told.items() >= {"fingerprint": city.fingerprint, "may_use": "anybody, for any purpose", "folder": str(city.folder)}.items()
    assert city.fingerprint in told["cite"]
    assert told["left_out"][0] == {"what": "trips", "rule": "duration: it takes less than 60 seconds", "count": 7}
    assert [one["name"] for one in told["profiles"]] == ["pick", "speed"]
    mean = next(one["value"] for one in told["statistics"][""] if (one["task"], one["statistic"]) == ("speed", "mean_value"))
    assert mean == pytest.approx(told["tasks"]["speed"]["mean"], abs=1e-6)


@pytest.mark.parametrize(("licence", "who"), [
    ("not stated", "not stated; ask whoever owns the data before you use or pass them on"), ("terms of my own", OTHERWISE),
    ("trips: CC BY 4.0; roads: ODbL", "anybody who names the source; anybody who names the contributors of OpenStreetMap; what is made of "
                                      "its roads stays under the same licence")])
def test_who_may_use_data_follows_the_words_of_the_licence(licence, who):
    assert may_use(licence) == who


def test_nothing_of_a_title_ends_a_field_of_bibtex():
    entry = bibtex({"title": "A & B} {\\evil} 100 %", "source": "s", "name": "town", "edition": "own", "fingerprint": "f"})
    assert entry.splitlines()[1] == r"  title = {{A \& B evil 100 \%}},"
    assert entry.count("{") == entry.count("}")


numbers = st.none() | st.floats(-1e6, 1e6)


@given(st.lists(numbers, min_size=1, max_size=30))
def test_blocks_and_bars_keep_the_order_of_their_values(values):
    drawn_as, known = blocks(values), [value for value in values if value is not None]
    assert [one == NOTHING for one in drawn_as] == [value is None for value in values]
    order = sorted((value, BLOCKS.index(one)) for value, one in zip(values, drawn_as, strict=True) if value is not None)
    assert [block for _, block in order] == sorted(block for _, block in order)
    tops = sorted((value, -bar.y) for value, bar in zip(known, bars(values, list(map(str, range(30)))), strict=True) if value >= 0)
    assert [top for _, top in tops] == sorted(top for _, top in tops)


@given(st.lists(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=2, max_size=12), min_size=1, max_size=4), st.data())
def test_a_drawn_street_passes_all_its_vertices_in_order_and_its_ends(streets, data):
    parts = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(streets), max_size=len(streets))))
    points, offsets = np.array([one for street in streets for one in street]), np.cumsum([0, *map(len, streets)])
    paths = street_paths(points, offsets, parts, 0.5)
    walks = [[walk for walk in path.split("M") if walk] for path in paths]
    for street, part in zip(streets, parts, strict=True):
        start, *steps = walks[part].pop(0).replace("h0", "").split("l")
        at = np.cumsum([[int(number) for number in step.split()] for step in (start, *steps)], axis=0) * 0.5
        raster = [tuple(0.5 * round(float(side) / 0.5) for side in vertex) for vertex in street]
        assert [tuple(place) for place in at.tolist()] == [place for place, _ in groupby(raster)]
    assert not any(walks)


class Page(HTMLParser):
    """Tags, attributes and what their texts say."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.texts = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *one) for one in attrs]

    def handle_data(self, data):
        self.texts.append(data)


def test_the_page_asks_for_nothing_runs_nothing_and_its_policy_allows_its_own_style_alone(town):
    pytest.importorskip("jinja2")
    town(notes=LEFT_OUT)
    text = card_page(about_one("town"))
    page, style = Page(text), re.search(r"<style>(.*)</style>", text, re.DOTALL)[1]
    policy = next(value for tag, name, value in page.attributes if tag == "meta" and name == "content" and "default-src" in value)
    assert policy.startswith("default-src 'none'; ")
    assert f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'" in policy
    assert not {"script", "link", "img", "iframe", "base", "form"} & set(page.tags)
    assert not [one for one in page.attributes if one[1] in ("src", "href", "style") or one[1].startswith("on")]
    assert "url(" not in style
    assert "@import" not in style
    assert page.tags.count("circle") == 4
    assert page.tags.count("rect") == 2 * (24 + 7)
    assert text == card_page(about_one("town")), "the same city, the same page"


def test_whatever_stands_in_a_card_is_text_on_the_page(town):
    pytest.importorskip("jinja2")
    town(title=NASTY, licence=NASTY, notes={"said": NASTY, "list": [NASTY, 1], "nested": {NASTY: {"deep": NASTY}, "empty": {}}})
    text = card_page(about_one("town"))
    page = Page(text)
    assert not {"script", "b"} & set(page.tags)
    assert SHOWN in "".join(page.texts)
    assert not acts(text)


def test_nodes_without_places_have_no_map(town):
    pytest.importorskip("jinja2")
    town(placed=False)
    text = card_page(about_one("town"))
    assert "No map: nobody knows where the nodes lie." in text
    assert "circle" not in Page(text).tags


def test_a_page_is_of_one_edition_and_says_how_to_name_it(town, tmp_path: Path):
    pytest.importorskip("jinja2")
    town()
    town(edition="other")
    assert len(about("town")) == 2
    with pytest.raises(UserError, match="prepared 2 times, and a page shows one; name it with --edition: other, own"):
        about_one("town")
    done = CliRunner().invoke(app, ["show", "town", "--edition", "own", "--html", str(tmp_path / "town.html")])
    assert done.exit_code == 0
    assert (tmp_path / "town.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_five_thousand_winding_streets_fit_on_a_page_and_are_coarser_where_there_is_less_room(monkeypatch):
    rng = np.random.default_rng(0)
    first, course = rng.random((5000, 1, 2)), rng.normal(0, 0.004, (5000, 10, 2)).cumsum(axis=1)
    lon, lat = (first + course).reshape(-1, 2).T
    maze = Outline(np.arange(0, 50_001, 10), lon + 104, lat + 30, (), rng.poisson(3, 5000).astype(float), "")
    for room in (MOST_TEXT, MOST_TEXT // 4):
        monkeypatch.setattr("benchmark.report.card.drawing.MOST_TEXT", room)
        found = drawn("maze", "own", maze)
        assert 0 < sum(map(len, found.paths)) <= room
        assert sum(path.count("M") for path in found.paths) == 5000
    assert found.pitch > PITCH
