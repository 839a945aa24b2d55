"""What the cities of a suite are in numbers: each against a plain computation over the raw trips, and the paper's own beside."""

import math
from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest

from benchmark.data.folder import city_cards
from benchmark.declared import Experiment
from benchmark.execution.making import load_city
from benchmark.experiments.doing import experiment_sheets, request_of, run_experiments


def statistics(city):
    return city_cards(city.card).look(city.folder).statistics


def haversine(lon, lat, other_lon, other_lat):
    y, other_y = math.radians(lat), math.radians(other_lat)
    half = math.sin((other_y - y) / 2) ** 2 + math.cos(y) * math.cos(other_y) * math.sin(math.radians(other_lon - lon) / 2) ** 2
    return 2 * 6371008.8 * math.asin(math.sqrt(half))


def test_trips_are_told_as_a_loop_over_their_points_tells_them():
    city = load_city("xian", size="smoke")
    gps, route = city.view("gps"), city.view("route")
    gaps, found = [], defaultdict(list)
    for k in range(len(city.trip_ids)):
        trip = gps.trip(k)
        points = list(zip(trip["time"].tolist(), trip["lon"].tolist(), trip["lat"].tolist(), strict=True))
        steps = list(pairwise(points))
        gaps += [later[0] - earlier[0] for earlier, later in steps]
        metres, seconds = sum(haversine(*a[1:], *b[1:]) for a, b in steps), points[-1][0] - points[0][0]
        found["length"].append(metres)
        found["time"].append(seconds)
        found["speed"] += [metres / seconds] if seconds else []
        found["roads"].append(len(route.trip(k)["road"]))
    told = statistics(city)["statistics"]
    plain = {"gps_sampling_interval_s": np.mean(gaps), "avg_gps_trajectory_length_m": np.mean(found["length"]),
             "avg_trajectory_travel_time_s": np.mean(found["time"]), "avg_road_travel_speed_m_per_s": np.mean(found["speed"]),
             "avg_route_trajectory_length_segments": np.mean(found["roads"]), "num_trips": len(city.trip_ids),
             "num_road_segments": len(city.network), "num_edges": len(city.network.links),
             "avg_node_degree": 2 * len(city.network.links) / len(city.network), "num_cells": city.grid.cells}
    assert told == pytest.approx(plain, rel=1e-9)


def test_series_are_told_from_their_observed_entries():
    city = load_city("nyc", size="smoke")
    told = statistics(city)["taxi_pick"]
    values = np.asarray(city.series("taxi_pick").values, dtype=np.float64)
    assert told == pytest.approx({"records_thousands": city.card["notes"]["trips"] / 1000, "time_span": "2016-01-01/2016-01-14",
                                  "regions": values.shape[1], "time_steps": 672, "time_interval_minutes": 30,
                                  "mean_value": values.mean(), "zero_share": (values == 0).mean()})


def test_ours_and_the_papers_stand_side_by_side_and_a_city_that_is_not_made_says_what_makes_it(tmp_path):
    one = Experiment("made/table3", "Data", "statistics", ("nyc",), paper="cmust_table3.csv")
    asked = request_of(preset="smoke", edition="sim", device="cpu")

    def row(name):
        (sheet,) = experiment_sheets(one, asked, tmp_path)
        return sheet, next(line[2:] for line in sheet.rows if line[:2] == ["nyc taxi_drop", name])

    sheet, told = row("regions")
    assert told == ["–", "206"]
    assert any("stbench run --experiment made/table3 --preset smoke --data sim" in note for note in sheet.notes)
    run_experiments([one], asked, tmp_path)
    sheet, told = row("regions")
    assert told == ["13", "206"]
    assert row("time span")[1] == ["2016-01-01/2016-01-14", "2016-01-01/2016-03-31"]
