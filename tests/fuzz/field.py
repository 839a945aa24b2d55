"""One series of four sensors in the layouts that papers share, and its graph in each: written, and held against the plain reading."""

from __future__ import annotations

import math
import pickle
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from fuzz import plain
from made.field_files import SENSORS, speeds, write_hdf
from scipy import io

STEPS, START = 231, "2024-01-01T00:00:00"
# layouts of the field, each with its keys
FIELD = {"d.npz": 'key = "data"\nchannel = 1\n', "cube.npy": 'layout = "cube"\nservice = ["06:00", "18:00"]\nstart = 2024-01-01T06:00:00\n',
         "cube.mat": 'key = "tensor"\nlayout = "cube"\nservice = ["06:00", "18:00"]\nstart = 2024-01-01T06:00:00\n',
         "a.h5": 'key = "df"\n', "w.npz": 'layout = "windows"\n',
         "moments.csv": 'time = "time"\n', "unix.csv": 'time = "time"\ntime_unit = "ms"\n'}
GRAPHS = {"edges.csv": 'layout = "edges"\nvalue = "cost"\n', "names.csv": "index = true\n", "adj.pkl": ""}


def write_field(folder: Path) -> None:
    """One series of four sensors in each layout, and its graph in each."""
    values = speeds(STEPS)
    times = pd.date_range(START, periods=STEPS, freq="30min", tz="UTC")
    np.savez(folder / "d.npz", data=np.stack([values + 1, values], axis=2).astype("float32"))
    windows = np.lib.stride_tricks.sliding_window_view(values, 5, axis=0).transpose(0, 2, 1)[..., None].astype("float32")
    np.savez(folder / "w.npz", x=windows[:, :3], y=windows[:, 3:])
    cube = values[:216].reshape(9, 24, 4).transpose(2, 0, 1)
    np.save(folder / "cube.npy", cube)
    io.savemat(folder / "cube.mat", {"tensor": cube, "other": np.arange(3)})
    pd.DataFrame(values, columns=SENSORS).assign(time=times.strftime("%Y-%m-%dT%H:%M:%SZ")).to_csv(folder / "moments.csv", index=False)
    pd.DataFrame(values, columns=SENSORS).assign(time=times.astype("datetime64[ms, UTC]").astype("int64")).to_csv(
        folder / "unix.csv", index=False)
    with suppress(ImportError):  # h5py is of an extra
        write_hdf(folder / "a.h5", "df", values, list(SENSORS), times.tz_localize(None))
    (folder / "ids.txt").write_text("\n".join(SENSORS))
    (folder / "edges.csv").write_text("from,to,cost\n" + "".join(f"{one},{SENSORS[k - 1]},{k + 0.5}\n" for k, one in enumerate(SENSORS)))
    pd.DataFrame(np.eye(4) + 1, index=SENSORS, columns=SENSORS[::-1]).to_csv(folder / "names.csv")
    (folder / "adj.pkl").write_bytes(pickle.dumps((SENSORS, {one: k for k, one in enumerate(SENSORS)}, np.eye(4)), protocol=2))
    for file, about in {**FIELD, **dict.fromkeys(GRAPHS, FIELD["d.npz"])}.items():
        task, graph = ("d.npz", f'[adjacency]\nfile = "{file}"\n{GRAPHS[file]}') if file in GRAPHS else (file, "")
        (folder / f"{file}.toml").write_text(
            f'name = "my-city"\nzone = "UTC"\ninterval_minutes = 30\n{"" if "start" in about or "time" in about else f"start = {START}"}\n'
            f'[nodes]\nfile = "ids.txt"\n{graph}[tasks.speed]\nfile = "{task}"\nunit = "mph"\nmissing = [0, "nan"]\n{about}')


def field_differs(folder: Path, city: Any, file: str) -> str:
    """Observed are the numbers of the file that are no zero."""
    if file in ("d.npz", "cube.npy"):
        array = plain.member(folder / file, "data")[:, :, 1] if file == "d.npz" else plain.array((folder / file).read_bytes())
        array = array if file == "d.npz" else array.transpose(1, 2, 0).reshape(-1, len(array))
        said = {(SENSORS[k], row if file == "d.npz" else row // 24 * 48 + row % 24): float(value)
                for (row, k), value in np.ndenumerate(array)}
    elif file == "w.npz":
        windows = np.concatenate([plain.member(folder / file, key) for key in "xy"], axis=1)[..., 0]
        rows = [*windows[:, 0], *windows[-1, 1:]]
        said = {(SENSORS[k], step): float(value) for step, row in enumerate(rows) for k, value in enumerate(row)}
    else:
        rows = plain.numbers(folder / file, SENSORS, "time")
        when = plain.column(folder / file, "time")
        zero = pd.Timestamp(city.series("speed").clock.start, tz="UTC")
        moments = [pd.Timestamp(float(one), unit="ms", tz="UTC") if file == "unix.csv" else pd.Timestamp(one) for one in when]
        steps = [round((one.tz_convert("UTC") - zero) / pd.Timedelta("30min")) for one in moments]
        said = {(node, steps[row]): value for (node, row), value in rows.items()}
    one = city.series("speed")
    read = {(SENSORS[city_node], int(step)): float(one.values[step, k]) for step, k in np.argwhere(one.observed)
            for city_node in [int(one.node_index[k])]}
    said = {key: value for key, value in said.items() if value != 0 and not math.isnan(value)}
    if read.keys() != said.keys():
        return f"entries {sorted(map(str, read.keys() ^ said.keys()))[:3]} of {len(read)} and {len(said)}"
    wrong = [key for key, value in said.items() if not math.isclose(read[key], value, rel_tol=3e-7, abs_tol=1e-45)]
    return f"{wrong[0]} is {read[wrong[0]]!r}, not {said[wrong[0]]!r}" if wrong else ""


def edges_differ(folder: Path, city: Any) -> str:
    head, rows = plain.table(folder / "edges.csv")
    origin, destination, cost = (head.index(name) for name in ("from", "to", "cost"))
    expected = np.zeros((4, 4))
    for row in rows:
        if row[origin] in SENSORS and row[destination] in SENSORS:
            expected[SENSORS.index(row[origin]), SENSORS.index(row[destination])] = float(row[cost])
    return "" if np.allclose(city.adjacency, expected, rtol=1e-6, atol=1e-45) else "the adjacency"
