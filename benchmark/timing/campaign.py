"""A request → timings: those that are not there yet are made, each in a fresh process, one after the other."""

from __future__ import annotations

import logging
import multiprocessing
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path

import torch

from benchmark.errors import UserError
from benchmark.execution.engines.processes import start_worker
from benchmark.execution.jobs import Plan
from benchmark.execution.plan import Request, make_plan
from benchmark.families import STANDARD
from benchmark.fitting import failure_of
from benchmark.suites.cities import CityFinder
from benchmark.timing.figures import Timing
from benchmark.timing.files import find_timing, write_timing
from benchmark.timing.machine import machine
from benchmark.timing.measure import Asked, measure

logger = logging.getLogger("stbench")

# windows or trips at once: one, and what the suites are scored with
BATCHES = (1, 64)


@dataclass
class Timed:
    """What became of a request."""

    plan: Plan
    # in the plan's order; those that were there before are among them
    timings: list[Timing] = field(default_factory=list)
    # method -> what went wrong
    failed: dict[str, str] = field(default_factory=dict)
    # methods whose timing was there
    there: list[str] = field(default_factory=list)


def time_methods(request: Request, root: Path, *, batches: Sequence[int] = BATCHES, force: bool = False,
                 finder: CityFinder | None = None) -> Timed:
    """Time each method of a request once, by its first fit under the first seed; what is timed already is not timed again.

    A fit of one task stands for those of the others. root: of the store that holds the timings, `local_root()`. force: measure again.

    Raises
    ------
    UserError: as `make_plan`; a batch size below 1 or twice; a scenario, which changes a suite and no cost.
    """
    if request.scenario != STANDARD:
        raise UserError(f"Costs are measured on the suite as it is, not under scenario '{request.scenario}'; leave the scenario out.")
    if not batches or min(batches) < 1 or len(set(batches)) < len(batches):
        raise UserError(f"--batch takes different sizes of at least 1, got {','.join(map(str, batches)) or 'none'}.")
    plan = make_plan(replace(request, floors=False, seeds=request.seeds[:1]), finder=finder)
    done, about = Timed(plan), machine(torch.device(plan.device))
    (setting,) = plan.settings
    firsts = {job.spec.method: job for job in reversed(plan.jobs)}
    for number, name in enumerate(setting.methods, 1):
        job = firsts[name]
        asked = Asked(job, next(task for task in setting.tasks if task in job.spec.tasks), plan.device, tuple(batches), about)
        before = None if force else find_timing(root, job.spec, asked.task, about, asked.batches)
        if before:
            done.there.append(name)
            done.timings.append(before)
            continue
        logger.info("timing %s (%d of %d) …", name, number, len(setting.methods))
        timing, fault = apart(asked)
        if timing is None:
            done.failed[name] = fault
            continue
        write_timing(root, timing)
        done.timings.append(timing)
    return done


def apart(asked: Asked) -> tuple[Timing | None, str]:
    """A timing made in a fresh process, whose memory and caches are its own; or what went wrong."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_measured, args=(there, asked))
    process.start()
    there.close()
    try:
        answer: tuple[Timing | None, str] = here.recv()
        return answer
    except EOFError:
        return None, "its process was killed, perhaps because the memory is full"
    finally:
        process.kill()  # it is over, or this process was interrupted
        process.join()


def _measured(answer: Connection, asked: Asked) -> None:
    start_worker(asked.device, [], None)
    try:
        answer.send((measure(asked), ""))
    except Exception as error:  # a method may raise anything
        failure = failure_of(error)
        answer.send((None, f"{failure['kind']}: {failure['message']}"))
