"""The papers' own numbers: read from results/paper, shown in a column of their own, never ranked."""

from __future__ import annotations

import csv
from functools import cache

from benchmark.store.records import checkout


@cache
def paper_numbers() -> dict[tuple[str, str, str, str], float]:
    """(suite, task, method, metric) → the main tables' value, setting `standard`; empty outside a checkout."""
    root = checkout()
    numbers = {}
    for path in sorted((root / "results" / "paper").glob("*_table1.csv")) if root else []:
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                if row["setting"] == "standard" and row["value"]:
                    numbers[row["suite"], row["task"], row["method"], row["metric"]] = float(row["value"])
    return numbers
