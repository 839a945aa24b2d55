"""Methods across the tasks of one suite: mean ranks and win rates. Each task counts once, however many cities it is measured in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from benchmark.errors import UserError
from benchmark.families import kind_of
from benchmark.metrics import METRICS
from benchmark.report.choice import Filter
from benchmark.report.rows import Row
from benchmark.report.sheet import BEST, SECOND, Sheet
from benchmark.report.signs import SIGNS
from benchmark.report.statistics.across import friedman_p, nemenyi, task_ranks, win_rates
from benchmark.report.statistics.correction import ALPHA
from benchmark.report.table import Table, make_tables
from benchmark.report.words import UNSURE, row_name
from benchmark.store.records import Store

if TYPE_CHECKING:
    import numpy as np

# fewer are not ranked across tasks
FEWEST_METHODS, FEWEST_TASKS = 3, 2
COLUMNS = ("suite", "edition", "protocol", "preset", "fingerprint", "scenario", "method", "tasks", "mean_rank", "win_rate", "firsts",
           "friedman_p", "critical_difference", "p_best")


@dataclass(frozen=True)
class Ranks:
    """The methods that have a result in every task, by mean rank; a picture can be drawn of it."""

    # heading and setting of the tables
    title: str
    setting: dict[str, Any]
    # kinds of task, and the metric that each is ranked by
    tasks: tuple[str, ...]
    metrics: tuple[str, ...]
    names: tuple[str, ...]
    # [task][method], 1 is the best
    ranks: tuple[tuple[float, ...], ...]
    # [method]
    mean_ranks: tuple[float, ...]
    # [method]: the share of the others that it beats, over all tasks
    win_rates: tuple[float, ...]
    # of Friedman's test that all methods are alike; None where all tie
    friedman_p: float | None
    # mean ranks that differ by less are not told apart
    critical_difference: float
    # [method][method], of Nemenyi's test
    p: tuple[tuple[float, ...], ...]
    # methods without a result that counts in some of these tasks, and tasks that half of the methods cannot do
    left_out: tuple[str, ...]
    left_out_tasks: tuple[str, ...]


def rank_sheets(local: Store, published: Store | None, chosen: Filter) -> list[Sheet]:
    """A sheet for every setting with enough methods and tasks.

    Raises
    ------
    UserError: there is a table, but none with enough; or scikit-posthocs is missing.
    """
    tables = make_tables(local, published, chosen)
    made = [ranks for _, group in groupby(tables, key=lambda table: table.group) if (ranks := make_ranks(list(group)))]
    if tables and not made:
        raise UserError(f"Ranks across tasks need {FEWEST_METHODS} methods with a result in each of {FEWEST_TASKS} tasks or more, under a "
                        "protocol that ranks; no table has them.")
    return [_sheet(ranks) for ranks in made]


def make_ranks(group: Sequence[Table]) -> Ranks | None:
    """The ranks of the tables of one group; None: too few methods or tasks, or a protocol that does not rank.

    Rows with changed options are variants of a method, and take no part. A task counts that more than half of the methods can do, and a
    method that has a result in all of these.
    """
    import numpy as np

    first = group[0]
    rows = [row for table in group for row in table.rows if not row.floor and not row.changed and first.ranked]
    names = dict.fromkeys(map(name_in_every_task, rows))
    metrics = {kind_of(task): table.metrics[0] for table in group for task in table.tasks}
    values: dict[str, dict[str, dict[str, float]]] = {}  # kind -> task -> method -> mean of the first metric
    for row in rows:
        if row.rankable and (cell := row.cells.get(metrics[kind_of(row.task)])):
            values.setdefault(kind_of(row.task), {}).setdefault(row.task, {})[name_in_every_task(row)] = cell.mean
    counted = {kind: splits for kind, splits in values.items() if all(2 * len(one) > len(names) for one in splits.values())}
    whole = [name for name in names if all(name in one for splits in counted.values() for one in splits.values())]
    if len(whole) < FEWEST_METHODS or len(counted) < FEWEST_TASKS:
        return None
    ranks = np.stack([task_ranks(np.array([[one[name] for name in whole] for one in splits.values()]),
                                 higher_is_better=METRICS[metrics[kind]].higher_is_better) for kind, splits in counted.items()])
    order = np.argsort(ranks.mean(axis=0), kind="stable")
    ranks = ranks[:, order]
    difference, p = nemenyi(ranks)
    setting = {"suite": first.suite, "edition": first.edition, "protocol": first.protocol, "preset": first.preset,
               "fingerprint": first.fingerprint, "scenario": first.scenario}
    wins = (win_rates(ranks).sum(axis=1) - 0.5) / (len(whole) - 1)
    return Ranks(first.title, setting, tuple(counted), tuple(metrics[kind] for kind in counted), tuple(whole[k] for k in order),
                 _nested(ranks), tuple(ranks.mean(axis=0).tolist()), tuple(wins.tolist()), friedman_p(ranks), difference, _nested(p),
                 tuple(name for name in names if name not in whole), tuple(kind for kind in metrics if kind not in counted))


def name_in_every_task(row: Row) -> str:
    """The same in every task, whether or not it has settled there."""
    return row_name(replace(row, settled=True))


def _nested(matrix: np.ndarray) -> tuple[tuple[float, ...], ...]:
    return tuple(map(tuple, matrix.tolist()))


def _sheet(ranks: Ranks) -> Sheet:
    firsts = [sum(rank == 1 for rank in column) for column in zip(*ranks.ranks, strict=True)]
    heads = ["method", *ranks.tasks, "mean rank ↓", "win rate % ↑", "first ↑"]
    rows = [[name, *(f"{rank:g}" for rank in column), f"{mean:.2f}", f"{100 * win:.0f}", str(first)]
            for name, column, mean, win, first in zip(ranks.names, zip(*ranks.ranks, strict=True), ranks.mean_ranks, ranks.win_rates,
                                                      firsts, strict=True)]
    column = 1 + len(ranks.tasks)
    best = sorted(set(ranks.mean_ranks))
    marks = {(k, column): mark for k, mean in enumerate(ranks.mean_ranks) for mark, place in ((BEST, 0), (SECOND, 1))
             if len(best) > place and mean == best[place]}
    signs = {(k, column): SIGNS[UNSURE] for k in range(1, len(rows)) if ranks.p[0][k] > ALPHA}
    data = [{**ranks.setting, "method": name, "tasks": len(ranks.tasks), "mean_rank": mean, "win_rate": 100 * win, "firsts": first,
             "friedman_p": ranks.friedman_p, "critical_difference": ranks.critical_difference, "p_best": p}
            for name, mean, win, first, p in zip(ranks.names, ranks.mean_ranks, ranks.win_rates, firsts, ranks.p[0], strict=True)]
    return Sheet(f"{ranks.title} · ranks across tasks", heads, rows, marks=marks, signs=signs, notes=_notes(ranks), columns=COLUMNS,
                 data=data, whole=asdict(ranks))


def _notes(ranks: Ranks) -> list[str]:
    tasks = {metric: [task for task, own in zip(ranks.tasks, ranks.metrics, strict=True) if own == metric] for metric in ranks.metrics}
    by = ", ".join(f"{METRICS[metric].label} ({', '.join(same)})" for metric, same in tasks.items())
    friedman = "" if ranks.friedman_p is None else f"Friedman's test over {len(ranks.tasks)} tasks: p = {ranks.friedman_p:.2g}. "
    lines = [f"Ranks by {by}; 1 is the best, ties share. Cities of one task count as one. Win rate: the share of the others that a method "
             "beats, over all tasks.",
             f"{friedman}Critical difference of mean ranks (Nemenyi, at {ALPHA}): {ranks.critical_difference:.2f}; {SIGNS[UNSURE]}: "
             f"{UNSURE} from the first. Tasks of one suite share places and days, so they are no independent trials."]
    if ranks.left_out:
        lines.append(f"Left out, without a ranked result in each of these tasks: {', '.join(ranks.left_out)}.")
    if ranks.left_out_tasks:
        lines.append(f"Left out, since half of the methods or more have no ranked result: {', '.join(ranks.left_out_tasks)}.")
    return lines
