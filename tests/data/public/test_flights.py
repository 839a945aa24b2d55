"""The city `flights` from a small file: what is counted where, what is left out, and what the test rows may not change."""

import numpy as np
import pandas as pd
import pytest
from made.flights import flights, write_flights
from made.raw_city import stored
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.data.clock import Clock
from benchmark.data.embedded.pack import row_normalised, unpack
from benchmark.data.embedded.recipe import embedded
from benchmark.data.folder import read_card
from benchmark.data.forecasting.city import ForecastingCity
from benchmark.data.public.flights import build
from benchmark.data.public.flights.counts import count
from benchmark.errors import UserError

CLOCK = Clock("2001-01-01T00:00:00", 60, "America/New_York")
TASKS = ("departures", "inbound", "late", "inbound_late")
STEPS, TRAIN = 181 * 24, 3040


def counted(*rows, airports=3):
    return count(flights(*rows), build.zone_table(), CLOCK, STEPS, TRAIN, airports)


def row(time):
    """The row of a time on the one clock."""
    return int((pd.Timestamp(time) - pd.Timestamp(CLOCK.start)) / pd.Timedelta(hours=1))


# three airports that are the busiest, in the order of their codes: JFK, LAX, ORD
BASE = [(f"2001-02-{day:02d} 12:10", 0, origin, destination) for day in range(1, 11)
        for origin, destination in (("JFK", "LAX"), ("LAX", "JFK"), ("JFK", "LAX"), ("ORD", "JFK"))]


def changes(*rows):
    """What the rows add to the counts of `BASE`: (task, airport, time on the one clock)."""
    one, other = counted(*BASE), counted(*BASE, *rows)
    found = set()
    for task in TASKS:
        for step, node in np.argwhere(other.arrays.values[task] != one.arrays.values[task]):
            found.add((task, other.airports[node], str(CLOCK.time(int(step)))[5:16]))
    return found


def test_a_flight_counts_at_both_ends_in_the_hour_in_which_it_leaves_by_the_one_clock():
    assert changes(("2001-03-01 12:10", 0, "LAX", "ORD")) == {("departures", "LAX", "03-01 15:00"), ("inbound", "ORD", "03-01 15:00")}


def test_a_flight_is_late_from_16_minutes_at_its_arrival_on():
    assert {task for task, *_ in changes(("2001-03-01 12:10", 15, "LAX", "ORD"))} == {"departures", "inbound"}
    assert {task for task, *_ in changes(("2001-03-01 12:10", 16, "LAX", "ORD"))} == set(TASKS)


def test_a_flight_to_or_from_another_airport_counts_at_the_end_that_is_there():
    assert changes(("2001-03-01 12:10", 0, "SEA", "ORD")) == {("inbound", "ORD", "03-01 15:00")}
    assert changes(("2001-03-01 12:10", 0, "ORD", "SEA")) == {("departures", "ORD", "03-01 13:00")}


def test_a_flight_that_was_delayed_across_midnight_counts_on_the_day_after():
    assert ("late", "JFK", "03-02 00:00") in changes(("2001-03-01 00:20", 240, "JFK", "LAX"))
    assert ("departures", "JFK", "03-01 01:00") in changes(("2001-03-01 01:40", 0, "JFK", "LAX"))
    assert changes(("2001-03-01 00:20", 30, "JFK", "LAX")) == set()


def test_flights_after_the_last_hour_are_dropped_wherever_they_leave():
    assert changes(("2001-06-30 21:10", 0, "LAX", "ORD")) == set()
    assert changes(("2001-07-01 00:00", 0, "JFK", "ORD")) == set()
    assert ("departures", "LAX", "06-30 23:00") in changes(("2001-06-30 20:10", 0, "LAX", "ORD"))


def test_hours_before_an_airports_own_1_january_are_unobserved():
    observed = counted(*BASE).arrays.observed
    for task in ("departures", "late"):
        assert observed[task].argmax(axis=0).tolist() == [0, 3, 1]
    # until 3 h flights from Los Angeles to New York are not in the file
    for task in ("inbound", "inbound_late"):
        assert observed[task].argmax(axis=0).tolist() == [3, 3, 1]
    assert all(table[5:].all() for table in observed.values())


def test_what_is_unobserved_counts_as_nothing():
    made = counted(*BASE, ("2001-01-01 00:30", -60, "JFK", "LAX"))
    column = made.airports.index("LAX")
    assert not made.arrays.observed["inbound"][0, column]
    assert made.arrays.values["inbound"][0, column] == 0
    assert made.arrays.values["departures"][0, made.airports.index("JFK")] == 1


def test_the_graph_is_flights_between_two_airports_in_the_training_rows_row_normalised():
    links = counted(*BASE).arrays.links
    assert links.tolist() == [[0, 30, 10], [30, 0, 0], [10, 0, 0]]
    assert row_normalised(links).tolist() == [[0, 0.75, 0.25], [1, 0, 0], [1, 0, 0]]
    assert row_normalised(np.zeros((2, 2), dtype=int)).tolist() == [[0, 0], [0, 0]]


def test_no_flight_of_a_test_or_validation_row_changes_an_airport_a_weight_or_an_observed_hour():
    first = CLOCK.time(TRAIN)
    later = [(f"{first + pd.Timedelta(hours=hour):%Y-%m-%d %H:10}", 20, *ends) for hour in range(500)
             for ends in (("ORD", "LAX"), ("SEA", "JFK"), ("HNL", "LAX"))]
    one, other = counted(*BASE), counted(*BASE, *later)
    assert other.airports == one.airports == ("JFK", "LAX", "ORD")
    assert (other.arrays.links == one.arrays.links).all()
    for task in TASKS:
        assert (other.arrays.observed[task] == one.arrays.observed[task]).all()
        assert (other.arrays.values[task][:TRAIN] == one.arrays.values[task][:TRAIN]).all()
        assert (other.arrays.values[task][TRAIN:] != one.arrays.values[task][TRAIN:]).any()
    # the row before belongs to training
    earlier = (f"{first - pd.Timedelta(hours=2):%Y-%m-%d %H:10}", 0, "ORD", "LAX")
    assert (counted(*BASE, earlier).arrays.links != one.arrays.links).any()


def test_the_training_rows_are_those_of_the_ranked_protocol():
    from benchmark.families import forecasting_protocol

    assert forecasting_protocol("strict").parts(STEPS)[0] == TRAIN


FATES = {
    "in the file": 47, "left out, their day is not certain": 2, "left out, at an hour that daylight saving skips": 1,
    "left out, before the first hour of the clock": 1, "left out, after the last hour of the clock": 1,
    "shifted to the day after, delayed across midnight": 1, "as dated": 41, "of these two, between two of the airports": 41}
ODD = [("2001-03-01 00:20", 30, "JFK", "LAX"), ("2001-03-01 23:58", 1435, "JFK", "LAX"), ("2001-04-01 02:10", 0, "LAX", "JFK"),
       ("2001-01-01 00:10", -90, "SJU", "JFK"), ("2001-06-30 23:10", 0, "LAX", "JFK"), ("2001-03-01 00:20", 240, "JFK", "LAX"),
       ("2001-03-01 09:00", 0, "JFK", "SEA")]


def test_what_becomes_of_every_flight_is_counted():
    fates = counted(*BASE, *ODD).fates
    assert fates == FATES
    assert sum(number for what, number in fates.items() if what not in ("in the file", "of these two, between two of the airports")) == 47


def test_a_file_with_too_few_airports_is_a_sentence():
    with pytest.raises(UserError, match="flights at 3 airports; the city needs 4"):
        counted(*BASE, airports=4)


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A small file that the source takes for its own, of three airports."""
    path = write_flights(tmp_path / "raw", [*BASE, *ODD], ["ORD", "LAX", "JFK", "SEA"])
    monkeypatch.setattr(build, "AIRPORTS", 3)
    monkeypatch.setattr(build, "SHA1", build._sha1(path))
    return path


def typed(*arguments):
    return CliRunner().invoke(app, ["data", "build", "flights", *map(str, arguments)])


def test_the_source_builds_the_city_and_its_card_says_what_was_done(small):
    out = typed("--from", small)
    assert out.exit_code == 0, out.output
    assert "It is not the city that ships with stbench" in out.output
    folder = next(path.parent for path in stored() if path.name == "card.json")
    card, city = read_card(folder), ForecastingCity(folder)
    assert (card["name"], card["edition"], card["graph"], tuple(card["tasks"])) == ("flights", "real", "declared", TASKS)
    assert card["notes"]["flights"] == FATES
    assert "License Terms Not Explicitly Specified" in card["licence"]
    assert "known only after the flights have arrived" in card["notes"]["late"]
    assert "forecasts assume" in card["notes"]["late"]
    assert build.SHA1 in card["notes"]["raw_files"]["flights-3m.parquet"]
    assert city.nodes["node_id"].tolist() == ["JFK", "LAX", "ORD"]
    assert city.nodes["lon"].tolist() == [-72.0, -71.0, -70.0]
    assert city.nodes["name"][0] == "JFK Field, Town NA"
    assert city.adjacency == pytest.approx(np.array([[0, 31 / 41, 10 / 41], [1, 0, 0], [1, 0, 0]]))
    # the hour that daylight saving skips on the one clock
    assert not city.series("late").observed[row("2001-04-01 02:00")].any()
    assert city.series("late").observed[row("2001-04-01 03:00")].all()


def test_what_ships_is_unpacked_to_the_same_city(small, tmp_path):
    out = typed("--from", small, "--set", f"ships={tmp_path / 'pack'}")
    assert out.exit_code == 0, out.output
    built = next(path.parent for path in stored() if path.name == "card.json")
    assert sorted(path.name for path in (tmp_path / "pack").iterdir()) == ["arrays.npz", "card.json", "nodes.csv"]
    unpacked = unpack(tmp_path / "pack", tmp_path / "again")
    assert unpacked.card == read_card(built)


def test_another_file_and_a_missing_one_are_sentences_and_nothing_is_written(small, monkeypatch, tmp_path):
    monkeypatch.setattr(build, "SHA1", "e02e6d99")
    other = r"has the SHA-1 .*; the city flights is made of the file with e02e6d99"
    for path, sentence in ((small, other), (tmp_path / "none", "is no file")):
        with pytest.raises(UserError, match=sentence):
            build.build_flights(path, build.Options())
    assert stored() == []


def test_a_table_of_airports_that_lacks_one_is_a_sentence(small):
    (small.parent / "airports.csv").write_text("iata,name,city,state,latitude,longitude\nJFK,a,b,c,40,-70\n")
    with pytest.raises(UserError, match=r"airports\.csv lacks the airports LAX, ORD; name a whole table with --set airports=PATH"):
        build.build_flights(small, build.Options())
    assert stored() == []


@pytest.mark.samples
@pytest.mark.slow
def test_the_file_itself_gives_the_city_that_ships_to_the_byte(samples):
    path = samples / "flights" / "flights-3m.parquet"
    if not path.is_file():
        pytest.skip(f"{path} is not here: put data/flights-3m.parquet and data/airports.csv of vega-datasets 3.2.1 into that folder")
    built = build.build_flights(path, build.Options())
    assert read_card(built.folder) == embedded()["flights"].card
