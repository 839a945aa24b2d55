"""The rows of a task against one of them: over the seeds that both have, or where these are too few over the days of the test part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmark.metrics import METRICS, Pooled
from benchmark.registry import registry
from benchmark.report.rows import Row, task_values
from benchmark.report.statistics.correction import ALPHA, holm, too_few
from benchmark.report.statistics.days import block_length, paired_days, too_short
from benchmark.report.statistics.pairs import Tested, effect_size, paired_seeds
from benchmark.report.words import UNSURE, better_or_worse, row_name
from benchmark.spec import Record

TOO_FEW = "too few"
# a run, and the run of the same seed that it is compared with
Pair = tuple[Record, Record]


@dataclass(frozen=True)
class Comparison:
    """One row against another, in one metric."""

    # name of the other row
    against: str
    metric: str
    # seeds that both have
    pairs: int
    # the row less the other; None: too few seeds, and no days or too few
    tested: Tested | None = None
    # corrected for all comparisons of the task
    p: float | None = None
    # of the pairs
    effect: float | None = None
    # hours of the blocks that were drawn, if any were
    block_hours: int | None = None

    @property
    def verdict(self) -> str:
        """``better``, ``worse``, ``not told apart`` or ``too few``."""
        if self.tested is None or self.p is None:
            return TOO_FEW
        return UNSURE if self.p > ALPHA else better_or_worse(self.tested.difference, self.metric)


def compared(rows: Sequence[Row], runs: Sequence[Sequence[Record]], metric: str, horizon: int | None, against: str | None) -> list[Row]:
    """The rows with what tells them from the best of their task, or from one that was named.

    Parameters
    ----------
    runs: the records of each row. against: the name of a row or method; a task without it is not compared.
    """
    found: dict[int, Comparison] = {}
    for task in dict.fromkeys(row.task for row in rows):
        able = [k for k, row in enumerate(rows) if row.task == task and row.rankable and metric in row.cells]
        reference = _best(rows, able, metric) if against is None else _named(rows, able, against)
        others = [k for k in able if k != reference]
        if reference is not None:
            made = compare_each([runs[k] for k in others], runs[reference], task, metric, row_name(rows[reference]), horizon)
            found |= dict(zip(others, made, strict=True))
    return [replace(row, compared=found.get(k)) for k, row in enumerate(rows)]


def compare_each(runs: Sequence[Sequence[Record]], reference: Sequence[Record], task: str, metric: str, against: str,
                 horizon: int | None = None) -> list[Comparison]:
    """The runs of several rows of one task, each against those of one row; corrected for all of them. against: what that row is called."""
    made = [_compare(against, some, reference, task, metric, horizon, len(runs)) for some in runs]
    ps = holm([1.0 if one.tested is None else one.tested.p for one in made])
    return [replace(one, p=None if one.tested is None else p) for one, p in zip(made, ps, strict=True)]


def is_deterministic(method: str) -> bool:
    """Whether the registry says that a method gives the same under every seed."""
    known = registry()
    return method in known.names() and known.info(method).deterministic


def _best(rows: Sequence[Row], able: Sequence[int], metric: str) -> int | None:
    sign = -1 if METRICS[metric].higher_is_better else 1
    return min(able, key=lambda k: sign * rows[k].cells[metric].mean, default=None)


def _named(rows: Sequence[Row], able: Sequence[int], name: str) -> int | None:
    """The row of this very name, else the first one of this method, which is that of the default options if there is one."""
    whole = [k for k in able if row_name(rows[k]) == name]
    return next(iter([*whole, *(k for k in able if rows[k].method == name)]), None)


def _compare(against: str, runs: Sequence[Record], others: Sequence[Record], task: str, metric: str, horizon: int | None,
             comparisons: int) -> Comparison:
    """Over the seeds where so many comparisons can be told from them, else over the days."""
    pairs = _pairs(runs, others)
    enough = not too_few(len(pairs), comparisons)
    # records hold no days of one step alone
    dated = [] if enough or horizon else _dated(pairs, task, metric)
    used = dated or pairs
    values = np.array([[_value(record, task, metric, horizon) for record in pair] for pair in used], dtype=np.float64).reshape(-1, 2)
    differences = values[:, 0] - values[:, 1]
    made = Comparison(against, metric, len(used), effect=effect_size(differences))
    if enough:
        return replace(made, tested=paired_seeds(differences))
    return _over_days(made, dated, task) if dated else made


def _over_days(made: Comparison, pairs: Sequence[Pair], task: str) -> Comparison:
    """The comparison with its test over the days that these pairs hold."""
    ratio = METRICS[made.metric].value
    assert isinstance(ratio, Pooled)
    top, bottom = (np.array([[_sums(record, task, made.metric)[name] for record in pair] for pair in pairs], dtype=np.float64)
                   .swapaxes(0, 1) for name in (ratio.top, ratio.bottom))  # [2, seed, stretch]
    hours = pairs[0][0].days[task]["hours"] * block_length(top.shape[2])
    return replace(made, tested=paired_days(top, bottom, root=ratio.root), block_hours=hours)


def _dated(pairs: Sequence[Pair], task: str, metric: str) -> list[Pair]:
    """The pairs that both hold the sums of a metric by day; none if it is no ratio of sums, or the days are too few or not the same."""
    ratio = METRICS[metric].value
    if not isinstance(ratio, Pooled):
        return []
    found = [pair for pair in pairs if all({ratio.top, ratio.bottom} <= _sums(record, task, metric).keys() for record in pair)]
    days = {(record.days[task]["first"], record.days[task]["hours"], len(_sums(record, task, metric)[ratio.top]))
            for pair in found for record in pair}
    return found if len(days) == 1 and not too_short(max(days)[2]) else []


def _value(record: Record, task: str, metric: str, horizon: int | None) -> float | None:
    """As in the row; a table asks so often that other metrics are not made again from the sums."""
    said = None if horizon else record.metrics[task].get(metric)
    return task_values(record, task, horizon)[metric] if said is None else said


def _sums(record: Record, task: str, metric: str) -> Mapping[str, Sequence[float]]:
    """Sum name → one number a day, under the mask of a metric."""
    found: Mapping[str, Sequence[float]] = record.days.get(task, {}).get("sums", {}).get(METRICS[metric].mask, {})
    return found


def _pairs(runs: Sequence[Record], others: Sequence[Record]) -> list[Pair]:
    """The runs of one seed; the one run of a method that gives the same under every seed stands beside each of the other's."""
    def by_seed(own: Sequence[Record], beside: Sequence[Record]) -> Mapping[int, Record]:
        once = len(own) == 1 and is_deterministic(own[0].spec.method)
        return dict.fromkeys((record.spec.seed for record in beside), own[0]) if once else {record.spec.seed: record for record in own}

    mine, its = by_seed(runs, others), by_seed(others, runs)
    return [(mine[seed], its[seed]) for seed in sorted(mine.keys() & its.keys())]
