"""Suites of outside packages: what a declaration may say, how their cities are made, and that nobody else takes their names."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from made.raw_city import stored

from benchmark import Source, SuiteInfo, UserError
from benchmark.data.clock import Clock
from benchmark.data.folder import OWN, Origin, cities_home, prepared, read_card
from benchmark.data.forecasting.city import Series, write_city
from benchmark.data.sources import Built, sources
from benchmark.execution.plan import Request, make_plan
from benchmark.suites.catalogue import built_in, check_city, check_declaration, find_suite, suites
from benchmark.suites.cities import CityFinder, locate
from benchmark.suites.registered import Suites, registered

SUITE = SuiteInfo("even-town", "Even Town", "forecasting", ("even-town",), ("taxi_pick",), ("even level=4",))


@dataclass(frozen=True)
class Options:
    # the value of every node
    level: int = 3
    # the city's name
    called: str = "even-town"


def build(path, options, replace):
    nodes = pd.DataFrame({"node_id": ["a", "b"], "name": ["a", "b"], "lon": [10.0, 10.1], "lat": [56.0, 56.0]})
    values = np.full((240, 2), options.level, np.float32)
    series = Series("taxi_pick", values, np.ones(values.shape, bool), np.arange(2), Clock("2024-01-01T00:00:00", 30, "UTC"), "trips")
    folder = cities_home() / options.called / OWN
    write_city(folder, options.called, OWN, Origin("Even Town", "none", "CC0-1.0"), nodes, [series])
    return Built(folder)


@pytest.fixture
def outside(monkeypatch):
    """Has outside packages register these suites, by the names of their entry points; and a source."""
    def make(**loads):
        points = {"stbench.suites": [point(name.replace("_", "-"), load) for name, load in loads.items()],
                  "stbench.sources": [point("even", lambda: Source("even", ("forecasting",), "s", "l", f"{__name__}:Options",
                                                                   f"{__name__}:build"))]}
        monkeypatch.setattr("benchmark.registry.entry_points", lambda group: points.get(group, []))
        registered.cache_clear()
        sources.cache_clear()
        return registered()

    yield make
    monkeypatch.undo()
    registered.cache_clear()
    sources.cache_clear()


def point(called, loaded):
    class Dist:
        name = "town-package"

    class Point:
        name, value, dist = called, "town:SUITE", Dist

        def load(self):
            return loaded()

    return Point()


def test_every_suite_that_comes_with_stbench_is_declared_as_an_outsiders_would_be():
    known = Suites(group="none")
    assert {info.name for info in known.all()} == set(built_in())
    for info in known.all():
        known._check(info, "suites.toml")


@pytest.mark.parametrize(("changes", "reason"), [
    ({"name": "Even_Town"}, "has a lower-case, dashed name"), ({"name": "nyc"}, "Two suites are called 'nyc'"),
    ({"family": "weather"}, "is of family 'weather'; families: forecasting, trajectory"),
    ({"cities": ("a", "b")}, "is of 2 cities and 1 tasks; a forecasting suite has one city and names its tasks"),
    ({"tasks": ()}, "a forecasting suite has one city and names its tasks"),
    ({"family": "trajectory"}, "a trajectory suite has cities, and names no tasks"),
    ({"cities": ("../x",)}, "a city has a lower-case, dashed name"), ({"cities": "town"}, "of another type"),
    ({"sources": ("a", "b")}, "each of its 1 cities has one"), ({"sources": (" ",)}, "each of its 1 cities has one"),
    ({"seed": 0}, "says a seed, and stbench simulates nyc"), ({"seed": "0"}, "says '0' for seed"), ({"version": None}, "for version"),
])
def test_a_declaration_that_says_what_it_cannot_is_broken_and_nothing_else_is(outside, changes, reason):
    known = outside(bad=lambda: replace(SUITE, **changes), even_town=lambda: SUITE)
    assert reason in known.broken["bad"].reason
    assert (known.origin("bad"), known.origin("even-town"), known.origin("nyc")) == ("town-package", "town-package", None)
    assert set(suites()) == {*built_in(), "even-town"}
    with pytest.raises(UserError, match="The suite 'bad' of package town-package does not load: "):
        find_suite("bad")


def test_the_city_of_a_suite_is_made_by_its_source_when_it_is_first_asked_for(outside):
    outside(even_town=lambda: SUITE)
    suite = find_suite("even-town")
    assert (suite.tasks, suite.editions, suite.cards(OWN)) == (("taxi_pick",), (OWN,), [])
    asked = Request(("last_value",), "even-town", preset="smoke", device="cpu", floors=False)
    (job,) = make_plan(asked, finder=CityFinder(builds=False))
    assert not job.known
    assert prepared() == []
    (job,) = make_plan(asked)
    assert job.spec.fingerprint == read_card(cities_home() / "even-town" / OWN)["fingerprint"] == suite.cards(OWN)[0]["fingerprint"]
    times = {path: path.stat().st_mtime_ns for path in stored()}
    (again,) = make_plan(asked)
    assert again == job
    assert locate(job.cities[0]) == cities_home() / "even-town" / OWN
    assert {path: path.stat().st_mtime_ns for path in stored()} == times
    assert find_suite("even-town").editions == (OWN,)


def test_a_suite_may_be_of_a_city_that_comes_with_stbench(outside):
    outside(evening=lambda: SuiteInfo("evening", "Evening", "forecasting", ("nyc",), ("taxi_pick",), seed=3))
    suite = find_suite("evening")
    assert (suite.editions, suite.made["sim"][0].seed) == (("sim",), 3)


@pytest.mark.parametrize(("changes", "sentence"), [
    ({"sources": ("even level=4 called=odd-town",)}, r"Source even makes the city odd-town \(own\), and not even-town \(own\)"),
    ({"sources": ("evn",)}, "Unknown source 'evn'"), ({"sources": ("even levl=4",)}, "Unknown option of even 'levl'. Did you mean level"),
    ({"sources": ("even 4",)}, "Source even takes key=value, got '4'"), ({"sources": ("cmust",)}, "stbench data build cmust --from PATH"),
    ({"sources": ()}, "needs the cities even-town in one edition"),
    ({"tasks": ("taxi_drop",)}, r"City even-town \(own\) has no task 'taxi_drop'; it has taxi_pick"),
])
def test_what_a_source_does_not_make_is_a_sentence_when_the_suite_is_run(outside, changes, sentence):
    outside(even_town=lambda: replace(SUITE, **changes))
    with pytest.raises(UserError, match=sentence):
        make_plan(Request(("last_value",), "even-town", preset="smoke", device="cpu"))


def test_nobody_elses_city_or_suite_takes_the_name_of_a_registered_one(outside):
    outside(even_town=lambda: SUITE)
    with pytest.raises(UserError, match="'even-town' is a suite of package town-package, which makes its city; give"):
        check_city("even-town")
    with pytest.raises(UserError, match="'even-town' is the name of a suite already"):
        check_declaration("even-town", ["a", "b"])
    outside(even_town=lambda: replace(SUITE, sources=()))
    check_city("even-town")
