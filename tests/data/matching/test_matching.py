import heapq
import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.data.matching import HiddenMarkovMatcher
from benchmark.data.matching.hidden_markov import MatchingOptions
from benchmark.data.trajectory.roads import RoadNetwork, links_by_ends
from benchmark.data.trajectory.trips import RawTrips
from benchmark.errors import UserError

BLOCK = 200.0  # metres between junctions
LON, LAT = 104.0, 30.6
METRES = 6_371_008.8 * math.pi / 180


def degrees(x, y):
    """WGS84 degrees of metres east and north of a corner of the city."""
    return LON + np.asarray(x) / (METRES * math.cos(math.radians(LAT))), LAT + np.asarray(y) / METRES


def network_of(lines, uturns=False):
    """Roads given as lists of (x, y) in metres; they join where the ends are equal."""
    junctions = {}
    start = np.array([junctions.setdefault(tuple(line[0]), len(junctions)) for line in lines])
    end = np.array([junctions.setdefault(tuple(line[-1]), len(junctions)) for line in lines])
    rows = {tuple(map(tuple, line)): row for row, line in enumerate(lines)}
    reverse = np.array([rows.get(tuple(map(tuple, line[::-1])), -1) for line in lines])
    points = np.array([point for line in lines for point in line], dtype=float)
    lon, lat = degrees(points[:, 0], points[:, 1])
    length = [sum(math.dist(a, b) for a, b in pairwise(line)) for line in lines]
    table = pd.DataFrame({"road_id": [f"r{k}" for k in range(len(lines))], "highway": "primary", "length_m": np.maximum(length, 0.1),
                          "oneway": reverse < 0, "lanes": 0})
    return RoadNetwork(table, np.cumsum([0, *(len(line) for line in lines)]), lon, lat,
                       links_by_ends(start, end, None if uturns else reverse))


def grid(columns, rows, generator=None, oneway=0.0):
    """Streets of a grid, each with a bend; with a generator the junctions are moved and a share of the streets is one-way."""
    generator = generator or np.random.default_rng(0)
    place = {(i, j): (i * BLOCK + generator.uniform(-30, 30), j * BLOCK + generator.uniform(-30, 30))
             for i in range(columns) for j in range(rows)}
    lines = []
    for i, j in place:
        for there in ((i + 1, j), (i, j + 1)):
            if there in place:
                a, b = place[i, j], place[there]
                line = [a, ((a[0] + b[0]) / 2 + generator.uniform(-5, 5), (a[1] + b[1]) / 2 + generator.uniform(-5, 5)), b]
                line = line[::-1] if generator.random() < 0.5 else line
                lines.append(line)
                if generator.random() >= oneway:
                    lines.append(line[::-1])
    return network_of(lines)


def trips_of(*trips):
    """Each trip a list of (time, x, y)."""
    points = np.array([point for trip in trips for point in trip], dtype=float).reshape(-1, 3)
    lon, lat = degrees(points[:, 1], points[:, 2])
    return RawTrips(np.array([f"t{k}" for k in range(len(trips))]), np.full(len(trips), ""), np.cumsum([0, *map(len, trips)]),
                    points[:, 0].astype(np.int64) + 1_500_000_000, lon, lat)


def metres(network):
    """Vertices of each road in metres of the plane that the matcher uses, by plain Python."""
    lon0, lat0 = (min(network.lon) + max(network.lon)) / 2, (min(network.lat) + max(network.lat)) / 2

    def place(lon, lat):
        return (lon - lon0) * METRES * math.cos(math.radians(lat0)), (lat - lat0) * METRES

    lines = [[place(network.lon[v], network.lat[v]) for v in range(*ends)] for ends in pairwise(network.offsets.tolist())]
    return lines, place


def drive(network, path, generator, every=5, speed=10.0, noise=0.0):
    """(time, x, y) points along a path of roads, from 20 m after its start to 20 m before its end."""
    lines, _ = metres(network)
    line = np.array([point for road in path for point in lines[road]])
    at = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    places = np.arange(20, at[-1] - 20, every * speed)
    lon0, lat0 = (network.lon.min() + network.lon.max()) / 2, (network.lat.min() + network.lat.max()) / 2
    x = np.interp(places, at, line[:, 0]) + generator.normal(0, noise, len(places)) if noise else np.interp(places, at, line[:, 0])
    y = np.interp(places, at, line[:, 1]) + generator.normal(0, noise, len(places)) if noise else np.interp(places, at, line[:, 1])
    lon, lat = lon0 + x / (METRES * math.cos(math.radians(lat0))), lat0 + y / METRES
    east, north = (lon - LON) * METRES * math.cos(math.radians(LAT)), (lat - LAT) * METRES
    return [(k * every, a, b) for k, (a, b) in enumerate(zip(east, north, strict=True))]


def walk(network, generator, roads):
    """A random drive without coming back to a road."""
    following = {}
    for a, b in network.links.tolist():
        following.setdefault(a, []).append(b)
    path = [int(generator.integers(len(network)))]
    while len(path) < roads:
        onward = [road for road in following.get(path[-1], []) if road not in path]
        if not onward:
            break
        path.append(int(generator.choice(onward)))
    return path


def path_of(matched, trip):
    return matched.path[matched.path_offsets[trip]:matched.path_offsets[trip + 1]].tolist()


def entry_of(matched, trip):
    return matched.entry[matched.path_offsets[trip]:matched.path_offsets[trip + 1]] - 1_500_000_000


class Reference:
    """The same model by plain Python: every segment, Dijkstra with a heap, Viterbi by dictionaries."""

    def __init__(self, network, options):
        self.options = options
        self.lines, self.place = metres(network)
        self.length = [sum(math.dist(a, b) for a, b in pairwise(line)) for line in self.lines]
        self.following = {r: [b for a, b in network.links.tolist() if a == r] for r in range(len(network))}

    def candidates(self, x, y):
        """{road: (distance, offset)} of the nearest roads."""
        found = []
        for road, line in enumerate(self.lines):
            best, before = (math.inf, 0.0), 0.0
            for a, b in pairwise(line):
                length = math.dist(a, b)
                share = ((x - a[0]) * (b[0] - a[0]) + (y - a[1]) * (b[1] - a[1])) / length**2 if length else 0.0
                share = min(1.0, max(0.0, share))
                gap = math.dist((x, y), (a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])))
                best, before = min(best, (gap, before + share * length)), before + length
            found.append((round(best[0], 3), road, *best))  # equally near roads in order
        return {road: (gap, at) for _, road, gap, at in sorted(found)[:self.options.candidates] if gap <= self.options.radius_m}

    def ways(self, source):
        """{road: (metres from the end of the source to its start, roads driven from after the source to it)}."""
        done, heap = {}, [(0.0, [road]) for road in self.following[source]]
        while heap:
            away, roads = heapq.heappop(heap)
            if roads[-1] in done or away > self.options.bound_m:
                continue
            done[roads[-1]] = away, roads
            for onward in self.following[roads[-1]]:
                heapq.heappush(heap, (away + self.length[roads[-1]], [*roads, onward]))
        return done

    def move(self, a, a_at, b, b_at):
        """(metres driven, roads added), None without a way."""
        if a == b and b_at >= a_at - self.options.backward_m:
            return max(0.0, b_at - a_at), []
        away, roads = self.ways(a).get(b, (math.inf, None))
        return None if roads is None else (self.length[a] - a_at + away + b_at, roads)

    def gain(self, before, a, after, b):
        move = self.move(a, self.candidates(*before)[a][1], b, self.candidates(*after)[b][1])
        return -math.inf if move is None else -abs(move[0] - math.dist(before, after)) / self.options.detour_m

    def emission(self, point, road):
        return -0.5 * (self.candidates(*point)[road][0] / self.options.gps_error_m) ** 2

    def best(self, points):
        """(score, road of each point) of the most likely sequence, None where nothing connects."""
        ways = {road: (self.emission(points[0], road), [road]) for road in self.candidates(*points[0])}
        for before, after in pairwise(points):
            ways = {b: max((score + self.gain(before, a, after, b) + self.emission(after, b), [*roads, b])
                           for a, (score, roads) in ways.items()) for b in self.candidates(*after)}
        score, roads = max(ways.values(), default=(-math.inf, None))
        return None if score == -math.inf else (score, roads)

    def score(self, points, roads):
        return sum(map(self.emission, points, roads)) + sum(map(self.gain, points, roads, points[1:], roads[1:]))

    def path(self, points, roads):
        path = [roads[0]]
        for k in range(len(points) - 1):
            here, there = self.candidates(*points[k])[roads[k]][1], self.candidates(*points[k + 1])[roads[k + 1]][1]
            path += self.move(roads[k], here, roads[k + 1], there)[1]
        return path


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), oneway=st.sampled_from([0.0, 0.5, 1.0]), bound=st.sampled_from([150.0, 2000.0]),
       points=st.lists(st.tuples(st.integers(-50, 450), st.integers(-50, 450)), min_size=1, max_size=5))
def test_a_plain_viterbi_finds_no_likelier_roads_and_the_same_path(seed, oneway, bound, points):
    network = grid(3, 3, np.random.default_rng(seed), oneway)
    options = MatchingOptions(candidates=4, radius_m=150.0, bound_m=bound)
    trips = trips_of([(k * 15, x, y) for k, (x, y) in enumerate(points)])
    matched = HiddenMarkovMatcher(options).match(network, trips)
    reference = Reference(network, options)
    places = [reference.place(lon, lat) for lon, lat in zip(trips.lon, trips.lat, strict=True)]
    if not all(reference.candidates(*place) for place in places):
        assert matched.reason[0] == "no candidate road"
    elif (best := reference.best(places)) is None:
        assert matched.reason[0] == "no connected path"
    else:
        assert matched.reason[0] == ""
        roads = matched.point_road.tolist()
        assert reference.score(places, roads) == pytest.approx(best[0], abs=1e-3)
        assert path_of(matched, 0) == reference.path(places, roads)


def test_candidates_are_the_nearest_roads_of_all():
    network, generator = grid(6, 6), np.random.default_rng(3)
    options = MatchingOptions(candidates=5, radius_m=120.0)
    matcher, reference = HiddenMarkovMatcher(options), Reference(network, options)
    matcher.match(network, trips_of())
    x, y = generator.uniform(-900, 900, (2, 300))
    found = matcher._prepared[1].index.nearest(x, y)
    for k in range(len(x)):
        wanted = reference.candidates(x[k], y[k])
        roads = found.road[k][found.road[k] >= 0]
        assert roads.tolist() == list(wanted)
        np.testing.assert_allclose(found.distance[k][:len(roads)], [gap for gap, _ in wanted.values()], atol=1e-6)
        np.testing.assert_allclose(found.offset[k][:len(roads)], [at for _, at in wanted.values()], atol=1e-5)


@pytest.mark.parametrize(("noise", "every"), [(0.0, 3), (0.0, 15), (8.0, 5)])
def test_drives_along_known_paths_are_recovered(noise, every):
    network, generator = grid(6, 6, np.random.default_rng(1), 0.3), np.random.default_rng(2)
    paths = [walk(network, generator, 8) for _ in range(40)]
    paths = [path for path in paths if len(path) >= 4]
    matched = HiddenMarkovMatcher().match(network, trips_of(*(drive(network, path, generator, every, noise=noise) for path in paths)))
    assert (matched.reason == "").all()
    same = [path_of(matched, k) == path for k, path in enumerate(paths)]
    assert np.mean(same) >= (0.95 if noise == 0 else 0.75), np.mean(same)


def noisy_trips(network, seed, count=30):
    """Noisy drives, among them stops, far points, hops across the city and single points."""
    generator = np.random.default_rng(seed)
    trips = []
    for k in range(count):
        trip = drive(network, walk(network, generator, int(generator.integers(1, 9))), generator, noise=15.0)
        if k % 3 == 1:
            trip = [point for point in trip for _ in range(int(generator.integers(1, 4)))]
            trip = [(time, x + generator.normal(0, 10), y + generator.normal(0, 10)) for time, x, y in trip]
        trips.append(trip[:1] if k % 10 == 9 else [] if k % 11 == 10 else [*trip[:2], (99, 9e4, 0)] if k % 13 == 12 else trip)
    return trips_of(*trips)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), oneway=st.sampled_from([0.0, 0.5]))
def test_paths_are_connected_by_links_hold_the_points_roads_in_order_and_entry_times_never_fall(seed, oneway):
    network = grid(5, 5, np.random.default_rng(seed), oneway)
    trips = noisy_trips(network, seed)
    matched = HiddenMarkovMatcher().match(network, trips)
    links = set(map(tuple, network.links.tolist()))
    assert matched.path_offsets[-1] == len(matched.path) == len(matched.entry)
    for k in range(len(trips)):
        points = slice(trips.offsets[k], trips.offsets[k + 1])
        path, entry, time = path_of(matched, k), entry_of(matched, k), trips.time[points] - 1_500_000_000
        if matched.reason[k]:
            assert not path
            assert (matched.point_road[points] == -1).all()
            continue
        assert all(pair in links for pair in pairwise(path))
        remaining = iter(path)
        roads = [road for before, road in pairwise([-1, *matched.point_road[points]]) if road != before]
        assert all(road in remaining for road in roads)
        assert entry[0] == time[0]
        assert (np.diff(entry) >= 0).all()
        assert entry[-1] <= time[-1]


def test_a_trip_is_matched_alone_as_among_others_and_in_chunks_of_any_size():
    network = grid(5, 5, np.random.default_rng(4), 0.3)
    trips = noisy_trips(network, 5, 60)
    together = HiddenMarkovMatcher().match(network, trips)
    for chunk in (1, 50, 300):
        other = HiddenMarkovMatcher(chunk_points=chunk).match(network, trips)
        for name in ("point_road", "path_offsets", "path", "entry", "reason"):
            np.testing.assert_array_equal(getattr(other, name), getattr(together, name), err_msg=name)
    matcher = HiddenMarkovMatcher()
    for k in range(len(trips)):
        alone = matcher.match(network, trips.part(np.arange(len(trips)) == k))
        assert path_of(alone, 0) == path_of(together, k)
        np.testing.assert_array_equal(entry_of(alone, 0), entry_of(together, k))
        np.testing.assert_array_equal(alone.point_road, together.point_road[trips.offsets[k]:trips.offsets[k + 1]])


def test_many_blocks_of_work_give_the_result_of_one(monkeypatch):
    network = grid(5, 5)
    trips = noisy_trips(network, 6)
    wanted = HiddenMarkovMatcher().match(network, trips)
    monkeypatch.setattr("benchmark.data.matching.candidates.PAIRS", 7)
    monkeypatch.setattr("benchmark.data.matching.routes.BLOCK", 300)
    found = HiddenMarkovMatcher().match(network, trips)
    np.testing.assert_array_equal(found.path, wanted.path)
    np.testing.assert_array_equal(found.entry, wanted.entry)


# a long road, a second one in the same place further east that nothing joins, one-way
APART = [[(0.0, 0.0), (500.0, 0.0)], [(600.0, 0.0), (1100.0, 0.0)]]


def test_trips_that_cannot_be_matched_say_why_and_leave_no_path():
    trips = trips_of([(0, 100, 0), (15, 5000, 0)], [(0, 100, 0), (60, 1000, 0)], [], [(0, 100, 0), (15, 200, 0)],
                     [(0, math.nan, 0), (15, 200, 0)])
    matched = HiddenMarkovMatcher().match(network_of(APART), trips)
    assert matched.reason.tolist() == ["no candidate road", "no connected path", "no points", "", "no candidate road"]
    assert matched.point_road.tolist() == [-1, -1, -1, -1, 0, 0, -1, -1]
    assert matched.path_offsets.tolist() == [0, 0, 0, 0, 1, 1]


def test_a_way_beyond_the_bound_does_not_connect():
    lines = [[(0.0, 0.0), (100.0, 0.0)], [(100.0, 0.0), (900.0, 0.0)], [(900.0, 0.0), (1000.0, 0.0)]]
    trips = trips_of([(0, 50, 0), (60, 950, 0)])
    near = MatchingOptions(radius_m=30.0)
    assert path_of(HiddenMarkovMatcher(near).match(network_of(lines), trips), 0) == [0, 1, 2]
    far = HiddenMarkovMatcher(MatchingOptions(radius_m=30.0, bound_m=700.0)).match(network_of(lines), trips)
    assert far.reason.tolist() == ["no connected path"]


def test_a_one_way_street_is_not_driven_backwards():
    matched = HiddenMarkovMatcher().match(network_of(APART[:1]), trips_of([(0, 400, 0), (15, 200, 0)], [(0, 200, 0), (15, 400, 0)]))
    assert matched.reason.tolist() == ["no connected path", ""]


def test_the_direction_of_travel_picks_the_side_of_a_two_way_street():
    lines = [APART[0], APART[0][::-1]]
    matched = HiddenMarkovMatcher().match(network_of(lines), trips_of([(0, 400, 3), (15, 200, 3)], [(0, 200, 3), (15, 400, 3)]))
    assert matched.point_road.tolist() == [1, 1, 0, 0]


def square():
    """A block driven round one way: east, north, west, south."""
    corners = [(0.0, 0.0), (300.0, 0.0), (300.0, 300.0), (0.0, 300.0)]
    return network_of([[corners[k], corners[(k + 1) % 4]] for k in range(4)])


def test_a_road_driven_twice_stands_twice_in_the_path():
    round_twice = [(0, 150, 0), (30, 300, 150), (60, 150, 300), (90, 0, 150), (120, 150, 0), (150, 300, 150)]
    # from 250 m back to 50 m of the same road there is only the way round the block
    matched = HiddenMarkovMatcher().match(square(), trips_of(round_twice, [(0, 250, 0), (100, 50, 0)]))
    assert path_of(matched, 0) == [0, 1, 2, 3, 0, 1]
    assert path_of(matched, 1) == [0, 1, 2, 3, 0]
    np.testing.assert_allclose(entry_of(matched, 1), [0, 5, 35, 65, 95], atol=1e-3)


def test_a_road_that_ends_where_it_begins_can_be_driven_again():
    loop = [(0.0, 0.0), (300.0, 0.0), (300.0, 300.0), (0.0, 300.0), (0.0, 0.0)]
    matched = HiddenMarkovMatcher().match(network_of([loop], uturns=True), trips_of([(0, 250, 0), (100, 50, 0)]))
    assert path_of(matched, 0) == [0, 0]


def test_entry_times_follow_the_driven_distance_between_points():
    matched = HiddenMarkovMatcher().match(square(), trips_of([(0, 200, 0), (20, 300, 100), (40, 300, 200), (80, 100, 300)]))
    assert path_of(matched, 0) == [0, 1, 2]
    np.testing.assert_allclose(entry_of(matched, 0), [0, 10, 40 + 40 / 3], atol=1e-3)


def test_standing_still_going_back_a_little_and_repeated_points_stay_on_the_road():
    stop = [(0, 100, 0), (3, 130, 0), (6, 118, 0), (6, 118, 0), (9, 125, 0), (9, 110, 0), (60, 290, 0), (70, 300, 90)]
    matched = HiddenMarkovMatcher().match(square(), trips_of(stop))
    assert path_of(matched, 0) == [0, 1]
    assert 60 <= entry_of(matched, 0)[1] <= 70


def test_reversed_times_do_not_make_entry_times_fall():
    matched = HiddenMarkovMatcher().match(square(), trips_of([(50, 200, 0), (20, 300, 100), (40, 300, 200), (90, 100, 300)]))
    assert path_of(matched, 0) == [0, 1, 2]
    assert (np.diff(entry_of(matched, 0)) >= 0).all()


def test_repeated_vertices_do_no_harm():
    line = [(0.0, 0.0), (0.0, 0.0), (250.0, 0.0), (250.0, 0.0), (500.0, 0.0), (500.0, 0.0)]
    matched = HiddenMarkovMatcher().match(network_of([line, [(500.0, 0.0), (500.0, 0.0)], [(500.0, 0.0), (900.0, 0.0)]]),
                                          trips_of([(0, 100, 0), (30, 400, 0), (60, 700, 0)]))
    assert path_of(matched, 0)[0] == 0
    assert path_of(matched, 0)[-1] == 2


def test_no_trips_give_an_empty_result():
    matched = HiddenMarkovMatcher().match(square(), trips_of())
    assert matched.path_offsets.tolist() == [0]
    assert len(matched.path) == len(matched.point_road) == len(matched.reason) == 0


def test_settings_hold_every_option_and_change_with_it():
    plain, other = HiddenMarkovMatcher().settings(), HiddenMarkovMatcher(MatchingOptions(gps_error_m=10.0)).settings()
    assert plain["matcher"] == "hidden-markov"
    assert {key for key in plain if plain[key] != other[key]} == {"gps_error_m"}
    assert HiddenMarkovMatcher(chunk_points=5).settings() == plain


def test_options_that_make_no_sense_are_refused_in_a_sentence():
    with pytest.raises(UserError, match="gps_error_m = 0"):
        MatchingOptions(gps_error_m=0)
    with pytest.raises(UserError, match="at most 127"):
        MatchingOptions(candidates=200)
