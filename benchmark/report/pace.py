"""How long a campaign still takes, as far as its runs tell: each weighs what runs of its kind took."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from benchmark.spec import Record, RunSpec
from benchmark.store.costs import LEAST, Kind, kind_of, seconds_by_kind
from benchmark.store.records import Store

if TYPE_CHECKING:
    from benchmark.contract import Progress

# a run that is not over is at most so far, however long it takes
NEARLY = 0.95


class Pace:
    """Hears of epochs and ends, from any thread; gives the share that is done and the seconds that are left.

    A run's share is that of its stages and epochs where its method says how many there are; else the time it has taken, of what its kind
    took before; else nothing before its end. Runs of kinds that nobody has finished weigh as much as the others do on average. What stores
    say of a kind is taken as many times as this campaign's runs took longer than their stores said.
    """

    def __init__(self, runs: Sequence[RunSpec], stores: Sequence[Store], clock: Callable[[], float] = time.monotonic) -> None:
        self._runs = {run.id: run for run in runs}
        self._took: dict[Kind, float] = seconds_by_kind(runs, stores)
        # seconds of the kinds that this campaign has finished; these count more than what stores say
        self._own: dict[Kind, list[float]] = {}
        self._clock, self._began = clock, clock()
        # run -> share that is done; share that was done before this campaign; moment of its first epoch here
        self._done: dict[str, float] = {}
        self._found: dict[str, float] = {}
        self._since: dict[str, float] = {}
        # share at the last look that saw it change, and the end expected then
        self._seen, self._end = 0.0, 0.0
        self._lock = threading.Lock()

    def epoch(self, spec: RunSpec, progress: Progress) -> None:
        """A run has finished an epoch."""
        with self._lock:
            if not self._since and not self._own:  # workers start and data are read but once: the pace is taken from here on
                self._began = self._clock()
            first = spec.id not in self._since
            self._since.setdefault(spec.id, self._clock())
            if progress.number and progress.stages:
                each = 1 / progress.stages
                now = (progress.number - 1) * each + each * progress.epoch / progress.epochs
                if first:  # what was there before the pace was taken, or before a broken-off run went on
                    self._found[spec.id] = now - each / progress.epochs if self._own else now
                self._done[spec.id] = min(now, NEARLY)

    def finished(self, record: Record) -> None:
        """A run has left its record."""
        with self._lock:
            self._done[record.spec.id] = 1.0
            if record.status == "done" and "total_s" in record.timings:
                self._own.setdefault(kind_of(record.spec), []).append(max(record.timings["total_s"], LEAST))

    def passed(self, spec: RunSpec) -> None:
        """Another process does a run: it is nothing to wait for."""
        with self._lock:
            self._done[spec.id] = 1.0
            self._found[spec.id] = 1.0

    def share(self) -> float:
        """0 to 1: how much of the campaign is done."""
        with self._lock:
            return self._shares()[0]

    def left(self) -> float | None:
        """Seconds until the end at the pace so far; None: nothing tells yet."""
        with self._lock:
            share, here = self._shares()
            if here <= 0:
                return None
            now = self._clock()
            rest = (now - self._began) * (1 - share) / here
            if share != self._seen:
                self._seen, self._end = share, now + rest
            # counts down between two epochs, and does not stand at nothing where one takes long
            return max(self._end - now, rest / 5)

    def _shares(self) -> tuple[float, float]:
        """What is done, and what of it was done here."""
        weights = {name: self._seconds(run) for name, run in self._runs.items()}
        usual = fmean(known) if (known := [seconds for seconds in weights.values() if seconds]) else 1.0
        total = sum(seconds or usual for seconds in weights.values())
        done = sum((weights[name] or usual) * self._fraction(name, weights[name]) for name in self._runs)
        before = sum((weights[name] or usual) * found for name, found in self._found.items() if name in weights)
        return (done / total, (done - before) / total) if total else (1.0, 0.0)

    def _seconds(self, run: RunSpec) -> float | None:
        kind = kind_of(run)
        if kind in self._own:
            return fmean(self._own[kind])
        both = self._own.keys() & self._took.keys()
        slower = sum(fmean(self._own[one]) for one in both) / sum(self._took[one] for one in both) if both else 1.0
        return self._took[kind] * slower if kind in self._took else None

    def _fraction(self, name: str, seconds: float | None) -> float:
        if name in self._done:
            return self._done[name]
        if name in self._since and seconds:
            return min((self._clock() - self._since[name]) / seconds, NEARLY)
        return 0.0
