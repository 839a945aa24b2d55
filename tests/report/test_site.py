"""The files of the leaderboard: made of results alone, the same every time, with nothing in them that acts."""

import json
import re
import sys
import urllib.request
from threading import Thread

import pytest
from made.nasty import Page
from made.sites import HOSTILE, build, records
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.errors import UserError
from benchmark.report.report_page import Card
from benchmark.report.site.board import board, leaders
from benchmark.report.site.build import HERE, site_files
from benchmark.report.site.maps import draw, maps_of
from benchmark.report.site.serving import server
from benchmark.report.site.text import file_name, safe_link, script
from benchmark.report.site.writing import LIST, write_site
from benchmark.report.table import make_tables

pytest.importorskip("jinja2")
# what the pages are made of
TAGS = {*re.findall(r"\w+", """html head meta title link body a header nav main h1 h2 h3 p ul li section div table caption thead tbody
    tr th td small span footer code script form label select input b u details summary dl dt dd noscript em""")}


def data(site, name, variable):
    """What a script assigns to a variable."""
    (text,) = re.findall(rf"^{re.escape(variable)} = (.*);$", (site / name).read_text(encoding="utf-8"), re.MULTILINE)
    return json.loads(text)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Of four methods, one of which has markup for a name; it was submitted as well."""
    folder = tmp_path_factory.mktemp("hostile")
    (first, *_) = made = records()
    said = {"method": "stid", "title": "<b>STID</b>", "paper": "P", "licence": "MIT", "code": "javascript:alert(1)", "bundle": "00",
            "author_verified": "https://example.org/x",
            "reproduced": {first.spec.id: {"by": "<i>Jo</i>", "how": "bits", "environment": {}}}}
    return build(folder, made, {"stid": said})


def test_the_same_results_give_the_same_bytes_and_nothing_is_written_twice(site):
    first, again = (dict(site_files(site.parent / "results")) for _ in range(2))
    assert first == again
    assert write_site(site, first.items()) == (len(first), 0)


def test_a_page_holds_no_tag_of_a_record_and_no_address_but_https(site):
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        page = Page(text)
        assert "img" not in page.tags, path
        assert page.tags <= TAGS, path
        addresses = re.findall(r'(?:href|src)="([^"]*)"', text)
        assert not [one for one in addresses if ":" in one and not one.startswith("https://example.org/")], path
        assert "<script>" not in text
        assert 'rel="noopener' in text or "example.org" not in text


def test_no_script_of_data_holds_a_character_of_markup(site):
    scripts = [*(site / "data").rglob("*.js"), *(site / "records").rglob("*.js")]
    assert len(scripts) > 4
    for path in scripts:
        assert not {*"<>&\u2028"} & {*path.read_text(encoding="utf-8")}, path


def test_a_name_that_is_no_file_name_becomes_one_and_links_lead_to_files_that_are_there(site):
    page = f"{file_name(HOSTILE)}.html"
    assert re.fullmatch(r"[a-z0-9_-]+\.html", page)
    assert (site / "methods" / page).is_file()
    for path in site.rglob("*.html"):
        for address in re.findall(r'(?:href|src)="([^"#]+)[^"]*"', path.read_text(encoding="utf-8")):
            assert address.startswith("https://") or (path.parent / address).is_file(), (path, address)


def test_records_lie_there_as_they_were_published_and_what_verified_them_stands_beside(site):
    run = records()[0]
    place = site / "records" / "nyc" / "stid"
    assert (place / f"{run.spec.id}.json").read_bytes() == (site.parent / "results/runs/nyc/stid" / f"{run.spec.id}.json").read_bytes()
    (own,) = [one for one in data(site, "records/nyc/stid.js", "stbench.records").values() if one["reproduced"]]
    assert (own["record"]["id"], own["reproduced"]["by"], own["history"]) == (run.spec.id, "<i>Jo</i>", None)
    listed = data(site, "data/nyc.js", "stbench.submitted")
    assert (listed["stid"]["code"], listed["stid"]["author_verified"]) == (None, "https://example.org/x")


def test_a_row_has_one_value_a_seed_and_runs_stand_once(stores):
    made = board(make_tables(*stores(records())))
    (setting,) = made["settings"]
    row = next(row for row in setting["rows"] if row["method"] == "stid" and row["task"] == "taxi_drop")
    assert row["values"]["mae"] == [2.0, 2.1, 2.2]
    assert [made["runs"]["seed"][run] for run in row["runs"]] == [0, 1, 2]
    assert len(made["runs"]["id"]) == len(set(made["runs"]["id"])) == len(records())


def test_the_history_of_epochs_becomes_a_curve_where_it_is_published(tmp_path):
    run, other = records({"stid": {"taxi_pick": (1.0, 2.0)}})
    folder = tmp_path / "results" / "runs" / "nyc" / "stid"
    folder.mkdir(parents=True)
    (folder / f"{run.spec.id}.history.json").write_text('[{"task": "taxi_pick", "validation_loss": 3.0}, {"validation_loss": "no"}]',
                                                       encoding="utf-8")
    site = build(tmp_path, [run, other])
    found = data(site, "records/nyc/stid.js", "stbench.records")
    assert found[run.spec.id]["history"] == {"taxi_pick": [3.0]}
    assert found[other.spec.id]["history"] is None


def test_settings_are_not_mixed_and_the_board_opens_with_one_for_conclusions(stores):
    quick, medium = records(), records({"stid": {"taxi_pick": (1.0,)}}, preset="medium")
    tables = make_tables(*stores([*quick, *medium]))
    made = board(tables)
    assert [setting["preset"] for setting in made["settings"]] == ["medium", "quick"]
    assert made["settings"][made["first"]]["preset"] == "medium"
    assert [one["name"] for one in leaders([table for table in tables if table.preset == "quick"])] == ["stid", "stid"]


def test_a_build_removes_what_an_earlier_one_wrote_and_touches_nothing_else(tmp_path):
    write_site(tmp_path, [("a/b.html", b"1"), ("c.html", b"2")])
    (tmp_path / "own.txt").write_text("mine", encoding="utf-8")
    assert write_site(tmp_path, [("c.html", b"2"), ("d.html", b"3")]) == (2, 1)
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["c.html", "d.html", LIST, "own.txt"]


def test_a_list_that_names_files_elsewhere_removes_none_of_them(tmp_path):
    (tmp_path / "kept").write_text("mine", encoding="utf-8")
    site = tmp_path / "site"
    site.mkdir()
    (site / LIST).write_text("../kept\n/etc/hostname\na/../../kept\n.hidden\n", encoding="utf-8")
    write_site(site, [("a.html", b"1")])
    assert (tmp_path / "kept").is_file()


def test_a_folder_with_other_files_is_left_as_it_is(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match="no earlier leaderboard"):
        write_site(tmp_path, [("a.html", b"1")])
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_no_records_and_no_jinja2_are_said_in_a_sentence(tmp_path, monkeypatch):
    with pytest.raises(UserError, match="There are no records"):
        dict(site_files(tmp_path))
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(UserError, match=r"pip install 'stbench\[site\]'"):
        dict(site_files(tmp_path))


def test_the_commands_build_and_explain_what_is_lacking(site, tmp_path):
    made = CliRunner().invoke(app, ["leaderboard", "build", "--out", str(tmp_path / "a"), "--results-root", str(site.parent / "results")])
    assert made.exit_code == 0
    assert (tmp_path / "a" / "index.html").read_bytes() == (site / "index.html").read_bytes()
    with pytest.raises(UserError, match="There is no leaderboard in"):
        server(tmp_path, 0)


def test_a_site_is_served_to_this_machine_alone(site):
    with server(site, 0) as running:
        Thread(target=running.serve_forever, daemon=True).start()
        assert running.server_address[0] == "127.0.0.1"
        with urllib.request.urlopen(f"http://127.0.0.1:{running.server_port}/index.html") as answer:
            assert b"stbench leaderboard" in answer.read()
        running.shutdown()


def test_the_map_of_a_city_that_ships_has_its_nodes_and_others_say_why_there_is_none():
    from benchmark.data.embedded.recipe import embedded

    card = embedded()["flights"].card
    facts = {"name": "flights", "edition": card["edition"], "fingerprint": card["fingerprint"]}
    (found,), (line,) = maps_of([Card("Flights", facts), Card("New York", {"name": "nyc", "edition": "sim", "fingerprint": "abc"})])
    assert len(found.nodes) == 100
    assert all(0 <= node.x <= found.width and 0 <= node.y <= found.height for node in found.nodes)
    assert line.startswith("No map of nyc (sim, fingerprint abc)")


def test_a_map_keeps_north_above_and_the_shape_of_the_place():
    south, north, east = draw("a", "sim", [("s", 10.0, 59.0), ("n", 10.0, 61.0), ("e", 14.0, 60.0)]).nodes
    assert north.y < east.y < south.y
    # a degree of longitude is half of one of latitude at 60° north
    assert east.x - north.x == pytest.approx(south.y - north.y, rel=1e-3)


def test_data_close_no_tag_and_hold_what_prints():
    assert script("a", {"b": "</script>\x1b\u202e", "n": [1.5, None]}) == \
        'a = {"b":"\\u003c/script\\u003e\\\\x1b\\\\u202e","n":[1.5,null]};\n'


@pytest.mark.parametrize("address", ["http://example.org", "javascript:alert(1)", "data:text/html,x", "//example.org", "https:", "https://[",
                                     None])
def test_only_https_is_linked(address):
    assert safe_link(address) is None


def test_tabulator_is_there_with_its_licence_and_its_version():
    vendor = HERE / "vendor"
    assert "MIT" in (vendor / "LICENSE.txt").read_text(encoding="utf-8")
    version = re.search(r"Tabulator v([\d.]+)", (vendor / "tabulator.min.js").read_text(encoding="utf-8"))[1]
    assert f"Tabulator {version}" in (vendor / "README.md").read_text(encoding="utf-8")
    assert all(path.stat().st_size < 1e6 for path in vendor.iterdir())
