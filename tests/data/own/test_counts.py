"""What is only true of counts: never negative, and the hour that daylight saving repeats; and what the card says of every task."""

from __future__ import annotations

import json

import numpy as np
import pytest
from made.raw_city import TASK
from typer.testing import CliRunner

from benchmark.cli.data import app
from benchmark.data.folder import read_card, seal
from benchmark.data.own.series import import_city

AUTUMN = 'zone = "America/New_York"\nstart = 2019-11-01T00:00:00\ninterval_minutes = 30\n'
# 2019-11-03 01:00 and 01:30
ROWS = [2 * 48 + 2, 2 * 48 + 3]


def task(unit, more=""):
    return f'file = "counts.npy"\nunit = "{unit}"\n{more}'


@pytest.mark.parametrize(("unit", "more", "counted"), [
    ("trips per 30 min", "", True), ("Vehicles", "", True), ("persons per 30 min", "", True), ("km/h", "", False), ("°C", "", False),
    ("severity per 30 min", "", False), ("severity per 30 min", "count = true\n", True), ("trips minus forecast", "count = false\n", False),
])
def test_a_task_counts_where_its_unit_or_its_file_says_so(unit, more, counted, city_file):
    city = import_city(city_file(task(unit, more)))
    assert city.card["tasks"]["taxi_pick"]["count"] is counted


def test_negative_values_of_no_count_are_kept_and_told_by_the_card_and_the_command(counts, city_file):
    values = counts.astype(float)
    values[7, 1], values[9, 2] = -2, -0.5
    toml = city_file(task("°C"), files={"counts.npy": values})
    said = CliRunner().invoke(app, ["import", str(toml)]).output
    sentence = "counts.npy holds a negative value 2 times (first: 2024-01-01 03:30:00, node '12'): kept as values"
    assert f"taxi_pick: {sentence}" in said
    city = import_city(toml)
    assert city.card["tasks"]["taxi_pick"]["remarks"][0].startswith(sentence)
    assert (city.series("taxi_pick").values[7, 1], city.card["tasks"]["taxi_pick"]["min"]) == (-2, -2)


def test_a_marker_below_zero_is_no_negative_count(counts, city_file):
    city = import_city(city_file(f"{TASK}missing = -1\n", files={"counts.npy": np.where(counts == 3, -1, counts)}))
    assert "remarks" not in city.card["tasks"]["taxi_pick"]
    assert city.card["tasks"]["taxi_pick"]["min"] == 0


@pytest.mark.parametrize(("unit", "more", "factor", "seen", "treatment"), [
    ("trips", "", 1, False, "unobserved"), ("trips", 'repeated_hour = "halve"\n', 0.5, True, "halve"),
    ("trips", 'repeated_hour = "keep"\n', 1, True, "keep"), ("km/h", "", 1, True, "keep"),
    ("km/h", 'repeated_hour = "unobserved"\n', 1, False, "unobserved"),
])
def test_the_hour_that_autumn_repeats_is_treated_as_declared(unit, more, factor, seen, treatment, counts, city_file):
    city = import_city(city_file(task(unit, more), clock=AUTUMN))
    series = city.series("taxi_pick")
    np.testing.assert_array_equal(series.values[ROWS], counts[ROWS] * factor * seen)
    assert series.observed[ROWS].all() == series.observed[ROWS].any() == seen
    np.testing.assert_array_equal(np.delete(series.values, ROWS, axis=0), np.delete(counts, ROWS, axis=0))
    assert np.delete(series.observed, ROWS, axis=0).all()
    assert city.card["tasks"]["taxi_pick"]["repeated_hour"] == {
        "treatment": treatment, "rows": 2, "times": ["2019-11-03T01:00:00", "2019-11-03T01:30:00"]}


def test_a_city_may_declare_the_repeated_hour_for_all_its_tasks_and_the_command_tells_it(city_file):
    toml = city_file(clock=AUTUMN + 'repeated_hour = "halve"\n')
    said = CliRunner().invoke(app, ["import", str(toml)]).output
    assert 'taxi_pick: 2 rows hold an hour that daylight saving repeats (first: 2019-11-03 01:00:00); repeated_hour = "halve".' in said


def test_a_zone_or_a_season_without_a_repeated_hour_is_left_alone(counts, city_file):
    city = import_city(city_file(f'{TASK}repeated_hour = "unobserved"\n'))
    assert "repeated_hour" not in city.card["tasks"]["taxi_pick"]
    np.testing.assert_array_equal(city.series("taxi_pick").values, counts)


def row_of_the_table():
    shown = CliRunner().invoke(app, ["show", "my-city"]).output
    table = shown[shown.index(" task "):].split("\n\n")[0].splitlines()
    assert max(map(len, table)) <= 80
    return table[-1].split()


def test_show_prints_least_mean_largest_and_the_shares_of_zeros_and_of_missing_entries(counts, city_file):
    values = np.where(counts == 3, -1, counts)
    city = import_city(city_file(f"{TASK}missing = -1\n", files={"counts.npy": values}))
    seen = counts[counts != 3]
    expected = ["taxi_pick", "4", "231", "0", f"{seen.min():.1f}", str(round(seen.mean(), 6)), f"{seen.max():.1f}",
                str(round(100 * round((seen == 0).mean(), 6), 2)), str(round(100 * round((counts == 3).mean(), 6), 2))]
    assert row_of_the_table() == expected
    # a card of an earlier version lacks least and largest
    card = {key: value for key, value in read_card(city.folder).items() if key not in ("files", "fingerprint", "card_sha256")}
    for about in card["tasks"].values():
        del about["min"], about["max"]
    seal(city.folder, card, json.dumps({name: {key: about[key] for key in ("clock", "unit")} for name, about in card["tasks"].items()}))
    assert read_card(city.folder)["fingerprint"] == city.fingerprint
    assert row_of_the_table() == expected
