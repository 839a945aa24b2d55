"""The road network: its checks, its parts, and which road follows which."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.data.trajectory.roads import RoadNetwork, links_by_ends
from benchmark.errors import UserError

ENDS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=25)


def network():
    """Three roads: a from west to centre, b from there east with a bend, c back from the east."""
    table = pd.DataFrame({"road_id": ["a", "b", "c"], "highway": ["primary", "tertiary", "tertiary"], "length_m": [10.0, 20.0, 20.0],
                          "oneway": [True, False, False], "lanes": [2, 0, 0]})
    return RoadNetwork(table, np.array([0, 2, 5, 8]), np.array([1.0, 2, 2, 3, 4, 4, 3, 2]), np.array([5.0, 5, 5, 6, 5, 5, 6, 5]),
                       np.array([[0, 1], [1, 2], [2, 1]]))


@given(ENDS)
def test_links_are_all_pairs_where_one_begins_at_the_others_end(ends):
    start, end = (np.array(column, dtype=int) for column in ([a for a, _ in ends], [b for _, b in ends]))
    brute = [[i, j] for i, (_, b) in enumerate(ends) for j, (a, _) in enumerate(ends) if a == b]
    assert links_by_ends(start, end).tolist() == brute


@given(ENDS, st.data())
def test_without_u_turns_exactly_the_pairs_of_a_street_and_its_reverse_are_gone(ends, data):
    streets = [(a, b) for a, b in ends for _ in range(2)]
    start = np.array([a if k % 2 == 0 else b for k, (a, b) in enumerate(streets)], dtype=int)
    end = np.array([b if k % 2 == 0 else a for k, (a, b) in enumerate(streets)], dtype=int)
    oneway = data.draw(st.lists(st.booleans(), min_size=len(ends), max_size=len(ends)))
    reverse = np.array([-1 if oneway[k // 2] else k ^ 1 for k in range(len(streets))], dtype=int)
    brute = [[i, j] for i in range(len(start)) for j in range(len(start)) if end[i] == start[j] and reverse[i] != j]
    assert links_by_ends(start, end, reverse).tolist() == brute


def test_junctions_may_be_texts():
    assert links_by_ends(np.array(["x", "y"]), np.array(["y", "z"])).tolist() == [[0, 1]]


def test_a_part_keeps_the_chosen_roads_their_vertices_and_the_links_among_them():
    part = network().part(np.array([False, True, True]))
    assert part.table["road_id"].tolist() == ["b", "c"]
    assert part.offsets.tolist() == [0, 3, 6]
    assert part.lon.tolist() == [2, 3, 4, 4, 3, 2]
    assert part.links.tolist() == [[0, 1], [1, 0]]
    assert len(part) == 2


@given(st.lists(st.booleans(), min_size=3, max_size=3))
def test_every_part_has_the_links_of_brute_force(kept):
    part, whole = network().part(np.array(kept)), network()
    names, part_names = whole.table["road_id"].tolist(), part.table["road_id"].tolist()
    wanted = [[names[i], names[j]] for i, j in whole.links if kept[i] and kept[j]]
    assert [[part_names[i], part_names[j]] for i, j in part.links] == wanted


@pytest.mark.parametrize(("change", "message"), [
    ({"table": network().table.drop(columns="lanes")}, "lacks lanes"),
    ({"table": network().table.assign(road_id=["a", "b", "a"])}, "'a' stands twice"),
    ({"table": network().table.assign(length_m=[1.0, 0.0, 1.0])}, "'b' has length 0.0 m"),
    ({"table": network().table.assign(length_m=[1.0, 1.0, np.nan])}, "'c' has length nan m"),
    ({"offsets": np.array([0, 2, 5])}, "needs 4 offsets"),
    ({"offsets": np.array([0, 2, 5, 7])}, "8 vertices"),
    ({"offsets": np.array([0, 1, 5, 8])}, "'a' has fewer than two vertices"),
    ({"lat": np.array([5.0, 5, 5, 106, 5, 5, 6, 5])}, r"'b' has a vertex outside WGS84 degrees \(lon, lat swapped\?\)"),
    ({"lon": np.array([5.0, np.nan, 5, 6, 5, 5, 6, 5])}, "'a' has a vertex outside"),
    ({"links": np.array([[0, 3]])}, "outside the table of 3")])
def test_a_broken_network_is_refused_with_the_road_that_breaks_it(change, message):
    with pytest.raises(UserError, match=message):
        dataclasses.replace(network(), **change)


def test_a_network_without_links_is_allowed():
    assert len(dataclasses.replace(network(), links=np.empty((0, 2), dtype=np.int64))) == 3
