"""What a trajectory city is in numbers, as papers tabulate it; of all its trips."""

from __future__ import annotations

import numpy as np

from benchmark.data.frames import great_circle_m
from benchmark.data.trajectory.city import TrajectoryCity


def data_statistics(city: TrajectoryCity) -> dict[str, dict[str, float | str]]:
    """Under the one name `statistics`: the papers' quantities, by their names.

    The degree of a road counts the links into it and out of it, 2 E / V. A trip's speed is its GPS length by its time.
    """
    gps, roads, links = city.view("gps"), len(city.network), len(city.network.links)
    seconds = np.diff(gps.values["time"]).astype(np.float64)
    lon, lat = gps.values["lon"], gps.values["lat"]
    metres = great_circle_m(lon[:-1], lat[:-1], lon[1:], lat[1:])
    # a step from a trip's last point to the next trip's first is none
    within = ~np.isin(np.arange(1, len(lon)), gps.offsets)
    length, time = (np.add.reduceat(np.append(np.where(within, step, 0.0), 0.0), gps.offsets[:-1]) for step in (metres, seconds))
    moving = time > 0
    return {"statistics": {
        "gps_sampling_interval_s": float(seconds[within].mean()), "num_road_segments": roads, "avg_node_degree": 2 * links / roads,
        "num_edges": links, "avg_gps_trajectory_length_m": float(length.mean()),
        "avg_route_trajectory_length_segments": float(city.view("route").lengths().mean()),
        "avg_road_travel_speed_m_per_s": float((length[moving] / time[moving]).mean()),
        "avg_trajectory_travel_time_s": float(time.mean()), "num_trips": len(city.trip_ids), "num_cells": city.grid.cells}}

