"""What `stbench list` and `stbench show` tell, as plain data. Listing imports no torch."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from benchmark.data.sources import offer_of, sources
from benchmark.declared import all_files, files
from benchmark.errors import unknown
from benchmark.families import FAMILIES, find_family
from benchmark.method_files import named
from benchmark.metrics import METRICS
from benchmark.options import describe_options
from benchmark.registry import Broken, Catalogue, registry
from benchmark.spec import PRESETS, Preset
from benchmark.suites.catalogue import Suite, find_suite, suites
from benchmark.suites.registered import registered

CARD_FACTS = ("title", "source", "licence", "nodes", "graph", "trips", "roads", "links", "cells", "fingerprint")
# what of a registered thing no reader needs: its name stands above, and where its code lies is told by the registry
TARGETS = ("name", "target", "options", "build", "downloads")
# the counts of a preset
COUNTS = tuple(field.name for field in fields(Preset) if field.name not in ("name", "summary", "city_size"))


def methods() -> list[dict[str, Any]]:
    known = registry()
    rows = [{"method": name, "version": info.version, "family": info.family, "scope": info.scope, "inputs": list(info.inputs),
             "parameters": info.parameters, "deterministic": info.deterministic, "licence": info.licence, "paper": info.paper,
             "summary": info.summary, **_from(known, name)} for name in known.names() for info in [known.info(name)]]
    return rows + _broken("method", known, rows[0])


def suite_rows() -> list[dict[str, Any]]:
    known = registered()
    rows = [{"suite": suite.name, "version": suite.version, "family": suite.family, "cities": list(suite.cities),
             "tasks": list(suite.tasks), "editions": list(suite.editions), "title": suite.title, **_from(known, suite.name)}
            for suite in suites().values()]
    return rows + _broken("suite", known, rows[0])


def tasks() -> list[dict[str, Any]]:
    return [{"task": task, "suite": suite.name, "metrics": list(_metrics(suite, task))}
            for suite in suites().values() for task in suite.tasks]


def _metrics(suite: Suite, task: str) -> tuple[str, ...]:
    """What protocol `strict` scores a task by."""
    family = find_family(suite.family)
    shown = family.metrics_of(task, family.protocol("strict"))
    return tuple(name for name in shown if METRICS[name].mask != "ranking" or family.kind(task).ranks_cells)


def scenarios() -> list[dict[str, Any]]:
    """Of a scenario of all tasks, the list of tasks is None."""
    return [{"scenario": one.name, "family": family.name, "tasks": list(one.tasks) or None, "meaning": one.meaning}
            for family in FAMILIES.values() for one in family.scenarios.values()]


def presets() -> list[dict[str, Any]]:
    """A count that the preset leaves to the protocol is None."""
    return [{"preset": p.name, **{count: getattr(p, count) for count in COUNTS}, "city_size": p.city_size, "meaning": p.summary}
            for p in PRESETS.values()]


def protocols() -> list[dict[str, Any]]:
    return [{"protocol": p.name, "version": p.version, "family": family.name, "ranked": p.ranked, "history": getattr(p, "history", None),
             "horizon": getattr(p, "horizon", None), "patience": p.patience, "max_epochs": p.max_epochs, "metrics": list(p.metrics),
             "meaning": p.summary} for family in FAMILIES.values() for p in family.protocols.values()]


def source_rows() -> list[dict[str, Any]]:
    known = sources()
    rows = [{"source": one.name, "makes": list(one.kinds), "licence": one.licence, "files": one.files or None, "meaning": one.summary,
             **_from(known, one.name)} for one in known.all()]
    return rows + _broken("source", known, rows[0])


def experiment_rows() -> list[dict[str, Any]]:
    known, (found, unreadable) = files(), all_files()
    rows = [{"experiment": one.name, "kind": one.kind, "suites": list(one.suites), "methods": list(one.methods), "seeds": one.seeds,
             "paper": one.paper or None, "meaning": one.title, **_from(known, one.name.partition("/")[0])} for one in found.values()]
    # a file that is found when it is read to be none
    lost = [Broken(name, known.origin(name) or known.place(name), str(error)) for name, error in unreadable.items()]
    return rows + _broken("experiment", known, rows[0], lost)


def _from(known: Catalogue[Any], name: str) -> dict[str, Any]:
    """The outside package that an entry which loads comes from."""
    return {"from": known.origin(name), "broken": None}


def _broken(what: str, known: Catalogue[Any], other: Mapping[str, Any], more: Sequence[Broken] = ()) -> list[dict[str, Any]]:
    """What is known of entries of outside packages that do not load: the keys of another row, and the reason."""
    return [{**dict.fromkeys(other), what: bad.name, "from": bad.package, "broken": f"package {bad.package}: {bad.reason}"}
            for bad in (*known.broken.values(), *more)]


KINDS: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "methods": methods, "suites": suite_rows, "tasks": tasks, "scenarios": scenarios, "presets": presets, "protocols": protocols,
    "sources": source_rows, "experiments": experiment_rows}


def describe(name: str) -> dict[str, Any]:
    """Everything of a name: a suite, a method (``file.py:Class`` too) or a source; where it names several, the later ones stand under
    their own word.

    Raises
    ------
    UserError: there is nothing of that name.
    """
    (name,) = named([name], registry())
    every: dict[str, tuple[Container[str], Callable[[str], dict[str, Any]]]] = {
        "suite": ({*suites(), *registered().broken}, _suite), "method": (registry(), _method), "source": (sources(), _source)}
    found = {what: facts(name) for what, (known, facts) in every.items() if name in known}
    if not found:
        raise unknown("method, suite or source", name, {*registry().names(), *suites(), *(one.name for one in sources().all())})
    first, *others = found
    return {first: name, **found[first], **{other: found[other] for other in others}}


def _suite(name: str) -> dict[str, Any]:
    suite, known = find_suite(name), registered()
    editions = {edition: _edition(suite.cards(edition)) or "made when first used" for edition in suite.editions}
    possible = [one.name for one in find_family(suite.family).scenarios.values() if one.fits(suite.tasks)]
    return {"title": suite.title, "version": suite.version, "family": suite.family, "cities": list(suite.cities),
            "tasks": list(suite.tasks), "scenarios": possible, "editions": editions,
            **({"registered in": known.place(name)} if known.is_outside(name) else {})}


def _method(name: str) -> dict[str, Any]:
    known, cls = registry(), registry().load(name)
    declared = {what: getattr(cls, what) for what in ("presets", "ablations", "ablation_suite", "sweeps")}
    return {**_registered(known, name, cls.Options), **{what: value for what, value in declared.items() if value}}


def _source(name: str) -> dict[str, Any]:
    known = sources()
    facts = _registered(known, name, known.options(name))
    if not known.info(name).downloads:
        return facts
    offer = offer_of(name, known.options(name)())
    return {**facts, "fetched": {"use": offer.use, "terms": offer.terms, "files": {file.name: file.address for file in offer.files}}}


def _registered(known: Catalogue[Any], name: str, options: type) -> dict[str, Any]:
    """The facts of an entry without its targets, where it is registered, and its options with their meaning."""
    facts = {key: value for key, value in asdict(known.info(name)).items() if key not in TARGETS}
    return {**facts, "registered in": known.place(name), "options": describe_options(options)}


def _edition(cards: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the cards say: at once of one city, else by city."""
    facts = {card["name"]: {key: card[key] for key in CARD_FACTS if key in card} for card in cards}
    return facts[cards[0]["name"]] if len(cards) == 1 else facts
