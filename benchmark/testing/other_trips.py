"""Trajectory cities that differ where a task hides something, or in one view: what an encoder may not notice, or must."""

from __future__ import annotations

import copy

import numpy as np

from benchmark.data.trajectory.city import View
from benchmark.data.trajectory.splits import LABELLED, TEST
from benchmark.ragged import offsets_kept, place_in_row, spread
from benchmark.trajectory import cuts
from benchmark.trajectory.cuts import TripTable

# a longitude that only labelled and test trips know
SENTINEL = 104.123456789


def altered(table: TripTable, **views: View) -> TripTable:
    """The same city with other trips in some views."""
    other = copy.copy(table)
    vars(other).pop("step", None)  # made anew
    for name, view in views.items():
        setattr(other, name, view)
    return other


def sizes_of(table: TripTable) -> dict[str, int]:
    return {"road": len(table.network), "cell": table.city.grid.cells}


def marked(table: TripTable) -> View:
    """GPS points whose longitude is the sentinel in labelled and test trips."""
    held = spread(np.isin(table.city.parts, (LABELLED, TEST)), table.gps.offsets)
    return View(table.gps.offsets, {**table.gps.values, "lon": np.where(held, SENTINEL, table.gps.values["lon"])})


def changed(view: View, trips: np.ndarray, rng: np.random.Generator, sizes: dict[str, int]) -> View:
    """Other values in all entries of these trips (bool [trip]); times go on rising."""
    return _replaced(view, spread(trips, view.offsets), rng, sizes)


def other_entries(table: TripTable, view: str, rng: np.random.Generator) -> View:
    """A view with other values in all entries. When a trip departs is told with every view, so its first point keeps its time."""
    shown = getattr(table, view)
    other = changed(shown, np.ones(len(shown.offsets) - 1, bool), rng, sizes_of(table))
    if view == "gps":
        first = shown.offsets[:-1]
        other.values["time"][first] = shown.values["time"][first]
    return other


def _replaced(view: View, entries: np.ndarray, rng: np.random.Generator, sizes: dict[str, int]) -> View:
    """Other values in these entries (bool [entry])."""
    values = {}
    for name, array in view.values.items():
        other = np.array(array)
        count = int(entries.sum())
        if name in sizes:
            other[entries] = rng.integers(0, sizes[name], count)
        elif name in ("lon", "lat"):
            other[entries] += rng.normal(0, 1e-3, count)
        else:
            other[entries] += 1000 * (np.cumsum(entries) - 1)[entries] + rng.integers(1, 1000, count)  # later, and never falling
        values[name] = other
    return View(view.offsets, values)


def _only(view: View, entries: np.ndarray) -> View:
    """The view with these entries (bool [entry]) alone."""
    return View(offsets_kept(entries, view.offsets), {name: np.asarray(array)[entries] for name, array in view.values.items()})


def other_end(table: TripTable, kind: str, share: float | None, rng: np.random.Generator) -> TripTable:
    """The city with other ends of trips: of everything behind the cut other places, later times, and fewer points."""
    view = table.route if kind == "destination_road" else table.grid
    kept = cuts.kept_units(view.lengths(), share)
    cut = np.asarray(view.values["entry"])[view.offsets[:-1] + kept]
    place, first_hidden = place_in_row(view.offsets), spread(kept, view.offsets)

    def behind(other: View, time: str) -> np.ndarray:
        return np.asarray(other.values[time]) >= spread(cut, other.offsets)

    gps = _replaced(table.gps, behind(table.gps, "time"), rng, sizes_of(table))
    thinned = _only(gps, ~(behind(table.gps, "time") & (rng.random(int(gps.offsets[-1])) < 0.5)))
    views = {"gps": thinned}
    for name in ("route", "grid"):
        other = getattr(table, name)
        if other is view:  # the moment of the cut is that of its own unit: the unit changes, its time stays
            replaced = _replaced(other, place >= first_hidden, rng, sizes_of(table))
            entry = np.array(replaced.values["entry"])
            entry[other.offsets[:-1] + kept] = cut
            views[name] = View(other.offsets, {**replaced.values, "entry": entry})
        else:
            views[name] = _replaced(other, behind(other, "entry"), rng, sizes_of(table))
    return altered(table, **views)


def other_times(table: TripTable, rng: np.random.Generator) -> TripTable:
    """The city with other times after the minute of departure and fewer GPS points, and cells to fit these."""
    minute = np.asarray(table.departure(np.arange(len(table.gps.offsets) - 1))) // 60 * 60

    def times(view: View, name: str) -> View:
        step = rng.integers(0, 40, int(view.offsets[-1])).astype(np.float64)
        first = view.offsets[:-1]
        step[first] = rng.integers(0, 60, len(first))
        total = np.cumsum(step)
        since = total - spread(total[first] - step[first], view.offsets)
        return View(view.offsets, {**view.values, name: (spread(minute, view.offsets) + since).astype(view.values[name].dtype)})

    gps = times(table.gps, "time")
    kept = rng.random(int(gps.offsets[-1])) < 0.5
    kept[gps.offsets[:-1]] = True
    gps = _only(gps, kept)
    return altered(table, gps=gps, route=times(table.route, "entry"), grid=cuts.cells_under(gps))
