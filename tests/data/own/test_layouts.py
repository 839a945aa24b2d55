"""Every layout that the field keeps series in, written here to the provider's letter, is the city that a plain reading of it says."""

from __future__ import annotations

import csv
import pickle
import struct

import numpy as np
import pandas as pd
import pytest
from made.raw_city import IDS, NODES, stored
from scipy import io

from benchmark.data.own.series import import_city
from benchmark.errors import UserError

BARE = 'name = "my-city"\n'
TEN = 'zone = "UTC"\nstart = 2024-01-01T06:00:00\ninterval_minutes = 10\n'
UNIT = 'unit = "trips"\n'


def imported(city_file, task, **parts):
    return import_city(city_file(f"{UNIT}{task}", nodes=parts.pop("nodes", ""), **parts), replace=True)


def refused(city_file, sentence, task, **parts):
    with pytest.raises(UserError, match=sentence):
        imported(city_file, task, **parts)
    assert stored() == []


def cube_of(days, slots, nodes=4):
    """[node, day, slot]"""
    return np.random.default_rng(1).poisson(9, (nodes, days, slots)).astype(float)


# channels

def test_each_channel_of_one_array_is_a_task(counts, city_file):
    data = np.stack([counts, counts + 100], axis=2).astype(float)
    more = '[tasks.other]\nfile = "d.npz"\nkey = "values"\nchannel = 1\nunit = "km/h"\n'
    city = imported(city_file, 'file = "d.npz"\nkey = "values"\nchannel = 0\n', files={"d.npz": data}, more=more)
    for channel, task in enumerate(("taxi_pick", "other")):
        np.testing.assert_array_equal(city.series(task).values, [[data[i, j, channel] for j in range(4)] for i in range(len(data))])
    assert city.nodes["node_id"].tolist() == ["0", "1", "2", "3"]


def test_a_channel_that_is_not_there_or_not_said_is_a_sentence(counts, city_file):
    files = {"d.npy": counts[:, :, None]}
    refused(city_file, "say which channel, such as channel = 0", 'file = "d.npy"\n', files=files)
    refused(city_file, r"has 1 channels, counted from 0; there is no channel = 1", 'file = "d.npy"\nchannel = 1\n', files=files)
    refused(city_file, "has no channels; take `channel` out", 'file = "counts.npy"\nchannel = 0\n')


# .mat, and cubes

def test_a_cube_of_nodes_days_and_slots_in_a_mat_file_lies_on_its_hours_of_service(city_file, tmp_path):
    cube = cube_of(20, 108)
    io.savemat(tmp_path / "t.mat", {"tensor": cube, "other": np.ones(3)})
    city = imported(city_file, 'file = "t.mat"\nkey = "tensor"\nlayout = "cube"\nservice = ["06:00", "24:00"]\n', clock=TEN,
                    files={"t.mat": (tmp_path / "t.mat").read_bytes()})
    series = city.series("taxi_pick")
    assert series.clock.time(series.steps - 1).isoformat() == "2024-01-20T23:50:00"
    for node, day, slot in ((0, 0, 0), (3, 7, 50), (2, 19, 107)):
        step = day * 144 + slot  # the clock begins at six
        assert (series.values[step, node], series.observed[step, node]) == (cube[node, day, slot], True)
    assert series.observed.sum() == cube.size
    assert city.card["tasks"]["taxi_pick"]["service"] == ["06:00", "24:00"]


def test_a_cube_of_other_slots_than_the_day_has_is_refused_and_told_of_the_hours(city_file):
    files = {"t.npy": cube_of(20, 108)}
    refused(city_file, r"108 slots a day, but a day has 144 steps of 10 minutes; say between which times",
            'file = "t.npy"\nlayout = "cube"\n', files=files, clock=TEN)
    refused(city_file, "108 slots a day, but 07:00–24:00 has 102", 'file = "t.npy"\nlayout = "cube"\nservice = ["07:00", "24:00"]\n',
            files=files, clock=TEN)


def test_a_mat_file_of_cells_is_refused(city_file, tmp_path):
    io.savemat(tmp_path / "t.mat", {"a": np.array(["x", 1], dtype=object)})
    refused(city_file, "'a' of t.mat holds a cell", 'file = "t.mat"\nkey = "a"\n', files={"t.mat": (tmp_path / "t.mat").read_bytes()})


# files that follow each other

def test_a_file_a_day_is_one_series_whose_days_stand_in_the_order_of_numbers(counts, city_file):
    files = {f"day{k}.csv": pd.DataFrame(counts[21 * (k - 1):21 * k], columns=IDS) for k in range(1, 12)}
    by_pattern = imported(city_file, 'file = "day*.csv"\n', files=files, nodes=NODES)
    named = ", ".join(f'"{name}"' for name in files)
    assert imported(city_file, f"file = [{named}]\n", nodes=NODES).fingerprint == by_pattern.fingerprint
    np.testing.assert_array_equal(by_pattern.series("taxi_pick").values, counts)
    assert list(by_pattern.card["notes"]["raw_files"]) == sorted(["nodes.csv", *files])


def test_files_of_other_columns_and_patterns_of_nothing_are_refused(counts, city_file):
    files = {"a1.csv": pd.DataFrame(counts, columns=IDS), "a2.csv": pd.DataFrame(counts, columns=IDS[::-1])}
    refused(city_file, r"a2\.csv has other columns than the first file", 'file = "a*.csv"\n', files=files)
    refused(city_file, r"No file of .* is called like 'z\*\.csv'", 'file = "z*.csv"\n')


# nodes and graphs

def test_a_list_of_ids_names_the_columns_and_no_place_is_invented(counts, city_file):
    city = imported(city_file, 'file = "counts.npy"\n', nodes='[nodes]\nfile = "ids.txt"\n', files={"ids.txt": "4,12\n13 24\n"})
    assert city.nodes["node_id"].tolist() == IDS
    assert city.nodes[["lon", "lat"]].isna().all(axis=None)
    assert (city.placed, city.card["placed"], city.card["graph"]) == (False, False, "none")


def test_the_places_of_some_nodes_alone_are_refused(counts, city_file):
    table = pd.DataFrame({"zone": IDS, "at": ["[10.0, 56.0]", "[]", "[10.2, 56]", "[10.3, 56]"]})
    nodes = '[nodes]\nfile = "n.csv"\nid = "zone"\npoint = "at"\n'
    refused(city_file, "Node '12' has lon = nan", 'file = "counts.npy"\n', nodes=nodes, files={"n.csv": table})
    city = imported(city_file, 'file = "counts.npy"\n', nodes=nodes, files={"n.csv": table.assign(at="[10.5, 56.25]")})
    assert city.nodes[["lon", "lat"]].to_numpy().tolist() == [[10.5, 56.25]] * 4


def test_a_table_without_heads_places_the_nodes(city_file):
    nodes = '[nodes]\nfile = "n.csv"\nid = "0"\nlat = "1"\nlon = "2"\nheader = false\n'
    city = imported(city_file, 'file = "counts.npy"\n', nodes=nodes, files={"n.csv": "4,56,10\n12,57,11\n13,58,12\n24,59,13\n"})
    assert city.nodes.iloc[1].tolist() == ["12", "12", 11.0, 57.0]


EDGES = "from,to,cost\n4,12,100\n12,13,300\n13,13,0\n24,4,200\n24,99,5\n"


def plain_edges():
    """(from, to) → cost, by the csv module alone."""
    rows = list(csv.DictReader(EDGES.splitlines()))
    return {(IDS.index(row["from"]), IDS.index(row["to"])): float(row["cost"]) for row in rows if row["to"] in IDS}


@pytest.mark.parametrize(("how", "weigh"), [
    ('value = "cost"\n', lambda d, sigma: d), ("", lambda d, sigma: 1.0),
    ('value = "cost"\ndistance = true\n', lambda d, sigma: np.exp(-(d / sigma) ** 2) * (np.exp(-(d / sigma) ** 2) >= 0.1)),
])
@pytest.mark.parametrize("both", [False, True])
def test_edges_become_weights_links_or_a_kernel_of_their_distances(how, weigh, both, city_file):
    graph = f'[adjacency]\nfile = "e.csv"\nlayout = "edges"\n{how}{"both_ways = true" * both}\n'
    city = imported(city_file, 'file = "counts.npy"\n', nodes=NODES, more=graph, files={"e.csv": EDGES})
    said, expected = plain_edges(), np.zeros((4, 4))
    for (i, j), cost in said.items():
        expected[i, j] = weigh(cost, np.std(list(said.values())))
        if both:
            expected[j, i] = max(expected[j, i], expected[i, j])
    if "cost" not in how or "distance" in how:
        np.fill_diagonal(expected, 1)
    np.testing.assert_allclose(city.adjacency, expected, rtol=1e-6)
    assert "4 of 5 edges are between the nodes" in city.card["notes"]["graph"]


def test_edges_that_are_none_of_the_city_or_stand_twice_are_refused(city_file):
    graph = '[adjacency]\nfile = "e.csv"\nlayout = "edges"\nvalue = "cost"\n'
    for content, sentence in (("from,to,cost\n1,2,3\n", "no edge is between two nodes"),
                              (EDGES + "4,12,7\n", "from '4' to '12' stands twice"),
                              (EDGES + "4,24,-1\n", "from '4' to '24' is -1"), (EDGES + "4,24,\n", "is nan; it must be finite")):
        refused(city_file, sentence, 'file = "counts.npy"\n', nodes=NODES, more=graph, files={"e.csv": content})


def test_a_matrix_with_a_column_of_names_is_put_in_the_order_of_the_nodes(city_file):
    weights = pd.DataFrame(np.arange(16.0).reshape(4, 4), index=IDS[::-1], columns=[*IDS[1:], IDS[0]])
    graph = '[adjacency]\nfile = "a.csv"\nindex = true\n'
    city = imported(city_file, 'file = "counts.npy"\n', nodes=NODES, more=graph, files={"a.csv": weights.to_csv()})
    np.testing.assert_array_equal(city.adjacency, [[weights.loc[i, j] for j in IDS] for i in IDS])


def python_2(ids, weights):
    """A graph as Python 2 and its numpy pickled it with protocol 2: every text is bytes."""
    def text(given: bytes) -> bytes:
        return b"U" + bytes([len(given)]) + given if len(given) < 256 else b"T" + struct.pack("<i", len(given)) + given

    names = b"](" + b"".join(text(one.encode()) for one in ids) + b"e"
    places = b"}(" + b"".join(text(one.encode()) + b"K" + bytes([k]) for k, one in enumerate(ids)) + b"u"
    array = (b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + text(b"b") + b"\x87R(K\x01K"
             + bytes([len(ids)]) + b"K" + bytes([len(ids)]) + b"\x86cnumpy\ndtype\n" + text(b"f4") + b"K\x00K\x01\x87R(K\x03" + text(b"<")
             + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89" + text(np.asarray(weights, "<f4").tobytes()) + b"tb")
    return b"\x80\x02" + names + places + array + b"\x87."


@pytest.mark.parametrize("version", [2, 3])
def test_a_pickled_graph_of_dcrnn_is_read_without_unpickling(version, city_file):
    order, weights = IDS[::-1], np.arange(16, dtype="float32").reshape(4, 4)
    number = {one: k for k, one in enumerate(order)}
    content = python_2(order, weights) if version == 2 else pickle.dumps((order, number, weights), protocol=4)
    city = imported(city_file, 'file = "counts.npy"\n', nodes=NODES, more='[adjacency]\nfile = "adj.pkl"\n', files={"adj.pkl": content})
    np.testing.assert_array_equal(city.adjacency, [[weights[number[i], number[j]] for j in IDS] for i in IDS])


@pytest.mark.parametrize(("content", "sentence"), [
    (pickle.dumps(print), "names 'builtins.print'"), (pickle.dumps([1, 2]), "no pickled graph"),
    (pickle.dumps((IDS, {"4": 0}, np.eye(4))), "disagree"), (pickle.dumps((IDS, {}, np.eye(3))), "no pickled graph"),
], ids=["runs", "list", "numbers", "size"])
def test_a_pickle_that_is_no_graph_is_refused(content, sentence, city_file):
    refused(city_file, sentence, 'file = "counts.npy"\n', nodes=NODES, more='[adjacency]\nfile = "adj.pkl"\n', files={"adj.pkl": content})


def test_a_long_table_names_its_own_nodes_in_the_order_of_numbers(counts, city_file):
    times = pd.date_range("2024-01-01", periods=len(counts), freq="30min")
    rows = pd.DataFrame({"time": np.repeat(times, 4), "node": np.tile(IDS[::-1], len(counts)), "value": counts[:, ::-1].ravel()})
    city = imported(city_file, 'file = "t.csv"\nlayout = "long"\n', files={"t.csv": rows})
    assert city.nodes["node_id"].tolist() == IDS
    np.testing.assert_array_equal(city.series("taxi_pick").values, counts)


# the declared split

def test_a_declared_split_stands_on_the_card_and_changes_the_fingerprint(city_file):
    plain = imported(city_file, 'file = "counts.npy"\n')
    split = imported(city_file, 'file = "counts.npy"\n', name=BARE + "split = [6, 2, 2]\n")
    assert (plain.split, split.split, split.card["split"]) == (None, (6, 2, 2), [6, 2, 2])
    assert plain.fingerprint != split.fingerprint
    refused_split = city_file(name=BARE + "split = [6, 4]\n")
    with pytest.raises(UserError, match=r"`split` in my-city.toml is \[6, 4\]; write three parts"):
        import_city(refused_split)
