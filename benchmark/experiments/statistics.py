"""Kind `statistics`: what the cities of a suite are in numbers, beside what the paper says of its own."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmark.data.folder import city_cards, read_card
from benchmark.declared import Experiment
from benchmark.execution.plan import Request
from benchmark.experiments.kinds import Kind, Resolved
from benchmark.report.sheet import DIM, Sheet
from benchmark.report.told import LACKING, NOTE, Told, side_by_side, told_by
from benchmark.spec import find_preset
from benchmark.suites.catalogue import find_suite
from benchmark.suites.cities import Cities, CityFinder, CityRef, locate

COLUMNS = ("experiment", "suite", "edition", "city", "fingerprint", "task", "statistic", "value", "paper")


def build(experiment: Experiment, request: Request, results: Path) -> None:
    """Make the cities that are missing."""
    for suite in experiment.suites:
        _cities(suite, request, CityFinder())


def sheets(resolved: Resolved) -> list[Sheet]:
    """One a suite: a row a city, task and statistic."""
    return [_sheet(resolved, suite) for suite in resolved.experiment.suites]


def _sheet(resolved: Resolved, suite: str) -> Sheet:
    one, cities = resolved.experiment, _cities(suite, resolved.request, CityFinder(builds=False))
    told: list[tuple[CityRef, Told]] = []
    for ref in cities.refs:
        folder = locate(ref) if ref.known else None
        ours = city_cards(read_card(folder)).look(folder).statistics if folder else {}
        told += [(ref, each) for each in side_by_side(ours, told_by(one.paper, ref.name) if one.paper else {})]
    asked = {"experiment": one.name, "suite": suite, "edition": cities.edition}
    data: list[dict[str, Any]] = [{**asked, "city": ref.name, "fingerprint": ref.fingerprint, **asdict(each)} for ref, each in told]
    rows = [[f"{ref.name} {each.task}" if each.task != "statistics" else ref.name, *each.words] for ref, each in told]
    notes = [NOTE]
    if not all(ref.known for ref in cities.refs):
        notes.append(f"{LACKING}: the city is not made yet; this makes it: {resolved.command}")
    title = f"{one.name}: {one.title} · {suite} · data {cities.edition}" + (
        f" · preset {resolved.request.preset}" if any(ref.recipe for ref in cities.refs) else "")
    return Sheet(title, ["city", "statistic", "ours", "paper"], rows, words=2, keys=2, sections=True,
                 marks={(k, 3): DIM for k in range(len(rows))}, notes=notes, columns=COLUMNS, data=data, whole=data)


def _cities(suite: str, request: Request, finder: CityFinder) -> Cities:
    return finder.cities(find_suite(suite), request.edition, find_preset(request.preset or "quick").city_size)


KIND = Kind(sheets, do=build)
