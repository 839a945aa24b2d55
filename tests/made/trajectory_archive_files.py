"""Writes a trajectory archive in the layout of JGRM and MVTraj, sharing no code with the reader; and asks for its import.

A lattice of two-way streets west of Chengdu's centre; 20 trips a day over the first 15 days of November 2016.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made.raw_city import stored

from benchmark.data.archives.jgrm.build import Options, build_archive
from benchmark.data.trajectory.city import TrajectoryCity
from benchmark.errors import UserError

SIZE, PITCH, WEST, SOUTH = 8, 0.002, 104.05, 30.67
# the first second of 1 November 2016 in China
FIRST_DAY, DAY = 1_477_929_600, 86_400
TRIPS = 300
POINTS_A_ROAD, SECONDS_A_POINT = 8, 3


@dataclass(frozen=True)
class Streets:
    """Directed streets: their name in the archive and the corners they lead from and to, [road]."""

    fid: np.ndarray
    start: np.ndarray
    end: np.ndarray

    def leaving(self, corner: int) -> list[int]:
        return [road for road in range(len(self.fid)) if self.start[road] == corner]


def corner_place(corner: np.ndarray | int) -> tuple[np.ndarray, np.ndarray]:
    return WEST + PITCH * (np.asarray(corner) % SIZE), SOUTH + PITCH * (np.asarray(corner) // SIZE)


def streets() -> Streets:
    """Every street both ways, with names that are not the rows."""
    pairs = [(a, b) for a in range(SIZE**2) for b in (a + 1, a + SIZE) if b < SIZE**2 and (b != a + 1 or b % SIZE)]
    ends = np.array([way for a, b in pairs for way in ((a, b), (b, a))])
    return Streets(np.random.default_rng(1).permutation(len(ends)) * 2 + 5, ends[:, 0], ends[:, 1])


def save_roads(folder: Path, **features: object) -> Streets:
    """The three edge tables; `features` replaces columns of the first, None takes one out."""
    folder.mkdir(parents=True, exist_ok=True)
    made = streets()
    lon, lat = corner_place(made.start)
    other_lon, other_lat = corner_place(made.end)
    level = made.start // SIZE == made.end // SIZE
    table = {"fid": made.fid, "highway": np.where(level, "primary", "['residential', 'service']"), "length": 200.5, "oneway": 0, "lanes": 2,
             **features}
    pd.DataFrame({name: column for name, column in table.items() if column is not None}).to_csv(folder / "edge_features.csv", index=False)
    lines = [f"LINESTRING ({a} {b}, {c} {d})" for a, b, c, d in zip(lon, lat, other_lon, other_lat, strict=True)]
    pd.DataFrame({"geometry": lines}).to_csv(folder / "edge_geometry.csv", index=False)
    links = [(made.fid[road], made.fid[after]) for road in range(len(made.fid)) for after in made.leaving(made.end[road])]
    np.save(folder / "line_graph_edge_idx.npy", np.array(links).T)
    return made


def table(trips: int = TRIPS, seed: int = 0) -> pd.DataFrame:
    """Trips along streets without turning round: 12 to 20 roads, 8 points a road with some metres of noise."""
    rng, made, rows = np.random.default_rng(seed), streets(), []
    for trip in range(trips):
        road = int(rng.integers(len(made.fid)))
        path = [road]
        for _ in range(rng.integers(11, 20)):
            onward = [after for after in made.leaving(made.end[path[-1]]) if made.end[after] != made.start[path[-1]]]
            path.append(int(rng.choice(onward)))
        begin = FIRST_DAY + DAY * (trip * 15 // trips) + int(rng.integers(0, 20 * 3600))
        corners = np.array([made.start[path[0]], *(made.end[road] for road in path)])
        along = np.arange(len(path) * POINTS_A_ROAD) / POINTS_A_ROAD
        lon, lat = (np.interp(along, np.arange(len(corners)), axis) + rng.normal(0, 2e-5, len(along)) for axis in corner_place(corners))
        time = begin + SECONDS_A_POINT * np.arange(len(along))
        entered = [*time[::POINTS_A_ROAD].tolist(), int(time[-1])]
        rows.append({
            "cpath_list": made.fid[path].tolist(), "road_timestamp": entered, "road_interval": np.diff(entered).tolist(),
            "opath_list": made.fid[path].repeat(POINTS_A_ROAD).tolist(), "tm_list": time.tolist(), "lng_list": lon.tolist(),
            "lat_list": lat.tolist(), "speed": rng.random(len(along)).tolist(), "start_time": begin,
            "total_time": float(time[-1] - time[0])})
    return pd.DataFrame(rows)


def with_grid(frame: pd.DataFrame) -> pd.DataFrame:
    """MVTraj's columns beside JGRM's."""
    features = np.full((5, 13), 1 / 13).tolist()
    return frame.assign(cgrid_list=[list(range(5))] * len(frame), grid_timestamp=[list(range(6))] * len(frame), grid_length=5,
                        grid_fea=[features] * len(frame), ogrid_list=[[0] * len(one) for one in frame["tm_list"]])


def save(folder: Path, frame: pd.DataFrame | None = None, name: str = "chengdu_train.pkl", protocol: int = 4) -> Path:
    """A whole archive of one trip table."""
    save_roads(folder)
    (table() if frame is None else frame).to_pickle(folder / name, protocol=protocol)
    return folder


def build(path: Path, suite: str = "chengdu", *, replace: bool = False, **options: object) -> TrajectoryCity:
    return TrajectoryCity(build_archive(path, Options(suite, **options), replace).folder)  # type: ignore[arg-type]


def refused(path: Path, *culprits: str, suite: str = "chengdu", **options: object) -> None:
    """The import fails with a sentence that holds all culprits, and writes nothing."""
    with pytest.raises(UserError) as caught:
        build(path, suite, **options)
    sentence = str(caught.value)
    assert all(culprit in sentence for culprit in culprits), sentence
    assert "\n" not in sentence
    assert stored() == []
