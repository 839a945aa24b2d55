"""The engine that was asked for by name."""

from __future__ import annotations

from benchmark.errors import UserError, unknown
from benchmark.execution.engines import Engine
from benchmark.execution.engines.here import Here
from benchmark.execution.engines.processes import Processes, default_workers
from benchmark.execution.engines.ray import Ray

ENGINES = ("here", "processes", "ray")


def pick_engine(name: str | None, device: str | None = None, workers: int | None = None, *, address: str | None = None,
                cpus: float | None = None, gpus: float | None = None, shared: bool = False) -> Engine | None:
    """An engine by its name; None: nobody named one.

    Raises
    ------
    UserError: there is none of that name, or an option is not of this engine.
    """
    if name is not None and name not in ENGINES:
        raise unknown("engine", name, ENGINES)
    given = {"--address": address, "--cpus-per-run": cpus, "--gpus-per-run": gpus, "--shared-store": shared or None}
    for option, value in given.items() if name != "ray" else ():
        if value is not None:
            raise UserError(f"{option} belongs to --engine ray; leave it out, or add --engine ray.")
    if name == "here":
        if (workers or 1) > 1:
            raise UserError("--engine here is this process alone; leave --workers out, or choose --engine processes.")
        return Here()
    if name == "processes":
        return Processes(workers or default_workers(device or "cpu"))
    if name == "ray":
        if device and ":" in device:
            raise UserError(f"Ray deals out the devices; say --device {device.partition(':')[0]}.")
        return Ray(address, 1.0 if cpus is None else cpus, gpus, shared, workers)
    return None
