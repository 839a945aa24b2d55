"""What makes a row no ride: a table of rules, applied in their order. A row that is left out counts once, for the first it breaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmark.data.public.rides.batches import NO_TIME
from benchmark.errors import unknown


@dataclass(frozen=True)
class Rows:
    """A batch of rides; every array [row]."""

    # local wall-clock seconds since 1970; NO_TIME: absent
    pick_time: np.ndarray
    drop_time: np.ndarray
    # int64 place of both ends; −1: none of those that count
    origin: np.ndarray
    destination: np.ndarray
    # bool: both ends are known, wherever they are
    placed: np.ndarray
    # uint64, the same of equal rows
    key: np.ndarray
    # NaN: not stated. None: the provider states none
    miles: np.ndarray | None = None
    passengers: np.ndarray | None = None
    # how long it took, where the provider states it and rounds the times
    took: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.pick_time)

    @property
    def seconds(self) -> np.ndarray:
        """How long rides took, as it is stated (NaN: unknown), else by their times; without a time, not at all."""
        if self.took is not None:
            return self.took
        known = (self.pick_time != NO_TIME) & (self.drop_time != NO_TIME)
        return np.where(known, self.drop_time, 0) - np.where(known, self.pick_time, 0)


@dataclass(frozen=True)
class Limits:
    """The thresholds of the rules."""

    # seconds since 1970 in which rides begin: from the first, and before the second
    span: tuple[int, int]
    least_seconds: int
    most_seconds: int
    most_miles: float = np.inf
    most_miles_per_hour: float = np.inf
    most_passengers: int = 9
    # rules that are not applied
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """Why a row is left out."""

    name: str
    # in words, for the card; thresholds in braces
    what: str
    # [row] bool; None: it needs what was seen before, see `Seen`
    hits: Callable[[Rows, Limits], np.ndarray] | None
    # of Rows, without which it does not apply
    needs: str | None = None


RULES = (
    Rule("duplicated", "all that is read of the row stands in an earlier one", None),
    Rule("no_time", "the time of one end is absent", lambda rows, _: (rows.pick_time == NO_TIME) | (rows.drop_time == NO_TIME)),
    Rule("wrong_month", "it begins outside the months of the files",
         lambda rows, limits: (rows.pick_time < limits.span[0]) | (rows.pick_time >= limits.span[1])),
    Rule("no_place", "the place of one end is absent or unknown", lambda rows, _: ~rows.placed),
    Rule("outside", "neither end lies at a place that counts", lambda rows, _: (rows.origin < 0) & (rows.destination < 0)),
    Rule("duration", "it takes less than {least_seconds} or more than {most_seconds} seconds",
         lambda rows, limits: (rows.seconds < limits.least_seconds) | (rows.seconds > limits.most_seconds)),
    Rule("distance", "its distance is 0, negative or above {most_miles:g} miles",
         lambda rows, limits: (_stated(rows.miles) <= 0) | (_stated(rows.miles) > limits.most_miles), "miles"),
    Rule("speed", "it is faster than {most_miles_per_hour:g} miles per hour",
         lambda rows, limits: _stated(rows.miles) * 3600 > limits.most_miles_per_hour * rows.seconds, "miles"),
    Rule("passengers", "it says that nobody or more than {most_passengers} persons were in the vehicle",
         lambda rows, limits: (_stated(rows.passengers) <= 0) | (_stated(rows.passengers) > limits.most_passengers), "passengers"),
)


class Cleaning:
    """Says which rows are rides, batch by batch, and counts the others."""

    def __init__(self, limits: Limits) -> None:
        for name in limits.without:
            if name not in [rule.name for rule in RULES]:
                raise unknown("rule of cleaning", name, [rule.name for rule in RULES])
        self.limits, self.seen, self.rows = limits, Seen(), 0
        self.rules = [rule for rule in RULES if rule.name not in limits.without]
        # rule → rows; in the order of the rules
        self.left_out: dict[str, int] = {}

    def keep(self, rows: Rows) -> np.ndarray:
        """[row] bool: no rule leaves it out."""
        left = np.ones(len(rows), dtype=bool)
        for rule in self.rules:
            if rule.needs is None or getattr(rows, rule.needs) is not None:
                hits = left & (rule.hits(rows, self.limits) if rule.hits else self.seen.again(rows.key))
                self.left_out[rule.name] = self.left_out.get(rule.name, 0) + int(hits.sum())
                left &= ~hits
        self.rows += len(rows)
        return left

    @property
    def kept(self) -> int:
        return self.rows - sum(self.left_out.values())

    def notes(self) -> dict[str, object]:
        """For the card: rows in all and kept, and of each rule its words and its rows."""
        words = {rule.name: rule.what.format(**vars(self.limits)) for rule in self.rules}
        return {**fates(self.rows, self.left_out, words), "rules_not_applied": list(self.limits.without)}

    def in_words(self) -> str:
        """One line: what became of the rows."""
        out = ", ".join(f"{name} {count:,}" for name, count in self.left_out.items() if count)
        return f"{self.kept:,} of {self.rows:,} rows count" + (f"; left out: {out}." if out else ".")


def fates(rows: int, left_out: Mapping[str, int], words: Mapping[str, str]) -> dict[str, Any]:
    """For the card: rows in all and kept, and of each rule its words and the rows that it left out."""
    return {"rows": rows, "kept": rows - sum(left_out.values()),
            "left_out": {name: {"rule": words[name], "rows": count} for name, count in left_out.items()}}


class Seen:
    """The keys of all rows so far, sorted: 8 bytes a row."""

    def __init__(self) -> None:
        self.keys = np.empty(0, dtype=np.uint64)

    def again(self, keys: np.ndarray) -> np.ndarray:
        """[row] bool: an earlier row has the same key."""
        order = np.argsort(keys, kind="stable")
        sorted_keys = keys[order]
        repeats = np.zeros(len(keys), dtype=bool)
        repeats[1:] = sorted_keys[1:] == sorted_keys[:-1]
        if len(self.keys):
            place = np.minimum(np.searchsorted(self.keys, sorted_keys), len(self.keys) - 1)
            repeats |= self.keys[place] == sorted_keys
        self.keys = np.concatenate([self.keys, sorted_keys[~repeats]])
        # merges two sorted runs
        self.keys.sort(kind="stable")
        found = np.empty(len(keys), dtype=bool)
        found[order] = repeats
        return found


def keys_of(columns: Mapping[str, np.ndarray], names: Sequence[str]) -> np.ndarray:
    """[row] uint64 over some of the columns; of two unlike rows the same once in 2^64."""
    frame = pd.DataFrame({name: columns[name] for name in names if name in columns})
    return pd.util.hash_pandas_object(frame, index=False).to_numpy(np.uint64)


def _stated(values: np.ndarray | None) -> np.ndarray:
    """Numbers of which a comparison with NaN is false."""
    return np.asarray(values, dtype=np.float64)
