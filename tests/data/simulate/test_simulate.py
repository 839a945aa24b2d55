"""The simulated cities, at their smallest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmark.data.clock import Clock
from benchmark.data.folder import verify
from benchmark.data.forecasting.city import ForecastingCity
from benchmark.data.grid import CHICAGO_GRID, NYC_GRID, TripTally, enough_trips
from benchmark.data.simulate import SIZES, build
from benchmark.data.simulate.parameters import generator
from benchmark.data.simulate.zones.demand import by_slot, draw_zones, gravity, make_demand, purpose_shares
from benchmark.data.simulate.zones.parameters import load
from benchmark.data.simulate.zones.rides import GroundParameters, declare_cells, stray_trips
from benchmark.data.simulate.zones.sensor_city import sensor_series
from benchmark.data.simulate.zones.sensor_roads import RoadParameters, lay_roads
from benchmark.data.simulate.zones.shocks import Shocks, ar1, blur, draw_shocks
from benchmark.data.simulate.zones.trips import TravelParameters, departures_by_day, travel_seconds, wall_clock
from benchmark.errors import UserError

TASKS = {
    "nyc": {"crowd_in": "persons per 30 min", "crowd_out": "persons per 30 min",
            "taxi_pick": "trips per 30 min", "taxi_drop": "trips per 30 min"},
    "sip": {"traffic_flow": "vehicles per 5 min", "traffic_speed": "km/h"},
    "chicago": {"taxi_pick": "trips per 30 min", "taxi_drop": "trips per 30 min", "risk": "severity per 30 min"},
}


@pytest.fixture(scope="module")
def cities(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ForecastingCity]:
    folder = tmp_path_factory.mktemp("cities")
    return {city: build(city, "smoke", 0, folder / city) for city in SIZES}


@pytest.mark.parametrize("city", sorted(SIZES))
def test_a_city_has_its_tasks_units_and_shape(cities: dict[str, ForecastingCity], city: str):
    made, size = cities[city], SIZES[city]["smoke"]
    assert set(made.tasks) == set(TASKS[city])
    for task, unit in TASKS[city].items():
        series = made.series(task)
        assert series.values.shape == (size.steps, size.nodes)
        assert series.unit == unit
        assert series.values.dtype == np.float32
        assert (np.asarray(series.values) >= 0).all()
        assert np.asarray(series.observed).any(axis=0).all()
    assert (made.name, made.edition) == (city, "sim")
    assert made.card["notes"]["size"] == "smoke"
    verify(made.folder)


@pytest.mark.parametrize("city", sorted(SIZES))
def test_the_bytes_of_a_city_depend_on_its_seed_alone(cities: dict[str, ForecastingCity], city: str, tmp_path: Path):
    assert build(city, "smoke", 0, tmp_path / "again").fingerprint == cities[city].fingerprint
    assert build(city, "smoke", 1, tmp_path / "other").fingerprint != cities[city].fingerprint


def test_the_full_sizes_are_the_papers():
    shapes = {city: (sizes["full"].nodes, sizes["full"].steps) for city, sizes in SIZES.items()}
    assert shapes == {"nyc": (206, 4368), "sip": (108, 25920), "chicago": (220, 10272)}


@pytest.mark.parametrize(("city", "size", "hint"), [("nyk", "smoke", "Did you mean nyc"), ("nyc", "fool", "Did you mean full")])
def test_unknown_names_are_refused_with_the_nearest_ones(city: str, size: str, hint: str, tmp_path: Path):
    with pytest.raises(UserError, match=hint):
        build(city, size, 0, tmp_path / "city")


def test_sizes_are_readable_without_numpy():
    code = "import sys, benchmark.data.simulate as s; s.SIZES['nyc']['full'].steps; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("city", ["nyc", "chicago"])
def test_the_level_of_a_cell_is_the_papers(cities: dict[str, ForecastingCity], city: str):
    level = {"nyc": 30_245e3 / (206 * 4368), "chicago": 3_291e3 / (220 * 10272)}[city]
    assert np.asarray(cities[city].series("taxi_pick").values).mean() == pytest.approx(level, rel=0.06)


def test_crowds_are_the_trips_weighted_by_party_size(cities: dict[str, ForecastingCity]):
    values = {task: np.asarray(cities["nyc"].series(task).values) for task in TASKS["nyc"]}
    for crowd, trips in (("crowd_out", "taxi_pick"), ("crowd_in", "taxi_drop")):
        assert (values[crowd] >= values[trips]).all()
        assert ((values[crowd] == 0) == (values[trips] == 0)).all()
        assert values[crowd].sum() / values[trips].sum() == pytest.approx(1.66, abs=0.02)


@pytest.mark.parametrize(("city", "grid"), [("nyc", NYC_GRID), ("chicago", CHICAGO_GRID)])
@pytest.mark.parametrize("seed", range(5))
def test_stray_trips_reach_other_cells_but_never_enough_to_keep_one(city: str, grid, seed: int):
    parameters, days, least = load(city), 14, 50.0
    ground = GroundParameters(**parameters.extra["ground"])
    cells, _ = declare_cells(grid, ground, 60)
    strays = stray_trips(np.random.default_rng(seed), days, 100_000, least, ground, grid, cells, np.full(60, 1 / 60))
    tally = TripTally(grid, parameters.clock, days * 48)
    tally.add(strays)
    others = np.delete(tally.total(), cells)
    assert 0 < others.max() < least
    assert (grid.locate(strays.pick_lon, strays.pick_lat) < 0).any()


@pytest.mark.parametrize(("city", "grid"), [("nyc", NYC_GRID), ("chicago", CHICAGO_GRID)])
def test_the_rule_of_enough_trips_keeps_exactly_the_declared_cells(cities: dict[str, ForecastingCity], city: str, grid):
    made = cities[city]
    declared, _ = declare_cells(grid, GroundParameters(**load(city).extra["ground"]), SIZES[city]["smoke"].nodes)
    assert grid.locate(made.nodes["lon"], made.nodes["lat"]).tolist() == declared.tolist()
    total = sum(np.asarray(made.series(task).values, dtype=np.float64).sum(axis=0) for task in ("taxi_pick", "taxi_drop"))
    assert len(enough_trips(total, made.card["notes"]["least_trips_of_a_cell"])) == len(declared)


def test_declared_cells_hang_together():
    for city, grid in (("nyc", NYC_GRID), ("chicago", CHICAGO_GRID)):
        for size in SIZES[city].values():
            cells, _ = declare_cells(grid, GroundParameters(**load(city).extra["ground"]), size.nodes)
            reached, todo = {int(cells[0])}, [int(cells[0])]
            while todo:
                row, column = divmod(todo.pop(), grid.columns)
                beside = {(row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)}
                new = {r * grid.columns + c for r, c in beside if 0 <= c < grid.columns} & set(cells.tolist()) - reached
                reached |= new
                todo.extend(new)
            assert len(reached) == size.nodes


def test_gravity_meets_both_margins_and_falls_with_distance():
    parameters = load("nyc")
    lon, lat = NYC_GRID.centre(np.arange(100, 130))
    zones = draw_zones(0, "nyc", parameters.zones, lon, lat, np.zeros(30))
    purpose = parameters.purposes[0]
    flow = gravity(zones, purpose, reach_km=2.0)
    leaving, arriving = zones.departures * zones.use[:, 0], zones.arrivals * zones.use[:, 1]
    assert (purpose.origin, purpose.destination) == ("home", "work")
    np.testing.assert_allclose(flow.sum(axis=1), leaving / leaving.sum(), rtol=1e-3)
    np.testing.assert_allclose(flow.sum(axis=0), arriving / arriving.sum(), rtol=1e-3)
    wider = gravity(zones, purpose, reach_km=4.0)
    assert (flow * zones.distance).sum() < (wider * zones.distance).sum()


def test_expected_trips_meet_the_level_under_any_shocks():
    parameters, days = load("nyc"), 7
    zones = draw_zones(0, "nyc", parameters.zones, *NYC_GRID.centre(np.arange(200, 220)), np.zeros(20))
    shocks = draw_shocks(0, "nyc", parameters.shocks, parameters.clock, days, zones.distance)
    demand = make_demand(parameters, zones, shocks, days * 48, level=100.0)
    assert demand.rate(0, days * 48).sum() == pytest.approx(100 * days * 48)


def test_the_weekly_profile_is_as_declared_and_skipped_steps_have_no_trips():
    parameters = load("nyc")
    shares = purpose_shares(parameters.demand, parameters.purposes, parameters.clock, 91 * 48).sum(axis=1)
    exists = parameters.clock.exists(91 * 48)
    assert (~exists).sum() == 2
    assert (shares[~exists] == 0).all()
    monday = shares[3 * 48:4 * 48].reshape(24, 2).mean(axis=1)
    assert np.corrcoef(monday, parameters.demand.weekday)[0, 1] > 0.99


def test_hourly_values_join_into_a_circle():
    slots = by_slot(np.arange(24.0), 48)
    assert len(slots) == 48
    assert slots[0] == pytest.approx(0.75 * 0 + 0.25 * 23)
    assert slots[2] == pytest.approx(0.75)


@pytest.mark.parametrize("memory", [1.0, 6.0])
def test_ar1_noise_has_unit_variance_and_the_memory_asked_for(memory: float):
    noise = ar1(np.random.default_rng(0).standard_normal((4000, 20)), memory)
    assert noise.var() == pytest.approx(1, abs=0.05)
    assert (noise[1:] * noise[:-1]).mean() == pytest.approx(np.exp(-1 / memory), abs=0.03)


def test_blurring_keeps_unit_variance():
    assert blur(np.random.default_rng(0).standard_normal((4000, 20)), 4.0).var() == pytest.approx(1, abs=0.05)


def test_shocks_leave_the_expected_intensity_alone():
    parameters = load("nyc")
    near = np.abs(np.subtract.outer(np.arange(30.0), np.arange(30.0)))
    shocks = draw_shocks(3, "nyc", parameters.shocks, parameters.clock, 60, near)
    assert np.exp(shocks.departures).mean() == pytest.approx(1, abs=0.03)
    assert np.exp(shocks.arrivals).mean() == pytest.approx(1, abs=0.03)


def test_named_streams_are_independent_of_each_other_and_stable():
    draw = lambda *name: generator(5, *name).random(3).tolist()  # noqa: E731
    assert draw("nyc", "zones") == draw("nyc", "zones")
    assert draw("nyc", "zones") != draw("sip", "zones")
    assert draw("nyc", "departures", 1) != draw("nyc", "departures", 11)


def test_departures_lie_in_their_step_and_follow_the_expected_counts():
    parameters = load("nyc")
    zones = draw_zones(0, "nyc", parameters.zones, *NYC_GRID.centre(np.arange(200, 212)), np.zeros(12))
    flat = Shocks(np.zeros(48), np.zeros((48, 12)), np.zeros((48, 12)))
    demand = make_demand(parameters, zones, flat, 48, level=1000.0)
    (day,) = departures_by_day(0, "nyc", demand, parameters.clock, 1)
    assert (day.seconds // 1800 == day.step).all()
    assert len(day.step) == pytest.approx(48_000, rel=0.02)
    left = np.bincount(day.origin, minlength=12)
    np.testing.assert_allclose(left, demand.rate(0, 48).sum(axis=(0, 2)), atol=5 * np.sqrt(left.max()))


def test_trips_take_longer_over_a_longer_way_and_on_fuller_streets():
    travel = TravelParameters(**load("nyc").extra["travel"])
    mean = lambda km, load: travel_seconds(np.random.default_rng(0), travel, np.full(999, km), np.full(999, load)).mean()  # noqa: E731
    assert mean(1.0, 1.0) < mean(3.0, 1.0) < mean(3.0, 2.0)
    assert 5 * 60 < mean(2.5, 1.0) < 20 * 60


def test_a_trip_through_the_skipped_hour_arrives_after_it():
    clock = Clock("2016-03-13T00:00:00", 30, "America/New_York")
    start, end = np.array([7_000, 7_000, 11_000]), np.array([7_100, 7_300, 11_500])
    assert wall_clock(clock, 48, start, end).tolist() == [7_100, 10_900, 11_500]


def test_ways_through_the_roads_start_and_end_where_they_should():
    roads = lay_roads(np.random.default_rng(0), RoadParameters(**load("sip").extra["roads"]), 10)
    for origin in range(10):
        for destination in range(10):
            way, seconds = roads.way[origin * 10 + destination], roads.seconds[origin * 10 + destination]
            on_way = way >= 0
            assert {way[on_way][0], way[on_way][-1]} == {origin, destination}
            assert (seconds[way == origin] == 0).all()
            assert len(set(way[on_way].tolist())) == on_way.sum()
    assert (roads.seconds.max(axis=1)[::11] == 0).all()


def test_records_of_a_sensor_city_are_partial_and_as_many_as_declared(cities: dict[str, ForecastingCity]):
    flow, speed = (np.asarray(cities["sip"].series(task).observed) for task in ("traffic_flow", "traffic_speed"))
    assert flow.mean() == pytest.approx(1_237e3 / (108 * 25920), abs=0.005)
    assert speed.mean() == pytest.approx(307e3 / (108 * 25920), abs=0.005)
    # everywhere, and in spells: a record is likelier after a record
    assert flow.mean(axis=0).min() > 0.2
    assert speed.mean(axis=0).min() > 0.02
    assert flow[1:][flow[:-1]].mean() > 0.8
    assert (np.asarray(cities["sip"].series("traffic_speed").values)[speed] > 0).all()


def test_even_a_sensor_with_hardly_any_traffic_reports_its_flow():
    parameters = load("sip")
    roads = lay_roads(np.random.default_rng(0), RoadParameters(**parameters.extra["roads"]), 10)
    traffic = np.random.default_rng(1).poisson(np.r_[np.full(9, 200.0), 0.05], (576, 10))
    flow, speed = sensor_series(0, "sip", parameters, roads, traffic, np.zeros(576))
    assert flow.observed.mean(axis=0).min() > 0.2
    assert (speed.values[speed.observed] > 0).all()


def test_more_traffic_is_slower_traffic(cities: dict[str, ForecastingCity]):
    flow, speed = (cities["sip"].series(task) for task in ("traffic_flow", "traffic_speed"))
    both = np.asarray(flow.observed & speed.observed)
    correlations = [np.corrcoef(flow.values[both[:, i], i], speed.values[both[:, i], i])[0, 1] for i in range(both.shape[1])]
    assert np.median(correlations) < -0.15


def test_accidents_are_rare_bad_and_follow_the_traffic(cities: dict[str, ForecastingCity]):
    risk = np.asarray(cities["chicago"].series("risk").values)
    assert 0.005 < (risk > 0).mean() <= 0.04
    assert 2 <= np.median(risk[risk > 0]) <= 5
    traffic = np.asarray(cities["chicago"].series("taxi_pick").values).sum(axis=0)
    assert np.corrcoef(traffic, risk.sum(axis=0))[0, 1] > 0.3
