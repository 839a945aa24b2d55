"""Which records are shown: filters by name, and the two stores that are read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.errors import UserError, unknown
from benchmark.families import FAMILIES, find_family, is_named
from benchmark.metrics import METRICS
from benchmark.spec import PRESETS, Record
from benchmark.store.reading import read_records
from benchmark.store.records import Store, local_root, published_root

if TYPE_CHECKING:
    from benchmark.execution.jobs import Setting

# how options were chosen: as the method declares them, or by trials
TUNINGS = DEFAULT, SEARCHED = "default", "searched"
# "local" or "published", record, those of its tasks that are shown
Chosen = tuple[str, Record, tuple[str, ...]]


@dataclass(frozen=True)
class Filter:
    """Which tables and rows to make; None: all."""

    suites: tuple[str, ...] | None = None
    editions: tuple[str, ...] | None = None
    presets: tuple[str, ...] | None = None
    protocols: tuple[str, ...] | None = None
    # names of tasks; in a suite of several cities `road_label` means that task of each city
    tasks: tuple[str, ...] | None = None
    methods: tuple[str, ...] | None = None
    metrics: tuple[str, ...] | None = None
    scenarios: tuple[str, ...] | None = None
    fingerprint: str | None = None
    # one step of the horizon, counted from 1, instead of all; trajectories have none and are left out
    horizon: int | None = None
    # how a run's options were chosen: one of `TUNINGS`; records that do not say it are taken by neither
    tuning: str | None = None
    # whether the user changed options of the run
    variant: bool | None = None

    @classmethod
    def of(cls, setting: Setting) -> Filter:
        """The tables of a setting's runs."""
        return cls((setting.suite.name,), (setting.cities.edition,), (setting.preset.name,), (setting.protocol.name,), setting.tasks,
                   scenarios=(setting.scenario,), fingerprint=setting.cities.fingerprint)

    @classmethod
    def by_name(cls, **filters: str | Sequence[str] | int | None) -> Filter:
        """A filter of the singular names, each a text or several: ``Filter.by_name(suite="nyc", method=("stid", "cmust"))``.

        Raises
        ------
        UserError: there is no filter of this name.
        """
        known = {one.name.removesuffix("s"): one.name for one in fields(cls)}
        given: dict[str, Any] = {}
        for name, value in filters.items():
            if name not in known:
                raise unknown("filter", name, known)
            several = known[name] != name and value is not None
            given[known[name]] = ((value,) if isinstance(value, str) else tuple(value)) if several else value  # type: ignore[arg-type]
        return cls(**given)

    def check(self) -> None:
        """Raise UserError for a preset, protocol, scenario, metric or step that no family has; suites, tasks, methods may be anybody's."""
        known: list[tuple[str, Sequence[str] | None, Collection[str]]] = [
            ("preset", self.presets, PRESETS), ("tuning", self.tuning and (self.tuning,), TUNINGS), ("metric", self.metrics, METRICS),
            ("protocol", self.protocols, {name for family in FAMILIES.values() for name in family.protocols}),
            ("scenario", self.scenarios, {name for family in FAMILIES.values() for name in family.scenarios})]
        for what, asked, names in known:
            for name in asked or ():
                if name not in names:
                    raise unknown(what, name, names)
        steps = max((getattr(protocol, "horizon", 0) for family in FAMILIES.values() for name, protocol in family.protocols.items()
                     if self.protocols is None or name in self.protocols), default=0)
        if self.horizon is not None and steps and not 1 <= self.horizon <= steps:
            raise UserError(f"There is no step {self.horizon} of the horizon: a forecast has the steps 1 to {steps}. "
                            f"Write --horizon {steps}, or leave it out for all steps together.")

    def takes(self, record: Record) -> bool:
        spec = record.spec
        pairs = ((self.suites, spec.suite), (self.editions, spec.edition), (self.presets, spec.preset), (self.protocols, spec.protocol),
                 (self.methods, spec.method), (self.scenarios, spec.scenario))
        return (all(allowed is None or value in allowed for allowed, value in pairs) and self.fingerprint in (None, spec.fingerprint)
                and (self.horizon is None or find_family(spec.family).horizons)
                and self.tuning in (None, tuning_of(record)) and self.variant in (None, bool(record.notes.get("user_overrides"))))


def tuning_of(record: Record) -> str | None:
    """One of `TUNINGS`, by the trials that chose a run's options; None: the record does not say it."""
    said = record.notes.get("tuning")
    return DEFAULT if said == DEFAULT else SEARCHED if isinstance(said, int) else None


def open_stores(results: str | Path | None = None) -> tuple[Store, Store | None]:
    """The local store, below `results` or where `run` writes by default, and that of the published records, in a checkout."""
    published = published_root()
    return Store(local_root(results)), Store(published) if published else None


def chosen_records(local: Store | None, published: Store | None, chosen: Filter) -> Iterator[Chosen]:
    """What is chosen of both stores, as far as the filter takes them; only their folders are read.

    Raises
    ------
    UserError: the filter asks for what does not exist. A broken record is named on stderr and left out.
    """
    chosen.check()
    for source, store in (("local", local), ("published", published)):
        for record in read_records(store, chosen.suites, chosen.methods) if store else ():
            if chosen.takes(record):
                yield source, record, tuple(task for task in record.spec.tasks if chosen.tasks is None or is_named(task, chosen.tasks))
