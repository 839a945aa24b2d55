"""Road networks others have cut already: osmnx GraphML, tables of edges, segment JSON. Light: numpy and pandas.

These files list directed roads, a two-way street twice. Their published line graphs count U-turns as links, so `u_turns` is true here.
"""

from __future__ import annotations

import codecs
import math
import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.data.bounds import LARGEST_TEXT, reading
from benchmark.data.readers.road_joins import TOLERANCE_M, RoadJoins, in_both_ways, junctions_of
from benchmark.data.readers.road_rows import Box, RoadRow, build_network, first_int, first_value, truth
from benchmark.data.readers.roads_osm import is_drivable, read_osm
from benchmark.data.readers.shapefiles import projection, read_shapefile
from benchmark.data.readers.tables import read_frame
from benchmark.data.trajectory.roads import RoadNetwork
from benchmark.errors import UserError
from benchmark.plain_json import parse_json

EDGE_FILES = [".shp", ".geojson", ".parquet", ".csv"]
OSM_FILES = [".osm", ".pbf", ".osm.gz", ".osm.bz2"]


def read_roads(path: Path, box: Box | None = None, u_turns: bool | None = None, joins: RoadJoins | None = None) -> RoadNetwork:
    """The roads of any file this module and `roads_osm` read, by its ending.

    Parameters
    ----------
    box: west, south, east, north; keep the roads that have one end inside.
    u_turns: whether a road links to the same street driven backwards; None: no in OSM files, yes in the others.
    joins: what a table of edges does not say itself.
    """
    ending, name = path.suffix.lower(), path.name.lower()
    if ending in EDGE_FILES:
        return read_edges(path, box, u_turns is not False, joins)
    if joins not in (None, RoadJoins()):
        raise UserError(f"{path.name} says itself where roads meet and which way they lead; take tolerance_m and both_ways out.")
    if name.endswith(tuple(OSM_FILES)):
        return read_osm(path, box, bool(u_turns))
    reader = {".graphml": read_graphml, ".json": read_segments}.get(ending)
    if reader is not None:
        return reader(path, box, u_turns is not False)
    raise UserError(f"{path.name} ends in '{ending}'; roads are read from {', '.join([*OSM_FILES, '.graphml', *EDGE_FILES, '.json'])}.")


def read_graphml(path: Path, box: Box | None = None, u_turns: bool = True) -> RoadNetwork:
    """A directed street graph as osmnx saves it; a road is called ``<source>-<target>-<key>``, an edge without geometry is straight.

    Edges that cars may not use, by their class and access, are left out as those of an OSM file are.
    """
    nodes, edges = _graphml(path)
    if not any("highway" in edge for edge in edges):
        raise UserError(f"{path.name} has no edge with a 'highway' class; save the graph with its edge attributes.")
    number: Counter[tuple[str, str]] = Counter()
    rows = []
    for edge in edges:
        ends = edge["source"], edge["target"]
        name = "-".join([*ends, edge.get("id", str(number[ends]))])
        number[ends] += 1
        if not is_drivable(edge):
            continue
        if "geometry" in edge:
            line = _line(edge["geometry"], f"{path.name}: edge {name}")
        elif all({"x", "y"} <= nodes.get(end, {}).keys() for end in ends):
            line = np.array([[_number(nodes[end][axis], f"{path.name}: {axis} of node {end}") for axis in "xy"] for end in ends])
        else:
            raise UserError(f"{path.name}: edge {name} has no geometry, and a node of it no x and y.")
        rows.append(_row(edge, name, line, *ends, path.name))
    return build_network(rows, path.name, u_turns, box)


def read_edges(path: Path, box: Box | None = None, u_turns: bool = True, joins: RoadJoins | None = None) -> RoadNetwork:
    """A table of directed edges: a shapefile, GeoJSON, or a .parquet or .csv whose geometry is WKT (or, as GeoParquet has it, WKB).

    Columns highway and the geometry are needed; length (metres), oneway and lanes may be there. Columns u and v name the junctions an edge
    leads from and to; without both, ends that coincide are one. A road is called by its fid, without that column ``<u>-<v>-<key>``.
    """
    frame, joins = _edge_frame(path), joins or RoadJoins()
    named = "u" in frame or "v" in frame
    for column, meaning in {"geometry": "the line", "highway": "the class of a road", **({
            "u": "the junction a road begins at", "v": "the junction a road ends at"} if named else {})}.items():
        if column not in frame:
            raise UserError(f"{path.name} has no column '{column}' ({meaning}); it has {', '.join(map(str, frame.columns))}.")
    if named and joins.tolerance_m is not None:
        raise UserError(f"{path.name} names its junctions by u and v; take tolerance_m out.")
    edges = frame.to_dict("records")
    lines = [_line(edge["geometry"], f"{path.name}: row {row}") for row, edge in enumerate(edges, start=1)]
    number: Counter[tuple[str, str]] = Counter()
    rows = []
    for row, (edge, line, (u, v)) in enumerate(zip(edges, lines, _ends(edges, lines, named, joins, path.name), strict=True), start=1):
        if not u or not v:
            raise UserError(f"{path.name}: row {row} lacks u or v, the junctions of the road.")
        name = _name(edge["fid"]) if "fid" in edge else f"{u}-{v}-{_name(edge.get('key')) or number[u, v]}"
        number[u, v] += 1
        rows.append(_row(edge, name, line, u, v, path.name))
    if joins.both_ways:
        rows = list(in_both_ways(zip(rows, [edge.get("oneway") for edge in edges], strict=True), path.name))
    return build_network(rows, path.name, u_turns, box)


def _ends(edges: Sequence[Mapping[Any, Any]], lines: Sequence[np.ndarray], named: bool, joins: RoadJoins,
          source: str) -> Iterator[tuple[str, str]]:
    """The names of the junctions at both ends of each edge."""
    if named:
        return ((_name(edge["u"]), _name(edge["v"])) for edge in edges)
    if short := next((row for row, line in enumerate(lines, start=1) if len(line) < 2), 0):
        raise UserError(f"{source}: row {short} has a line of fewer than two vertices.")
    return zip(*(map(str, ends.tolist()) for ends in junctions_of(lines, joins.tolerance_m or TOLERANCE_M, source)), strict=True)


def read_segments(path: Path, box: Box | None = None, u_turns: bool = True) -> RoadNetwork:
    """JSON of id → coords [[lat, lon], …], length (metres), level (class); a road follows those that end at its first coordinate."""
    segments = _json(path)
    if not isinstance(segments, dict) or not segments or not all(isinstance(one, dict) for one in segments.values()):
        raise UserError(f"{path.name} is not an object of id → {{coords, length, level}}.")
    rows = []
    for name, one in segments.items():
        absent = [key for key in ("coords", "level") if key not in one]
        if absent:
            raise UserError(f"{path.name}: segment '{name}' has no '{absent[0]}'; it needs coords, length and level.")
        line = _array(one["coords"], f"{path.name}: segment '{name}'")[:, ::-1].copy()
        edge = {"highway": one["level"], "length": one.get("length")}
        rows.append(_row(edge, name, line, tuple(line[0].tolist()), tuple(line[-1].tolist()), path.name, coords="[lat, lon]"))
    return build_network(rows, path.name, u_turns, box)


def _row(edge: Mapping[Any, Any], name: str, line: np.ndarray, start: object, end: object, source: str, coords: str = "") -> RoadRow:
    if coords and len(line) and (np.abs(line[:, 1]) > 90).any():
        raise UserError(f"{source}: segment '{name}' has latitude {line[0, 1]}; write each coordinate as {coords}.")
    length = first_value(edge.get("length"))
    metres = _number(length, f"{source}: the length of road '{name}'") if length else None
    return RoadRow(name, first_value(edge.get("highway")) or "unclassified", line, start, end, metres, truth(edge.get("oneway")),
                   first_int(edge.get("lanes")))


def _graphml(path: Path) -> tuple[dict[str, dict[str, str]], list[dict[str, str]]]:
    """The attributes of the nodes by their id, and of the edges in order."""
    with _reading(path, "no GraphML"):
        root = ElementTree.fromstring(path.read_text(encoding="utf-8-sig"))
    graph = root.find("{*}graph")
    if graph is None:
        raise UserError(f"{path.name} is XML without a <graph>; save it as GraphML.")
    if graph.get("edgedefault") == "undirected":
        raise UserError(f"{path.name} is undirected; save the directed graph, each two-way street as two edges.")
    keys = {key.get("id", ""): key.get("attr.name", "") for key in root.iterfind("{*}key")}

    def attributes(element: ElementTree.Element) -> dict[str, str]:
        return {keys.get(cell.get("key", ""), ""): (cell.text or "").strip() for cell in element.iterfind("{*}data")}

    nodes = {node.get("id", ""): attributes(node) for node in graph.iterfind("{*}node")}
    edges = [attributes(edge) | dict(edge.attrib) for edge in graph.iterfind("{*}edge")]
    for edge in edges:
        if "source" not in edge or "target" not in edge:
            raise UserError(f"{path.name} has an edge without source or target; save the graph again.")
    return nodes, edges


def _edge_frame(path: Path) -> pd.DataFrame:
    ending = path.suffix.lower()
    if ending == ".shp":
        return _shapefile(path)
    if ending == ".geojson":
        whole = _json(path)
        features = whole.get("features") if isinstance(whole, dict) else None
        if not isinstance(features, list) or not all(isinstance(one, dict) for one in features):
            raise UserError(f"{path.name} is no GeoJSON FeatureCollection; save the edges as one.")
        return pd.DataFrame([{**(one.get("properties") or {}), "geometry": one.get("geometry")} for one in features], dtype=object)
    if ending in (".parquet", ".csv"):
        return read_frame(path)
    raise UserError(f"{path.name} ends in '{ending}'; edges are read from {', '.join(EDGE_FILES)}.")


def _shapefile(path: Path) -> pd.DataFrame:
    frame = read_shapefile(path)
    if (crs := projection(path)) is not None:
        raise UserError(f"{path.name} is in a projection ({crs.name}); save it in WGS84 degrees, EPSG:4326.")
    return frame


def _line(cell: object, what: str) -> np.ndarray:
    """float [vertex, 2] of WKT, WKB, a GeoJSON geometry or a shape."""
    if isinstance(cell, bytes):
        return _wkb_line(cell, what)
    if isinstance(cell, dict):
        if cell.get("type", "LineString") == "LineString" and len(cell.get("parts", [0])) == 1:
            return _array(cell.get("coordinates", cell.get("points")), what)
        raise UserError(f"{what} is a {cell.get('type', 'line of several parts')}; only a LineString is a road.")
    found = re.fullmatch(r"\s*(?:SRID=\d+;)?LINESTRING\s*Z?\s*\(([^()]+)\)\s*", str(cell), re.IGNORECASE)
    if found is None:
        raise UserError(f"{what} has the geometry '{str(cell)[:40]}'; only WKT such as LINESTRING (104.1 30.6, 104.2 30.6) is a road.")
    return _array([point.split() for point in found.group(1).split(",")], what)


def _wkb_line(cell: bytes, what: str) -> np.ndarray:
    """A little-endian LineString of two dimensions, as GeoParquet writes it."""
    if len(cell) < 9 or cell[:5] != b"\x01\x02\x00\x00\x00" or len(cell) != 9 + 16 * int.from_bytes(cell[5:9], "little"):
        raise UserError(f"{what} has a WKB geometry that is no plain LineString; save the geometry as WKT.")
    return np.frombuffer(cell, dtype="<f8", offset=9).reshape(-1, 2).astype(np.float64)


def _array(points: object, what: str) -> np.ndarray:
    try:
        line = np.array([[float(point[0]), float(point[1])] for point in points])  # type: ignore[attr-defined]
    except (TypeError, ValueError, IndexError, KeyError):
        line = np.empty(0)
    if line.ndim != 2 or not np.isfinite(line).all():
        raise UserError(f"{what} has a line that is not a list of pairs of numbers.")
    return line


def _number(cell: object, what: str) -> float:
    try:
        number = float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise UserError(f"{what} is '{cell}', which is no number.")
    return number


def _name(cell: object) -> str:
    """The text of an id; a whole number without its point, empty for none."""
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _json(path: Path) -> Any:
    with _reading(path, "no JSON"):
        return parse_json(path.read_bytes().removeprefix(codecs.BOM_UTF8), _nothing)


def _nothing(constant: str) -> None:
    """NaN stands for no value in JSON that Python wrote; infinity stands for none."""
    if constant != "NaN":
        raise ValueError(f"holds {constant}, which is no finite number")


def _reading(path: Path, kind: str) -> AbstractContextManager[None]:
    return reading(path, kind, again="save it again as UTF-8", absent="correct the path of the roads", most=LARGEST_TEXT)
