"""Kind `statistics`: what the cities of a suite are in numbers, beside what the paper says of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmark import lazy
from benchmark.contract import Measurer
from benchmark.declared import Experiment
from benchmark.execution.plan import Request
from benchmark.experiments.kinds import Kind, Resolved
from benchmark.families import find_family
from benchmark.report.paper import paper_table
from benchmark.report.sheet import DIM, Sheet
from benchmark.spec import find_preset
from benchmark.suites.catalogue import find_suite
from benchmark.suites.cities import Cities, CityFinder, locate

COLUMNS = ("experiment", "suite", "edition", "city", "fingerprint", "task", "statistic", "value", "paper")
LACKING = "–"


def build(experiment: Experiment, request: Request, results: Path) -> None:
    """Make the cities that are missing."""
    for suite in experiment.suites:
        _cities(suite, request, CityFinder())


def sheets(resolved: Resolved) -> list[Sheet]:
    """One a suite: a row a city, task and statistic."""
    return [_sheet(resolved, suite) for suite in resolved.experiment.suites]


def _sheet(resolved: Resolved, suite: str) -> Sheet:
    one, cities = resolved.experiment, _cities(suite, resolved.request, CityFinder(builds=False))
    theirs = paper_table(one.paper).values if one.paper else {}
    measurer: Measurer = lazy.load(find_family(find_suite(suite).family).measurer)
    data: list[dict[str, Any]] = []
    for ref in cities.refs:
        ours = measurer.statistics(measurer.open_city(locate(ref))) if ref.known else {}
        told = {task: numbers for (city, task, method, setting), numbers in theirs.items() if city == ref.name}
        for task in dict.fromkeys([*ours, *told]):
            names = dict.fromkeys([*ours.get(task, {}), *told.get(task, {})])
            data += [{"experiment": one.name, "suite": suite, "edition": cities.edition, "city": ref.name, "fingerprint": ref.fingerprint,
                      "task": task, "statistic": name, "value": ours.get(task, {}).get(name), "paper": _number(told.get(task, {}), name)}
                     for name in names]
    rows = [[f"{row['city']} {row['task']}" if row["task"] != "statistics" else row["city"], row["statistic"].replace("_", " "),
             _text(row["value"]), _text(row["paper"])] for row in data]
    notes = ["paper: of its own data, which are other data unless the edition is archive."]
    if not all(ref.known for ref in cities.refs):
        notes.append(f"{LACKING}: the city is not made yet; this makes it: {resolved.command}")
    title = f"{one.name}: {one.title} · {suite} · data {cities.edition}" + (
        f" · preset {resolved.request.preset}" if any(ref.recipe for ref in cities.refs) else "")
    return Sheet(title, ["city", "statistic", "ours", "paper"], rows, words=2, keys=2, sections=True,
                 marks={(k, 3): DIM for k in range(len(rows))}, notes=notes, columns=COLUMNS, data=data, whole=data)


def _cities(suite: str, request: Request, finder: CityFinder) -> Cities:
    return finder.cities(find_suite(suite), request.edition, find_preset(request.preset or "quick").city_size)


def _number(told: Mapping[str, str], name: str) -> float | str | None:
    """A paper's value, which may be a span of days."""
    text = told.get(name)
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def _text(value: float | str | None) -> str:
    if value is None or isinstance(value, str):
        return LACKING if value is None else value
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}" if abs(value) >= 0.1 else f"{value:.4f}"


KIND = Kind(sheets, do=build)
