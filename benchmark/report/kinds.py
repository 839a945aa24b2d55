"""Kinds of task: the metrics of each, and which tasks stand in one table."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.protocols import Protocol

# kind of a trajectory task -> its metrics, the one that the paper's column shows first
TRAJECTORY_METRICS = {
    "road_label": ("micro_f1", "macro_f1"), "travel_time": ("mae", "rmse"),
    "destination_road": ("acc_1", "acc_5"), "destination_grid": ("acc_1", "acc_5"),
}


def kind_of(task: str) -> str:
    """``chengdu.road_label`` → ``road_label``; other names stay."""
    return task.rpartition(".")[2]


def is_named(task: str, names: Sequence[str]) -> bool:
    """Whether a task, or the kind that it is of, is among the names."""
    return task in names or kind_of(task) in names


def metrics_of(task: str, protocol: Protocol, family: str) -> tuple[str, ...]:
    """The metrics that a protocol shows of a task; a forecasting task may lack the last of them."""
    own = TRAJECTORY_METRICS[kind_of(task)] if family == "trajectory" else protocol.metrics
    return tuple(metric for metric in protocol.metrics if metric in own)


def paper_metric(task: str, family: str) -> str:
    """The metric of the paper's column."""
    return TRAJECTORY_METRICS[kind_of(task)][0] if family == "trajectory" else "mae"
