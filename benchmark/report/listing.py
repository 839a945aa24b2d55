"""What `stbench list` and `stbench show` tell, as plain data. Listing imports no torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from benchmark.data.folder import read_card
from benchmark.errors import unknown
from benchmark.metrics import METRICS
from benchmark.registry import registry
from benchmark.spec import PRESETS, PROTOCOLS
from benchmark.suites.catalogue import SIM, suites


def methods() -> list[dict[str, Any]]:
    known = registry()
    rows = [{"method": name, "family": info.family, "scope": info.scope, "inputs": ", ".join(info.inputs),
             "parameters": info.parameters, "licence": info.licence, "paper": info.paper}
            for name in known.names() for info in [known.info(name)]]
    broken = [{"method": bad.name, "family": "broken", "paper": f"package {bad.package}: {bad.reason}"} for bad in known.broken.values()]
    return rows + broken


def suite_rows() -> list[dict[str, Any]]:
    return [{"suite": f"{suite.name}@{suite.version}", "family": suite.family, "tasks": ", ".join(suite.tasks),
             "editions": ", ".join(suite.editions), "title": suite.title} for suite in suites().values()]


def tasks() -> list[dict[str, Any]]:
    return [{"task": task, "suite": suite.name, "metrics": ", ".join(METRICS[name].label for name in ("mae", "rmse", "mape", "wape"))}
            for suite in suites().values() for task in suite.tasks]


def presets() -> list[dict[str, Any]]:
    return [{"preset": p.name, "epochs": p.epochs, "windows an epoch": p.epoch_windows, "validation windows": p.validation_windows,
             "simulated city": p.city_size, "meaning": p.summary} for p in PRESETS.values()]


def protocols() -> list[dict[str, Any]]:
    return [{"protocol": f"{p.name}@{p.version}", "history": p.history, "horizon": p.horizon, "patience": p.patience,
             "epochs": p.max_epochs, "meaning": p.summary} for p in PROTOCOLS.values()]


KINDS: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "methods": methods, "suites": suite_rows, "tasks": tasks, "presets": presets, "protocols": protocols}


def describe(name: str) -> dict[str, Any]:
    """Everything about one method or suite.

    Raises
    ------
    UserError: there is neither a method nor a suite of that name.
    """
    known, cities = registry(), suites()
    if name in cities:
        suite = cities[name]
        editions = {edition: _city(suite.prepared[edition]) if edition != SIM else "made when first used" for edition in suite.editions}
        return {"suite": name, "title": suite.title, "version": suite.version, "tasks": list(suite.tasks), "editions": editions}
    if name not in [*known.names(), *known.broken]:
        raise unknown("method or suite", name, [*known.names(), *cities])
    from benchmark.options import describe_options

    info = known.info(name)
    facts = asdict(info)
    del facts["name"], facts["target"]
    return {"method": name, **facts, "registered in": known.place(name), "options": describe_options(known.load(name).Options)}


def _city(folder: Any) -> dict[str, Any]:
    card = read_card(folder)
    return {key: card[key] for key in ("title", "source", "licence", "nodes", "graph", "fingerprint")}
