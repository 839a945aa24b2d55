"""The files that papers share, small, to the letter of those who wrote them."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

SENSORS = ["773869", "767541", "767542", "717447"]


def speeds(steps: int, nodes: int = 4, seed: int = 0) -> np.ndarray:
    """[step, node] with some zeros, which mean missing."""
    made = np.random.default_rng(seed).uniform(20, 70, (steps, nodes)).round(3)
    made[5:8, 1] = 0
    return made


def write_hdf(path: Path, key: str, values: np.ndarray, heads: list[Any], times: pd.DatetimeIndex, unit: str = "ns") -> None:
    """A table as `DataFrame.to_hdf` writes it through PyTables, attribute for attribute."""
    import h5py

    def text(said: str) -> np.bytes_:
        return np.bytes_(said.encode())

    with h5py.File(path, "w") as file:
        group = file.create_group(key)
        group.attrs.update({"CLASS": text("GROUP"), "VERSION": text("1.0"), "pandas_type": text("frame"), "encoding": text("UTF-8"),
                            "errors": text("strict"), "ndim": np.int64(2), "nblocks": np.int64(1)})
        group.attrs.update({f"{part}_variety": text("regular") for part in ("axis0", "axis1", "block0_items")})
        names = np.array(heads, dtype="S") if isinstance(heads[0], str) else np.array(heads, dtype="int64")
        kind = "string" if isinstance(heads[0], str) else "integer"
        for part in ("axis0", "block0_items"):
            group[part] = names
            group[part].attrs.update({"kind": text(kind), "name": text("N."), "transposed": np.uint8(1)})
        group["axis1"] = times.to_numpy().astype(f"datetime64[{unit}]").astype("int64")
        group["axis1"].attrs.update({"kind": text("datetime64" if unit == "ns" else f"datetime64[{unit}]"), "index_class": text("datetime"),
                                     "name": text("N."), "freq": text("cos\nsystem\n(S'false'\ntR.")})
        group["block0_values"] = values
        group["block0_values"].attrs.update({"CLASS": text("ARRAY"), "transposed": np.uint8(1)})


def write_metr_la(folder: Path, steps: int = 600) -> np.ndarray:
    """metr-la.h5 with its pickled graph and its table of places; returns the values."""
    values = speeds(steps)
    write_hdf(folder / "metr-la.h5", "df", values, list(SENSORS), pd.date_range("2012-03-01", periods=steps, freq="5min"))
    order = SENSORS[::-1]
    weights = np.eye(4, dtype="float32")
    weights[0, 1] = 0.5
    (folder / "adj_mx.pkl").write_bytes(pickle.dumps((order, {one: k for k, one in enumerate(order)}, weights), protocol=2))
    (folder / "graph_sensor_locations.csv").write_text("index,sensor_id,latitude,longitude\n" + "".join(
        f"{k},{one},{34.15 + k / 100},{-118.3 - k / 100}\n" for k, one in enumerate(SENSORS)), encoding="utf-8")
    return values


def write_pems(folder: Path, steps: int = 600, channels: int = 3, name: str = "PEMS08") -> np.ndarray:
    """The .npz [step, node, channel] with its table of distances; returns the values."""
    data = np.stack([speeds(steps, seed=k) for k in range(channels)], axis=2)
    np.savez_compressed(folder / f"{name}.npz", data=data)
    (folder / f"{name}.csv").write_text("from,to,cost\n0,1,352.6\n1,2,347.2\n3,0,89.4\n", encoding="utf-8")
    return data


def write_libcity(folder: Path, steps: int = 300) -> np.ndarray:
    """A data set's folder of atomic files, two values an entry; returns [step, node, value]."""
    data = np.stack([speeds(steps, seed=k) for k in range(2)], axis=2)
    times = pd.date_range("2012-03-01", periods=steps, freq="5min").strftime("%Y-%m-%dT%H:%M:%SZ")
    (folder / "METR_X.geo").write_text("geo_id,type,coordinates\n" + "".join(
        f'{one},Point,"[{-118.3 - k / 100}, {34.15 + k / 100}]"\n' for k, one in enumerate(SENSORS)), encoding="utf-8")
    (folder / "METR_X.rel").write_text("rel_id,type,origin_id,destination_id,cost\n" + "".join(
        f"{k},geo,{one},{other},{cost}\n" for k, (one, other, cost) in enumerate(
            [(SENSORS[0], SENSORS[1], 1000.0), (SENSORS[1], SENSORS[2], 2000.0), (SENSORS[3], SENSORS[3], 0.0)])), encoding="utf-8")
    rows = [f"{row * steps + k},state,{times[k]},{one},{data[k, row, 0]},{data[k, row, 1]}\n"
            for row, one in enumerate(SENSORS) for k in range(steps)]
    (folder / "METR_X.dyna").write_text("dyna_id,type,time,entity_id,traffic_speed,Traffic Flow\n" + "".join(rows), encoding="utf-8")
    (folder / "config.json").write_text('{"geo": {"including_types": ["Point"]}, "info": {"data_col": ["traffic_speed"], '
                                        '"weight_col": "cost", "time_intervals": 300, "set_weight_link_or_dist": "dist", '
                                        '"calculate_weight_adj": true}}', encoding="utf-8")
    return data
