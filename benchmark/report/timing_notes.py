"""The lines under a sheet of timings: on what it was measured, and what its figures are and are not."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from benchmark.report.words import reasons
from benchmark.timing.figures import Timing

PAPER = "paper: as its table of efficiency has it, on its own machine; never ranked. It does not say what its ms is the time of."


def notes(timings: Sequence[Timing], names: Mapping[str, str], lacking: Mapping[str, str], *, paper: bool) -> list[str]:
    """names: id of a timing → its row. lacking: method without a timing → why. paper: whether a paper's figures stand beside."""
    first = timings[0]
    calls = {one.call.n for timing in timings for one in timing.inference}
    epochs = {timing.training.epochs for timing in timings if timing.training and timing.training.epochs}
    steps = {timing.training.step.n for timing in timings if timing.training and timing.training.step}
    lines = [
        machine_words(first.machine),
        f"Inputs: {first.unit} of the validation part ({first.task}). Inference: median and 95th percentile of "
        f"{_span(calls)} calls, inputs on the device, device idle after each. Best among methods that learn by steps.",
        f"Training: the first stage of a fit, at the method's own batch. step: median and 95th percentile of {_span(steps)} steps, from "
        f"the end of one to the end of the next; s/epoch: all steps of an epoch, without validation, mean of {_span(epochs)} after the "
        "first one; – where a method learns by no steps, or for too few." if epochs else
        "Training: – where a method learns by no steps, or for too few epochs to be timed.",
        "GFLOP: of one step, of one call; matrix products, convolutions and attention as torch counts them, a multiply-add is 2. "
        "Elementwise operators are never in it, nor are these: " + _not_counted(timings, names),
        _product(timings),
        "CPU MB: how far the resident memory of a fresh process rises, data included." if first.memory.cpu_mb is not None else
        "CPU MB: not measured on this system.",
        _energy(timings)]
    whole = [f"{names[one.id]} {one.fit_s:,.2f} s" for one in timings if one.fit_s is not None and one.parameters]
    lines += [f"Whole fits of methods without stages: {', '.join(whole)}."] if whole else []
    tasks = sorted({one.task for one in timings})
    lines += [f"Tasks of a fit and sizes of batches differ between methods; asked about: {', '.join(tasks)}."] if len(tasks) > 1 else []
    lines += [f"Not measured: {reasons((why, name) for name, why in lacking.items())}."] if lacking else []
    return [*lines, PAPER] if paper else lines


def machine_words(machine: Mapping[str, Any]) -> str:
    """Hardware and versions."""
    cpu = f"{machine['processor']}, {machine['cores']} cores, {machine['threads']} thread{'s' * (machine['threads'] != 1)}"
    memory = f", {machine['memory_gb']} GB" if machine.get("memory_gb") else ""
    gpu = ""
    if name := machine.get("device_name"):
        driver = f", driver {machine['driver']}" if machine.get("driver") else ""
        gpu = f"; {name}, {machine.get('device_memory_gb')} GB{driver}, CUDA {machine.get('cuda')}"
    return (f"Measured on {cpu}{memory}{gpu}; {machine['system']}, stbench {machine['stbench']}, torch {machine['torch']}, "
            f"Python {machine['python']}.")


def _product(timings: Sequence[Timing]) -> str:
    """What the shares of a product are of."""
    reached = [one.product_gflops for one in timings]
    low, high = (f"{one:,.0f}" for one in (min(reached), max(reached)))
    return (f"of a product: the step's GFLOP over its median time, as a share of what one large matrix product (float32) reaches here, "
            f"{low if low == high else f'{low} to {high}'} GFLOP/s before each fit; operators that are not counted make it lower.")


def _energy(timings: Sequence[Timing]) -> str:
    counted = any(one.call_j is not None for timing in timings for one in timing.inference)
    return ("Joules: of the whole GPU, its idle share included, as NVML counts them; too short a measurement is –." if counted
            else "Energy: not measured.")


def _not_counted(timings: Sequence[Timing], names: Mapping[str, str]) -> str:
    """Method by method, the operators that compute and are not in the counts."""
    said = []
    for one in timings:
        parts = [call.arithmetic for call in one.inference] + ([one.training.arithmetic] if one.training else [])
        if operators := sorted({_short(name) for part in parts if part for name in part.not_counted}):
            said.append(f"{', '.join(operators)} ({names[one.id]})")
    return "; ".join(said) + "." if said else "none."


def _short(operator: str) -> str:
    """``_native_batch_norm_legit_no_training`` and ``native_batch_norm_backward`` are ``batch_norm``."""
    return re.sub(r"^native_|_(backward|forward_only|forward|data|legit|no_training)(?=_|$)", "", operator.strip("_"))


def _span(counts: Collection[int]) -> str:
    """``50``, or ``5 to 50``."""
    low, high = min(counts, default=0), max(counts, default=0)
    return str(low) if low == high else f"{low} to {high}"
