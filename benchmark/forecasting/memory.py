"""How much memory a run will take, by its cities' cards and what its method declares. Light: no array is read, no torch is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from benchmark.options import as_dict
from benchmark.registry import registry
from benchmark.spec import RunSpec

# a process that has imported everything
BASE = 350e6
# an entry of a series: value and mask, as the city's file is mapped, and as the parts of the problem copy it
ENTRY = 2 * (4 + 1)
# an entry of the training part of one task while its mean is taken: in float64, and as it is picked
STATISTICS = 8 + 4


def expected_bytes(spec: RunSpec, cards: Sequence[Mapping[str, Any]], tasks: Sequence[str], train_share: float) -> float:
    """Of a run in this process, at its peak. tasks: those of the fit. Where the method declares nothing of a network of these sizes, of the
    data alone.
    """
    about = [card["tasks"][task] for card in cards for task in tasks]
    entries, nodes = [one["steps"] * one["nodes"] for one in about], max(one["nodes"] for one in about)
    data = BASE + ENTRY * sum(entries) + STATISTICS * train_share * max(entries)
    declared = registry().info(spec.method).footprint
    return data if declared is None or not _is_declared(spec) else data + declared.bytes(nodes, spec.options.get("batch_size", 1))


def _is_declared(spec: RunSpec) -> bool:
    """Whether the network has its default sizes: the method's own options, those of training aside."""
    from benchmark.forecasting.training import TrainingOptions

    options = registry().load(spec.method).Options
    training = {one.name for one in fields(TrainingOptions)}
    return all(spec.options.get(name, value) == value for name, value in as_dict(options()).items() if name not in training)
