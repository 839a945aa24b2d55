"""What runs cost, by the finished runs of their kind that stores hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean

from benchmark.spec import RunSpec
from benchmark.store.records import Store

# runs of one kind cost about the same: suite, method, preset, number of tasks
Kind = tuple[str, str, str, int]
# seconds that a run costs at least: none weighs nothing
LEAST = 1e-3


def kind_of(spec: RunSpec) -> Kind:
    """The kind of a run."""
    return spec.suite, spec.method, spec.preset, len(spec.tasks)


def seconds_by_kind(runs: Iterable[RunSpec], stores: Sequence[Store]) -> dict[Kind, float]:
    """Mean seconds of each kind of these runs, from the first store that has finished runs of it, else from those of another preset.

    A kind that no store knows is absent.
    """
    wanted = {kind_of(run) for run in runs}
    places = sorted({kind[:2] for kind in wanted})
    took = [_finished(store, places) for store in stores]
    loose = [_without_preset(one) for one in took]
    found: dict[Kind, float] = {}
    for kind in wanted:
        suite, method, _, tasks = kind
        times = next((one[kind] for one in took if kind in one), None) or next(
            (one[suite, method, tasks] for one in loose if (suite, method, tasks) in one), None)
        if times:
            found[kind] = max(fmean(times), LEAST)
    return found


def _finished(store: Store, places: Iterable[tuple[str, str]]) -> dict[Kind, list[float]]:
    """Seconds of all finished runs in these folders of suites and methods."""
    took: dict[Kind, list[float]] = {}
    for suite, method in places:
        for record in store.records(store.root / suite / method):
            if "total_s" in record.timings:
                took.setdefault(kind_of(record.spec), []).append(record.timings["total_s"])
    return took


def _without_preset(took: dict[Kind, list[float]]) -> dict[tuple[str, str, int], list[float]]:
    merged: dict[tuple[str, str, int], list[float]] = {}
    for (suite, method, _, tasks), seconds in took.items():
        merged.setdefault((suite, method, tasks), []).extend(seconds)
    return merged
