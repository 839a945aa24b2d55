"""How near simulated trajectory cities are to real ones: ``python -m benchmark.data.simulate.checks.trips --city xian --size quick``.

Table 3 of the papers gives networks and trips; a sample of 9,890 taxi trips of Chengdu in 2018 gives the hours and speeds.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from benchmark.data.frames import great_circle_m
from benchmark.data.simulate import TRAJECTORY_SIZES
from benchmark.data.simulate.checks.command import check
from benchmark.data.simulate.checks.predictability import predictability
from benchmark.data.simulate.checks.series import Row, alike, as_table, relative
from benchmark.data.trajectory.city import TrajectoryCity
from benchmark.data.trajectory.splits import LABELLED, PARTS, TEST, UNLABELLED
from benchmark.data.trajectory.trips import Limits
from benchmark.ragged import row_at, row_of

# the papers' Table 3, under the names of `trajectory_facts`
TABLE_3: dict[str, dict[str, float]] = {
    "chengdu": {"roads": 6450, "links": 16398, "seconds between points": 3.07, "points, m": 2829.16, "roads a trip": 15.26,
                "duration, s": 426.31, "road speed, m/s": 6.91},
    "xian": {"roads": 4996, "links": 11864, "seconds between points": 3.10, "points, m": 2797.26, "roads a trip": 15.96,
             "duration, s": 467.47, "road speed, m/s": 6.22},
}
# (wanted share of Table 3, by how much of it a city may differ): the trips of a smaller box are shorter and its streets those of the centre
WANTED: dict[str, dict[str, tuple[float, float]]] = {
    "full": {"roads": (1.0, 0.05), "links": (1.0, 0.05), "seconds between points": (1.0, 0.01), "points, m": (1.0, 0.12),
             "roads a trip": (1.0, 0.12), "duration, s": (1.0, 0.12), "road speed, m/s": (1.0, 0.12)},
    "medium": {"seconds between points": (1.0, 0.01), "points, m": (0.88, 0.1), "roads a trip": (1.07, 0.1), "duration, s": (0.9, 0.1),
               "road speed, m/s": (1.0, 0.15)},
    "quick": {"seconds between points": (1.0, 0.01), "points, m": (0.85, 0.1), "roads a trip": (1.06, 0.1), "duration, s": (0.9, 0.1),
              "road speed, m/s": (1.0, 0.15)},
    "smoke": {"seconds between points": (1.0, 0.01), "points, m": (0.62, 0.15), "roads a trip": (0.97, 0.12), "duration, s": (0.71, 0.15),
              "road speed, m/s": (1.0, 0.15)},
}
# how well trips can be foretold (`predictability`): on the sample, matched to the roads of OSM; what is asked of all but smoke cities
SAMPLE_PREDICTABILITY = {"next road from the road before it": 0.908, "destination from the last road shown": 0.827,
                         "trips to the five commonest destinations": 0.145, "last roads shown with one way on": 0.383,
                         "entropy of the next road, bits": 0.27, "share of all steps on a tenth of the roads": 0.856}
PREDICTABLE = {"next road from the road before it": 0.85, "destination from the last road shown": 0.70,
               "trips to the five commonest destinations": 0.08, "last roads shown with one way on": 0.06}
# the sample's trips: mean m/s and share of trips by local start hour
SAMPLE_SPEED = [13.5, 13.6, 13.4, 13.9, 13.4, 13.5, 13.2, 11.1, 10.4, 11.0, 10.9, 11.0, 11.8, 11.0, 10.7, 11.0, 10.5, 9.3, 9.0, 10.4, 10.5,
                11.1, 11.7, 12.9]
SAMPLE_HOURS = [0.027, 0.017, 0.011, 0.007, 0.007, 0.006, 0.016, 0.042, 0.059, 0.057, 0.055, 0.048, 0.051, 0.053, 0.057, 0.055, 0.050,
                0.060, 0.057, 0.058, 0.057, 0.061, 0.053, 0.036]
# … and metres a second by class of road
SAMPLE_CLASSES = {"trunk": 13.8, "primary": 10.7, "secondary": 9.6, "tertiary": 6.6}
# least correlation with the sample's hours; a smoke city has a dozen trips at night
LEAST = {"full": 0.95, "medium": 0.95, "quick": 0.95, "smoke": 0.85}


def compare(city: TrajectoryCity) -> list[Row]:
    """All rows of a simulated trajectory city; nothing is asked of those that the sources lack."""
    size, found, known = city.card["notes"]["size"], trajectory_facts(city), TABLE_3[city.name]
    rows = [relative(name if share == 1 else f"{name} (wanted: {share:g} of the real)", share * known[name], found[name], allowed)
            for name, (share, allowed) in WANTED[size].items()]
    rows.append(alike("share of trips by local hour", SAMPLE_HOURS, hour_shares(city).tolist(), LEAST[size]))
    rows += [foretold(name, SAMPLE_PREDICTABILITY[name], found[name], PREDICTABLE.get(name) if size != "smoke" else None)
             for name in SAMPLE_PREDICTABILITY]
    # hours without a trip have no speed
    pace = speed_by_hour(city)
    rows.append(alike("speed by local hour", np.array(SAMPLE_SPEED)[pace > 0].tolist(), pace[pace > 0].tolist(), LEAST[size]))
    speed = speed_by_class(city)
    classes = [name for name in (*SAMPLE_CLASSES, "residential") if name in speed]
    # a handful of roads is no class yet
    ordered = all(speed[one] > speed[two] for one, two in pairwise(classes))
    rows.append(Row("speeds fall with the class of the road", 1.0, float(ordered), "= 1", ordered if size != "smoke" else None))
    mean = float(np.mean([speed[name] / real for name, real in SAMPLE_CLASSES.items()]))
    rows += [Row(f"speed on {name} relative to the city's", real, speed[name] / mean) for name, real in SAMPLE_CLASSES.items()]
    asked = {row.statistic for row in rows}
    rows += [Row(name, None, value) for name, value in found.items() if name not in asked]
    return rows + [Row(f"awkward: {name}", None, count) for name, count in awkward_cases(city).items()]


def foretold(name: str, real: float, simulated: float, least: float | None) -> Row:
    """A row of predictability; a smoke city has too few trips for it to be asked."""
    return Row(name, real, simulated, "–" if least is None else f"≥ {least:g}", None if least is None else simulated >= least)


def trajectory_facts(city: TrajectoryCity) -> dict[str, float]:
    """Means over trips, lengths in metres, times in seconds; speeds by class are those of points on roads of the class."""
    network, gps, route, grid = city.network, city.view("gps"), city.view("route"), city.view("grid")
    time, offsets = np.asarray(gps.values["time"]), gps.offsets
    hops = _within(offsets)
    metres = great_circle_m(*(np.asarray(gps.values[axis])[rows] for rows in (hops, hops + 1) for axis in ("lon", "lat")))
    length = _sums(hops, metres, offsets)
    seconds = (time[offsets[1:] - 1] - time[offsets[:-1]]).astype(float)
    facts = {
        "roads": len(network), "links": len(network.links), "trips": len(offsets) - 1,
        "points, m": length.mean(), "route, m": _route_metres(city).mean(), "roads a trip": route.lengths().mean(),
        "cells a trip": grid.lengths().mean(), "cells a trip, median": float(np.median(grid.lengths())),
        "points a trip": gps.lengths().mean(), "seconds between points": float(np.diff(time)[hops].mean()),
        "duration, s": seconds.mean(), "speed, m/s": (length / seconds).mean(), "road speed, m/s": _road_speed(city),
        "steps under 5 m": float((metres < 5).mean()),
        "share of cells without POI": float((city.poi.sum(axis=1) == 0).mean()),
    }
    facts |= {f"speed on {name}, m/s": pace for name, pace in speed_by_class(city).items()}
    names, counts = np.unique(network.table["highway"].to_numpy(str), return_counts=True)
    facts |= {f"share of {name}": count / len(network) for name, count in zip(names, counts, strict=True)}
    facts |= predictability(city)
    for part, name in enumerate(PARTS):
        facts[f"trips: {name}"] = float((city.parts == part).sum())
    return {name: float(value) for name, value in facts.items()}


def awkward_cases(city: TrajectoryCity) -> dict[str, int]:
    """How often each case occurs that a method or a loader may stumble over (trajectory suite, §10)."""
    gps, route, grid = city.view("gps"), city.view("route"), city.view("grid")
    roads, cells = len(city.network), city.grid.cells
    point, step, visit = (row_of(view.offsets) for view in (gps, route, grid))
    recorded = np.unique(point * roads + gps.values["road"])
    driven = np.unique(step * roads + route.values["road"])
    part = city.parts[step]
    tested, learnt = (np.unique(np.asarray(route.values["road"])[np.isin(part, parts)]) for parts in ((TEST,), (UNLABELLED, LABELLED)))
    return {
        "roads without a point": roads - len(np.unique(recorded % roads)),
        "trips that pass a road between two points": len(np.unique(np.setdiff1d(driven, recorded) // roads)),
        "trips that visit a cell again": int((np.bincount(np.unique(visit * cells + grid.values["cell"]) // cells) < grid.lengths()).sum()),
        "trips at the limit of points": int((gps.lengths() == Limits().points[1]).sum()),
        "trips at the limit of roads": int((route.lengths() == Limits().roads[0]).sum()),
        "trips at the limit of cells": int((grid.lengths() == Limits().cells[0]).sum()),
        "cells without POI": int((city.poi.sum(axis=1) == 0).sum()),
        "roads tested but never learnt from": len(np.setdiff1d(tested, learnt)),
    }


def local_hours(city: TrajectoryCity, time: np.ndarray) -> np.ndarray:
    """Local hour of moments in seconds since 1970."""
    moments: Any = pd.to_datetime(time, unit="s", utc=True)
    return np.asarray(moments.tz_convert(city.zone).hour)


def hour_shares(city: TrajectoryCity) -> np.ndarray:
    """float64 [24] share of trips by local start hour."""
    gps = city.view("gps")
    return np.bincount(local_hours(city, np.asarray(gps.values["time"])[gps.offsets[:-1]]), minlength=24) / len(city.trip_ids)


def speed_by_hour(city: TrajectoryCity) -> np.ndarray:
    """float64 [24] mean speed of trips by local start hour, m/s; 0 where there are none."""
    gps = city.view("gps")
    time, hops = np.asarray(gps.values["time"]), _within(gps.offsets)
    metres = great_circle_m(*(np.asarray(gps.values[axis])[rows] for rows in (hops, hops + 1) for axis in ("lon", "lat")))
    speed = _sums(hops, metres, gps.offsets) / (time[gps.offsets[1:] - 1] - time[gps.offsets[:-1]])
    hour = local_hours(city, time[gps.offsets[:-1]])
    return np.bincount(hour, speed, 24) / np.maximum(np.bincount(hour, minlength=24), 1)


def speed_by_class(city: TrajectoryCity) -> dict[str, float]:
    """Metres by seconds between consecutive points on the same road, by class."""
    gps = city.view("gps")
    hops = _within(gps.offsets)
    road = np.asarray(gps.values["road"])
    hops = hops[road[hops] == road[hops + 1]]
    metres = great_circle_m(*(np.asarray(gps.values[axis])[rows] for rows in (hops, hops + 1) for axis in ("lon", "lat")))
    seconds = np.asarray(gps.values["time"])[hops + 1] - np.asarray(gps.values["time"])[hops]
    kind, names = pd.factorize(city.network.table["highway"], sort=True)
    number = kind[road[hops]]
    pace = np.bincount(number, metres, len(names)) / np.maximum(np.bincount(number, seconds, len(names)), 1)
    return dict(zip(map(str, names), pace.tolist(), strict=True))


def _within(offsets: np.ndarray) -> np.ndarray:
    """Points that another one of the same trip follows."""
    inner = np.ones(int(offsets[-1]), dtype=bool)
    inner[offsets[1:] - 1] = False
    return np.flatnonzero(inner)


def _sums(entries: np.ndarray, values: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """[trip] sums of values that stand at some entries."""
    return np.bincount(row_at(entries, offsets), values, len(offsets) - 1)


def _route_metres(city: TrajectoryCity) -> np.ndarray:
    """[trip] metres of all roads of the route, the first and the last as a whole."""
    route = city.view("route")
    return np.add.reduceat(city.network.table["length_m"].to_numpy(float)[np.asarray(route.values["road"])], route.offsets[:-1])


def _road_speed(city: TrajectoryCity) -> float:
    """Mean of length / passing time below 30 m/s over roads that are passed as a whole."""
    route = city.view("route")
    road, entry = np.asarray(route.values["road"]), np.asarray(route.values["entry"])
    steps = np.setdiff1d(_within(route.offsets), route.offsets[:-1])
    spent = entry[steps + 1] - entry[steps]
    speed = city.network.table["length_m"].to_numpy(float)[road[steps]] / np.maximum(spent, 0.1)
    return float(speed[speed < 30].mean())


def _dropped_line(city: TrajectoryCity) -> str:
    notes = city.card["notes"]
    return f"{notes['trips_given']} trips given, dropped: {notes['dropped']}"


if __name__ == "__main__":
    check("the papers' Table 3", TRAJECTORY_SIZES, "chengdu", "quick", compare, as_table, _dropped_line)
