"""A few trips in every layout: written, and how each is read, and read plainly."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pandas as pd
from fuzz import plain
from made.lattice_city import edges, write_lattice

from benchmark.data.readers.trip_layouts import TripLayout

# layouts of trips: how each is read, and read plainly
RIDES = {"porto.csv": (TripLayout("polylines"), plain.polylines), "porto.csv.gz": (TripLayout("polylines"), plain.polylines),
         "ride.dyna": (TripLayout("libcity"), plain.entities), "iso.csv": (TripLayout(columns={"order": "driver_id"}), plain.trips),
         "ride.h5": (TripLayout("hdf"), None)}


def write_rides(folder: Path) -> None:
    """A few trips in each layout, edges that name no junction, and a city that is cut."""
    write_lattice(folder)
    points = pd.read_csv(folder / "trips.csv").head(200)
    rows = [{"TRIP_ID": f"{trip}", "TAXI_ID": "7", "TIMESTAMP": int(one["unix_time"].iloc[0]), "MISSING_DATA": "False",
             "POLYLINE": json.dumps(one[["lon", "lat"]].to_numpy().tolist())} for trip, one in points.groupby("trip_id")]
    rows.append({**rows[0], "MISSING_DATA": "True"})
    pd.DataFrame(rows).to_csv(folder / "porto.csv", index=False)
    pd.DataFrame(rows).to_csv(folder / "porto.csv.gz", index=False)
    times = pd.to_datetime(points["unix_time"], unit="s", utc=True).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    pd.DataFrame({"dyna_id": range(200), "type": "trajectory", "time": times, "entity_id": 4, "traj_id": points["trip_id"],
                  "coordinates": [f"[{lon}, {lat}]" for lon, lat in zip(points["lon"], points["lat"], strict=True)]}).to_csv(
                      folder / "ride.dyna", index=False)
    points.assign(unix_time=times, driver_id=range(200)).to_csv(folder / "iso.csv", index=False)
    ways = [{**one["properties"], "fid": k, "geometry": "LINESTRING ({} {}, {} {})".format(
        *(x for point in one["geometry"]["coordinates"] for x in point))} for k, one in enumerate(edges()["features"])]
    pd.DataFrame(ways).drop(columns=["u", "v"]).to_csv(folder / "ends.csv", index=False)
    toml = (folder / "lattice.toml").read_text(encoding="utf-8").replace('"edges.geojson"', '"ends.csv"\ntolerance_m = 2')
    cut = '[clean]\noutside = "clip"\nlongest_gap_s = 60\n[limits]'
    (folder / "lattice.toml").write_text(toml.replace("[limits]", cut), encoding="utf-8")
    with suppress(ImportError):  # of an extra
        import h5py

        with h5py.File(folder / "ride.h5", "w") as file:
            for number, (_, one) in enumerate(points.groupby("trip_id"), start=1):
                file[f"trips/{number}"], file[f"timestamps/{number}"] = one[["lon", "lat"]].to_numpy(), one["unix_time"].to_numpy(float)
