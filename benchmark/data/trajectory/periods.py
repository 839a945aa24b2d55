"""How time is divided into training, validation and test: by declared spans, by the last days or hours, or by shares of the trips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from benchmark.data.trajectory.cards import FEW
from benchmark.errors import UserError

PERIODS = ("train", "validation", "test")
DAYS, HOURS, TIMES, TRIPS = "days", "hours", "times", "trips"
# how a city without declared spans may be divided
BY = (DAYS, HOURS, TRIPS)
# characters of a local time that name its day, its hour, its second
LENGTHS = {DAYS: 10, HOURS: 13, TIMES: 19}
# of 15 days the last is tested on and the last but one validated on, as in the papers; so of hours
A_TEST = 15
# where few trips are driven a day, up to a fifth of the days is tested on
A_TEST_AT_MOST = 5
# first and last local day; or a local time, and the one that the period ends before
Span = tuple[date, date]


@dataclass(frozen=True)
class Periods:
    """Training, validation and test."""

    by: str
    # first and last day, hour or time of each, local
    spans: Sequence[tuple[str, str]]
    # bool [trip] of each: a trip is of a period if it begins and ends there
    inside: Sequence[np.ndarray]
    # what else the card says
    more: Mapping[str, Any] = field(default_factory=dict)


def usual(first: np.ndarray, last: np.ndarray, zone: str, shares: Sequence[int]) -> Periods:
    """By the last days, as in the papers, and by more of them where few trips are driven a day; by shares where days do not suffice.

    Parameters
    ----------
    first, last: int64 [trip] seconds since 1970 of a trip's first and last point.
    """
    days, why = len(np.unique(_local(first, zone, DAYS))), "the last fifteenth of the days has too few trips"
    for tested in range(_a_test(days), days // A_TEST_AT_MOST + 1):
        found = periods_of_last(DAYS, first, last, zone, tested)
        if min(int(one.sum()) for one in found.inside[1:]) >= FEW:
            return found if tested == _a_test(days) else replace(found, more={"why": why})
    return periods_by_shares(shares, first, last, zone, why=f"{days} day{'s' * (days > 1)} {'do' if days > 1 else 'does'} not suffice")


def periods_of_last(by: str, first: np.ndarray, last: np.ndarray, zone: str, tested: int | None = None) -> Periods:
    """The last days or hours on which trips begin are tested on, as many before them are validated on; gaps are left out.

    tested: how many; None: a fifteenth.
    """
    found = np.unique(_local(first, zone, by)).tolist()
    tested = tested or _a_test(len(found))
    if len(found) < 2 * tested + 1:
        raise UserError(f"The trips begin on {len(found)} {by}; training, validation and test need at least one each. "
                        f'Write by = "{TRIPS}" under [split] to divide the trips themselves.')
    starts = found[0], found[-2 * tested], found[-tested]
    spans = [*((a, _before(b, by)) for a, b in pairwise(starts)), (starts[-1], found[-1])]
    return _within(by, spans, first, last, zone)


def _a_test(days: int) -> int:
    return max(1, round(days / A_TEST))


def periods_by_shares(shares: Sequence[int], first: np.ndarray, last: np.ndarray, zone: str, why: str = "") -> Periods:
    """The trips in time order, cut by shares; one that has not ended when the next period begins belongs to none."""
    if not len(first):
        raise UserError("No trip is left to be divided; see the counts by reason.")
    ordered = np.sort(first)
    starts = [ordered[len(ordered) * sum(shares[:k]) // sum(shares)] for k in range(len(PERIODS))]
    ends = [*starts[1:], last.max() + 1]
    inside = [(first >= a) & (last < b) for a, b in zip(starts, ends, strict=True)]
    texts = _local(np.array([starts, ends]).ravel() - np.repeat([0, 1], len(PERIODS)), zone, TIMES).reshape(2, -1)
    said = {"shares": list(shares)} | ({"why": why} if why else {})
    return Periods(TRIPS, list(zip(*texts.tolist(), strict=True)), inside, said)


def periods_declared(spans: Sequence[Span | None], first: np.ndarray, last: np.ndarray, zone: str) -> Periods:
    """As a city file says, by days or by local times.

    Raises
    ------
    UserError: some are not declared, days and times are mixed, or they overlap or are not in time order.
    """
    given = [one for one in spans if one]
    if len(given) < len(PERIODS):
        raise UserError("A [split] declares days for all of train, validation and test, or for none.")
    kinds = {isinstance(moment, datetime) for one in given for moment in one}
    if len(kinds) > 1:
        raise UserError("A [split] declares days or local times, not both.")
    by = TIMES if kinds.pop() else DAYS
    # a part ends before the time that it names, so that the next one may begin there
    texts = [(_text(a), _text(b - timedelta(seconds=1) if by == TIMES else b)) for a, b in given]
    for name, (a, b) in zip(PERIODS, texts, strict=True):
        if a > b:
            raise UserError(f"The {name} {by} of the [split] end ({b}) before they begin ({a}).")
    for (before, earlier), (after, later) in pairwise(zip(PERIODS, texts, strict=True)):
        if earlier[1] >= later[0]:
            raise UserError(f"The {after} {by} of the [split] begin on {later[0]}, not after the {before} {by}, which end on {earlier[1]}.")
    return _within(by, texts, first, last, zone)


def _within(by: str, spans: Sequence[tuple[str, str]], first: np.ndarray, last: np.ndarray, zone: str) -> Periods:
    begin, end = (_local(time, zone, by) for time in (first, last))
    return Periods(by, spans, [(begin >= a) & (begin <= b) & (end >= a) & (end <= b) for a, b in spans])


def _local(time: np.ndarray, zone: str, by: str) -> np.ndarray:
    """Local days, hours or times of moments in seconds since 1970, as ISO text."""
    moments: Any = pd.to_datetime(time, unit="s", utc=True)
    whole = np.asarray(moments.tz_convert(zone).strftime("%Y-%m-%dT%H:%M:%S")).astype(str)
    return whole.astype(f"U{LENGTHS[by]}")


def _before(text: str, by: str) -> str:
    """The day or hour before one."""
    step = timedelta(days=1) if by == DAYS else timedelta(hours=1)
    return (datetime.fromisoformat(text) - step).isoformat()[:LENGTHS[by]]


def _text(moment: date) -> str:
    return moment.isoformat() if not isinstance(moment, datetime) else moment.isoformat(timespec="seconds")
