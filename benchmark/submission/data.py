"""Suites and data of a bundle: those that come with this version of stbench, or that records are published of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from benchmark.data.folder import join_fingerprints
from benchmark.errors import UserError
from benchmark.spec import PRESETS, Record, RunSpec
from benchmark.submission.together import Records
from benchmark.suites.catalogue import Suite, pick_tasks
from benchmark.suites.cities import Cities, CityFinder


def suite_problems(records: Records, suites: Mapping[str, Suite]) -> Iterator[str]:
    """Every suite comes with stbench, in the version that it has now."""
    for name, record in records.items():
        spec = record.spec
        if spec.suite not in suites:
            yield f"{name} is of the suite {spec.suite}, which does not come with stbench; known: {', '.join(suites)}."
        elif suites[spec.suite].version != spec.suite_version:
            yield (f"{name} is of {spec.suite}@{spec.suite_version}; this version of stbench has "
                   f"{spec.suite}@{suites[spec.suite].version}.")
        else:
            try:
                strange = set(spec.tasks) - set(pick_tasks(suites[spec.suite], None, spec.scenario))
            except UserError as error:
                yield f"{name} cannot be: {error}"
            else:
                if strange:
                    yield f"{name} is of {', '.join(sorted(strange))}, which suite {spec.suite} does not ask for."


def data_problems(records: Records, suites: Mapping[str, Suite], published: Sequence[Record]) -> Iterator[str]:
    """Every fingerprint is that of published records of the same data, of a city that ships, or of one that is simulated here."""
    known: dict[tuple[object, ...], set[str]] = {}
    for record in published:
        known.setdefault(_data(record.spec), set()).add(record.spec.fingerprint)
    for name, record in records.items():
        spec = record.spec
        if _data(spec) not in known:
            known[_data(spec)] = _made_here(suites[spec.suite], spec)
        if spec.fingerprint not in known[_data(spec)]:
            its = ", ".join(sorted(known[_data(spec)]))
            yield (f"{name} is of data {spec.edition} with the fingerprint {spec.fingerprint}, "
                   + (f"and those of {spec.suite} have {its}." if its else "which nobody else is known to have; only simulated data, those "
                      "that ship and those of published records are listed."))


def cities_of(suite: Suite, spec: RunSpec) -> Cities | None:
    """The cities of a run, simulated or unpacked if need be; None: they are not here, or are others."""
    try:
        found = CityFinder().cities(suite, spec.edition, PRESETS[spec.preset].city_size)
    except UserError:
        return None
    return found if found.fingerprint == spec.fingerprint else None


def _data(spec: RunSpec) -> tuple[object, ...]:
    return spec.suite, spec.suite_version, spec.edition, PRESETS[spec.preset].city_size


def _made_here(suite: Suite, spec: RunSpec) -> set[str]:
    """The fingerprint of an edition that anybody can make; that of one which ships is known before it is unpacked."""
    recipes = suite.made.get(spec.edition)
    if recipes is None:
        return set()
    cards = [recipe.card for recipe in recipes]
    if all(card is not None for card in cards):
        return {join_fingerprints([card["fingerprint"] for card in cards if card is not None])}
    return {CityFinder().cities(suite, spec.edition, PRESETS[spec.preset].city_size).fingerprint}
