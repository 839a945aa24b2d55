"""Writes archives in the authors' layout, window by window; shares no code with the reader."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import torch

STEPS, NODES = 480, 4
STARTS = {"nyc": "2016-01-01", "chicago": "2023-06-01", "sip": "2017-01-01"}
SLOTS = {"nyc": 48, "chicago": 48, "sip": 288}
FOLDERS = {"nyc": ("CROWDIN", "CROWDOUT", "TAXIPICK", "TAXIDROP"), "chicago": ("TAXIPICK", "TAXIDROP", "RISK"), "sip": ("FLOW", "SPEED")}
PLACES = [(-74.00, 40.70), (-73.99, 40.70), (-74.00, 40.71), (-73.99, 40.71)]
# part -> key -> array
Windows = dict[str, dict[str, np.ndarray]]


def counts(seed: int, steps: int = STEPS, nodes: int = NODES) -> np.ndarray:
    """[step, node] with a fifth of zeros."""
    rng = np.random.default_rng(seed)
    return rng.poisson(6, (steps, nodes)) * (rng.random((steps, nodes)) < 0.8)


def features(values: np.ndarray, start: str, slots: int, channels: int, fraction: bool, places: list[tuple[float, float]]) -> np.ndarray:
    """[step, node, channel] of float64."""
    rows = np.zeros((*values.shape, channels))
    moment = datetime.datetime.fromisoformat(start)
    for step in range(len(values)):
        rows[step, :, 0] = values[step]
        rows[step, :, 1] = (moment.hour * 60 + moment.minute) * slots / 1440 / slots
        rows[step, :, 2] = moment.weekday() / (7 if fraction else 1)
        if channels > 3:
            rows[step, :, 3:5] = places
            years = moment.year - int(start[:4])
            rows[step, :, 5:11] = (years, moment.month / 12, moment.day / 31, moment.hour / 24, moment.minute / 60, 0)
        moment += datetime.timedelta(minutes=1440 // slots)
    return rows


def cut_all_windows(rows: np.ndarray, left_out: int = 0) -> Windows:
    """Every window of 12 steps and the 12 behind it; 7:1:2 in time order; `left_out` windows between the parts."""
    x = np.stack([rows[first:first + 12] for first in range(len(rows) - 23)])
    y = np.stack([rows[first + 12:first + 24, :, :1] for first in range(len(rows) - 23)])
    test, train = round(len(x) * 0.2), round(len(x) * 0.7)
    ends = {"train": (0, train), "val": (train + left_out, len(x) - test), "test": (len(x) - test + left_out, len(x))}
    return {part: {"x": x[first:last], "y": y[first:last]} for part, (first, last) in ends.items()}


def windows(seed: int = 0, suite: str = "nyc", *, channels: int = 3, dtype: str = "float32", fraction: bool = False, start: str = "",
            left_out: int = 0, nodes: int = NODES, places: list[tuple[float, float]] = PLACES, steps: int = STEPS) -> Windows:
    """The windows of one task."""
    rows = features(counts(seed, steps, nodes), start or STARTS[suite], SLOTS[suite], channels, fraction, places)
    return {part: {key: array.astype(dtype) for key, array in arrays.items()}
            for part, arrays in cut_all_windows(rows, left_out).items()}


def save_task(folder: Path, parts: Windows, prompt: object = None) -> None:
    """One task's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, arrays in parts.items():
        np.savez(folder / f"{part}.npz", **arrays)
    if prompt is not None:
        torch.save(prompt, folder / "prompt.pth")


def save_suite(folder: Path, suite: str = "nyc", **how: object) -> dict[str, Windows]:
    """All tasks of a suite; returns what was written, by folder name."""
    written = {name: windows(seed, suite, **how) for seed, name in enumerate(FOLDERS[suite])}  # type: ignore[arg-type]
    for name, parts in written.items():
        save_task(folder / name, parts)
    return written
