"""One job: claim its run, fit the method, score it on the test part, and leave a record, whatever happens."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmark import lazy
from benchmark.checkpoints import Checkpoints
from benchmark.contract import Budget, Measured, Measurer, Progress, RunContext
from benchmark.execution.environment import code_state, environment, peak_memory_mb, processor_name
from benchmark.execution.faults import is_of_the_machine
from benchmark.execution.jobs import Job
from benchmark.execution.packing import pack
from benchmark.families import find_family
from benchmark.files import DiskError
from benchmark.fitting import BadResult, check_arrays, check_notes, failure_of, return_free_blocks, seed_everything
from benchmark.method_files import adopt
from benchmark.options import resolve
from benchmark.owners import remove
from benchmark.plain_json import parse_json
from benchmark.registry import registry
from benchmark.signals import Signals
from benchmark.spec import Record, RunSpec, as_before
from benchmark.store.check import decode
from benchmark.store.claims import Claim, claim
from benchmark.store.kept import is_kept, same_metrics, write_kept
from benchmark.store.records import Store, dumps
from benchmark.suites.cities import CityRef, locate


@dataclass(frozen=True)
class Work:
    """How jobs are done: where records go, on which device, whether finished runs are done again, and whether fitted methods are kept."""

    store: Path
    device: str
    force: bool = False
    keep: bool = False

    def lacks(self, spec: RunSpec) -> bool:
        """Whether a run is to be done: it has no record, or its fit is to be kept and is not, or all runs are done again.

        A method that declined its task left no fit.
        """
        store = Store(self.store)
        return self.force or not store.has(spec) or (self.keep and not is_kept(store, spec) and bool(store.read(spec).metrics))

    def do(self, job: Job, progress: Callable[[Progress], None] = lambda progress: None) -> Record | None:
        """Claim a run, do it, write its record. None: another process has it.

        A finished run whose fit is to be kept is done again. Its record stays, and the fit is kept only if it gives the same metrics.
        """
        with self.taken(job) as mine:
            if not isinstance(mine, Claim):
                return mine
            origin = json.dumps(environment(torch.device(self.device)), sort_keys=True)
            checkpoints = Checkpoints(Store(self.store).checkpoint_folder(job.spec), origin)
            if self.force:
                checkpoints.clear()

            def tell(step: Progress) -> None:
                mine.progress = asdict(step)
                progress(step)

            return self.leave(execute(job, self.device, tell, checkpoints, keep=self.keep), mine)

    @contextmanager
    def taken(self, job: Job) -> Iterator[Claim | Record | None]:
        """Hold a run that is to be done; its record, where it was done elsewhere meanwhile; None: another process has it."""
        store = Store(self.store)
        with claim(store, job.spec) as mine:
            if mine is not None and not self.lacks(job.spec):
                yield store.read(job.spec)
                return
            if mine is not None:
                store.sweep(job.spec)
            yield mine

    def leave(self, outcome: Outcome, mine: Claim) -> Record | None:
        """Write what came out of a run that is held, its stages being of no use any more. None: another process took it over."""
        store, spec = Store(self.store), outcome.record.spec
        if mine.lost():  # this process slept so long that another took the run over
            return None
        before = store.read(spec) if store.has(spec) and not self.force else None
        if outcome.kept and (before is None or same_metrics(outcome.record.metrics, before.metrics)):
            write_kept(store, outcome.record, outcome.kept)
        # a failed attempt leaves its error, beside an earlier record too
        stays = before if outcome.record.status == "done" else None
        if stays is None:
            store.write(outcome.record, outcome.history, outcome.per_node)
        remove(store.checkpoint_folder(spec))
        return stays or outcome.record


@dataclass
class Outcome:
    """A record and the bulky parts that lie beside it."""

    record: Record
    history: list[dict[str, Any]] = field(default_factory=list)
    per_node: dict[str, np.ndarray] = field(default_factory=dict)
    # suffix -> content of a file that keeps the fitted method; empty where it is not to be kept
    kept: dict[str, bytes] = field(default_factory=dict)


def execute(job: Job, device: str, progress: Callable[[Progress], None] = lambda progress: None,
            checkpoints: Checkpoints | None = None, *, keep: bool = False) -> Outcome:
    """Do one run, from its checkpoints if there are any.

    Whatever a method raises is its fault and becomes a failed record, `SystemExit` and its own `KeyboardInterrupt` too. Raised are faults
    of the store and of the machine, and an interrupt that came by a signal. A full memory leaves its record as well.
    """
    spec, family = job.spec, find_family(job.spec.family)
    if job.file:  # a worker has not heard of it
        adopt(job.file, registry())
    measurer: Measurer = lazy.load(family.measurer)
    cities = [_open(measurer, ref) for ref in job.cities]
    history: list[dict[str, Any]] = []
    facts, about = measurer.facts(spec, cities)
    where = {**environment(torch.device(device)), "processor": processor_name(), **code_state()}
    base = {"city": facts, "environment": where, "notes": {**job.notes, **about}}
    run = RunContext(spec.seed, torch.device(device), budget(spec), progress, history, checkpoints=checkpoints, keeps_arrays=keep)

    def checked(step: Progress) -> None:
        """A note that no record can hold is found at the next epoch, and not when all is done."""
        check_notes(run)
        progress(step)

    run.progress = checked
    with Signals() as signals:
        try:
            return _measured(spec, run, base,
                             lambda options, run: measurer.measure(spec, cities, options, run, keep=keep, isolated=job.isolated))
        except BaseException as error:
            if is_of_the_machine(error, signals):
                raise
            return Outcome(Record(spec, "failed", error=failure_of(error), **base))


def _open(measurer: Measurer, ref: CityRef) -> Any:
    city = measurer.open_city(locate(ref))
    if ref.known and city.fingerprint != ref.fingerprint:
        raise DiskError(f"The city {ref.name} was replaced by other data meanwhile. Run again.")
    return city


def budget(spec: RunSpec) -> Budget:
    """The preset's counts, with the protocol's limits filled in."""
    protocol = find_family(spec.family).protocol(spec.protocol)
    limits = {key: value for key, value in spec.budget.items() if key != "epochs"}
    return Budget(spec.budget["epochs"] or protocol.max_epochs, protocol.patience, **limits)


def options_of(spec: RunSpec) -> Any:
    """The options that a run was defined with; a field born after it does as before."""
    options = registry().load(spec.method).Options
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in spec.options.items()}
    return resolve(options, {**as_before(options), **given}, spec.method)


def _measured(spec: RunSpec, run: RunContext, base: Mapping[str, Any], measure: Callable[[Any, RunContext], Measured]) -> Outcome:
    return_free_blocks()
    seed_everything(spec.seed)
    began = time.perf_counter()
    options = options_of(spec)
    if run.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(run.device)
    measured = measure(options, run)
    total = time.perf_counter() - began
    resumed = run.checkpoints.resumed_seconds if run.checkpoints else 0.0
    timings = {"fit_s": round(measured.fit_s + resumed, 3), "predict_s": round(measured.predict_s, 3), "total_s": round(total + resumed, 3)}
    if resumed:
        run.notes["resumed_s"] = round(resumed, 3)
    own = [epoch for epoch in run.history if not epoch.get("probe")]
    record = Record(
        spec, "done", metrics=measured.metrics, sums=measured.sums, days=measured.days, floors=measured.floors, timings=timings,
        counts={"parameters": measured.parameters, "epochs": len(own), "steps": sum(epoch["steps"] for epoch in own),
                **measured.counts},
        **{**base, "environment": {**base["environment"], **peak_memory_mb(run.device)}, "notes": {**base["notes"], **run.notes}})
    check_notes(run)
    check_arrays(run)
    try:
        json.dumps(run.history)
        decode(parse_json(dumps(record).encode()))
    except (ValueError, TypeError) as error:
        raise BadResult(f"The record of this run {error}.") from None
    kept = pack(replace(measured.fitted, arrays=run.arrays)) if measured.fitted else {}
    return Outcome(record, run.history, measured.per_node, kept)
