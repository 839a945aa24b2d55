"""The readers under attack: a sound fixture of each, how it is read, and how what was read is held against the plain reading."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from fuzz import plain
from fuzz.field import FIELD, GRAPHS, START, STEPS, edges_differ, field_differs, write_field
from fuzz.public import PUBLIC, write_public
from fuzz.trips import RIDES, write_rides
from made.field_files import write_libcity
from made.lattice_city import edges, write_lattice
from made.raw_city import CLOCK, IDS, NODES
from made.trajectory_archive_files import save, table

from benchmark.data.archives.cmust.places import find_places
from benchmark.data.archives.cmust.series import read_series
from benchmark.data.archives.jgrm.layout import read_trajectory_archive
from benchmark.data.clock import Clock
from benchmark.data.field.libcity import Options, build_libcity
from benchmark.data.forecasting.city import ForecastingCity
from benchmark.data.matching.build import count_poi, grid_over
from benchmark.data.matching.frame_check import median_road_distance
from benchmark.data.own.city_file import read_city_file
from benchmark.data.own.kinds import kind_of_file
from benchmark.data.own.series import import_city
from benchmark.data.own.trajectories import import_trajectories
from benchmark.data.own.trajectory_file import read_trajectory_file
from benchmark.data.public.crashes import read_people
from benchmark.data.public.rides.batches import batches
from benchmark.data.public.taxi_zones import zone_table
from benchmark.data.readers.poi import POI_CATEGORIES, read_osm_poi, read_poi_table
from benchmark.data.readers.restricted_pickle import read_pickled_frame
from benchmark.data.readers.roads_files import read_roads
from benchmark.data.readers.trip_files import GAIA, read_trips

# pandas reads the last digit of a float64 otherwise than Python
CLOSE = 1e-12


@dataclass(frozen=True)
class Target:
    """One reader and its fixture."""

    name: str
    # the files of the fixture's folder that are mangled, one at a time
    files: tuple[str, ...]
    # the folder → what was read
    read: Callable[[Path], Any]
    # (folder, what was read) → in what it differs from the plain reading; nothing: it does not
    differs: Callable[[Path, Any], str] = lambda folder, value: ""
    # how often it is drawn
    weight: int = 2


def toml_of(task: str) -> str:
    return (f'name = "my-city"\n{CLOCK}{NODES}[adjacency]\nfile = "adjacency.csv"\n'
            f'[tasks.taxi_pick]\nunit = "trips"\nmissing = "nan"\n{task}')


SERIES = {"ids.csv": "", "headless.csv": "header = false\n", "times.csv": 'time = "time"\n', "long.csv": 'layout = "long"\n',
          "a.npy": "", "b.npz": 'key = "values"\n', "c.parquet": "", "long.parquet": 'layout = "long"\n'}


def write_series(folder: Path) -> None:
    values = np.random.default_rng(0).poisson(5, (STEPS, len(IDS))).astype(float)
    values[3, 1] = np.nan
    times = pd.date_range(START, periods=STEPS, freq="30min")
    wide = pd.DataFrame(values, columns=IDS)
    long = pd.DataFrame({"time": np.repeat(times, 4), "node": np.tile(IDS, STEPS), "value": values.ravel()})
    pd.DataFrame({"zone": IDS, "lon": [10.0, 10.1, 10.2, 10.3], "lat": 56.0}).to_csv(folder / "nodes.csv", index=False)
    pd.DataFrame(np.eye(4), columns=IDS).to_csv(folder / "adjacency.csv", index=False)
    wide.to_csv(folder / "ids.csv", index=False)
    wide.to_csv(folder / "headless.csv", index=False, header=False)
    wide.assign(time=times).to_csv(folder / "times.csv", index=False)
    long.to_csv(folder / "long.csv", index=False)
    np.save(folder / "a.npy", values)
    np.savez(folder / "b.npz", values=values.astype("float32"), other=values)
    wide.to_parquet(folder / "c.parquet")
    long.to_parquet(folder / "long.parquet")
    for file, about in SERIES.items():
        (folder / f"{file}.toml").write_text(toml_of(f'file = "{file}"\n{about}'))


def series_differ(folder: Path, city: Any, file: str) -> str:
    """The observed entries are the numbers of the file, the others hold none."""
    if file == "long.csv":
        said = plain.long_numbers(folder / file, START, 30)
    elif file.endswith(".csv"):
        said = plain.numbers(folder / file, IDS, "time" if file == "times.csv" else None, file != "headless.csv")
        if file == "times.csv":
            steps = [(pd.Timestamp(one) - pd.Timestamp(START)) / pd.Timedelta("30min") for one in plain.column(folder / file, "time")]
            said = {(node, steps[row]): value for (node, row), value in said.items()}
    else:
        values = plain.member(folder / file, "values") if file.endswith(".npz") else plain.array((folder / file).read_bytes())
        said = {(IDS[k], row): float(value) for (row, k), value in np.ndenumerate(values)}
    one = city.series("taxi_pick")
    ids = city.nodes["node_id"].iloc[one.node_index].tolist()
    read = {(ids[k], row): float(one.values[row, k]) for row, k in np.argwhere(one.observed)}
    said = {key: value for key, value in said.items() if not math.isnan(value)}
    if read.keys() != said.keys():
        return f"entries {sorted(map(str, read.keys() ^ said.keys()))[:3]} of {len(read)} and {len(said)}"
    wrong = [key for key, value in said.items() if not math.isclose(read[key], value, rel_tol=3e-7, abs_tol=1e-45)]
    return f"{wrong[0]} is {read[wrong[0]]!r}, not {said[wrong[0]]!r}" if wrong else ""


def nodes_differ(folder: Path, city: Any) -> str:
    ids, lon, lat = (plain.column(folder / "nodes.csv", name) for name in ("zone", "lon", "lat"))
    weights = np.array([[float(cell) for cell in row] for row in plain.table(folder / "adjacency.csv")[1]])
    head = plain.table(folder / "adjacency.csv")[0]
    order = [head.index(one) for one in ids] if set(head) <= set(ids) else list(range(len(ids)))
    if city.nodes["node_id"].tolist() != ids:
        return f"ids {city.nodes['node_id'].tolist()}, not {ids}"
    if not np.allclose(city.adjacency, weights[np.ix_(order, order)], rtol=1e-6, atol=1e-45):
        return "the adjacency"
    return _floats_differ(city.nodes["lon"], map(float, lon), "lon") or _floats_differ(city.nodes["lat"], map(float, lat), "lat")


def _floats_differ(read: Iterable[float], said: Iterable[float], what: str) -> str:
    for row, (one, other) in enumerate(zip(read, said, strict=True)):
        if not math.isclose(one, other, rel_tol=CLOSE, abs_tol=1e-300):
            return f"{what} of row {row} is {one!r}, not {other!r}"
    return ""


def city_file_differs(folder: Path, city: Any) -> str:
    """Every key of the file is a field of what was read, and the other way round."""
    said = plain.toml(folder / "ids.csv.toml")
    clock = {key: said[key] for key in ("zone", "interval_minutes", "start", "repeated_hour") if key in said}
    pairs = [(getattr(city, key), said[key]) for key in ("name", "title", "source", "licence") if key in said]
    pairs += [(getattr(city.nodes, key), value) for key, value in said["nodes"].items()]
    pairs += [(getattr(city.adjacency, key), value) for key, value in said.get("adjacency", {}).items()]
    pairs += [(set(city.tasks), set(said["tasks"]))]
    pairs += [(getattr(city.tasks[name], key), value) for name, given in said["tasks"].items() for key, value in {**clock, **given}.items()]
    return next((f"{read!r} for {given!r}" for read, given in pairs if not _same(read, given)), "")


def trajectory_file_differs(folder: Path, city: Any) -> str:
    said = plain.toml(folder / "lattice.toml")
    pairs = [(getattr(city, key), said[key]) for key in ("name", "zone", "title", "source", "licence", "box") if key in said]
    pairs += [(city.roads, said["roads"]["file"])]
    pairs += [(getattr(one if hasattr(one, key) and key != "layout" else one.layout, key), value)
              for one, given in zip(city.trips, said["trips"], strict=True) for key, value in given.items()]
    pairs += [(getattr(city.poi, key), value) for key, value in said.get("poi", {}).items()]
    pairs += [(getattr(part, key), value) for name, part in (("limits", city.limits), ("split", city.split),
                                                                                 ("clean", city.cut))
              for key, value in said.get(name, {}).items()]
    pairs += [(city.cell_size_m, said.get("grid", {}).get("cell_size_m", 100.0))]
    return next((f"{read!r} for {given!r}" for read, given in pairs if not _same(read, given)), "")


def _same(read: Any, given: Any) -> bool:
    """What a file says and what its reader keeps: a list as a tuple, a time as text, one as a list of one, "nan" as NaN."""
    if isinstance(read, tuple):
        given = given if isinstance(given, list) else [given]
        return len(read) == len(given) and all(map(_same, read, given))
    if isinstance(read, float) and math.isnan(read):
        return str(given).lower() == "nan"
    if hasattr(given, "isoformat") and isinstance(read, str):
        return pd.Timestamp(read) == pd.Timestamp(given)
    return read == given or (isinstance(read, str) and read == str(given)) or pd.Timestamp(read) == pd.Timestamp(given)


def roads_differ(folder: Path, network: Any) -> str:
    said = plain.lines_of(folder / "edges.geojson")
    vertices = [point for *_, line in said for point in line]
    if len(network) != len(said) or len(network.lon) != len(vertices):
        return f"{len(network)} roads of {len(network.lon)} vertices, not {len(said)} of {len(vertices)}"
    for place, (read, axis) in enumerate(((network.lon, 0), (network.lat, 1))):
        if wrong := _floats_differ(read, [float(point[axis]) for point in vertices], f"axis {place}"):
            return wrong
    for row, (u, v, *_) in enumerate(said):
        if not network.table["road_id"][row].startswith(f"{_id(u)}-{_id(v)}-"):
            return f"road {row} is {network.table['road_id'][row]}, not from {u} to {v}"
    return ""


def _id(given: Any) -> str:
    return str(int(given)) if isinstance(given, float) and given.is_integer() else str(given)


def trips_differ(folder: Path, found: Any, file: str, parse: Callable[[Path], Any] = plain.trips) -> str:
    trips, _ = found
    said = parse(folder / file)
    read = {str(one): [(int(trips.time[k]), float(trips.lon[k]), float(trips.lat[k]))
                        for k in range(trips.offsets[i], trips.offsets[i + 1])]
            for i, one in enumerate(trips.trip_id)}
    if read.keys() != said.keys():
        return f"trips {sorted(read.keys() ^ said.keys())[:3]}"
    for one in said:
        if len(read[one]) != len(said[one]) or not np.allclose(read[one], said[one], rtol=CLOSE, atol=0):
            return f"trip {one}"
    return ""


def poi_differ(folder: Path, found: Any) -> str:
    lon, lat, kind = (plain.column(folder / "poi.csv", name) for name in ("lon", "lat", "category"))
    if [POI_CATEGORIES[k] for k in found.category] != kind:
        return "categories"
    return _floats_differ(found.lon, map(float, lon), "lon") or _floats_differ(found.lat, map(float, lat), "lat")


def use_roads(path: Path) -> Any:
    """Read, and do what every build does with roads."""
    network = read_roads(path)
    count_poi(grid_over(network, 100.0), None)
    median_road_distance(network, network.lon[:20], network.lat[:20])
    json.dumps(network.table.to_csv().encode().decode())
    return network


def write_roads(folder: Path) -> None:
    write_lattice(folder)
    made = edges()
    rows = [{**one["properties"], "geometry": "LINESTRING ({} {}, {} {})".format(
        *(x for point in one["geometry"]["coordinates"] for x in point))}
            for one in made["features"]]
    frame = pd.DataFrame(rows)
    frame.to_csv(folder / "edges.csv", index=False)
    frame.to_parquet(folder / "edges.parquet")
    (folder / "segments.json").write_text(json.dumps({str(k): {
        "coords": [point[::-1] for point in one["geometry"]["coordinates"]], "length": 200.0, "level": "primary"}
        for k, one in enumerate(made["features"])}))
    ends = {one["properties"][end]: one["geometry"]["coordinates"][k] for one in made["features"] for k, end in enumerate("uv")}
    nodes = "".join(f'<node id="{node}"><data key="x">{lon}</data><data key="y">{lat}</data></node>' for node, (lon, lat) in ends.items())
    keys = "".join(f'<key id="{key}" attr.name="{key}"/>' for key in ("x", "y", "highway", "length"))
    ways = "".join(f'<edge source="{row["u"]}" target="{row["v"]}"><data key="highway">primary</data><data key="length">200</data></edge>'
                   for row in rows)
    (folder / "city.graphml").write_text(
        f'<graphml xmlns="http://graphml.graphdrawing.org/xmlns">{keys}<graph edgedefault="directed">{nodes}{ways}</graph></graphml>')
    osm_nodes = "".join(f'<node id="{node + 1}" version="1" lon="{lon:.7f}" lat="{lat:.7f}"><tag k="amenity" v="cafe"/></node>\n'
                        for node, (lon, lat) in ends.items())
    osm_ways = "".join(f'<way id="{k + 1}" version="1"><nd ref="{row["u"] + 1}"/><nd ref="{row["v"] + 1}"/><tag k="highway" v="primary"/>'
                       f'<tag k="lanes" v="2"/></way>\n' for k, row in enumerate(rows[::2]))
    (folder / "city.osm").write_text(f'<osm version="0.6">{osm_nodes}{osm_ways}</osm>')
    _write_geo(folder, made)
    points = pd.read_csv(folder / "trips.csv").head(400)
    points.to_csv(folder / "few.csv", index=False)
    points.to_csv(folder / "few.csv.gz", index=False)
    points.astype({"trip_id": str, "driver_id": str}).to_parquet(folder / "few.parquet")
    points[["driver_id", "trip_id", "unix_time", "lon", "lat"]].to_csv(folder / "gaia.csv", index=False, header=False)
    for protocol in (2, 4, 5):
        table(3).to_pickle(folder / f"trips{protocol}.pkl", protocol=protocol)


def _write_geo(folder: Path, made: dict[str, Any]) -> None:
    """What needs the libraries of the extra `geo`."""
    try:
        import osmium
        import shapefile
    except ImportError:
        return
    with osmium.SimpleWriter(str(folder / "city.osm.pbf")) as writer:
        for one in osmium.FileProcessor(str(folder / "city.osm")):
            writer.add(one)
    with shapefile.Writer(str(folder / "city.shp"), shapeType=shapefile.POLYLINE) as lines:
        for name in ("u", "v", "highway"):
            lines.field(name, "C")
        for one in made["features"]:
            lines.line([one["geometry"]["coordinates"]])
            lines.record(*(str(one["properties"][name]) for name in ("u", "v", "highway")))


def write_windows(folder: Path) -> None:
    """A task of three parts in the layout of the authors' archive."""
    steps, start = 300, pd.Timestamp("2016-01-01")
    rows = np.zeros((steps, 4, 3), np.float32)
    rows[..., 0] = np.random.default_rng(0).poisson(5, (steps, 4))
    when = pd.date_range(start, periods=steps, freq="30min")
    rows[..., 1] = ((when.hour * 60 + when.minute) / 1440).to_numpy()[:, None]
    rows[..., 2] = when.day_of_week.to_numpy()[:, None]
    x = np.stack([rows[k:k + 12] for k in range(steps - 23)])
    y = np.stack([rows[k + 12:k + 24, :, :1] for k in range(steps - 23)])
    for part, inside in {"train": slice(0, 190), "val": slice(190, 230), "test": slice(230, None)}.items():
        np.savez(folder / f"{part}.npz", x=x[inside], y=y[inside])


def read_windows(folder: Path) -> Any:
    clock = Clock("2016-01-01T00:00:00", 30, "UTC")
    series = read_series(folder, clock)
    find_places({"taxi_pick": series}, None, clock)
    return series


def windows_differ(folder: Path, series: Any) -> str:
    x = np.concatenate([plain.member(folder / f"{part}.npz", "x")[:, 0, :, 0] for part in ("train", "val", "test")])
    return "" if np.array_equal(series.values[:len(x)], x.astype(np.float32)) else "values"


def read_toml_of(kind: Callable[[Path], Any], path: Path) -> Any:
    kind_of_file(path)
    return kind(path)


def write_all(folder: Path) -> None:
    """The fixtures, a folder for each kind."""
    for name, write in {"series": write_series, "roads": write_roads, "windows": write_windows,
                        "field": write_field, "libcity": write_libcity, "rides": write_rides, "public": write_public,
                        "jgrm": lambda folder: save(folder, table(15))}.items():
        (folder / name).mkdir(parents=True)
        write(folder / name)


def targets(fixtures: Path) -> dict[str, Target]:
    """By name; those whose fixture could not be written for want of a library are left out."""
    found = [Target(f"series/{file}", (file,), lambda folder, file=file: import_city(folder / f"{file}.toml", replace=True),
                    partial(series_differ, file=file) if not file.endswith("parquet") else lambda folder, value: "", 4)
             for file in SERIES]
    found += [
        Target("series/nodes", ("nodes.csv", "adjacency.csv"), lambda folder: import_city(folder / "ids.csv.toml", replace=True),
               nodes_differ, 4),
        Target("series/toml", ("ids.csv.toml",), lambda folder: read_toml_of(read_city_file, folder / "ids.csv.toml"),
               city_file_differs, 4),
        Target("series/toml built", ("ids.csv.toml",), lambda folder: import_city(folder / "ids.csv.toml", replace=True)),
        Target("roads/toml", ("lattice.toml",), lambda folder: read_toml_of(read_trajectory_file, folder / "lattice.toml"),
               trajectory_file_differs, 4),
        Target("roads/toml built", ("lattice.toml", "trips.csv", "edges.geojson", "poi.csv"),
               lambda folder: import_trajectories(folder / "lattice.toml", replace=True), weight=1),
        Target("roads/geojson", ("edges.geojson",), lambda folder: use_roads(folder / "edges.geojson"), roads_differ, 4),
        Target("roads/poi", ("poi.csv",), lambda folder: read_poi_table(folder / "poi.csv"), poi_differ, 4),
        Target("roads/osm poi", ("city.osm",), lambda folder: read_osm_poi(folder / "city.osm"), weight=1),
        Target("roads/gaia", ("gaia.csv",), lambda folder: read_trips(folder / "gaia.csv", "wgs84", GAIA)),
        Target("roads/few.parquet", ("few.parquet",), lambda folder: read_trips(folder / "few.parquet", "wgs84")),
        *(Target(f"roads/{file}", (file,), lambda folder, file=file: read_trips(folder / file, "wgs84"),
                 partial(trips_differ, file=file), 4)
          for file in ("few.csv", "few.csv.gz")),
        *(Target(f"roads/{file}", (file,), lambda folder, file=file: use_roads(folder / file))
          for file in ("edges.csv", "edges.parquet", "segments.json", "city.graphml", "city.osm", "city.osm.pbf")),
        Target("roads/shp", ("city.shp", "city.dbf", "city.shx"), lambda folder: use_roads(folder / "city.shp")),
        *(Target(f"roads/{file}", (file,), lambda folder, file=file: read_pickled_frame(folder / file), weight=3)
          for file in ("trips2.pkl", "trips4.pkl", "trips5.pkl")),
        *(Target(f"rides/{file}", (file,), lambda folder, file=file, layout=layout: read_trips(folder / file, "wgs84", layout),
                 partial(trips_differ, file=file, parse=parse) if parse else lambda folder, found: "", 3)
          for file, (layout, parse) in RIDES.items()),
        Target("rides/ends", ("ends.csv",), lambda folder: use_roads(folder / "ends.csv")),
        Target("rides/toml built", ("lattice.toml",), lambda folder: import_trajectories(folder / "lattice.toml", replace=True)),
        Target("windows/npz", ("train.npz", "val.npz", "test.npz"), read_windows, windows_differ, 4),
        *(Target(f"field/{file}", (file,), lambda folder, file=file: import_city(folder / f"{file}.toml", replace=True),
                 partial(field_differs, file=file) if file.endswith((".csv", ".npy", ".npz")) else lambda folder, value: "", 3)
          for file in FIELD),
        Target("field/toml", ("cube.npy.toml",), lambda folder: import_city(folder / "cube.npy.toml", replace=True)),
        Target("field/ids", ("ids.txt",), lambda folder: import_city(folder / "d.npz.toml", replace=True),
               lambda folder, city: "" if city.nodes["node_id"].tolist() == (folder / "ids.txt").read_text(
                   encoding="utf-8-sig").replace(",", " ").split() else "ids"),
        *(Target(f"field/{file}", (file,), lambda folder, file=file: import_city(folder / f"{file}.toml", replace=True),
                 edges_differ if file == "edges.csv" else lambda folder, value: "", 3) for file in GRAPHS),
        Target("libcity/folder", ("METR_X.geo", "METR_X.dyna", "METR_X.rel", "config.json"),
               lambda folder: ForecastingCity(build_libcity(folder, Options(), replace=True).folder)),
        *(Target(f"public/{file}", (file,), lambda folder, file=file: list(batches(folder / file, PUBLIC[file]))) for file in PUBLIC),
        *(Target(f"public/{file}", (file, *more), lambda folder, file=file: zone_table(folder / file, (4, 12)))
          for file, more in {"zones.csv": (), "zones.shp": ("zones.dbf",)}.items()),
        Target("public/people", ("people.csv",), lambda folder: read_people(folder / "people.csv")),
        Target("jgrm/archive", ("edge_features.csv", "edge_geometry.csv", "line_graph_edge_idx.npy", "chengdu_train.pkl"),
               lambda folder: read_trajectory_archive(folder), weight=4),
    ]
    return {one.name: one for one in found if all((fixtures / one.name.split("/")[0] / file).exists() for file in one.files)}


def fresh(fixtures: Path, target: Target, folder: Path) -> None:
    """The target's sound fixture, in a folder that may be changed."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(fixtures / target.name.split("/")[0], folder)


