"""The lists of `stbench list` and `stbench data list`, as a terminal shows them: what is plain data, in few and readable columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmark.families import kind_of
from benchmark.metrics import METRICS
from benchmark.report.console import plain_table
from benchmark.report.visible import visible
from benchmark.report.words import metric_head

Row = Mapping[str, Any]


def list_text(what: str, rows: Sequence[Row]) -> str:
    """The rows of one of `listing.KINDS`, or of the prepared cities (``cities``). Where they come from is shown if one is an outsider's."""
    shown = SHOWN[what]
    whole = [row for row in rows if not row.get("broken")]
    outside = any(row.get("from") for row in whole)
    made = plain_table([{**shown(row), **({"from": row["from"] or ""} if outside else {})} for row in whole], section="family",
                       prose=("meaning",), optional=("licence", "inputs", "title"))
    broken = [visible(f"{row[what.removesuffix('s')]} does not load: {row['broken']}") + "\n" for row in rows if row.get("broken")]
    return made + "".join(broken)


def _method(row: Row) -> dict[str, Any]:
    return {"family": row["family"], "method": row["method"], "scope": row["scope"], "parameters": row["parameters"],
            "paper": short_paper(row["paper"]), "inputs": _list(row["inputs"]), "licence": row["licence"]}


def _suite(row: Row) -> dict[str, Any]:
    return {"family": row["family"], "suite": row["suite"], "version": row["version"], "cities": _list(row["cities"]),
            "editions": _list(row["editions"]), "tasks": _list(dict.fromkeys(map(kind_of, row["tasks"]))), "title": row["title"]}


def _task(row: Row) -> dict[str, Any]:
    return {"task": row["task"], "suite": row["suite"],
            "metrics": ", ".join(re.sub(" %| [↑↓]", "", metric_head(name)) if METRICS[name].mask != "ranking" else METRICS[name].label
                                 for name in row["metrics"])}


def _scenario(row: Row) -> dict[str, Any]:
    return {"family": row["family"], "scenario": row["scenario"], "tasks": _list(row["tasks"] or ["all"]), "meaning": row["meaning"]}


def _preset(row: Row) -> dict[str, Any]:
    names = {"epoch_windows": "windows an epoch", "city_size": "simulated city"}
    return {names.get(key, key.replace("_", " ")): value for key, value in row.items()}


def _protocol(row: Row) -> dict[str, Any]:
    return {"family": row["family"], "protocol": row["protocol"], "version": row["version"], "ranked": "yes" if row["ranked"] else "no",
            "history": row["history"], "horizon": row["horizon"], "patience": row["patience"], "epochs": row["max_epochs"],
            "meaning": row["meaning"]}


def _source(row: Row) -> dict[str, Any]:
    files = f"needs {row['files']}" if row["files"] else "needs no files"
    return {"source": row["source"], "makes": _list(row["makes"]), "licence": row["licence"], "meaning": f"{row['meaning']}; {files}"}


def _experiment(row: Row) -> dict[str, Any]:
    return {"experiment": row["experiment"], "kind": row["kind"], "suites": _list(row["suites"]), "meaning": row["meaning"]}


def _city(row: Row) -> dict[str, Any]:
    """Days instead of moments, and of a trajectory city its size instead of tasks."""
    days = re.sub(r"T[\d:]+", "", _each(row["span"]) or "").replace("/", " … ") or None
    return {"name": row["name"], "edition": row["edition"], "nodes": _each(row["nodes"]), "steps": _each(row["steps"]),
            "minutes": _each(row["interval_minutes"]), "span": days, "holds": ", ".join(row["tasks"]) or row["size"]}


def _each(value: Any) -> Any:
    """A value that all tasks share, or the text of several."""
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _list(values: Any) -> str:
    return ", ".join(values)


def short_paper(paper: str) -> str:
    """``Yi, Zhou, Huang, NeurIPS 2024`` → ``Yi et al., NeurIPS 2024``; what does not read like that stays."""
    first, *others = paper.split(", ")
    return f"{first} et al., {others[-1]}" if len(others) > 2 and re.search(r"\d{4}$", others[-1]) else paper


SHOWN: dict[str, Callable[[Row], dict[str, Any]]] = {
    "methods": _method, "suites": _suite, "tasks": _task, "scenarios": _scenario, "presets": _preset, "protocols": _protocol,
    "sources": _source, "experiments": _experiment, "cities": _city}
