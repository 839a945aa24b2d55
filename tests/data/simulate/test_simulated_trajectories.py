"""The simulated trajectory cities: their streets, journeys and points, and the awkward cases that they must hold."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.data.folder import verify
from benchmark.data.frames import METRES_PER_DEGREE
from benchmark.data.matching.build import RawCity
from benchmark.data.matching.candidates import RoadIndex
from benchmark.data.matching.geometry import projection_of, segments_of
from benchmark.data.simulate import TRAJECTORY_SIZES, build
from benchmark.data.simulate.checks.trips import TABLE_3, awkward_cases, compare, hour_shares, speed_by_class, trajectory_facts
from benchmark.data.simulate.parameters import generator
from benchmark.data.simulate.streets.city import simulate
from benchmark.data.simulate.streets.gps import choose_faults, draw_errors, draw_moments
from benchmark.data.simulate.streets.journeys import measure_trees, perceived_graph, trace_ways
from benchmark.data.simulate.streets.network import Streets, draw_streets
from benchmark.data.simulate.streets.parameters import CLASSES, load_trajectory
from benchmark.data.simulate.streets.traffic import rule_traffic
from benchmark.data.trajectory.city import TrajectoryCity
from benchmark.data.trajectory.splits import LABELLED, PARTS, TEST, UNLABELLED
from benchmark.errors import UserError

CITIES = sorted(TRAJECTORY_SIZES)
# the bytes of cities
SNAPSHOT = Path(__file__).parents[2] / "snapshots" / "cities.json"
LABELS = ["primary", "secondary", "tertiary", "residential"]


@pytest.fixture(scope="session")
def cities(tmp_path_factory: pytest.TempPathFactory) -> dict[str, TrajectoryCity]:
    folder = tmp_path_factory.mktemp("driven")
    return {city: build(city, "smoke", 0, folder / city) for city in CITIES}


@pytest.fixture(params=CITIES)
def smoke(cities: dict[str, TrajectoryCity], request: pytest.FixtureRequest) -> TrajectoryCity:
    return cities[request.param]


@pytest.fixture(scope="session")
def raws() -> dict[str, RawCity]:
    return {city: simulate(city, "smoke", 0)[0] for city in CITIES}


@pytest.fixture(params=CITIES)
def raw(raws: dict[str, RawCity], request: pytest.FixtureRequest) -> RawCity:
    return raws[request.param]


@pytest.fixture(scope="session")
def full_streets() -> dict[str, Streets]:
    made = {}
    for city in CITIES:
        parameters = load_trajectory(city)
        made[city] = draw_streets(0, city, parameters.streets, parameters.classes, None)
    return made


def local_days(city: TrajectoryCity) -> np.ndarray:
    gps = city.view("gps")
    moments = pd.to_datetime(np.asarray(gps.values["time"])[gps.offsets[:-1]], unit="s", utc=True)
    return moments.tz_convert(city.zone).strftime("%m-%d").to_numpy()


# the city as a whole


def test_a_city_has_every_part_on_its_days(smoke: TrajectoryCity):
    day = local_days(smoke)
    assert sorted(set(day)) == [f"11-{day:02d}" for day in range(1, 16)]
    assert set(day[smoke.parts == TEST]) == {"11-15"}
    assert all((smoke.parts == part).sum() >= 10 for part in range(len(PARTS)))
    assert (smoke.edition, smoke.zone, smoke.card["notes"]["size"]) == ("sim", "Asia/Shanghai", "smoke")
    verify(smoke.folder)


@pytest.mark.parametrize("city", CITIES)
def test_the_bytes_of_a_trajectory_city_depend_on_its_seed_alone(cities: dict[str, TrajectoryCity], city: str, tmp_path: Path):
    assert build(city, "smoke", 0, tmp_path / "again").fingerprint == cities[city].fingerprint
    assert build(city, "smoke", 1, tmp_path / "other").fingerprint != cities[city].fingerprint


def test_the_two_cities_share_no_name_of_a_road_a_trip_or_a_driver(cities: dict[str, TrajectoryCity]):
    one, two = (cities[city] for city in CITIES)
    assert not set(one.network.table["road_id"]) & set(two.network.table["road_id"])
    assert not set(one.trip_ids) & set(two.trip_ids)
    assert not set(one.driver_ids) & set(two.driver_ids)


@pytest.mark.parametrize(("city", "metres"), [("chengdu", 160), ("xian", 90)])
def test_cells_are_as_wide_as_declared_and_lie_in_the_papers_box(cities: dict[str, TrajectoryCity], city: str, metres: float):
    grid, (west, east, south, north) = cities[city].grid, load_trajectory(city).streets.box
    assert grid.pitch[1] * METRES_PER_DEGREE == pytest.approx(metres)
    assert west <= grid.west < grid.east <= east
    assert south <= grid.south < grid.north <= north


def test_most_trips_survive_the_builder(smoke: TrajectoryCity):
    assert smoke.card["trips"] >= 0.8 * smoke.card["notes"]["trips_given"]


@pytest.mark.parametrize(("city", "size", "hint"), [("xian", "quik", "Did you mean quick"), ("chengdo", "smoke", "Did you mean chengdu")])
def test_an_unknown_city_or_size_is_refused_with_the_nearest_one(city: str, size: str, hint: str, tmp_path: Path):
    with pytest.raises(UserError, match=hint):
        build(city, size, 0, tmp_path / "city")


def test_the_full_sizes_hold_the_papers_parts():
    for sizes in TRAJECTORY_SIZES.values():
        full = sizes["full"]
        assert (full.unlabelled, full.labelled, full.validation, full.test) == (50_000, 12_000, 5_000, 10_000)
        assert 62_000 < sum(full.trips[:13]) < sum(full.trips) <= 95_000
        assert len(full.trips) == 15


# streets


@pytest.mark.parametrize("city", CITIES)
def test_the_full_network_has_nearly_the_papers_roads_and_links(full_streets: dict[str, Streets], city: str):
    network = full_streets[city].network
    assert len(network) == pytest.approx(TABLE_3[city]["roads"], rel=0.05)
    assert len(network.links) == pytest.approx(TABLE_3[city]["links"], rel=0.05)


@pytest.mark.parametrize("city", CITIES)
def test_each_label_has_its_share_of_the_roads_and_lanes_do_not_give_it_away(full_streets: dict[str, Streets], city: str):
    table = full_streets[city].network.table
    share = table["highway"].value_counts(normalize=True)
    assert (share[LABELS] >= 0.08).all()
    assert set(share.index) == set(CLASSES)
    assert 0.5 < (table["lanes"] == 0).mean() < 0.9
    labelled = table[table["highway"].isin(LABELS)]
    # the best guess from lanes and oneway alone
    known = labelled.groupby(["lanes", "oneway"])["highway"].value_counts().groupby(level=[0, 1]).max().sum() / len(labelled)
    assert known < 0.65


@pytest.mark.parametrize("city", CITIES)
def test_streets_are_one_way_two_way_curved_and_dead_ends_without_u_turns(full_streets: dict[str, Streets], city: str):
    streets = full_streets[city]
    links, roads = streets.network.links, len(streets)
    twin = streets.reverse >= 0
    assert (streets.reverse[streets.reverse[twin]] == np.flatnonzero(twin)).all()
    assert (streets.begins[twin] == streets.ends[streets.reverse[twin]]).all()
    assert 0.03 < (~twin).mean() < 0.4
    assert not (streets.reverse[links[:, 0]] == links[:, 1]).any()
    assert (streets.ends[links[:, 0]] == streets.begins[links[:, 1]]).all()
    assert 0 < (~np.isin(np.arange(roads), links[:, 0])).sum() < 0.05 * roads
    straight = np.hypot(*(streets_axis[streets.network.offsets[1:] - 1] - streets_axis[streets.network.offsets[:-1]]
                          for streets_axis in (streets.x, streets.y)))
    assert (streets.length > 1.01 * straight).mean() > 0.05
    assert streets.network.table["length_m"].to_numpy() == pytest.approx(streets.length, abs=0.051)


@pytest.mark.parametrize("city", CITIES)
def test_a_smaller_size_is_the_middle_of_the_full_city(full_streets: dict[str, Streets], city: str):
    parameters, full = load_trajectory(city), full_streets[city]
    small = draw_streets(0, city, parameters.streets, parameters.classes, 300)
    # streets in two parts come on top
    assert 290 < len(small) < 380
    half = small.share * np.abs(full.x).max() * 1.1
    assert np.abs(small.x).max() < half
    # the same junctions, but for those of streets that were cut
    place = {tuple(point) for point in np.round(np.stack([full.x, full.y], axis=1)[full.network.offsets[:-1]], 3).tolist()}
    own = [tuple(point) for point in np.round(np.stack([small.x, small.y], axis=1)[small.network.offsets[:-1]], 3).tolist()]
    assert np.mean([point in place for point in own]) > 0.7


def test_roads_link_where_they_touch(raw: RawCity):
    network = raw.network
    last, first = network.offsets[1:] - 1, network.offsets[:-1]
    one, two = network.links.T
    assert network.lon[last[one]].tolist() == network.lon[first[two]].tolist()
    assert network.lat[last[one]].tolist() == network.lat[first[two]].tolist()


# journeys


def test_tables_of_trees_count_roads_and_metres_and_give_thetrace_ways():
    # 0 → 1 → 2 and 0 → 3; 4 is never reached
    before = np.array([[-9999, 0, 1, 0, -9999]])
    count, metres = measure_trees(before, np.array([0]), np.array([10.0, 20.0, 40.0, 80.0, 5.0]))
    assert count[0, :4].tolist() == [1, 2, 3, 2]
    assert metres[0, :4].tolist() == [0, 15, 45, 45]
    assert trace_ways(before, np.zeros(2, np.int64), np.array([2, 3]), np.array([3, 2])).tolist() == [0, 1, 2, 0, 3]


def test_drivers_avoid_closed_roads_and_expect_the_rush_hour(full_streets: dict[str, Streets]):
    parameters, streets = load_trajectory("xian"), full_streets["xian"]
    traffic = rule_traffic(0, "xian", parameters.traffic, parameters.classes, streets)
    felt = np.ones(len(streets))
    views = [perceived_graph(generator(0, "view"), parameters.journeys, streets, traffic, felt, period, streets.opened)
             for period in range(5)]
    closed = np.flatnonzero(streets.opened)
    assert len(closed)
    assert all(view[closed].nnz == 0 and view[:, closed].nnz == 0 for view in views)
    night, morning, noon, evening, late = (view.sum() for view in views)
    assert evening > morning > noon > late > night


def test_a_weekend_is_less_congested_and_large_roads_slow_down_most():
    parameters = load_trajectory("chengdu")
    streets = draw_streets(0, "chengdu", parameters.streets, parameters.classes, 600)
    traffic = rule_traffic(0, "chengdu", parameters.traffic, parameters.classes, streets)
    rush = np.array([18.0])
    assert traffic.level(rush, np.array([True])) > traffic.level(rush, np.array([False]))
    slowed = traffic.speed(slice(None), 0.6) / traffic.speed(slice(None), 1.0)
    assert np.median(slowed[streets.kind == CLASSES.index("primary")]) < np.median(slowed[streets.kind == CLASSES.index("residential")])


# points


def test_points_come_every_three_seconds_or_so_with_gaps_now_and_then(raw: RawCity):
    steps = np.diff(raw.trips.time)[np.setdiff1d(np.arange(len(raw.trips.time) - 1), raw.trips.offsets[1:-1] - 1)]
    assert raw.trips.time.dtype == np.int64
    assert np.bincount(steps).argmax() == 3
    assert steps.mean() == pytest.approx(3.08, abs=0.06)
    assert steps.min() == 2
    assert steps.max() > 4


def test_points_are_rounded_and_lie_some_metres_beside_the_roads(raw: RawCity):
    lon, lat = raw.trips.lon, raw.trips.lat
    assert np.abs(lon * 1e6 - np.rint(lon * 1e6)).max() < 1e-3
    projection = projection_of(raw.network)
    sample = np.arange(0, len(lon), 7)
    found = RoadIndex(segments_of(raw.network, projection), 1, 300.0).nearest(*projection.to_metres(lon[sample], lat[sample]))
    distance = found.distance[:, 0]
    assert 2 < np.median(distance) < 8
    assert (distance[np.isfinite(distance)] < 30).mean() > 0.99


def testdraw_errors_of_neighbouring_points_are_alike():
    parameters = load_trajectory("chengdu").points
    error = draw_errors(np.random.default_rng(0), replace(parameters, error_sd=0.0), np.full(200, 100))
    assert error.std() == pytest.approx(np.hypot(parameters.error_m, parameters.white_m), rel=0.05)
    along = error[0].reshape(200, 100)
    assert np.corrcoef(along[:, :-1].ravel(), along[:, 1:].ravel())[0, 1] > 0.8
    assert abs(np.corrcoef(along[:-1, -1], along[1:, 0])[0, 1]) < 0.2


def test_a_trip_has_its_first_point_at_once_and_none_after_its_end():
    trip, seconds = draw_moments(np.random.default_rng(0), load_trajectory("xian").points, np.array([100.0, 7.5]))
    assert seconds[np.searchsorted(trip, [0, 1])].tolist() == [0, 0]
    assert (seconds <= np.array([100.0, 7.5])[trip]).all()
    assert (np.diff(seconds)[np.diff(trip) == 0] > 0).all()


def test_no_trip_has_two_faults():
    faults = choose_faults(np.random.default_rng(0), load_trajectory("xian").points, 300)
    rows = np.concatenate([faults.thrown, faults.cut_off, faults.waiting])
    assert len(rows) == len(set(rows.tolist())) >= 6


# the awkward cases (trajectory suite, §10)


def test_some_roads_have_no_point_of_any_trip(smoke: TrajectoryCity):
    assert len(np.unique(smoke.view("gps").values["road"])) < len(smoke.network)


def test_some_trips_pass_roads_between_two_points(smoke: TrajectoryCity):
    gps, route = smoke.view("gps"), smoke.view("route")
    passed = [set(route.trip(k)["road"].tolist()) - set(gps.trip(k)["road"].tolist()) for k in range(len(smoke.trip_ids))]
    assert sum(map(bool, passed)) > 2
    assert awkward_cases(smoke)["trips that pass a road between two points"] == sum(map(bool, passed))


def test_some_trips_visit_a_cell_again(smoke: TrajectoryCity):
    grid = smoke.view("grid")
    again = [len(set(cells)) < len(cells) for cells in (grid.trip(k)["cell"].tolist() for k in range(len(smoke.trip_ids)))]
    assert sum(again) > 2
    assert awkward_cases(smoke)["trips that visit a cell again"] == sum(again)


def test_trips_at_a_limit_are_kept_and_those_beyond_are_dropped(smoke: TrajectoryCity, raws: dict[str, RawCity]):
    assert (smoke.view("route").lengths() == 10).any()
    assert smoke.card["notes"]["dropped"]["not 10 to 100 roads"] > 0
    given = np.diff(raws[smoke.name].trips.offsets)
    assert given.max() > 256
    assert given.min() < 10
    kept = smoke.view("gps").lengths()
    assert kept.min() >= 10
    assert kept.max() <= 256
    # two that were cut off and two that waited, at least
    assert smoke.card["notes"]["dropped"]["not 10 to 256 points"] >= 4


def test_a_trip_that_leaves_the_box_is_dropped(smoke: TrajectoryCity):
    assert smoke.card["notes"]["dropped"]["leaves the box"] >= 2


def test_some_cells_have_no_point_of_interest_and_all_categories_occur(smoke: TrajectoryCity):
    assert 0.02 < (smoke.poi.sum(axis=1) == 0).mean() < 0.6
    assert (smoke.poi.sum(axis=0) > 0).all()


def test_a_road_opened_on_the_last_day_is_driven_in_the_test_trips_only(smoke: TrajectoryCity):
    route = smoke.view("route")
    part = np.repeat(smoke.parts, route.lengths())
    road = np.asarray(route.values["road"])
    unseen = set(road[part == TEST].tolist()) - set(road[np.isin(part, (UNLABELLED, LABELLED))].tolist())
    names = set(smoke.network.table["road_id"].iloc[sorted(unseen)])
    assert names & set(smoke.card["notes"]["opened_on_the_last_day"])


# likeness to the papers' cities


def test_trips_start_at_the_hours_of_the_real_sample(cities: dict[str, TrajectoryCity]):
    shares = sum(hour_shares(city) for city in cities.values()) / len(cities)
    assert np.corrcoef(shares, load_trajectory("chengdu").journeys.hours)[0, 1] > 0.85


def test_a_smoke_city_is_near_the_statistics_declared_for_its_size(smoke: TrajectoryCity):
    assert [row for row in compare(smoke) if row.near is False] == []


@pytest.mark.slow
@pytest.mark.parametrize("city", CITIES)
def test_a_quick_city_is_near_the_statistics_declared_for_its_size(city: str, tmp_path: Path):
    made = build(city, "quick", 0, tmp_path / city)
    assert [row for row in compare(made) if row.near is False] == []
    # it takes most of a minute to build, so that its bytes are held here as well
    assert made.fingerprint == json.loads(SNAPSHOT.read_text())["compared"][f"{city} quick"]
    trips = {name: trajectory_facts(made)[f"trips: {name}"] for name in PARTS}
    assert trips == {"unlabelled": 6000, "labelled": 4000, "validation": 1000, "test": 1500}
    speed = speed_by_class(made)
    assert speed["trunk"] > speed["primary"] > speed["secondary"] > speed["tertiary"] > speed["residential"]
    cases = awkward_cases(made)
    limits = [count for name, count in cases.items() if "limit" in name]
    assert sum(count == 0 for count in cases.values()) == limits.count(0) < len(limits), cases
    notes = made.card["notes"]["dropped"]
    assert {"leaves the box", "not 10 to 256 points", "not 10 to 100 roads"} <= set(notes)
