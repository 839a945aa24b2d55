"""Timings that were never measured."""

from dataclasses import replace

from benchmark.spec import RunSpec
from benchmark.timing.figures import Arithmetic, Inference, Latency, Memory, Timing, Training

MACHINE = {"stbench": "0.1.0", "torch": "2.13.0", "python": "3.11.7", "device": "cpu", "processor": "A processor", "cores": 2, "threads": 1,
           "system": "Linux x86_64", "memory_gb": 8}
GPU = {**MACHINE, "device": "cuda", "device_name": "A GPU", "device_memory_gb": 80, "driver": "550.1", "cuda": "12.8"}


def timing(method: str = "stid", step_ms: float = 10.0, call_ms: float = 2.0, *, suite: str = "nyc", task: str = "taxi_pick",
           unit: str = "windows", machine=MACHINE, learns: bool = True, family: str = "forecasting", preset: str = "quick",
           **options) -> Timing:
    """Of one method; each figure differs from the others."""
    spec = RunSpec(family, method, 1, options, suite, 1, (task,), "sim", "f" * 16, "strict", 1, preset, {"epochs": 6}, 0)
    training = Training(64, Latency(step_ms, 2 * step_ms, step_ms, 50), Arithmetic(3_000_000, {"sum": 2, "gru": 1}), 20,
                        20 * step_ms / 1000, 2, None)
    answers = tuple(Inference(size, Latency(call_ms * size, 3 * call_ms * size, call_ms * size, 50), Arithmetic(size * 1000, {}), None)
                    for size in (1, 64))
    made = Timing(spec, task, unit, machine, {"commit": None, "dirty": None}, 50.0, 1000, 0.5, training, None, answers,
                  Memory(100.0, None, None))
    return made if learns else replace(made, training=None, fit_s=1.5)
