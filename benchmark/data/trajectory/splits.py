"""Which trips of a city are learnt from, validated on and tested on: by local day, in time order, the same for everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from hashlib import blake2b
from typing import Any

import numpy as np
import pandas as pd

from benchmark.data.trajectory.trips import RawTrips
from benchmark.errors import UserError

# a trip's part is its number here; -1: none
PARTS = ("unlabelled", "labelled", "validation", "test")
UNLABELLED, LABELLED, VALIDATION, TEST = range(4)
NO_PART = -1
# of 15 days the last is tested on and the last but one validated on, as in the papers
DAYS_PER_TEST_DAY = 15
# a part of fewer trips measures nothing
FEWEST = 10

Days = tuple[date, date]


@dataclass(frozen=True)
class Split:
    """First and last local day of each part, and the most trips of each; the sizes are those of the trajectory suite (§4)."""

    # None for all three: the last fifteenth of the days is tested on, the one before it validated on
    train: Days | None = None
    validation: Days | None = None
    test: Days | None = None
    unlabelled_trips: int = 50_000
    labelled_trips: int = 12_000
    validation_trips: int = 5_000
    test_trips: int = 10_000


def split_trips(split: Split, trips: RawTrips, zone: str) -> tuple[np.ndarray, dict[str, Any]]:
    """Give every trip its part.

    A trip belongs to the day of its first point; one whose last point lies in another part's days belongs to none. Where there are more
    trips than a part takes, those with the smallest hash of their id stay, so a part does not depend on the order of the trips. Training
    days hold unlabelled and labelled trips, in the proportion of their sizes where there are too few for both.

    Returns
    -------
    int8 [trip] numbers in `PARTS` or -1, and the facts for the card: days and number of trips of each part.

    Raises
    ------
    UserError: declared days overlap or are not in time order, or a part holds fewer than 10 trips.
    """
    first, last = (_days(trips.time[at], zone) for at in (trips.offsets[:-1], trips.offsets[1:] - 1))
    days = _declared(split) or _default(first)
    parts, order = np.full(len(trips), NO_PART, np.int8), hash_order(trips.trip_id)
    inside = [order[((first >= str(a)) & (first <= str(b)) & (last >= str(a)) & (last <= str(b)))[order]] for a, b in days]
    train = inside[0]
    unlabelled, labelled = split.unlabelled_trips, split.labelled_trips
    if len(train) < unlabelled + labelled:
        labelled = len(train) * labelled // (unlabelled + labelled)
        unlabelled = len(train) - labelled
    chosen = {UNLABELLED: train[:unlabelled], LABELLED: train[unlabelled:unlabelled + labelled],
              VALIDATION: inside[1][:split.validation_trips], TEST: inside[2][:split.test_trips]}
    for part, rows in chosen.items():
        if len(rows) < FEWEST:
            a, b = days[max(part - 1, 0)]
            raise UserError(f"The {PARTS[part]} part ({a} to {b}) holds {len(rows)} trips, and each part needs at least {FEWEST}; declare "
                            "other days under [split], or bring more trips.")
        parts[rows] = part
    return parts, {"days": {name: [str(a), str(b)] for name, (a, b) in zip(("train", "validation", "test"), days, strict=True)},
                   "trips": {PARTS[part]: len(rows) for part, rows in chosen.items()}, "declared": split.train is not None,
                   "most": {key: value for key, value in asdict(split).items() if key.endswith("_trips")}}


def hash_order(trip_id: np.ndarray) -> np.ndarray:
    """int64 [trip] rows of the trips by the hash of their id: an order that has nothing to do with days, drivers or rows."""
    hashes = [blake2b(str(one).encode(), digest_size=16).digest() for one in trip_id]
    return np.array(sorted(range(len(hashes)), key=hashes.__getitem__), dtype=np.int64)


def _days(time: np.ndarray, zone: str) -> np.ndarray:
    """Local ISO dates of moments in seconds since 1970, as text."""
    moments: Any = pd.to_datetime(time, unit="s", utc=True)
    return np.asarray(moments.tz_convert(zone).strftime("%Y-%m-%d")).astype(str)


def _declared(split: Split) -> Sequence[Days] | None:
    given = (split.train, split.validation, split.test)
    if not any(given):
        return None
    days = [one for one in given if one]
    if len(days) < len(given):
        raise UserError("A [split] declares days for all of train, validation and test, or for none.")
    for name, (a, b) in zip(("train", "validation", "test"), days, strict=True):
        if a > b:
            raise UserError(f"The {name} days of the [split] end ({b}) before they begin ({a}).")
    for (before, earlier), (after, later) in zip((("train", days[0]), ("validation", days[1])),
                                                 (("validation", days[1]), ("test", days[2])), strict=True):
        if earlier[1] >= later[0]:
            raise UserError(f"The {after} days of the [split] begin on {later[0]}, not after the {before} days, which end on {earlier[1]}.")
    return days


def _default(first: np.ndarray) -> Sequence[Days]:
    """By the days on which trips begin, gaps left out."""
    found = [date.fromisoformat(day) for day in np.unique(first)]
    tested = max(1, round(len(found) / DAYS_PER_TEST_DAY))
    if len(found) < 2 * tested + 1:
        raise UserError(f"The trips begin on {len(found)} days; training, validation and test need at least one day each.")
    test, validation = found[-tested], found[-2 * tested]
    day = timedelta(days=1)
    return (found[0], validation - day), (validation, test - day), (test, found[-1])
