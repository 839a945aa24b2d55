"""Numbers and names in words, the same in every table."""

from __future__ import annotations

from collections.abc import Iterable

from benchmark.metrics import METRICS
from benchmark.report.rows import Cell, Row

# a standard deviation of fewer runs is not printed
FEWEST_FOR_SD = 3
# a method's cell where it cannot do a task
MISSING = "✕"
# beside a method whose training did not come to its end
NOT_SETTLED = "not settled"
# of two methods whose difference is no larger than chance makes it
UNSURE = "not told apart"
# the note under a table of methods that were shown more than their windows
PAST_DAYS = "past … d: the method was also shown so many days before each window."
ALL_TASKS, BESIDE = "all tasks", "all tasks: the method was shown the same window of every task of the suite."


def metric_head(metric: str) -> str:
    """The label, which names its mask, and which way is better: ``MAE ↓ (y≠0)``, ``MAPE % ↓ (y≥1)``, ``Acc@1 % ↑``."""
    name, space, mask = percent_head(METRICS[metric].label, metric).partition(" (")
    return f"{name} {'↑' if METRICS[metric].higher_is_better else '↓'}{space}{mask}"


def percent_head(label: str, metric: str) -> str:
    """``MAPE (y≥1)`` → ``MAPE % (y≥1)``, for a metric that is printed as a percentage and does not say so."""
    name, space, mask = label.partition(" ")
    return f"{name} %{space}{mask}" if METRICS[metric].percent and "%" not in name else label


def printed(value: float, metric: str) -> float:
    """A metric's value in the unit of `unit_of`: shares as percentages."""
    return 100 * value if METRICS[metric].percent else value


def unit_of(metric: str, unit: str) -> str:
    """The unit that a metric is given in, in tables and data alike; `unit`: that of the task's MAE and RMSE."""
    return "%" if METRICS[metric].percent else unit


def cell_text(cell: Cell | None, metric: str, n: int) -> str:
    """``12.34 ± 0.05``; percentages for shares; no ± below three runs."""
    if cell is None:
        return ""
    digits = 1 if METRICS[metric].percent else 2 if cell.mean >= 0.1 else 4
    text = f"{printed(cell.mean, metric):.{digits}f}"
    return f"{text} ± {printed(cell.sd, metric):.{digits}f}" if cell.sd is not None and n >= FEWEST_FOR_SD else text


def with_brackets(name: str, past_days: int, *said: str) -> str:
    """``astgcn (past 7 d, hidden=64)``: what a method was shown beyond the window, and what else is said of it."""
    inside = ", ".join(filter(None, [f"past {past_days} d" if past_days else "", *said]))
    return f"{name} ({inside})" if inside else name


def row_name(row: Row) -> str:
    """What a row is called: its method, and all that tells it from other rows."""
    return with_brackets(row.method, row.past_days, all_tasks(row.beside), row.changed, row.differs, "" if row.settled else NOT_SETTLED)


def all_tasks(beside: bool) -> str:
    """What is said of a method that is shown the windows of the other tasks."""
    return ALL_TASKS if beside else ""


def better_or_worse(difference: float, metric: str) -> str:
    """What a difference that is sure means."""
    return "better" if (difference > 0) == METRICS[metric].higher_is_better else "worse"


def origin(edition: str, fingerprint: str) -> str:
    """Where a city's data come from."""
    return f"({'simulated' if edition == 'sim' else edition}), fingerprint {fingerprint}"


def reasons(pairs: Iterable[tuple[str, str]]) -> str:
    """Why there is no result; (reason, whose it is), which is said where there are several reasons."""
    found: dict[str, dict[str, None]] = {}
    for reason, name in pairs:
        found.setdefault(reason, {})[name] = None
    return "; ".join(reason if len(found) == 1 else f"{reason} ({', '.join(names)})" for reason, names in found.items())
