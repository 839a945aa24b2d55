"""What a table can tell: how sure its shares are, and whether they tell its methods apart. One rule, from the records' counts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from math import sqrt
from statistics import fmean

from benchmark.data.trajectory.cards import FEW, few_trips
from benchmark.families import Family
from benchmark.metrics import METRICS
from benchmark.report.rows import Row
from benchmark.spec import Record

# of the normal distribution: 95 % lie within so many standard deviations
Z = 1.96
# a share whose interval is wider, as a share, is said to be unsure; half of the labels must have been seen
WIDEST, SEEN = 0.10, 0.5
# metric → the sum that counts what its share is of
COUNTS = {"acc_1": "count", "micro_f1": "truth"}


def wilson(share: float, count: float) -> tuple[float, float]:
    """The 95 % interval of a share of `count` independent cases (Wilson, 1927).

    >>> [round(end, 3) for end in wilson(0.5, 100)]
    [0.404, 0.596]
    """
    middle = share + Z**2 / (2 * count)
    half = Z * sqrt(share * (1 - share) / count + Z**2 / (4 * count**2))
    return max((middle - half) / (1 + Z**2 / count), 0.0), min((middle + half) / (1 + Z**2 / count), 1.0)


def telling_notes(rows: Mapping[str, Sequence[Sequence[Record]]], family: Family, compared: Collection[str] = ()) -> list[str]:
    """Lines under a table; only of answers that are given once a trip or road, which are taken as independent.

    Parameters
    ----------
    rows: task → the records of each of its methods, one a seed. Seeds share their test trips, so they make no interval narrower.
    compared: the tasks whose methods are compared pair by pair, which is sharper than intervals that overlap.
    """
    if family.horizons:
        return []
    few, unsure, alike, strange, floors = [], [], [], [], {}
    for task, methods in rows.items():
        found = [one for records in methods if (one := _interval(task, records)) is not None]
        if any(high - low > WIDEST for low, high in found):
            unsure.append(task)
        if task not in compared and len(found) > 1 and max(low for low, _ in found) <= min(high for _, high in found):
            alike.append(task)
        counts: Mapping[str, int] = next((record.counts[task] for records in methods for record in records if task in record.counts), {})
        if said := few_trips(counts):
            few.append(f"{task} ({said})")
        if "test_labels_seen" in counts and counts["test_labels_seen"] < SEEN * counts["test_trips"]:
            strange.append(f"{task} ({counts['test_labels_seen']:,} of {counts['test_trips']:,} were)")
        if "floor_trips" in counts:
            floors[task] = (counts["floor_trips"], counts.get("labelled_trips"))
    lines = []
    if floors:
        lines.append(f"Floors of trips know all training trips ({_numbers(one for one, _ in floors.values())}), those of the same "
                     f"labels only the probes' labelled trips ({_numbers(one for _, one in floors.values() if one)}).")
    if few:
        lines.append(f"Too few trips to mean much (below {FEW}): {', '.join(few)}.")
    if unsure:
        lines.append(f"Too few to be sure: the 95 % interval (Wilson) of a share is wider than 10 points in {', '.join(unsure)}.")
    if strange:
        lines.append(f"Too few labels: most test trips end where no labelled trip did in {', '.join(strange)}.")
    if alike:
        lines.append("Not told apart: the 95 % intervals (Wilson) of all methods overlap, so their order says nothing, in "
                     f"{', '.join(alike)}.")
    return lines


def few_events_notes(rows: Iterable[Row]) -> list[str]:
    """The line under tables whose tasks have too few events to rank by."""
    few = {row.task: row.few_events for row in rows if row.few_events is not None}
    return [f"Too few events to tell methods apart: {', '.join(f'{task} ({count:,} in the test part)' for task, count in few.items())}; "
            "never ranked."] if few else []


def _interval(task: str, records: Sequence[Record]) -> tuple[float, float] | None:
    """Of a method's mean share over seeds; None where the task has none, or the method no result."""
    for metric, name in COUNTS.items():
        values = [record.metrics.get(task, {}).get(metric) for record in records]
        counts = [sum(record.sums.get(task, {}).get(METRICS[metric].mask, {}).get(name, [])) for record in records]
        shares = [value for value in values if value is not None]
        if len(shares) == len(records) and min(counts) > 0:
            return wilson(fmean(shares), min(counts))
    return None


def _numbers(counts: Iterable[int]) -> str:
    """``3,000 and 2,800``: each once."""
    return " and ".join(f"{count:,}" for count in dict.fromkeys(counts))
