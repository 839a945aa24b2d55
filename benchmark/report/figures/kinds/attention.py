"""Attention maps that a method left beside its record, by stage and layer."""

from __future__ import annotations

from benchmark.errors import UserError
from benchmark.report.figures.charts.attention import Attention
from benchmark.report.figures.kinds.beside import arrays
from benchmark.report.figures.kinds.runs import Runs
from benchmark.report.figures.picture import Picture


def by_stage(runs: Runs) -> Picture:
    """The maps of the first run that has some, of the first task that it has some of; the names are ``<number>.<stage>.<task>.<layer>``.

    Raises
    ------
    UserError: no run has such maps.
    """
    for label, task, seeds in runs.each():
        for run in seeds:
            maps = {(f"{number}. {stage}", layer): array for name, array in arrays(run, ".arrays.npz").items() if name.count(".") >= 3
                    for number, stage, own, layer in [_parts(name, runs.tasks)] if own == task and array.ndim == 2}
            if maps:
                stages = sorted(dict.fromkeys(stage for stage, _ in maps), key=lambda stage: int(stage.partition(".")[0]))
                return Picture("attention", f"Mean attention of {label} on {task} after each stage, seed {run.spec.seed}; the maps of a "
                                            "layer share one scale.",
                               Attention(f"{runs.title} · {label} · {task}", stages, list(dict.fromkeys(layer for _, layer in maps)), maps))
    raise UserError("No run of this checkout has attention maps beside its record (published records have none, and few methods leave "
                    f"some). Measure some: {runs.run_command()}")


def _parts(name: str, tasks: tuple[str, ...]) -> tuple[str, str, str, str]:
    """Number, stage, task and layer; a task of a suite of several cities holds a dot itself."""
    number, _, rest = name.partition(".")
    for task in tasks:
        stage, found, layer = rest.partition(f".{task}.")
        if found:
            return number, stage, task, layer
    return number, rest, "", ""
