"""Readers of roads: OSM files, osmnx GraphML, edge tables, segment JSON; and that broken files give one sentence."""

import builtins
import json
import re
import struct

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.data.readers.road_joins import RoadJoins, junctions_of
from benchmark.data.readers.road_rows import first_int, first_value, truth
from benchmark.data.readers.roads_files import read_edges, read_graphml, read_roads, read_segments
from benchmark.data.readers.roads_osm import direction_of, read_osm
from benchmark.errors import UserError

# A cross: way 10 runs 1-2-3-4 from west to east, way 20 runs 5-3-6 from south to north, one-way; node 2 is only a bend.
#           6
#           |
#   1 - 2 - 3 - 4     way 30 (4-7) is driven against its drawing; ways 40 to 45 are not for cars; node 99 is not in the file
#           |
#           5
NODES = {1: (104.000, 30.000), 2: (104.001, 30.001), 3: (104.002, 30.000), 4: (104.003, 30.000), 5: (104.002, 29.999),
         6: (104.002, 30.001), 7: (104.004, 30.000)}
CROSS = [(10, [1, 2, 3, 4], {"highway": "residential", "lanes": "2;3"}), (20, [5, 3, 6], {"highway": "primary;tertiary", "oneway": "yes"}),
         (30, [4, 7], {"highway": "trunk_link", "oneway": "-1"}), (40, [1, 6], {"highway": "footway"}),
         (41, [1, 6], {"highway": "service"}), (42, [2, 6], {"highway": "tertiary", "access": "private"}),
         (43, [2, 6], {"highway": "tertiary", "motor_vehicle": "no"}), (44, [2, 6], {"highway": "residential", "area": "yes"}),
         (45, [2, 6], {"building": "yes"})]


def osm(path, ways, nodes=None):
    """Write OSM XML."""
    lines = [f'<node id="{node}" version="1" lon="{lon}" lat="{lat}"/>' for node, (lon, lat) in (nodes or NODES).items()]
    for way, members, tags in ways:
        lines += [f'<way id="{way}" version="1">', *(f'<nd ref="{node}"/>' for node in members),
                  *(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items()), "</way>"]
    path.write_text('<osm version="0.6">' + "\n".join(lines) + "</osm>")
    return path


def by_name(network):
    """{road id: the road ids that may follow}"""
    names = network.table["road_id"].tolist()
    follow = {name: [] for name in names}
    for i, j in network.links:
        follow[names[i]].append(names[j])
    return follow


def line(network, name):
    """The vertices of a road."""
    road = network.table["road_id"].tolist().index(name)
    here = slice(network.offsets[road], network.offsets[road + 1])
    return list(zip(network.lon[here].tolist(), network.lat[here].tolist(), strict=True))


def test_osm_ways_are_cut_where_they_meet_and_two_way_streets_are_two_roads(tmp_path):
    network = read_osm(osm(tmp_path / "cross.osm", CROSS))
    assert by_name(network) == {
        "10.0": ["10.1", "20.1"], "10.0r": [], "10.1": [], "10.1r": ["10.0r", "20.1"],
        "20.0": ["10.0r", "10.1", "20.1"], "20.1": [], "30.0r": ["10.1r"]}
    table = network.table.set_index("road_id")
    assert table["highway"].tolist() == ["residential"] * 4 + ["primary"] * 2 + ["trunk_link"]
    assert table["oneway"].tolist() == [False] * 4 + [True] * 3
    assert table["lanes"].tolist() == [2] * 4 + [0] * 3
    assert line(network, "10.0") == [NODES[1], NODES[2], NODES[3]]
    assert line(network, "10.0r") == [NODES[3], NODES[2], NODES[1]]
    assert line(network, "30.0r") == [NODES[7], NODES[4]]
    # 0.001 degrees of a meridian; of the parallel cos(30°) times as much
    assert table.loc["20.0", "length_m"] == pytest.approx(111.195, abs=1e-3)
    assert table.loc["10.1", "length_m"] == pytest.approx(111.195 * np.cos(np.radians(30)), abs=1e-3)


def test_with_u_turns_each_direction_also_follows_the_other(tmp_path):
    follow = by_name(read_osm(osm(tmp_path / "cross.osm", CROSS), u_turns=True))
    assert follow["10.0"] == ["10.0r", "10.1", "20.1"]
    assert follow["10.1"] == ["10.1r"]


def test_u_turns_are_links_of_edge_tables_but_not_of_osm_unless_asked(tmp_path):
    edges().to_csv(tmp_path / "edges.csv", index=False)
    osm(tmp_path / "cross.osm", CROSS)
    counts = {name: [len(read_roads(tmp_path / name, u_turns=choice).links) for choice in (None, False, True)]
              for name in ("edges.csv", "cross.osm")}
    # of the cross: 10.0 ⇄ 10.0r and 10.1 ⇄ 10.1r
    assert counts == {"edges.csv": [3, 1, 3], "cross.osm": [8, 8, 12]}


def test_a_box_keeps_the_roads_with_one_end_inside_under_their_own_names(tmp_path):
    network = read_osm(osm(tmp_path / "cross.osm", CROSS), box=(104.0025, 29.9, 104.0035, 30.1))
    assert by_name(network) == {"10.1": [], "10.1r": [], "30.0r": ["10.1r"]}
    with pytest.raises(UserError, match="no roads inside the box"):
        read_osm(tmp_path / "cross.osm", box=(0, 0, 1, 1))


def test_a_node_the_file_lacks_interrupts_a_way(tmp_path):
    network = read_osm(osm(tmp_path / "cut.osm", [(10, [1, 2, 99, 3, 4], {"highway": "primary", "oneway": "yes"})]))
    assert by_name(network) == {"10.0": [], "10.1": []}
    assert line(network, "10.1") == [NODES[3], NODES[4]]


def test_a_ring_alone_is_one_road_and_does_not_follow_itself_without_u_turns(tmp_path):
    ring = osm(tmp_path / "ring.osm", [(10, [3, 4, 6, 3], {"highway": "tertiary", "junction": "roundabout"})])
    assert by_name(read_osm(ring)) == {"10.0": []}
    assert by_name(read_osm(ring, u_turns=True)) == {"10.0": ["10.0"]}


def test_a_way_that_crosses_itself_is_cut_there(tmp_path):
    loop = osm(tmp_path / "loop.osm", [(10, [1, 3, 4, 6, 3, 5], {"highway": "tertiary", "oneway": "1"})])
    assert by_name(read_osm(loop)) == {"10.0": ["10.1", "10.2"], "10.1": ["10.2"], "10.2": []}


def test_two_nodes_at_one_place_keep_their_streets_joined(tmp_path):
    nodes = {1: (104.0, 30.0), 2: (104.1, 30.0), 3: (104.1, 30.0), 4: (104.2, 30.0)}
    ways = [(k, members, {"highway": "primary", "oneway": "yes"}) for k, members in enumerate([[1, 2], [2, 3], [3, 4]], start=1)]
    network = read_osm(osm(tmp_path / "same.osm", ways, nodes))
    assert by_name(network) == {"1.0": ["2.0"], "2.0": ["3.0"], "3.0": []}
    assert network.table["length_m"][1] == pytest.approx(0.1)


@pytest.mark.parametrize(("tags", "direction"), [
    ({}, 0), ({"oneway": "no"}, 0), ({"oneway": "yes"}, 1), ({"oneway": "true"}, 1), ({"oneway": "1"}, 1), ({"oneway": "-1"}, -1),
    ({"highway": "motorway"}, 1), ({"highway": "motorway", "oneway": "no"}, 0), ({"highway": "motorway_link"}, 0),
    ({"junction": "roundabout"}, 1), ({"junction": "roundabout", "oneway": "-1"}, -1)])
def test_the_direction_of_a_way_is_said_or_implied(tags, direction):
    assert direction_of(tags) == direction


@pytest.mark.parametrize(("cell", "value"), [("a", "a"), ("['a', 'b']", "a"), ('["a"]', "a"), ("a;b", "a"), (["a", "b"], "a"), (None, ""),
                                             (float("nan"), ""), ([], ""), ("['unclassified', 'terti", "unclassified"), (2.0, "2.0")])
def test_the_first_of_several_values_is_taken(cell, value):
    assert first_value(cell) == value


def test_lanes_and_yes_or_no_are_read_from_numbers_texts_and_lists():
    assert [first_int(cell) for cell in ("2", 3.0, "['4', '2']", "", None, "many")] == [2, 3, 4, 0, 0, 0]
    assert [truth(cell) for cell in (1, "True", True, "yes", 1.0, "['True', 'False']", "-1")] == [True] * 7
    assert [truth(cell) for cell in (0, "False", False, "no", np.bool_(False))] == [False] * 5
    assert [truth(cell) for cell in ("", None, float("nan"))] == [None] * 3


# u → v and back along one bent street, and a straight one-way road from v to w
TWO_WAY = "LINESTRING (104.0 30.0, 104.001 30.001, 104.002 30.0)"
BACK = "LINESTRING (104.002 30.0, 104.001 30.001, 104.0 30.0)"
ON = "LINESTRING (104.002 30.0, 104.003 30.0)"
GRAPHML = """<?xml version='1.0' encoding='utf-8'?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="d0" for="node" attr.name="x"/><key id="d1" for="node" attr.name="y"/><key id="d2" for="edge" attr.name="highway"/>
<key id="d3" for="edge" attr.name="length"/><key id="d4" for="edge" attr.name="geometry"/><key id="d5" for="edge" attr.name="oneway"/>
<key id="d6" for="edge" attr.name="lanes"/>
<graph edgedefault="directed">
<node id="u"><data key="d0">104.0</data><data key="d1">30.0</data></node>
<node id="v"><data key="d0">104.002</data><data key="d1">30.0</data></node>
<node id="w"><data key="d0">104.003</data><data key="d1">30.0</data></node>
<edge source="u" target="v" id="0"><data key="d2">['residential', 'tertiary']</data><data key="d3">250.5</data>
<data key="d4">LINESTRING (104.0 30.0, 104.001 30.001, 104.002 30.0)</data><data key="d5">False</data></edge>
<edge source="v" target="u" id="0"><data key="d2">residential</data><data key="d3">250.5</data>
<data key="d4">LINESTRING (104.002 30.0, 104.001 30.001, 104.0 30.0)</data><data key="d5">False</data></edge>
<edge source="v" target="w" id="0"><data key="d2">primary</data><data key="d5">True</data><data key="d6">['3', '2']</data></edge>
</graph></graphml>"""


def check_street(network, names):
    """The street u ⇄ v → w, however it was written."""
    there, back, on = names
    assert by_name(network) == {there: [back, on], back: [there], on: []}
    assert line(network, there) == [(104.0, 30.0), (104.001, 30.001), (104.002, 30.0)]
    assert line(network, back) == line(network, there)[::-1]
    assert line(network, on) == [(104.002, 30.0), (104.003, 30.0)]
    table = network.table
    assert table["highway"].tolist() == ["residential", "residential", "primary"]
    assert table["oneway"].tolist() == [False, False, True]
    assert table["lanes"].tolist() == [0, 0, 3]
    assert table["length_m"].tolist() == pytest.approx([250.5, 250.5, 96.298], abs=1e-3)


def edges(**columns):
    """The street as a table of edges; a column of None is left out."""
    whole = {"geometry": [TWO_WAY, BACK, ON], "length": [250.5, 250.5, 96.298], "highway": ["['residential', 'tertiary']", "residential",
             "primary"], "u": [7, 8, 8], "v": [8, 7, 9], "oneway": [0, 0, 1], "lanes": ["", "", "3"], "fid": [1, 2, 3]} | columns
    return pd.DataFrame({name: cells for name, cells in whole.items() if cells is not None})


def coordinates(wkt):
    return [[float(number) for number in point.split()] for point in wkt[len("LINESTRING ("):-1].split(", ")]


def test_graphml_gives_its_edges_with_their_geometry_or_straight(tmp_path):
    path = tmp_path / "city.graphml"
    path.write_text(GRAPHML)
    check_street(read_graphml(path), ["u-v-0", "v-u-0", "v-w-0"])
    assert by_name(read_graphml(path, u_turns=False)) == {"u-v-0": ["v-w-0"], "v-u-0": [], "v-w-0": []}


def test_edges_are_read_from_csv_parquet_geojson_and_shapefiles_alike(tmp_path):
    frame = edges()
    frame.to_csv(tmp_path / "edges.csv", index=False)
    frame.to_parquet(tmp_path / "edges.parquet")
    wkb = [struct.pack("<BII", 1, 2, len(line)) + np.array(line).tobytes() for line in map(coordinates, frame["geometry"])]
    frame.assign(geometry=wkb).to_parquet(tmp_path / "wkb.parquet")
    features = [{"type": "Feature", "properties": {key: cell for key, cell in row.items() if key != "geometry"},
                 "geometry": {"type": "LineString", "coordinates": coordinates(row["geometry"])}} for row in frame.to_dict("records")]
    (tmp_path / "edges.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    shapefile(tmp_path / "edges.shp", frame)
    for name in ("edges.csv", "edges.parquet", "wkb.parquet", "edges.geojson", "edges.shp"):
        check_street(read_edges(tmp_path / name), ["1", "2", "3"])


def shapefile(path, frame):
    import shapefile

    with shapefile.Writer(str(path), shapeType=shapefile.POLYLINE) as writer:
        names = [name for name in ("u", "v", "oneway", "fid") if name in frame]
        for name in names:
            writer.field(name, "N", 9)
        writer.field("length", "N", 12, 6)
        writer.field("highway", "C", 32)
        writer.field("lanes", "C", 8)
        for row in frame.to_dict("records"):
            writer.line([coordinates(row["geometry"])])
            writer.record(*[row[name] for name in (*names, "length", "highway", "lanes")])


def test_without_fid_length_and_oneway_the_ends_name_a_road_and_the_line_tells_the_rest(tmp_path):
    edges(fid=None, length=None, oneway=None).to_csv(tmp_path / "edges.csv", index=False)
    network = read_edges(tmp_path / "edges.csv")
    assert network.table["road_id"].tolist() == ["7-8-0", "8-7-0", "8-9-0"]
    assert network.table["oneway"].tolist() == [False, False, True]
    # two diagonals of 0.001 degrees along a parallel of 30° (96.298 m) and as many along a meridian (111.195 m)
    assert network.table["length_m"].tolist() == pytest.approx([2 * np.hypot(96.298, 111.195)] * 2 + [96.298], abs=1e-2)


def test_without_u_and_v_ends_that_coincide_are_one_junction(tmp_path):
    # 0.5 m east of the end of the street
    apart = "LINESTRING (104.0020052 30.0, 104.003 30.0)"
    frame = edges(u=None, v=None, geometry=[TWO_WAY, BACK, apart])
    frame.to_csv(tmp_path / "edges.csv", index=False)
    assert by_name(read_edges(tmp_path / "edges.csv")) == {"1": ["2", "3"], "2": ["1"], "3": []}
    assert by_name(read_edges(tmp_path / "edges.csv", joins=RoadJoins(tolerance_m=0.4))) == {"1": ["2"], "2": ["1"], "3": []}
    pytest.importorskip("shapefile")
    shapefile(tmp_path / "edges.shp", frame)
    assert by_name(read_edges(tmp_path / "edges.shp")) == {"1": ["2", "3"], "2": ["1"], "3": []}
    edges().to_csv(tmp_path / "named.csv", index=False)
    with pytest.raises(UserError, match="names its junctions by u and v; take tolerance_m out"):
        read_edges(tmp_path / "named.csv", joins=RoadJoins(tolerance_m=2))


def test_rows_of_both_ways_are_two_roads_unless_their_oneway_says_yes(tmp_path):
    frame = edges(u=None, v=None).iloc[[0, 2, 2]].assign(fid=[1, 3, 4], oneway=["no", "yes", "-1"])
    frame.to_csv(tmp_path / "edges.csv", index=False)
    network = read_edges(tmp_path / "edges.csv", joins=RoadJoins(both_ways=True))
    assert by_name(network) == {"1": ["1r", "3"], "1r": ["1"], "3": ["4r"], "4r": ["1r", "3"]}
    assert network.table["oneway"].tolist() == [False, False, True, True]
    assert line(network, "1r") == line(network, "1")[::-1]
    frame.assign(oneway=["B", "F", "T"]).to_csv(tmp_path / "edges.csv", index=False)
    with pytest.raises(UserError, match="oneway of road '1' is 'B'; write yes, no or -1"):
        read_edges(tmp_path / "edges.csv", joins=RoadJoins(both_ways=True))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 6)] * 4), min_size=1, max_size=15), st.floats(0.5, 30))
def test_junctions_are_the_ends_that_a_chain_of_near_ends_joins(ends, tolerance):
    lines = [np.array([[104 + a * 1e-4, 30 + b * 1e-4], [104 + c * 1e-4, 30 + d * 1e-4]]) for a, b, c, d in ends]
    start, end = junctions_of(lines, tolerance, "t")
    places = [tuple(point) for one in lines for point in one.tolist()]
    # by relabelling until nothing changes
    label = list(range(len(places)))
    for _ in places:
        for i, (x, y) in enumerate(places):
            for j, (u, v) in enumerate(places):
                if np.hypot((x - u) * 111_195 * np.cos(np.radians(30)), (y - v) * 111_195) <= tolerance:
                    label[i] = label[j] = min(label[i], label[j])
    found = np.stack([start, end], axis=1).ravel().tolist()
    assert all((found[i] == found[j]) == (label[i] == label[j]) for i in range(len(label)) for j in range(i))


def test_graphml_leaves_out_what_cars_may_not_use_as_osm_does(tmp_path):
    path = tmp_path / "city.graphml"
    path.write_text(GRAPHML.replace('<data key="d2">residential</data>', '<data key="d2">footway</data>'))
    assert by_name(read_graphml(path)) == {"u-v-0": ["v-w-0"], "v-w-0": []}


def test_the_largest_connected_part_is_counted_in_both_directions(tmp_path):
    edges().to_csv(tmp_path / "edges.csv", index=False)
    # 1 and 2 lead to each other; 3 only away
    assert read_edges(tmp_path / "edges.csv").largest_connected == 2
    assert read_edges(tmp_path / "edges.csv", u_turns=False).largest_connected == 1


def test_segments_follow_where_one_begins_at_the_last_coordinate_of_another(tmp_path):
    segments = {name: {"coords": [point[::-1] for point in coordinates(wkt)], "length": length, "level": level} for name, wkt, length, level
                in [("1", TWO_WAY, 250.5, "residential"), ("2", BACK, 250.5, "residential"), ("9", ON, 96.298, "primary")]}
    path = tmp_path / "roads.json"
    path.write_text(json.dumps(segments))
    network = read_segments(path)
    assert network.table["lanes"].tolist() == [0, 0, 0]
    check_street(type(network)(network.table.assign(lanes=[0, 0, 3]), network.offsets, network.lon, network.lat, network.links),
                 ["1", "2", "9"])


@pytest.mark.parametrize(("name", "text", "message"), [
    ("a.osm", "hello", "a.osm is damaged or no OSM file"),
    ("a.osm", '<osm version="0.6"></osm>', "a.osm has no roads"),
    ("a.pbf", "hello", "a.pbf is damaged or no OSM file"),
    ("a.graphml", "<graphml", "damaged or no GraphML"),
    ("a.graphml", "<graphml></graphml>", "XML without a <graph>"),
    ("a.graphml", GRAPHML.replace('attr.name="highway"', 'attr.name="class"'), "no edge with a 'highway' class"),
    ("a.graphml", GRAPHML.replace('"directed"', '"undirected"'), "is undirected"),
    ("a.graphml", GRAPHML.replace('attr.name="x"', 'attr.name="lon"'), "edge v-w-0 has no geometry, and a node of it no x and y"),
    ("a.graphml", GRAPHML.replace("250.5", "long"), "length of road 'u-v-0' is 'long'"),
    ("a.csv", edges(highway=None).to_csv(index=False), r"no column 'highway' \(the class of a road\); it has geometry, length"),
    ("a.csv", edges(v=None).to_csv(index=False), "no column 'v'"),
    ("a.csv", edges(v=[8, None, 9]).to_csv(index=False), "row 2 lacks u or v"),
    ("a.csv", edges(geometry=["POINT (1 2)"] * 3).to_csv(index=False), r"row 1 has the geometry 'POINT \(1 2\)'"),
    ("a.csv", edges(geometry=["LINESTRING (1 2, x 3)"] * 3).to_csv(index=False), "row 1 has a line that is not a list of pairs"),
    ("a.csv", edges(geometry=["LINESTRING (1 2)"] * 3).to_csv(index=False), "road '1' has fewer than two vertices"),
    ("a.csv", edges(geometry=["LINESTRING (30 104, 30 105)"] * 3).to_csv(index=False), "lon and lat are swapped"),
    ("a.csv", edges(geometry=["LINESTRING (500000 3000000, 500010 3000000)"] * 3).to_csv(index=False), "only WGS84 degrees"),
    ("a.csv", edges(length=[1, 0, 1]).to_csv(index=False), "Road '2' has length 0.0 m"),
    ("a.csv", edges(length=[1, 1, np.inf]).to_csv(index=False), "length of road '3' is 'inf'"),
    ("a.csv", edges(fid=[1, 1, 2]).to_csv(index=False), "Road '1' stands twice"),
    ("a.geojson", "[]", "no GeoJSON FeatureCollection"),
    ("a.geojson", '{"features": []}', "no column 'geometry'"),
    ("a.shp", "hello", "a.dbf does not exist"),
    ("a.json", "{", "damaged or no JSON"),
    ("a.json", "{}", "not an object of id"),
    ("a.json", '{"5": {"coords": [[30, 104], [30, 105]]}}', "segment '5' has no 'level'"),
    ("a.json", '{"5": {"coords": [[104, 30], [105, 30]], "level": "primary"}}', r"latitude 104.0; write each coordinate as \[lat, lon\]"),
    ("a.json", '{"5": {"coords": [[30], [30]], "level": "primary"}}', "not a list of pairs"),
    ("a.json", '{"5": {"coords": [], "level": "primary"}}', "not a list of pairs"),
    ("a.xlsx", "", r"ends in '.xlsx'; roads are read from .osm, .pbf")])
def test_a_broken_file_gives_one_sentence_that_names_it(tmp_path, name, text, message):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        read_roads(path)


@pytest.mark.parametrize("name", ["a.osm", "a.pbf", "a.graphml", "a.csv", "a.parquet", "a.geojson", "a.shp", "a.json"])
def test_an_absent_file_gives_its_path(tmp_path, name):
    with pytest.raises(UserError, match=re.escape(str(tmp_path / name))):
        read_roads(tmp_path / name)


def test_a_shapefile_in_a_projection_or_damaged_is_refused(tmp_path):
    path = tmp_path / "edges.shp"
    shapefile(path, edges())
    path.with_suffix(".prj").write_text('PROJCS["WGS_1984_UTM_Zone_48N"]')
    with pytest.raises(UserError, match=r"is in a projection \(edges.prj\)"):
        read_roads(path)
    path.with_suffix(".prj").unlink()
    path.write_bytes(b"hello")
    with pytest.raises(UserError, match="damaged or no shapefile"):
        read_roads(path)


@pytest.mark.parametrize(("library", "name"), [("osmium", "a.osm"), ("shapefile", "a.shp")])
def test_without_the_extra_the_error_is_the_command_that_installs_it(tmp_path, monkeypatch, library, name):
    real = builtins.__import__

    def missing(module, *rest):
        if module == library:
            raise ImportError(module)
        return real(module, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(UserError, match=r'pip install "stbench\[geo\]", or in a checkout: pip install --editable "\.\[geo\]"'):
        read_roads(tmp_path / name)


def ends_meet(network):
    """Whether every link leads from the last vertex of a road to the first of the next."""
    last, first = network.offsets[1:][network.links[:, 0]] - 1, network.offsets[:-1][network.links[:, 1]]
    return bool((network.lon[last] == network.lon[first]).all() and (network.lat[last] == network.lat[first]).all())


@pytest.mark.samples
def test_chengdu_from_osm_has_its_residential_streets(samples):
    network = read_osm(samples / "chengdu/chengdu.osm")
    assert len(network) == 6438
    assert len(network.links) == 12551
    assert ends_meet(network)
    ways = network.table.assign(way=network.table["road_id"].str.split(".").str[0]).drop_duplicates("way")["highway"].value_counts()
    assert ways["residential"] == 465


@pytest.mark.samples
def test_chengdu_segments_are_2504_of_four_classes(samples):
    network = read_segments(samples / "chengdu/roads.json")
    assert len(network) == 2504
    assert set(network.table["highway"]) == {"trunk", "primary", "secondary", "tertiary"}
    assert ends_meet(network)


@pytest.mark.samples
def test_xians_line_graph_has_the_11860_links_of_its_publication_u_turns_included(samples):
    path = samples / "xian/network/edges.shp"
    network = read_edges(path)
    assert len(network) == 4774
    assert len(network.links) == 11860
    assert ends_meet(network)
    # 2,994 directions of two-way streets have the other one to turn into, and 8 roads end where they begin
    assert len(read_edges(path, u_turns=False).links) == 11860 - 2994 - 8
    row = {name: k for k, name in enumerate(network.table["road_id"])}
    links = set(map(tuple, network.links.tolist()))
    trips = json.loads((samples / "xian/matched_100.json").read_text())
    steps = [(row[str(i)], row[str(j)]) for trip in trips for i, j in zip(trip["edge_path"][:-1], trip["edge_path"][1:], strict=True)]
    assert len(steps) > 1000
    assert set(steps) <= links


@pytest.mark.samples
def test_helsinki_opens_from_pbf_though_nodes_are_missing(samples):
    network = read_roads(samples / "osm/Helsinki.osm.pbf")
    assert len(network) == 1149
    assert ends_meet(network)


@pytest.mark.samples
def test_shenzhen_opens_from_graphml(samples):
    network = read_roads(samples / "osm/shenzhen.graphml")
    # of 4,009 edges; the others are footways, service roads and closed to cars
    assert len(network) == 2179
    names = network.table["road_id"].str.split("-", expand=True)
    assert len(set(names[0]) | set(names[1])) < 1751
    assert ends_meet(network)
