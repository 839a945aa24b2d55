"""Points every 50 m along routes, against a walk vertex by vertex."""

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.data.frames import EARTH_RADIUS_M, METRES_PER_DEGREE
from benchmark.data.trajectory.city import View
from benchmark.data.trajectory.roads import RoadNetwork
from benchmark.trajectory.route_lines import SPACING_M, RouteLines

SEEDS = st.integers(0, 2**32 - 1)
ROUTES = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=12), min_size=1, max_size=6)


def network_of(lines):
    """Roads with these vertices (lon, lat)."""
    names = [str(k) for k in range(len(lines))]
    table = pd.DataFrame({"road_id": names, "highway": "primary", "length_m": 1.0, "oneway": False, "lanes": 1})
    vertices = np.array([vertex for line in lines for vertex in line], dtype=np.float64)
    return RoadNetwork(table, np.concatenate([[0], np.cumsum([len(line) for line in lines])]), vertices[:, 0], vertices[:, 1],
                       np.zeros((0, 2), np.int64))


def curved(seed):
    """Ten roads of two to seven vertices; some stand still for a while, one has no length at all."""
    rng = np.random.default_rng(seed)
    lines = []
    for _ in range(10):
        steps = rng.normal(0, rng.choice([2e-5, 4e-4]), (int(rng.integers(2, 8)), 2)) * (rng.random((1, 1)) < 0.95)
        steps[1:][rng.random(len(steps) - 1) < 0.2] = 0
        lines.append(np.array([104.0, 30.0]) + rng.normal(0, 1e-3, 2) + np.cumsum(steps, axis=0))
    lines[4] = np.repeat(lines[4][:1], 3, axis=0)
    return lines


def route_of(routes):
    return View(np.concatenate([[0], np.cumsum([len(route) for route in routes])]),
                {"road": np.array([road for route in routes for road in route], dtype=np.int32)})


def metres(a, b):
    """The haversine formula for two points."""
    x, y, other_x, other_y = map(math.radians, (*a, *b))
    half = math.sin((other_y - y) / 2) ** 2 + math.cos(y) * math.cos(other_y) * math.sin((other_x - x) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(half))


def walk(lines, route):
    """[(lon, lat, road)]: one at the start, then after every 50 m; at a junction on the road that begins, at the very end on the last."""
    pieces, driven = [], 0
    for road in route:
        for a, b in zip(lines[road][:-1], lines[road][1:], strict=True):
            length = round(1000 * metres(a, b))
            pieces.append((driven, driven + length, a, b, road))
            driven += length
    found = []
    for place in range(0, driven + 1, 1000 * SPACING_M):
        here = [piece for piece in pieces if piece[0] <= place < piece[1]]
        if here:
            begin, end, a, b, road = here[0]
            share = (place - begin) / (end - begin)
            found.append((*(a + share * (b - a)), road))
        else:
            found.append((*lines[route[-1]][-1], route[-1]))
    return found


def per_trip(routes, lines):
    route = route_of(routes)
    offsets, lon, lat, step = RouteLines(network_of(lines)).points(route)
    road = route.values["road"][step]
    return [(lon[a:b], lat[a:b], road[a:b]) for a, b in pairwise(offsets)]


def north(metres_from_start):
    return (104.0, 30.0 + metres_from_start / METRES_PER_DEGREE)


@settings(max_examples=60, deadline=None)
@given(SEEDS, ROUTES)
def test_points_along_curved_roads_are_those_of_a_walk_vertex_by_vertex(seed, routes):
    lines = curved(seed)
    for route, (lon, lat, road) in zip(routes, per_trip(routes, lines), strict=True):
        expected = walk(lines, route)
        assert road.tolist() == [point[2] for point in expected]
        np.testing.assert_allclose(lon, [point[0] for point in expected], rtol=0, atol=1e-11)
        np.testing.assert_allclose(lat, [point[1] for point in expected], rtol=0, atol=1e-11)


@settings(max_examples=60, deadline=None)
@given(SEEDS, ROUTES)
def test_the_points_of_a_trip_are_the_same_bits_whatever_trips_lie_beside_it(seed, routes):
    lines = curved(seed)
    for route, together in zip(routes, per_trip(routes, lines), strict=True):
        (alone,) = per_trip([route], lines)
        assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.lists(st.integers(0, 9), min_size=1, max_size=12))
def test_a_trip_begins_at_its_first_road_and_no_point_lies_further_than_50_m_from_the_next(seed, route):
    lines = [line - line[0] + (104.0, 30.0) for line in curved(seed)]
    for k, road in enumerate(route[1:], start=1):  # each road begins where the one before ends
        lines.append(lines[road] - lines[road][0] + lines[(route[0] if k == 1 else len(lines) - 1)][-1])
    drive = [route[0], *range(10, len(lines))]
    ((lon, lat, road),) = per_trip([drive], lines)
    assert (lon[0], lat[0]) == (104.0, 30.0)
    assert set(road.tolist()) <= set(drive)
    for a, b in zip(zip(lon[:-1], lat[:-1], strict=True), zip(lon[1:], lat[1:], strict=True), strict=True):
        assert metres(a, b) < SPACING_M + 0.02  # a straight line is no longer than the way; each vertex may round by a millimetre


@pytest.mark.parametrize(("length", "points"), [(1, 1), (49.999, 1), (50, 2), (99.999, 2), (100, 3), (100.001, 3), (1000, 21)])
def test_a_trip_whose_length_is_an_exact_multiple_ends_with_a_point_on_its_last_road(length, points):
    ((lon, lat, road),) = per_trip([[0]], [np.array([north(0), north(length)])])
    assert len(road) == points
    expected = [north(SPACING_M * k)[1] for k in range(points)]
    np.testing.assert_allclose(lat, expected, rtol=0, atol=0.001 / METRES_PER_DEGREE)
    assert (lon == 104.0).all()
    assert lat[-1] <= north(length)[1] + 1e-12


def test_a_point_at_a_junction_lies_on_the_road_that_begins_there_and_at_the_end_on_the_last():
    lines = [np.array([north(0), north(50)]), np.array([north(50), north(100)]), np.array([north(100), north(100)])]
    (first, second) = (road.tolist() for _, _, road in per_trip([[0, 1], [0, 2, 1]], lines))
    assert first == [0, 1, 1]
    assert second == [0, 1, 1]  # a road without length is passed over
    assert per_trip([[0, 1, 2]], lines)[0][2].tolist() == [0, 1, 2]


def test_a_road_that_is_driven_twice_has_points_each_time():
    lines = [np.array([north(0), north(120)]), np.array([north(120), north(0)])]
    ((_, lat, road),) = per_trip([[0, 1, 0]], lines)
    assert road.tolist() == [0, 0, 0, 1, 1, 0, 0, 0]  # at 0, 50, 100 | 150, 200 | 250, 300, 350
    np.testing.assert_allclose(lat, [north(m)[1] for m in (0, 50, 100, 90, 40, 10, 60, 110)], rtol=0, atol=1e-8)


def test_the_step_of_a_point_is_the_entry_of_the_route_that_it_lies_on():
    lines = [np.array([north(0), north(70)]), np.array([north(70), north(120)])]
    route = route_of([[0, 1, 0], [1], [0, 0]])
    offsets, *_, step = RouteLines(network_of(lines)).points(route)
    assert [step[a:b].tolist() for a, b in pairwise(offsets)] == [[0, 0, 1, 2], [3, 3], [4, 4, 5]]


def test_a_jump_between_roads_that_do_not_touch_costs_no_length():
    far = np.array([north(5000), north(5060)])
    ((_, lat, road),) = per_trip([[0, 1]], [np.array([north(0), north(60)]), far])
    assert road.tolist() == [0, 0, 1]
    np.testing.assert_allclose(lat, [north(m)[1] for m in (0, 50, 5040)], rtol=0, atol=1e-8)
