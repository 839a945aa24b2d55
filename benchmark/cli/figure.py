"""`stbench figure`: a figure of a suite, or those of an experiment, as files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.options import Experiments, Results, Variants
from benchmark.cli.parse import names
from benchmark.cli.streams import say
from benchmark.errors import UserError

if TYPE_CHECKING:
    from benchmark.report.choice import Filter
    from benchmark.report.figures.picture import Picture


def figure(
    out: Annotated[Path, typer.Option(help="The file to write: .pdf, .svg or .png; of several figures, the beginning of their names.")],
    experiment: Experiments = None,
    kind: Annotated[str | None, typer.Option(
        help="Of a suite: horizon, hour, map, series, curves, time-to-best, ranks, cost or attention.")] = None,
    suite: Annotated[str | None, typer.Option(help="Of this suite.")] = None,
    method: Annotated[str | None, typer.Option(help="Only these methods.")] = None,
    task: Annotated[str | None, typer.Option(help="Only these tasks, a panel each.")] = None,
    metric: Annotated[str | None, typer.Option(help="What is compared; default the protocol's first metric of a task.")] = None,
    data: Annotated[str | None, typer.Option(help="Of this edition.")] = None,
    preset: Annotated[str | None, typer.Option(help="Of this preset.")] = None,
    protocol: Annotated[str, typer.Option(help="Of this protocol.")] = "strict",
    scenario: Annotated[str, typer.Option(help="Of this scenario.")] = "standard",
    variant: Variants = None,
    results: Results = None,
) -> None:
    """Draw one figure of the records of one setting, several tasks as small multiples, or those of an experiment, and print captions.

    Example: stbench figure --suite nyc --kind horizon --out horizon.pdf
    """
    from benchmark.report.choice import Filter
    from benchmark.report.figures.save import check_picture_suffix

    check_picture_suffix(out)
    chosen = Filter(names(suite, "--suite"), names(data, "--data"), names(preset, "--preset"), (protocol,), names(task, "--task"),
                    names(method, "--method"), names(metric, "--metric"), (scenario,), variant=variant)
    if experiment is None:
        _of_suite(kind, chosen, out, results)
    elif kind or chosen != Filter(None, chosen.editions, chosen.presets, chosen.protocols, scenarios=("standard",)):
        raise UserError(f"{experiment} says itself what it shows; beside it only --preset, --data and --protocol can be given.")
    else:
        _of_experiments(names(experiment, "EXPERIMENT") or (), preset, protocol, data, out, results)


def _of_suite(kind: str | None, chosen: Filter, out: Path, results: Path | None) -> None:
    from benchmark.report.choice import open_stores
    from benchmark.report.figures.kinds import KINDS, find_kind
    from benchmark.report.figures.kinds.runs import one_setting

    if kind is None:
        raise UserError(f"Name what is drawn: an experiment, or --suite and --kind ({', '.join(KINDS)}).")
    wanted = find_kind(kind)
    runs = one_setting(*open_stores(results), chosen)
    _write([wanted.picture(runs)], runs.methods, out)


def _of_experiments(experiments: tuple[str, ...], preset: str | None, protocol: str, data: str | None, out: Path,
                    results: Path | None) -> None:
    from benchmark.declared import find_experiments
    from benchmark.experiments.doing import experiment_pictures, request_of

    request = request_of(None, preset, protocol, data, None)
    _write([picture for one in find_experiments(experiments) for picture in experiment_pictures(one, request, results)], (), out)


def _write(pictures: Sequence[Picture], methods: Iterable[str], out: Path) -> None:
    """Write them, and say what they are; a name has one colour in all of them, whatever the kind of figure shows."""
    from benchmark.report.figures.save import write_figure
    from benchmark.report.figures.style import looks

    shown_as = looks([*methods, *(name for picture in pictures for name in picture.chart.names)])
    for picture in pictures:
        path = out if len(pictures) == 1 else out.with_stem(f"{out.stem}-{picture.name}")
        write_figure(picture.chart.draw(shown_as), path)
        say(f"{path}: {picture.chart.title}. {picture.caption}")
