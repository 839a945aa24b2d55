"""What the page of a method says: the facts of the registry, its options with their meaning, and every row that it has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from benchmark.errors import UserError
from benchmark.options import describe_options
from benchmark.registry import registry
from benchmark.report.rows import Row
from benchmark.report.site.board import by_seed, records_link
from benchmark.report.site.text import file_name, safe_link
from benchmark.report.table import Table
from benchmark.report.words import cell_text, metric_head, row_name
from benchmark.training_notes import last_training

# facts of the registry → what they are called on the page
FACTS = {"summary": "what it does", "paper": "paper", "licence": "licence of the original code", "family": "family",
         "scope": "one fit covers", "inputs": "reads", "parameters": "parameters", "deterministic": "the same under every seed",
         "version": "version"}


def method_page(name: str, tables: Sequence[Table], submission: Mapping[str, Any] | None) -> dict[str, Any]:
    """All that the page of a method shows; `tables`: those of every suite."""
    facts, options, problem = _registered(name)
    said = submission or {}
    facts |= {key: str(said[key]) for key in ("title", "paper", "licence") if said.get(key)}
    links = {"code": safe_link(said.get("code")), "verified by its authors": safe_link(said.get("author_verified"))}
    return {"name": name, "page": file_name(name), "facts": facts, "options": options, "problem": problem,
            "links": {key: address for key, address in links.items() if address}, "suites": list(_suites(name, tables))}


def _registered(name: str) -> tuple[dict[str, str], dict[str, Any], str]:
    """Facts and options of a method, and a sentence where they are not to be had."""
    known = registry()
    if name not in known:
        return {}, {}, "No method of this name is registered where this page was made; its records stand."
    try:
        info = known.info(name)
        facts = {said: _text(getattr(info, key)) for key, said in FACTS.items()} | {"registered in": known.place(name)}
        return facts, describe_options(known.load(name).Options), ""
    except UserError as error:
        return {}, {}, str(error)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else value if isinstance(value, str) else ", ".join(value)


def _suites(name: str, tables: Iterable[Table]) -> Iterator[dict[str, Any]]:
    for suite, own in groupby(tables, key=lambda table: table.suite_name):
        settings = [(title, [_row(row, table) for table in group for row in table.rows if row.method == name and not row.floor])
                    for title, group in groupby(own, key=lambda table: table.title)]
        found = [{"title": title, "rows": rows} for title, rows in settings if rows]
        if found:
            yield {"name": suite, "page": file_name(suite), "settings": found}


def _row(row: Row, table: Table) -> dict[str, Any]:
    """A row by the first metric that it has."""
    metric = next((metric for metric in table.metrics if metric in row.cells), table.metrics[0])
    found = [last_training(record.notes, row.task) for record in by_seed(row)]
    epochs = [f"{one['best_epoch']} of {one['epochs']}" for one in found if {"best_epoch", "epochs"} <= one.keys()]
    return {"task": row.task, "name": row_name(row), "number": cell_text(row.cells.get(metric), metric, row.n), "head": metric_head(metric),
            "n": row.n, "link": records_link(row), "missing": row.missing, "epochs": ", ".join(dict.fromkeys(epochs))}
