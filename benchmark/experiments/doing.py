"""Experiments done and shown: their runs, each once however many experiments ask for it, and their tables from whatever is finished."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmark.declared import Experiment
from benchmark.errors import UserError
from benchmark.execution.campaign import Result, run_plan, to_do
from benchmark.execution.engines import Engine, Watcher
from benchmark.execution.jobs import Plan, joined
from benchmark.execution.plan import Request, pick_device, pick_preset
from benchmark.experiments.kinds import Resolved, kind_of
from benchmark.experiments.parts import Planned, find, plan_parts
from benchmark.report.choice import open_stores
from benchmark.report.figures.picture import Picture
from benchmark.report.report_page import report_page
from benchmark.report.report_parts import city_cards, environments
from benchmark.report.sheet import Sheet
from benchmark.spec import Record, seeds_of
from benchmark.store.merging import merge
from benchmark.store.records import Store, local_root, published_root
from benchmark.suites.cities import CityFinder


def request_of(seeds: tuple[int, ...] | None = None, preset: str | None = None, protocol: str = "strict", edition: str | None = None,
               device: str | None = None, elsewhere: bool = False) -> Request:
    """What all runs of experiments share; no seeds, preset or edition: as each of them says."""
    return Request((), "", seeds or (), None, None, preset, protocol, edition, pick_device(device, elsewhere), elsewhere=elsewhere)


def asked(experiment: Experiment, request: Request) -> Request:
    """The same with what the experiment says itself, where the user said nothing."""
    return replace(request, seeds=request.seeds or seeds_of(experiment.seeds), edition=request.edition or experiment.edition or None,
                   preset=request.preset or experiment.preset or pick_preset(None, pick_device(request.device, request.elsewhere)))


def plan_experiment(experiment: Experiment, request: Request, finder: CityFinder) -> Planned:
    """The parts of an experiment.

    Raises
    ------
    UserError: as `make_plan`, with the experiment's name.
    """
    vary = kind_of(experiment).vary
    try:
        return plan_parts(experiment, asked(experiment, request), vary, finder) if vary else Planned(experiment, ())
    except UserError as error:
        raise UserError(f"{experiment.name}: {error}") from None


def run_experiments(experiments: Sequence[Experiment], request: Request, results: Path | None = None, *, workers: int | None = None,
                    force: bool = False, dry_run: bool = False, watcher: Watcher | None = None,
                    engine: Engine | None = None) -> list[Result]:
    """Do what the store lacks of these experiments; a dry run builds no city and does nothing.

    Returns
    -------
    What the campaigns did: one of the runs whose records are enough, and one of those that are kept.

    Raises
    ------
    UserError: as `plan_experiment` and `run_plan`.
    """
    store, finder, done = Store(local_root(results)), CityFinder(builds=not dry_run), []
    watcher = watcher or Watcher()
    planned = [plan_experiment(one, request, finder) for one in experiments]
    published = published_of([plan for one in planned if one.experiment.reference and (plan := one.plan)], store)
    there = {record.spec.id for _, record in published}
    if not dry_run:
        merge(published, store)
    for keeps in (False, True):
        plans = [plan for one in planned if kind_of(one.experiment).keeps == keeps and (plan := one.plan)]
        if not plans:
            continue
        plan = joined(plans, "".join(one.about for one in plans))
        if dry_run:
            todo = to_do(plan, store, force=force, keep=keeps)
            watcher.planned(plan, [job for job in todo if force or job.spec.id not in there])
        else:
            done.append(run_plan(plan, store, workers=workers, force=force, keep=keeps, watcher=watcher,
                                 engine=engine))
    for one in experiments if not dry_run else ():
        if do := kind_of(one).do:
            do(one, asked(one, request), store.root)
    return done


def published_of(plans: Sequence[Plan], store: Store) -> list[tuple[Store, Record]]:
    """The published records of these plans that the local store lacks, and the store they lie in."""
    published = Store(root) if (root := published_root()) else None
    if published is None:
        return []
    specs = {job.spec.id: job.spec for plan in plans for job in plan}
    found = [published.sound(published.path(spec)) for spec in specs.values() if not store.has(spec)]
    return [(published, record) for record in found if record]


def resolve(experiment: Experiment, request: Request, results: Path | None = None) -> Resolved:
    """An experiment with its finished runs; nothing is built."""
    local, published = open_stores(results)
    planned = plan_experiment(experiment, request, CityFinder(builds=False))
    return Resolved(planned, find(planned, local, published), asked(experiment, request), local, published)


def experiment_pictures(experiment: Experiment, request: Request, results: Path | None = None) -> list[Picture]:
    """The figures of an experiment, of what is finished.

    Raises
    ------
    UserError: its kind is a table alone, or nothing that it shows is finished.
    """
    drawn = kind_of(experiment).pictures
    if drawn is None:
        raise UserError(f"{experiment.name} is a table alone ({experiment.kind}); type: stbench table {experiment.name}")
    return drawn(resolve(experiment, request, results))


def experiment_report(experiment: Experiment, request: Request, results: Path | None = None) -> str:
    """Tables, figures, data cards and environments of an experiment as one HTML page."""
    resolved, kind = resolve(experiment, request, results), kind_of(experiment)
    records = [record for found in resolved.found.values() for record in found.records]
    lacking, pictures = [], []
    try:
        pictures = kind.pictures(resolved) if kind.pictures else []
    except UserError as error:
        lacking.append(str(error))
    return report_page(f"{experiment.name}: {experiment.title}", kind.sheets(resolved), pictures, city_cards(records),
                       environments(records), lacking)


def experiment_sheets(experiment: Experiment, request: Request, results: Path | None = None) -> list[Sheet]:
    """The tables of an experiment, of what is finished."""
    return kind_of(experiment).sheets(resolve(experiment, request, results))
