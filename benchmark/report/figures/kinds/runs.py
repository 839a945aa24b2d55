"""The runs that one figure is made of: those of one setting, method by method, of one source each, as in tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.errors import UserError
from benchmark.families import STANDARD, Family, find_family
from benchmark.metrics import METRICS
from benchmark.registry import registry
from benchmark.report.advice import advice, command
from benchmark.report.choice import Filter, chosen_records
from benchmark.report.labels import budget_facts, method_facts, told_apart
from benchmark.report.rows import beside, changed_options, past_days, task_values
from benchmark.report.words import all_tasks, percent_head, printed, unit_of, with_brackets
from benchmark.spec import Record, RunSpec
from benchmark.store.records import Store
from benchmark.suites.catalogue import find_suite

# beyond so many methods, their variants with other options are not drawn
MANY = 8


@dataclass(frozen=True)
class Run:
    """One finished run."""

    record: Record
    # of its record, beside which lies what is never published
    path: Path
    # whether this checkout measured it
    local: bool

    @property
    def spec(self) -> RunSpec:
        return self.record.spec


@dataclass(frozen=True)
class Runs:
    """The runs of one suite, edition, scenario, protocol and preset."""

    title: str
    # label of a method -> task -> its runs, one a seed
    methods: Mapping[str, Mapping[str, Sequence[Run]]]
    tasks: tuple[str, ...]
    # what was asked for, for advice
    chosen: Filter
    # variants with other options that are not among the methods, because there would be too many
    left_out: tuple[str, ...] = ()

    @property
    def first(self) -> Record:
        """One of the records, which speaks for what they share."""
        return next(run.record for _, _, runs in self.each() for run in runs)

    @property
    def family(self) -> Family:
        return find_family(self.first.spec.family)

    def each(self) -> Iterator[tuple[str, str, Sequence[Run]]]:
        """(label, task, its runs), task by task."""
        for task in self.tasks:
            for label, by_task in self.methods.items():
                if task in by_task:
                    yield label, task, by_task[task]

    def metric(self, task: str) -> str:
        """The metric that figures show of a task: the one asked for, else the first of the protocol."""
        spec = self.first.spec
        own = self.family.metrics_of(task, self.family.protocol(spec.protocol))
        asked = [metric for metric in self.chosen.metrics or () if metric in own]
        return (asked or own)[0]

    def label(self, metric: str, task: str) -> str:
        """A metric with the unit that `values` gives it: ``MAE (trips per 30 min)``."""
        own = next((runs[0].record for _, other, runs in self.each() if other == task), self.first)
        return metric_label(own, metric, task)

    def run_command(self, *, keep: bool = False) -> str:
        """What makes these runs anew, with all that lies beside their records; or with what `--keep` keeps as well."""
        spec, methods = self.first.spec, dict.fromkeys(run.spec.method for _, _, runs in self.each() for run in runs)
        setting = Filter((spec.suite,), (spec.edition,), (spec.preset,), (spec.protocol,), self.chosen.tasks, tuple(methods),
                         scenarios=(spec.scenario,))
        typed = command(find_suite(spec.suite), setting)
        if keep:
            return f"{typed} --keep"
        skipped = any(run.local for _, _, runs in self.each() for run in runs)
        return f"{typed} --results NEW_FOLDER (finished runs are skipped, so in a new folder)" if skipped else typed


def metric_label(record: Record, metric: str, task: str) -> str:
    """A metric with its unit: ``MAE (trips per 30 min)``, ``Acc@1 %``; record: any that has the task."""
    label, unit = METRICS[metric].label, unit_of(metric, record.city["tasks"][task]["unit"])
    return percent_head(label, metric) if METRICS[metric].percent else f"{label} ({unit})" if unit else label


def values(runs: Sequence[Run], task: str, metric: str, horizon: int | None = None) -> list[float]:
    """The metric of each seed that has it, in the unit that tables print."""
    found = (task_values(run.record, task, horizon).get(metric) for run in runs)
    return [printed(value, metric) for value in found if value is not None]


def settings(local: Store, published: Store | None, chosen: Filter) -> list[Runs]:
    """The runs that a filter takes, setting by setting, in the order of their titles.

    Raises
    ------
    UserError: the filter asks for what does not exist. A broken record is named on stderr and left out.
    """
    groups: dict[tuple[Any, ...], dict[tuple[Any, ...], dict[str, list[Run]]]] = {}
    stores = {"local": local, "published": published}
    for source, record, tasks in chosen_records(local, published, chosen):
        spec, store = record.spec, stores[source]
        assert store is not None
        setting = (spec.suite, spec.suite_version, spec.edition, spec.fingerprint, spec.protocol, spec.protocol_version, spec.preset,
                   tuple(spec.budget.items()), spec.scenario)
        for task in tasks:
            row = (task, spec.method, spec.method_version, str(sorted(spec.options.items())), len(spec.tasks), spec.file)
            groups.setdefault(setting, {}).setdefault(row, {}).setdefault(source, []).append(
                Run(record, store.path(spec), source == "local"))
    ordered = [{row: sources.get("local") or sources["published"] for row, sources in rows.items()}
               for _, rows in sorted(groups.items(), key=lambda item: str(item[0]))]
    specs = [next(iter(rows.values()))[0].spec for rows in ordered]
    differs = told_apart({k: (_title(spec), budget_facts(spec)) for k, spec in enumerate(specs)})
    return [_runs(" · ".join(filter(None, [_title(spec), differs[k]])), rows, chosen)
            for k, (spec, rows) in enumerate(zip(specs, ordered, strict=True))]


def one_setting(local: Store, published: Store | None, chosen: Filter) -> Runs:
    """The runs of the only setting that a filter takes.

    Raises
    ------
    UserError: there is none, or several, which no figure mixes.
    """
    found = settings(local, published, chosen)
    if not found:
        raise UserError(advice(chosen))
    if len(found) > 1:
        titles = "; ".join(runs.title for runs in found)
        raise UserError(f"One figure shows one setting; these records are of {len(found)}: {titles}. "
                        "Choose with --suite, --data, --preset, --protocol or --scenario.")
    return found[0]


def _title(spec: RunSpec) -> str:
    scenario = "" if spec.scenario == STANDARD else f" · scenario {spec.scenario}"
    return (f"{spec.suite}@{spec.suite_version} · data {spec.edition}{scenario} · protocol {spec.protocol}@{spec.protocol_version} · "
            f"preset {spec.preset}")


def _runs(title: str, rows: Mapping[tuple[Any, ...], list[Run]], chosen: Filter) -> Runs:
    differs = told_apart({key[1:]: ((key[1], changed_options(runs[0].record), past_days([run.record for run in runs])),
                                    method_facts(runs[0].spec)) for key, runs in rows.items()})
    names = registry().names()
    order = next(iter(rows.values()))[0].record.city["suite_tasks"]
    methods: dict[str, dict[str, list[Run]]] = {}
    for key in sorted(rows, key=lambda key: (names.index(key[1]) if key[1] in names else len(names), key[1:])):
        record = rows[key][0].record
        records = [run.record for run in rows[key]]
        label = with_brackets(key[1], past_days(records), all_tasks(beside(records)), changed_options(record), differs[key[1:]])
        methods.setdefault(label, {})[key[0]] = sorted(rows[key], key=lambda run: run.spec.seed)
    left_out = tuple(label for label, by_task in methods.items() if changed_options(next(iter(by_task.values()))[0].record)
                     ) if len(methods) > MANY else ()
    if len(methods) == len(left_out):
        left_out = ()
    tasks = dict.fromkeys(key[0] for key in rows)
    return Runs(title, {label: one for label, one in methods.items() if label not in left_out},
                tuple(sorted(tasks, key=lambda task: order.index(task) if task in order else len(order))), chosen, left_out)
