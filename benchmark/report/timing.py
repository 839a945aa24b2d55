"""Timings as sheets: one for each machine, version, device, suite and preset, so that nothing is ranked that was measured differently."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from typing import Any

from benchmark.registry import registry
from benchmark.report.labels import method_facts, told_apart
from benchmark.report.paper import paper_rows
from benchmark.report.sheet import BEST, Sheet
from benchmark.report.timing_notes import notes
from benchmark.report.words import with_brackets
from benchmark.timing.figures import Inference, Latency, Timing, Training

NOTHING = Sheet("No timing is stored that these filters take; `stbench time --method NAME --suite NAME` makes one.", (), ())
# what was not measured, or does not exist
ABSENT = "–"
TIDY = ("suite", "edition", "protocol", "preset", "fingerprint", "device", "hardware", "threads", "stbench", "torch", "method", "options",
        "task", "figure", "unit", "value", "n", "id")
LOW, HIGH = min, max


@dataclass(frozen=True)
class Column:
    """One figure of every timing."""

    # the columns that stand together, the head, and the unit
    block: str
    head: str
    unit: str
    value: Callable[[Timing], float | None]
    # which of the values is the best; None: they are not ranked
    best: Callable[[Iterable[float]], float] | None = None
    # of how many measurements the figure is; None: of no sample
    n: Callable[[Timing], int | None] = lambda timing: None
    # the paper's figure that it is; empty: it was measured
    paper: str = ""

    def text(self, timing: Timing) -> str:
        return number_text(self.value(timing))

    def text_of_absent(self, method: str, city: str) -> str:
        """For a method that has no timing."""
        return number_text(paper_costs().get((city, method, self.paper)))


def number_text(value: float | None) -> str:
    """Whole numbers as they are, others with three significant digits: ``103,980``, ``149``, ``18.7``, ``0.0361``; – for none."""
    if value is None:
        return ABSENT
    if value == round(value) or value >= 100:
        return f"{value:,.0f}"
    return f"{value:.{2 - math.floor(math.log10(value))}f}"


def timing_sheets(timings: Iterable[Timing], lacking: Mapping[str, str] | None = None) -> list[Sheet]:
    """A sheet for each setting, its methods in the registry's order; of timings of one id the first stands.

    lacking: method → why it has no timing; a row of its own in every sheet, where the paper's figures may stand.
    """
    order = {name: number for number, name in enumerate(registry().names())}
    once = {timing.id: timing for timing in reversed(list(timings))}
    ranked = sorted(once.values(), key=lambda one: (_setting(one), order.get(one.spec.method, len(order)), one.spec.method, one.id))
    return [_sheet(list(some), lacking or {}, group) for group, (_, some) in enumerate(groupby(ranked, key=_setting))]


def columns(timings: Sequence[Timing]) -> list[Column]:
    """The figures of timings of one setting; what none of them has, and needs a GPU or a paper, is left out."""
    unit = timings[0].unit
    found = [
        Column("size", "parameters", "", lambda one: one.parameters), Column("size", "fp32 MB", "MB", lambda one: one.parameter_mb),
        Column("size", "checkpoint MB", "MB", lambda one: one.checkpoint_mb),
        _trained("batch", unit, lambda one: one.batch),
        _step("step ms", "ms", lambda one, step: step.median_ms), _step("p95 ms", "ms", lambda one, step: step.p95_ms),
        _step(f"{unit}/s", f"{unit}/s", lambda one, step: 1000 * one.batch / step.mean_ms if one.batch else None, HIGH),
        _trained("GFLOP", "GFLOP", lambda one: one.arithmetic.flops / 1e9 if one.arithmetic else None),
        Column("training", "of a product %", "%", lambda one: None if one.product_share is None else 100 * one.product_share),
        _trained("s/epoch", "s", lambda one: one.epoch_s, lambda one: one.epochs)]
    for place, asked in enumerate(timings[0].inference):
        found += _asked(place, asked.batch, unit)
    found.append(Column("memory", "CPU MB", "MB", lambda one: one.memory.cpu_mb, LOW))
    beside = [
        Column("memory", "GPU MB, training", "MB", lambda one: one.memory.device_training_mb, LOW),
        Column("memory", "GPU MB, inference", "MB", lambda one: one.memory.device_inference_mb, LOW),
        replace(_trained("J/epoch", "J", lambda one: one.epoch_j), block="energy"),
        *(Column("energy", f"J/call, batch {asked.batch}", "J", _of(place, lambda one: one.call_j), LOW)
          for place, asked in enumerate(timings[0].inference)),
        *_paper()]
    return found + [column for column in beside if any(column.value(one) is not None for one in timings)]


def _trained(head: str, unit: str, value: Callable[[Training], float | None],
             n: Callable[[Training], int | None] = lambda one: None) -> Column:
    return Column("training", head, unit, lambda one: value(one.training) if one.training else None,
                  n=lambda one: n(one.training) if one.training else None)


def _step(head: str, unit: str, value: Callable[[Training, Latency], float | None],
          best: Callable[[Iterable[float]], float] | None = None) -> Column:
    column = _trained(head, unit, lambda one: value(one, one.step) if one.step else None, lambda one: one.step.n if one.step else None)
    return replace(column, best=best)


def _of(place: int, value: Callable[[Inference], float | None]) -> Callable[[Timing], float | None]:
    return lambda one: value(one.inference[place])


def _asked(place: int, batch: int, unit: str) -> list[Column]:
    """The figures of answers to one batch size."""
    block = f"inference, batch {batch}"

    def n(one: Timing) -> int:
        return one.inference[place].call.n

    return [Column(block, "ms", "ms", _of(place, lambda one: one.call.median_ms), LOW, n),
            Column(block, "p95 ms", "ms", _of(place, lambda one: one.call.p95_ms), LOW, n),
            Column(block, f"{unit}/s", f"{unit}/s", _of(place, lambda one: one.per_s), HIGH, n),
            Column(block, "GFLOP", "GFLOP", _of(place, lambda one: one.arithmetic.flops / 1e9))]


def _paper() -> list[Column]:
    """The papers' own figures, never ranked; of the city that is asked about."""
    known = paper_costs()

    def column(head: str, unit: str, metric: str) -> Column:
        return Column("paper", head, unit, lambda one: known.get((_city(one), one.spec.method, metric)), paper=metric)

    return [column("MB", "MB", "model_size_mbytes"), column("min/epoch", "min", "train_time_min_per_epoch"),
            column("ms", "ms", "inference_time_ms")]


@cache
def paper_costs() -> dict[tuple[str, str, str], float]:
    """(city, method, metric) → what a paper's table of efficiency says."""
    return {(row["suite"], row["method"], row["metric"]): float(row["value"]) for row in paper_rows("*.csv")
            if row["task"] == "efficiency" and row["value"]}


def _city(timing: Timing) -> str:
    """``xian.travel_time`` is of xian; a task without such a name is of its suite's only city."""
    return timing.task.rpartition(".")[0] or timing.spec.suite


def _setting(timing: Timing) -> tuple[Any, ...]:
    """What timings have in common that may stand in one sheet; in this order sheets stand."""
    spec = timing.spec
    return (spec.suite, spec.suite_version, spec.edition, spec.protocol, spec.preset, spec.scenario, _city(timing), spec.fingerprint,
            timing.machine["device"], json.dumps(dict(timing.machine), sort_keys=True), [one.batch for one in timing.inference])


def _sheet(timings: list[Timing], lacking: Mapping[str, str], group: int) -> Sheet:
    shown = columns(timings)
    said = told_apart({one.id: (one.spec.method, method_facts(one.spec)) for one in timings})
    names = [with_brackets(one.spec.method, 0, said[one.id]) for one in timings]
    rows = [[name, *(column.text(one) for column in shown)] for name, one in zip(names, timings, strict=True)]
    rows += [[name, *(column.text_of_absent(name, _city(timings[0])) for column in shown)] for name in lacking]
    spec = timings[0].spec
    title = (f"Efficiency · {spec.suite}@{spec.suite_version} · data {spec.edition} · protocol {spec.protocol} · preset {spec.preset} · "
             f"{timings[0].machine['device']}")
    lines = notes(timings, dict(zip((one.id for one in timings), names, strict=True)), lacking,
                  paper=any(one.paper for one in shown))
    return Sheet(title, ["method", *(column.head for column in shown)], rows,
                 blocks={k: column.block for k, column in enumerate(shown, 1)}, marks=_marks(timings, shown), notes=lines,
                 group=group, columns=TIDY, data=[row for one in timings for row in _tidy(one, shown)],
                 whole={"title": title, "machine": dict(timings[0].machine), "notes": lines, "lacking": dict(lacking),
                        "timings": [one.to_json() for one in timings]})


def _marks(timings: Sequence[Timing], shown: Sequence[Column]) -> dict[tuple[int, int], int]:
    """The best of each ranked figure among the methods that learn by steps; one alone is no best."""
    learners = [row for row, one in enumerate(timings) if one.training]
    marks: dict[tuple[int, int], int] = {}
    for place, column in enumerate(shown, 1):
        values = {row: value for row in learners if (value := column.value(timings[row])) is not None}
        if column.best and len(values) > 1:
            best = column.best(values.values())
            marks |= {(row, place): BEST for row, value in values.items() if value == best}
    return marks


def _tidy(one: Timing, shown: Sequence[Column]) -> Iterator[Mapping[str, Any]]:
    """One row of `TIDY` a figure that was measured."""
    spec, machine = one.spec, one.machine
    about = {"suite": spec.suite, "edition": spec.edition, "protocol": spec.protocol, "preset": spec.preset,
             "fingerprint": spec.fingerprint, "device": machine["device"], "threads": machine["threads"],
             "hardware": machine.get("device_name") or machine["processor"],
             "stbench": machine["stbench"], "torch": machine["torch"], "method": spec.method,
             "options": ", ".join(f"{key}={value}" for key, value in spec.options.items()), "task": one.task, "id": one.id}
    for column in shown:
        if (value := column.value(one)) is not None:
            yield {**about, "figure": " ".join(filter(None, (column.block, column.head))), "unit": column.unit, "value": value,
                   "n": column.n(one)}
