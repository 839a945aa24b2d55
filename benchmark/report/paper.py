"""The papers' own numbers: read from results/paper or what a wheel holds of it, shown in a column of their own, never ranked."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from functools import cache

from benchmark.families import find_family
from benchmark.store.records import paper_root
from benchmark.suites.catalogue import Suite, built_in

# the main tables: 1 and, of a second city, 4; 6 holds cities alone
TABLES = "*_table[146].csv"
# the papers' names of metrics where they are not ours
METRICS = {"mae_s": "mae", "rmse_s": "rmse", "acc@1": "acc_1", "acc@5": "acc_5"}


@cache
def paper_numbers() -> dict[tuple[str, str, str, str], float]:
    """(suite, task, method, metric) → the main tables' value, shares as fractions."""
    root, suites = paper_root(), list(built_in().values())
    numbers = {}
    for path in sorted(root.glob(TABLES)) if root else []:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                for suite, task in _places(row, suites) if row["value"] else ():
                    numbers[suite, task, row["method"], METRICS.get(row["metric"], row["metric"])] = float(row["value"])
    return numbers


def _places(row: dict[str, str], suites: Iterable[Suite]) -> Iterator[tuple[str, str]]:
    """The suites and tasks that measure what a row does: its city alone, or in the setting `standard` all cities of the paper."""
    for suite in suites:
        several = len(suite.cities) > 1
        setting = "standard" if several else find_family(suite.family).paper_alone
        if row["suite"] in suite.cities and row["setting"] == setting:
            yield suite.name, f"{row['suite']}.{row['task']}" if several else row["task"]
