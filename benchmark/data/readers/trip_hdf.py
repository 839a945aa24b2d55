"""Trips in HDF5, a data set a trip: groups ``trips/1`` [point, 2] and ``timestamps/1`` [point], as t2vec keeps them → `Points`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.data.clock import EARLIEST, FIRST_YEAR, LAST_YEAR, LATEST
from benchmark.data.readers.hdf import array_of, child, is_group, opened_hdf
from benchmark.data.readers.trip_layouts import Points, TripLayout
from benchmark.errors import UserError
from benchmark.ragged import offsets_of, row_of

PLACES, TIMES = "trips", "timestamps"


def read_hdf_trips(path: Path, layout: TripLayout, zone: str) -> Points:
    """The points of the trips 1, 2, …, called by their numbers.

    Raises
    ------
    UserError: h5py is not installed, the file is absent or damaged, lacks a group, a trip has not one time a point, or all times are
        counted from each trip's own begin and no `start` is declared.
    """
    places, times, ids = [], [], []
    with opened_hdf(path) as file:
        for group in (PLACES, TIMES):
            if group not in file or not is_group(child(file, group, path.name)):
                raise UserError(f"{path.name} has no group '{group}'; a file of trips has {PLACES}/1, {PLACES}/2, … and {TIMES}/1, "
                                f"{TIMES}/2, …")
        for number in sorted((one for one in file[PLACES] if one.isascii() and one.isdecimal()), key=int):
            if number not in file[TIMES]:
                raise UserError(f"{path.name}: trip {number} has places, but no times under {TIMES}/{number}.")
            place, time = (_floats(file[group], number, path.name) for group in (PLACES, TIMES))
            # Julia writes an array [2, point] as [point, 2]; others wrote it the other way round
            place = place.T if place.ndim == 2 and place.shape[1] != 2 and place.shape[0] == 2 else place
            if place.ndim != 2 or place.shape[1] != 2 or time.shape != (len(place),):
                raise UserError(f"{path.name}: trip {number} has places of shape {place.shape} and times of shape {time.shape}; it needs "
                                "[point, 2] and one time a point.")
            places.append(place)
            times.append(time)
            ids.append(number)
    if not ids:
        raise UserError(f"{path.name} holds no trip.")
    offsets = offsets_of([len(one) for one in times])
    place = np.concatenate(places)
    time = _moments(np.concatenate(times), offsets, layout, zone, path.name)
    return Points(row_of(offsets), time, place[:, 0].copy(), place[:, 1].copy(), np.ones(len(place), dtype=bool), np.array(ids),
                  np.full(len(ids), "", dtype="U1"))


def _floats(group: Any, number: str, name: str) -> np.ndarray:
    found = child(group, number, name)
    if is_group(found):
        raise UserError(f"'{found.name.strip('/')}' of {name} is no array of numbers.")
    return array_of(found, name).astype(np.float64)


def _moments(seconds: np.ndarray, offsets: np.ndarray, layout: TripLayout, zone: str, name: str) -> np.ndarray:
    begins = seconds[offsets[:-1][np.diff(offsets) > 0]]
    if layout.start is not None:
        zero = pd.Timestamp(layout.start).tz_localize(zone, ambiguous=True, nonexistent="shift_forward")
        seconds = seconds + zero.timestamp()
    elif len(begins) and (begins == 0).all():
        raise UserError(f"{name}: the times of every trip begin with 0, so the file does not say when it was driven; declare the local "
                        "time that a 0 stands for, such as start = 2013-07-01T00:00:00, or read the trips from the file they were made of.")
    if not ((seconds >= EARLIEST) & (seconds < LATEST)).all():
        raise UserError(f"{name} has a time that is no number of seconds since 1970 between the years {FIRST_YEAR} and {LAST_YEAR}.")
    return np.floor(seconds).astype(np.int64)
