"""The papers' own numbers: read from results/paper or what a wheel holds of it, shown in a column of their own, never ranked."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from benchmark.declared import experiments
from benchmark.errors import UserError
from benchmark.families import Family, find_family
from benchmark.metrics import METRICS as KNOWN
from benchmark.store.records import paper_root
from benchmark.suites.catalogue import Suite, built_in

# the main tables: 1 and, of a second city, 4; 6 holds cities alone
TABLES = "*_table[146].csv"
# the papers' names of metrics where they are not ours
METRICS = {"mae_s": "mae", "rmse_s": "rmse", "acc@1": "acc_1", "acc@5": "acc_5"}


def paper_rows(pattern: str) -> Iterator[dict[str, str]]:
    """The rows of the files of results/paper whose names fit a pattern."""
    root = paper_root()
    for path in sorted(root.glob(pattern)) if root else ():
        with path.open(newline="", encoding="utf-8") as file:
            yield from csv.DictReader(file)


@dataclass(frozen=True)
class PaperTable:
    """One table of a paper."""

    # (city, kind of task, method, what the paper calls the setting) -> its metric -> value, shares as fractions
    values: dict[tuple[str, str, str, str], dict[str, str]]

    def numbers(self, city: str, kind: str, method: str, setting: str, family: Family) -> dict[str, float]:
        """Our metric, made as the paper makes its own -> its value; what it did not report is absent."""
        found = self.values.get((city, kind, method, setting), {})
        return {our_metric(name, family): float(value) for name, value in found.items() if value and our_metric(name, family) in KNOWN}


def our_metric(name: str, family: Family) -> str:
    """Ours for a metric of the papers, which leaves out and averages what they do."""
    ours = METRICS.get(name, name)
    return family.paper_metrics.get(ours, ours)


@cache
def paper_table(name: str) -> PaperTable:
    """A file of results/paper.

    Raises
    ------
    UserError: there is none of that name.
    """
    values: dict[tuple[str, str, str, str], dict[str, str]] = {}
    for row in paper_rows(name):
        values.setdefault((row["suite"], row["task"], row["method"], row["setting"]), {})[row["metric"]] = row["value"]
    if not values:
        raise UserError(f"There are no numbers of a paper in {name}; an experiment names a file of results/paper.")
    return PaperTable(values)


@cache
def paper_numbers() -> dict[tuple[str, str, str, str], float]:
    """(suite, task, method, metric) → the main tables' value, shares as fractions; as well by our name of a method, where an experiment
    says that the paper calls it otherwise."""
    suites, numbers = list(built_in().values()), {}
    for row in paper_rows(TABLES):
        for suite, task in _places(row, suites) if row["value"] else ():
            numbers[suite, task, row["method"], METRICS.get(row["metric"], row["metric"])] = float(row["value"])
    ours = {(one.settings[method], method) for one in experiments().values() for method in one.methods if method in one.settings}
    return numbers | {(suite, task, name, metric): value for (suite, task, method, metric), value in numbers.items()
                      for theirs, name in ours if theirs == method}


def _places(row: dict[str, str], suites: Iterable[Suite]) -> Iterator[tuple[str, str]]:
    """The suites and tasks that measure what a row does: its city alone, or in the setting `standard` all cities of the paper."""
    for suite in suites:
        several = len(suite.cities) > 1
        setting = "standard" if several else find_family(suite.family).paper_alone
        if row["suite"] in suite.cities and row["setting"] == setting:
            yield suite.name, f"{row['suite']}.{row['task']}" if several else row["task"]
