"""What runs cost, by the finished runs of their kind that stores hold."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from statistics import fmean

from benchmark.spec import RunSpec
from benchmark.store.records import Store

# runs of one kind cost about the same: suite, method, preset, number of tasks
Kind = tuple[str, str, str, int]


def kind_of(spec: RunSpec) -> Kind:
    """The kind of a run."""
    return spec.suite, spec.method, spec.preset, len(spec.tasks)


def seconds_by_kind(runs: Iterable[RunSpec], stores: Sequence[Store]) -> dict[Kind, float]:
    """Mean seconds of each kind of these runs, from the first store that has finished runs of it; a kind that none has is absent."""
    wanted = {kind_of(run) for run in runs}
    found: dict[Kind, float] = {}
    for store in stores:
        took: dict[Kind, list[float]] = {}
        for suite, method in sorted({kind[:2] for kind in wanted - found.keys()}):
            for path in (store.root / suite / method).glob("*.json"):
                if "." in path.stem:
                    continue
                try:
                    data = json.loads(path.read_text())
                    kind = suite, method, data["spec"]["preset"], len(data["spec"]["tasks"])
                    took.setdefault(kind, []).append(data["timings"]["total_s"])
                except (ValueError, KeyError, TypeError):
                    continue  # whoever reads the record itself says that it is broken
        found |= {kind: fmean(seconds) for kind, seconds in took.items() if kind in wanted - found.keys()}
    return found
