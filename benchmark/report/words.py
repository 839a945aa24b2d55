"""Numbers and names in words, the same in every table."""

from __future__ import annotations

from collections.abc import Iterable

from benchmark.metrics import METRICS
from benchmark.report.rows import Cell

# a standard deviation of fewer runs is not printed
FEWEST_FOR_SD = 3
# a method's cell where it cannot do a task
MISSING = "✕"
# the note under a table of methods that were shown more than their windows
PAST_DAYS = "past … d: the method was also shown so many days before each window."


def metric_head(metric: str) -> str:
    """The label, which names its mask: ``MAE (y≠0)``, ``MAPE % (y≥1)``."""
    return percent_head(METRICS[metric].label, metric)


def percent_head(label: str, metric: str) -> str:
    """``MAPE (y≥1)`` → ``MAPE % (y≥1)``, for a metric that is printed as a percentage."""
    name, space, mask = label.partition(" ")
    return f"{name} %{space}{mask}" if METRICS[metric].percent else label


def cell_text(cell: Cell | None, metric: str, n: int) -> str:
    """``12.34 ± 0.05``; percentages for shares; no ± below three runs."""
    if cell is None:
        return ""
    scale, digits = (100, 1) if METRICS[metric].percent else (1, 2 if cell.mean >= 0.1 else 4)
    text = f"{cell.mean * scale:.{digits}f}"
    return f"{text} ± {cell.sd * scale:.{digits}f}" if cell.sd is not None and n >= FEWEST_FOR_SD else text


def with_brackets(name: str, past_days: int, changed: str = "") -> str:
    """``astgcn (past 7 d, hidden=64)``: what a method was shown beyond the window, and the options that the user changed."""
    inside = ", ".join(filter(None, [f"past {past_days} d" if past_days else "", changed]))
    return f"{name} ({inside})" if inside else name


def origin(edition: str, fingerprint: str) -> str:
    """Where a city's data come from."""
    return f"({'simulated' if edition == 'sim' else edition}), fingerprint {fingerprint}"


def reasons(pairs: Iterable[tuple[str, str]]) -> str:
    """Why there is no result; (reason, whose it is), which is said where there are several reasons."""
    found: dict[str, dict[str, None]] = {}
    for reason, name in pairs:
        found.setdefault(reason, {})[name] = None
    return "; ".join(reason if len(found) == 1 else f"{reason} ({', '.join(names)})" for reason, names in found.items())
