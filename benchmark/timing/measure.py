"""All that is measured of one method, in a process of its own: the fit, then the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from benchmark import lazy
from benchmark.contract import Measurer, Method, RunContext, Workload
from benchmark.errors import UserError
from benchmark.execution.environment import code_state
from benchmark.execution.jobs import Job
from benchmark.execution.packing import pack
from benchmark.execution.work import budget, options_of
from benchmark.families import find_family
from benchmark.fitting import prepare, seed_everything
from benchmark.method_files import adopt
from benchmark.registry import registry
from benchmark.spec import RunSpec
from benchmark.store.kept import STATE
from benchmark.suites.cities import locate
from benchmark.timing.arithmetic import Counting
from benchmark.timing.clock import CALLS, Clock, time_calls
from benchmark.timing.energy import Energy
from benchmark.timing.figures import Inference, Memory, Timing, Training
from benchmark.timing.memory import DevicePeak, ResidentGrowth
from benchmark.timing.product import product_gflops
from benchmark.timing.training import WATCHED, TrainingWatch

# batches of one size that are shown in turn, and most windows or trips in all of them
BATCHES, SHOWN = CALLS, 1024
# windows or trips of the short fit that makes a method ready to answer
FEW = 128


@dataclass(frozen=True)
class Asked:
    """One timing that is to be made."""

    job: Job
    # the one of the fit's tasks whose inputs are shown
    task: str
    device: str
    # windows or trips that are asked about at once
    batches: tuple[int, ...]
    # the hardware block
    machine: Mapping[str, Any]


def measure(asked: Asked) -> Timing:
    """Fit a method as far as it must be watched, then time its answers. Counts are the preset's; answers are of validation inputs.

    A fit that was watched ends early, and leaves nothing that could answer: another, short one, does.
    """
    prepare(asked.device)
    device, spec = torch.device(asked.device), asked.job.spec
    if asked.job.file:
        adopt(asked.job.file, registry())
    lazy.load(find_family(spec.family).measurer), registry().load(spec.method)  # what is imported is no growth
    clock, energy = Clock.of(device), Energy(device)
    product, growth = product_gflops(device, clock), ResidentGrowth()
    bench = _Bench(asked, spec)
    peak, training, method, fit_s = DevicePeak(device), *_watched(bench, clock, energy)
    training_mb = peak.mb()
    if method is None:
        bench = _Bench(asked, shortened(spec))
        method = bench.made()
        method.fit(bench.run())
    peak = DevicePeak(device)
    with torch.no_grad():
        inference = tuple(_inference(bench.work, method, size, device, clock, energy) for size in asked.batches)
    memory = Memory(growth.mb(), training_mb, peak.mb())
    checkpoint = len(pack(bench.work.keep(method))[STATE]) / 1e6
    return Timing(spec, asked.task, bench.work.unit, asked.machine, code_state(), product, method.parameter_count(), checkpoint, training,
                  fit_s, inference, memory)


def shortened(spec: RunSpec) -> RunSpec:
    """The same run with one epoch over a few windows or trips."""
    few = {name: FEW if count is None else min(count, FEW) for name, count in spec.budget.items()}
    return replace(spec, budget={**few, "epochs": 1})


class _Bench:
    """A run's problem, and methods that are made on it."""

    def __init__(self, asked: Asked, spec: RunSpec) -> None:
        measurer: Measurer = lazy.load(find_family(spec.family).measurer)
        self.spec, self.device = spec, torch.device(asked.device)
        self.cls, self.options = registry().load(spec.method), options_of(spec)
        cities = [measurer.open_city(locate(ref)) for ref in asked.job.cities]
        self.work: Workload = measurer.workload(spec, cities, self.cls.asks(self.options), asked.task)
        if reason := self.cls.declines(self.options, self.work.problem):
            raise UserError(f"{spec.method} has no answer here: {reason}.")

    def made(self) -> Method:
        seed_everything(self.spec.seed)
        made: Method = self.cls(self.options, self.work.problem)
        return made

    def run(self) -> RunContext:
        return RunContext(self.spec.seed, self.device, budget(self.spec))


def _watched(bench: _Bench, clock: Clock, energy: Energy) -> tuple[Training | None, Method | None, float | None]:
    """What training costs; and where the fit has no stages, the fitted method and its seconds."""
    watch, method = TrainingWatch(clock, energy), bench.made()
    run = bench.run()
    run.budget = replace(run.budget, epochs=WATCHED)
    run.progress = lambda progress: watch.epoch(progress, run.history[-1]["steps"])
    began = clock.now()
    with watch.watching():
        method.fit(run)
    training = watch.figures(getattr(bench.options, "batch_size", None))
    return (None, method, round(clock.now() - began, 4)) if training is None else (training, None, None)


def _inference(work: Workload, method: Method, size: int, device: torch.device, clock: Clock, energy: Energy) -> Inference:
    shown = [work.batch(rows, device) for rows in spread(work.shown, size, max(min(BATCHES, SHOWN // size), 1))]
    call = time_calls(lambda batch: work.answer(method, batch), shown, clock)
    with Counting() as counting:
        work.answer(method, shown[0])
    return Inference(size, call, counting.result, energy.a_call(lambda batch: work.answer(method, batch), shown[0], clock))


def spread(length: int, size: int, number: int) -> Sequence[torch.Tensor]:
    """int64 rows, evenly spread over so many, in batches of exactly this size: each is a mixture, and where rows are few they recur."""
    rows = torch.linspace(0, length - 1, size * number, dtype=torch.float64).round().long()
    return list(rows.reshape(size, number).T.contiguous())
