"""Which trips of a city are learnt from, validated on and tested on: in time order, the same for everybody."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any

import numpy as np

from benchmark.data.trajectory.periods import (
    DAYS,
    PERIODS,
    TRIPS,
    Periods,
    Span,
    periods_by_shares,
    periods_declared,
    periods_of_last,
    usual,
)
from benchmark.data.trajectory.trips import RawTrips
from benchmark.errors import UserError

# a trip's part is its number here; -1: none
PARTS = ("unlabelled", "labelled", "validation", "test")
UNLABELLED, LABELLED, VALIDATION, TEST = range(4)
NO_PART = -1
# a part of fewer trips measures nothing
FEWEST = 10
# trips in time order: what is learnt from, validated on and tested on
SHARES = (7, 1, 2)


@dataclass(frozen=True)
class Split:
    """Which time each part has, and the most trips of each; the sizes are those of the trajectory suite (§4)."""

    # None for all three: `by` says how time is divided
    train: Span | None = None
    validation: Span | None = None
    test: Span | None = None
    # days or hours: the last fifteenth is tested on, the one before it validated on; trips: `shares` of them, in time order; None: days,
    # unless too few trips would be validated or tested on
    by: str | None = None
    shares: tuple[int, ...] = SHARES
    unlabelled_trips: int = 50_000
    labelled_trips: int = 12_000
    validation_trips: int = 5_000
    test_trips: int = 10_000


def split_trips(split: Split, trips: RawTrips, zone: str) -> tuple[np.ndarray, dict[str, Any]]:
    """Give every trip its part.

    A trip belongs to the period of its first point; one whose last point lies in another belongs to none. Where there are more trips than
    a part takes, those with the smallest hash of their id stay, so a part does not depend on the order of the trips. The training period
    holds unlabelled and labelled trips, in the proportion of their sizes where there are too few for both.

    Returns
    -------
    int8 [trip] numbers in `PARTS` or -1, and the facts for the card: periods and number of trips of each part.

    Raises
    ------
    UserError: declared periods overlap or are not in time order, or a part holds fewer than 10 trips.
    """
    periods = _periods(split, trips, zone)
    parts, order = np.full(len(trips), NO_PART, np.int8), hash_order(trips.trip_id)
    inside = [order[one[order]] for one in periods.inside]
    train = inside[0]
    unlabelled, labelled = split.unlabelled_trips, split.labelled_trips
    if len(train) < unlabelled + labelled:
        labelled = len(train) * labelled // (unlabelled + labelled)
        unlabelled = len(train) - labelled
    chosen = {UNLABELLED: train[:unlabelled], LABELLED: train[unlabelled:unlabelled + labelled],
              VALIDATION: inside[1][:split.validation_trips], TEST: inside[2][:split.test_trips]}
    for part, rows in chosen.items():
        if len(rows) < FEWEST:
            a, b = periods.spans[max(part - 1, 0)]
            raise UserError(f"The {PARTS[part]} part ({a} to {b}) holds {len(rows)} trips, and each part needs at least {FEWEST}; declare "
                            "other days or shares under [split], or bring more trips.")
        parts[rows] = part
    return parts, {"days": {name: list(span) for name, span in zip(PERIODS, periods.spans, strict=True)},
                   "trips": {PARTS[part]: len(rows) for part, rows in chosen.items()}, "declared": split.train is not None,
                   "most": {key: value for key, value in asdict(split).items() if key.endswith("_trips")},
                   **({} if periods.by == DAYS else {"by": periods.by}), **periods.more}


def hash_order(trip_id: np.ndarray) -> np.ndarray:
    """int64 [trip] rows of the trips by the hash of their id: an order that has nothing to do with days, drivers or rows."""
    hashes = [blake2b(str(one).encode(), digest_size=16).digest() for one in trip_id]
    return np.array(sorted(range(len(hashes)), key=hashes.__getitem__), dtype=np.int64)


def _periods(split: Split, trips: RawTrips, zone: str) -> Periods:
    first, last = trips.time[trips.offsets[:-1]], trips.time[trips.offsets[1:] - 1]
    spans = (split.train, split.validation, split.test)
    if any(spans):
        return periods_declared(spans, first, last, zone)
    if split.by is None:
        return usual(first, last, zone, split.shares)
    return periods_of_last(split.by, first, last, zone) if split.by != TRIPS else periods_by_shares(split.shares, first, last, zone)
