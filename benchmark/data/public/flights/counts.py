"""Flights by hour and airport: which airports, which counts, which hours the file covers, and the graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmark.data.clock import Clock
from benchmark.data.embedded.pack import Arrays
from benchmark.data.public.flights.times import AS_DATED, DAY_AFTER, NOT_CERTAIN, days_to_add, first_hours, hours_on, scheduled_days
from benchmark.errors import UserError

# a flight is late that arrives more than so many minutes after its time
LATE_MINUTES = 15


@dataclass(frozen=True)
class Counted:
    """The series of the busiest airports, and what became of the flights."""

    # codes of the airports, in the order of the nodes
    airports: tuple[str, ...]
    arrays: Arrays
    # what became of the flights of the file, in words → how many
    fates: Mapping[str, int]


def count(flights: pd.DataFrame, zones: Mapping[str, str], clock: Clock, steps: int, train_rows: int, airports: int) -> Counted:
    """Count flights on one clock.

    Parameters
    ----------
    flights: columns date (local time of departure at the scheduled day), delay (minutes, at arrival), origin, destination.
    zones: airport → IANA zone, of all airports in `flights`. steps: rows of the series, of an hour each.
    train_rows: the first rows; they alone choose the airports, weigh the graph and say which hours the file covers.

    Raises
    ------
    UserError: the training rows have flights at fewer airports than are asked for.
    """
    timed, fates = _on_clock(flights, zones, clock, steps)
    training = timed[timed["hour"] < train_rows]
    nodes = _busiest(training, airports)
    place = {code: number for number, code in enumerate(nodes)}
    ends = {end: timed[end].map(place).fillna(-1).to_numpy(np.int64) for end in ("origin", "destination")}
    hour, late = timed["hour"].to_numpy(np.int64), timed["delay"].to_numpy() > LATE_MINUTES
    each = np.ones(len(timed), dtype=bool)
    chosen = {"departures": ("origin", each), "inbound": ("destination", each),
              "late": ("origin", late), "inbound_late": ("destination", late)}
    values = {task: _table(hour[some], ends[end][some], steps, airports) for task, (end, some) in chosen.items()}
    begins = _covered_from(training, zones, clock, nodes)
    observed = {task: np.arange(steps)[:, None] >= begins[end] for task, (end, _) in chosen.items()}
    learnt = (hour < train_rows) & (ends["origin"] >= 0) & (ends["destination"] >= 0)
    links = _links(ends["origin"][learnt], ends["destination"][learnt], airports)
    return Counted(nodes, Arrays({task: np.where(observed[task], table, 0) for task, table in values.items()}, observed, links),
                   {**fates, "of these two, between two of the airports": int(((ends["origin"] >= 0) & (ends["destination"] >= 0)).sum())})


def _on_clock(flights: pd.DataFrame, zones: Mapping[str, str], clock: Clock, steps: int) -> tuple[pd.DataFrame, dict[str, int]]:
    """The flights that count with their hour on the clock, and what became of all."""
    days, minutes = scheduled_days(flights["date"])
    more = days_to_add(minutes, flights["delay"].to_numpy())
    local = days + pd.to_timedelta(minutes, unit="min") + pd.to_timedelta(np.where(more == DAY_AFTER, 1, 0), unit="D")
    hour = hours_on(clock.zone, clock.start, local, flights["origin"].map(zones).to_numpy(str))
    certain = more != NOT_CERTAIN
    skipped, before, after = hour == np.iinfo(np.int64).min, hour < 0, hour >= steps
    fates = {"in the file": len(flights),
             "left out, their day is not certain": int((~certain).sum()),
             "left out, at an hour that daylight saving skips": int((certain & skipped).sum()),
             "left out, before the first hour of the clock": int((certain & before & ~skipped).sum()),
             "left out, after the last hour of the clock": int((certain & after).sum()),
             "shifted to the day after, delayed across midnight": int(((more == DAY_AFTER) & ~before & ~after).sum()),
             "as dated": int(((more == AS_DATED) & ~before & ~after).sum())}
    return flights.assign(hour=hour)[certain & ~before & ~after], fates


def _busiest(flights: pd.DataFrame, airports: int) -> tuple[str, ...]:
    """The airports with the most departures and arrivals, in the order of their codes; of equal ones the first."""
    busy = pd.concat([flights["origin"], flights["destination"]]).value_counts().rename_axis("code").reset_index(name="flights")
    if len(busy) < airports:
        raise UserError(f"The training rows have flights at {len(busy)} airports; the city needs {airports}.")
    return tuple(sorted(busy.sort_values(["flights", "code"], ascending=[False, True])["code"].head(airports)))


def _table(hour: np.ndarray, node: np.ndarray, steps: int, nodes: int) -> np.ndarray:
    """[step, node] int64 flights; those of other nodes (-1) are left out."""
    here = node >= 0
    return np.bincount(hour[here] * nodes + node[here], minlength=steps * nodes).reshape(steps, nodes)


def _links(origin: np.ndarray, destination: np.ndarray, nodes: int) -> np.ndarray:
    """[node, node] int64, symmetric: flights between two airports, one way or the other."""
    one_way = np.bincount(origin * nodes + destination, minlength=nodes * nodes).reshape(nodes, nodes)
    both = one_way + one_way.T
    np.fill_diagonal(both, 0)
    return both


def _covered_from(flights: pd.DataFrame, zones: Mapping[str, str], clock: Clock, nodes: tuple[str, ...]) -> dict[str, np.ndarray]:
    """[node] the first hour that the file covers whole: of departures where the airport's own first day begins; of inbound flights not
    before that day begins at every airport that they come from."""
    begins = first_hours(clock.zone, clock.start, zones)
    own = np.array([begins[code] for code in nodes])
    latest = flights["origin"].map(begins).groupby(flights["destination"]).max()
    return {"origin": own, "destination": np.maximum(own, latest.reindex(list(nodes)).fillna(0).to_numpy(np.int64))}
