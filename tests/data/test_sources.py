"""Sources are registered like methods: lazy, loud about duplicates and wrong options, patient with broken packages."""

import inspect
import re
from dataclasses import fields, is_dataclass
from functools import partial
from pathlib import Path

import pytest
from made.raw_city import stored
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.data.built_in import SERIES, TRIPS
from benchmark.data.embedded.recipe import embedded
from benchmark.data.folder import opened
from benchmark.data.simulate import SIZES, TRAJECTORY_SIZES
from benchmark.data.simulate.source import Options
from benchmark.data.sources import Source, Sources, build_city, command, sources
from benchmark.errors import UserError
from benchmark.families import FAMILIES
from benchmark.options import describe_options
from benchmark.suites.catalogue import built_in
from benchmark.suites.cities import CityFinder

MINE = Source("mine", ("forecasting",), "s", "l", "benchmark.data.simulate.source:Options", "json:dumps")
NAMES = {"simulator", "cmust", "jgrm", "pems", "metr_la", "libcity", "porto", "didi", "flights", "chicago_bike", "nyc"}
BUILT_IN = {source.name: source for source in sources().all() if source.name in NAMES}


@pytest.fixture
def catalogue(make_catalogue):
    return partial(make_catalogue, "SOURCES")


def test_two_sources_of_one_name_are_an_error_that_names_both_places(catalogue):
    with pytest.raises(UserError, match=r"Two sources are called 'mine': one in first, one in second"):
        Sources((catalogue("first", MINE), catalogue("second", MINE)), "none")


def test_a_broken_package_is_kept_with_its_reason_and_raised_when_asked_for(monkeypatch):
    class Point:
        name, value, dist = "foreign", "foreign_package:SOURCE", None

        def load(self):
            return "no source"

    monkeypatch.setattr("benchmark.registry.entry_points", lambda group: [Point()] if group == "stbench.sources" else [])
    known = Sources(())
    assert "is no benchmark.Source" in known.broken["foreign"].reason
    assert "foreign" in known
    with pytest.raises(UserError, match="source 'foreign' of package foreign_package:SOURCE does not load: TypeError"):
        known.info("foreign")


def test_a_target_that_does_not_exist_is_a_sentence(catalogue):
    lost = Source("lost", ("forecasting",), "s", "l", "no_such_module:Options", "no_such_module:build")
    with pytest.raises(UserError, match=r"The source 'lost' \(first\) does not load from no_such_module:Options"):
        Sources((catalogue("first", lost),), "none").options("lost")


def test_all_built_in_sources_are_seen():
    assert set(BUILT_IN) == NAMES


@pytest.mark.parametrize("source", BUILT_IN.values(), ids=list(BUILT_IN))
def test_a_built_in_source_has_whole_facts_and_options_that_explain_every_field(source):
    assert set(source.kinds) <= set(FAMILIES)
    assert all((source.kinds, source.summary, source.licence))
    options = sources().options(source.name)
    assert is_dataclass(options)
    assert options.__dataclass_params__.frozen
    assert all(about["meaning"] for about in describe_options(options).values())
    assert len(describe_options(options)) == len(fields(options))
    assert list(inspect.signature(sources().follow(source.name, source.build)).parameters) == ["path", "options", "replace"]


@pytest.mark.parametrize(("arguments", "sentence"), [
    (["cmus"], r"Unknown source 'cmus'\. Did you mean cmust"),
    (["cmust"], r"Source cmust is made from files: a suite's folder.*stbench data build cmust --from PATH"),
    (["simulator", "--from", "data"], r"Source simulator needs no files, but --from is data\. Type the command without it"),
    (["simulator", "--set", "citty=nyc"], r"Unknown option of simulator 'citty'\. Did you mean city"),
    (["simulator", "--set", "city"], "--set takes key=value"),
    (["simulator"], r"Source simulator needs its option city, one of nyc, .*--set city=nyc"),
    (["simulator", "--set", "city=nyk"], r"Unknown city of source simulator 'nyk'\. Did you mean nyc"),
    (["simulator", "--set", "city=nyc", "--set", "size=fool"], r"Unknown size 'fool'\. Did you mean full"),
    (["simulator", "--set", "city=nyc", "--set", "seed=one"], r"simulator\.seed is of type int, got 'one'"),
])
def test_what_is_wrong_with_a_build_is_a_sentence_and_nothing_is_written(arguments, sentence):
    result = CliRunner().invoke(app, ["data", "build", *arguments])
    assert isinstance(result.exception, UserError), result.output
    assert re.search(sentence, str(result.exception)), result.exception
    assert stored() == []


def test_a_simulated_city_is_built_where_runs_find_it_and_only_once(caplog):
    out = CliRunner().invoke(app, ["data", "build", "simulator", "--set", "city=nyc", "--set", "size=smoke"])
    assert out.exit_code == 0, out.output
    assert "nyc (sim): crowd_in, crowd_out, taxi_pick, taxi_drop; 13 nodes; 672 steps; fingerprint 7525d5b5993ace9a." in out.output
    times = {path: path.stat().st_mtime_ns for path in stored()}
    (ref,) = CityFinder(builds=False).cities(built_in()["nyc"], "sim", "smoke").refs
    assert ref.fingerprint == "7525d5b5993ace9a"
    built = build_city("simulator", None, {"city": "nyc", "size": "smoke"})
    assert "already there; nothing was written" in caplog.text
    assert {path: path.stat().st_mtime_ns for path in stored()} == times
    assert build_city("simulator", None, {"city": "nyc", "size": "smoke"}, replace=True).folder == built.folder
    assert {path: path.stat().st_mtime_ns for path in stored()} != times
    (opened(built.folder)[0] / "nodes.csv").write_text("changed")
    with pytest.raises(UserError, match=r"nodes\.csv has changed"):
        build_city("simulator", None, {"city": "nyc", "size": "smoke"})


def test_the_command_of_a_build_names_files_and_changed_options_and_can_be_typed():
    assert command("simulator", None, Options("nyc")) == "stbench data build simulator --set city=nyc"
    assert command("x", Path("my data"), Options("nyc", seed=3)) == "stbench data build x --from 'my data' --set city=nyc --set seed=3"


def test_a_name_of_a_method_and_of_a_source_shows_both():
    from benchmark.report.listing import describe

    shown = describe("cmust")
    assert (shown["method"], shown["family"]) == ("cmust", "forecasting")
    assert shown["source"]["options"]["suite"]["meaning"]
    assert describe("jgrm")["method"] == "jgrm"
    assert describe("simulator")["source"] == "simulator"
    with pytest.raises(UserError, match=r"Unknown method, suite or source 'jgrn'\. Did you mean jgrm"):
        describe("jgrn")


def test_facts_of_the_built_in_cities_stand_for_all_that_are_simulated_or_ship_and_for_every_suite():
    assert set(SERIES) == {*SIZES, *embedded()}
    assert set(TRIPS) == set(TRAJECTORY_SIZES)
    assert {city for suite in built_in().values() for city in suite.cities} == {*SERIES, *TRIPS}
