"""Writes archives in the authors' layout, window by window, sharing no code with the reader; and asks for their import."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from made.raw_city import stored

from benchmark.data.archives.cmust.build import Options, build_archive
from benchmark.data.forecasting.city import ForecastingCity
from benchmark.errors import UserError
from benchmark.families import forecasting_protocol
from benchmark.forecasting.posing import held_out_windows, pose

PAPER = forecasting_protocol("paper")

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


def build(path: Path, suite: str = "nyc", *, replace: bool = False, **options: object) -> ForecastingCity:
    return ForecastingCity(build_archive(path, Options(suite, **options), replace).folder)  # type: ignore[arg-type]


def refused(path: Path, *culprits: str, suite: str = "nyc", **more: object) -> None:
    """The import fails with a sentence that holds all culprits, and writes nothing."""
    with pytest.raises(UserError) as caught:
        build(path, suite, **more)  # type: ignore[arg-type]
    sentence = str(caught.value)
    assert all(culprit in sentence for culprit in culprits), sentence
    assert "\n" not in sentence
    assert stored() == []


class Trap:
    """Unpickling it would leave a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def assert_windows_equal(city: ForecastingCity, task: str, parts: dict[str, dict[str, np.ndarray]], slots: int) -> None:
    """The windows that the protocol makes of the city are those of the archive, one by one."""
    problem = pose(city, [task], PAPER).tasks[task]
    for part, own in {"train": problem.train, "val": problem.validation, "test": held_out_windows(city, task, PAPER)}.items():
        x, y = parts[part]["x"], parts[part]["y"]
        assert len(own) == len(x)
        starts = torch.arange(len(own))
        inputs, targets = own.inputs(starts), own.targets(starts)
        np.testing.assert_array_equal(inputs.values, x[..., 0].astype(np.float32))
        np.testing.assert_array_equal(targets.values, y[..., 0].astype(np.float32))
        assert inputs.observed.all()
        np.testing.assert_array_equal(targets.counted, y[..., 0] != 0)
        np.testing.assert_allclose(inputs.slot[:, :12], x[:, :, 0, 1] * slots, atol=1e-3)
        np.testing.assert_allclose(inputs.weekday[:, :12], x[:, :, 0, 2] * (7 if x[..., 2].max() < 1.5 else 1), atol=1e-3)
