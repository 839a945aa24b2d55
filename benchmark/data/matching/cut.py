"""Trips that pause or leave the box are cut, where their city asks for it; else a trip is taken or dropped whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmark.data.grid import Grid
from benchmark.data.trajectory.trips import RawTrips
from benchmark.ragged import count_in_rows, offsets_kept, row_at, spread

DROP, CLIP = "drop", "clip"


@dataclass(frozen=True)
class Cut:
    """What becomes of trips before they are matched."""

    # seconds; a trip is broken into several where two of its points lie further apart in time; None: nowhere
    longest_gap_s: int | None = None
    # "drop": a trip that leaves the box is dropped; "clip": its longest stretch inside stays
    outside: str = DROP


def cut_trips(trips: RawTrips, grid: Grid, cut: Cut) -> tuple[RawTrips, dict[str, int]]:
    """Break trips at gaps, then clip them at the box; and how many were.

    The pieces of a broken trip are trips called ``<id>#1``, ``<id>#2``, …: they may begin on different days. Of a trip that leaves the box
    one stretch stays, under its own id, so no two parts of a split share a ride.
    """
    counts: dict[str, int] = {}
    if cut.longest_gap_s is not None:
        trips, broken = _broken(trips, cut.longest_gap_s)
        counts |= {f"trips broken at gaps of more than {cut.longest_gap_s} s": broken, "trips after that": len(trips)}
    if cut.outside == CLIP:
        trips, clipped = _clipped(trips, grid)
        counts["trips clipped to their longest stretch inside the box"] = clipped
    return trips, counts


def _broken(trips: RawTrips, longest: int) -> tuple[RawTrips, int]:
    begins = np.zeros(len(trips.time), dtype=bool)
    begins[1:] = np.diff(trips.time) > longest
    begins[trips.offsets[:-1][np.diff(trips.offsets) > 0]] = True
    offsets = np.append(np.flatnonzero(begins), len(trips.time))
    whole = row_at(offsets[:-1], trips.offsets)
    pieces = np.bincount(whole, minlength=len(trips))
    # the number of each piece in its trip, from 1
    number = np.arange(len(whole)) - np.searchsorted(whole, whole) + 1
    ids = trips.trip_id[whole]
    named = np.where(pieces[whole] > 1, np.char.add(np.char.add(ids, "#"), number.astype(str)), ids)
    return RawTrips(named, trips.driver_id[whole], offsets, trips.time, trips.lon, trips.lat), int((pieces > 1).sum())


def _clipped(trips: RawTrips, grid: Grid) -> tuple[RawTrips, int]:
    inside = grid.locate(trips.lon, trips.lat) >= 0
    count = count_in_rows(inside, trips.offsets)
    some = (count > 0) & (count < np.diff(trips.offsets))
    # a stretch begins where a point is inside and the one before it is not, or is of another trip
    begins = inside.copy()
    begins[1:] &= ~inside[:-1]
    begins[trips.offsets[:-1][np.diff(trips.offsets) > 0]] |= inside[trips.offsets[:-1][np.diff(trips.offsets) > 0]]
    starts = np.flatnonzero(begins)
    stretch = np.cumsum(begins) - 1
    length = np.bincount(stretch[inside], minlength=len(starts))
    whole = row_at(starts, trips.offsets)
    order = np.lexsort((starts, -length, whole))
    longest = order[np.unique(whole[order], return_index=True)[1]]
    # one that is nowhere inside is left as it is, and dropped with the reason
    kept = ~spread(some, trips.offsets) | (inside & np.isin(stretch, longest))
    return RawTrips(trips.trip_id, trips.driver_id, offsets_kept(kept, trips.offsets), trips.time[kept], trips.lon[kept],
                    trips.lat[kept]), int(some.sum())
