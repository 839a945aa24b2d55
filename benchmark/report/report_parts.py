"""What a report of a suite is made of: tables, pictures, the cards of the cities and the environments, all from records."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmark.errors import UserError
from benchmark.report.advice import advice
from benchmark.report.choice import Filter
from benchmark.report.figures.kinds import KINDS
from benchmark.report.figures.kinds.runs import Runs, settings
from benchmark.report.figures.picture import Picture
from benchmark.report.report_page import Card, report_page
from benchmark.report.sheet import Sheet
from benchmark.report.suite import suite_sheets
from benchmark.report.table import make_tables
from benchmark.spec import Record
from benchmark.store.records import Store

# what an environment is, and what a city's card says first
ENVIRONMENT = ("stbench", "torch", "python", "system", "device", "cores", "threads")
FIRST = ("name", "edition", "size", "fingerprint", "source", "licence")
# a longer fact is cut; the card of the city holds it whole
LONGEST_FACT = 600


def suite_report(title: str, local: Store, published: Store | None, chosen: Filter) -> str:
    """The page of all records that a filter takes.

    Raises
    ------
    UserError: the filter finds nothing, or asks for what does not exist. A broken record is named on stderr and left out.
    """
    shown = settings(local, published, chosen)
    if not shown:
        raise UserError(advice(chosen))
    pictures, lacking = [], []
    for number, runs in enumerate(shown, 1):
        for picture in drawable(runs, number):
            if isinstance(picture, Picture):
                pictures.append(picture)
            else:
                lacking.append(picture)
    records = [run.record for runs in shown for _, _, found in runs.each() for run in found]
    return report_page(title, suite_sheets(make_tables(local, published, chosen)), pictures, city_cards(records), environments(records),
                       list(dict.fromkeys(lacking)))


def drawable(runs: Runs, number: int) -> Iterator[Picture | str]:
    """Every kind of picture whose data are there, each of a name of its own; of the others the sentence that says what is lacking."""
    for name, kind in KINDS.items():
        try:
            made = kind.picture(runs)
        except UserError as error:
            yield f"{name}, {runs.title}: {error}"
        else:
            yield Picture(f"{made.name}-{number}", made.caption, made.chart)


def city_cards(records: Sequence[Record]) -> list[Card]:
    """A card a city of each content, in the order of the records."""
    found: dict[tuple[str, str], Card] = {}
    for record in records:
        about, edition = record.city, record.spec.edition
        for name, city in about.get("cities", {str(about["name"]): about}).items():
            fingerprint = str(city.get("fingerprint", record.spec.fingerprint))
            if (name, fingerprint) not in found:
                known = {**city, "name": name, "edition": edition, "fingerprint": fingerprint}
                title = str(city.get("title", name))
                ordered = {key: known[key] for key in (*FIRST, *known) if key in known and key not in ("title", "suite_tasks")}
                tasks = {f"task {task}": _text(one) for task, one in ordered.pop("tasks", {}).items()}
                found[name, fingerprint] = Card(title, {**{key: _text(value) for key, value in ordered.items()}, **tasks})
    return list(found.values())


def environments(records: Sequence[Record]) -> Sheet:
    """A row an environment, with the number of its runs; times of different rows do not compare."""
    runs = {record.spec.id: record.environment for record in records}
    counts = Counter(tuple(str(one.get(key, "")) for key in ENVIRONMENT) for one in runs.values())
    return Sheet("", [*ENVIRONMENT, "runs"], [[*key, str(count)] for key, count in sorted(counts.items())], words=len(ENVIRONMENT),
                 keys=1, notes=["Times of different rows do not compare."] if len(counts) > 1 else [])


def _text(value: Any) -> str:
    """A fact of a card in words."""
    if isinstance(value, Mapping):
        text = "; ".join(f"{key}: {_text(one)}" if not isinstance(one, Mapping) else f"{key} ({_text(one)})" for key, one in value.items())
    elif isinstance(value, list):
        text = ", ".join(map(_text, value))
    elif isinstance(value, float):
        text = f"{value:.6g}"
    else:
        text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= LONGEST_FACT else text[:LONGEST_FACT] + " …"
