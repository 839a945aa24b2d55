"""Variants of a method: what an ablation changes, and errors along the values of an option or along scenarios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmark.metrics import METRICS
from benchmark.report.figures.charts.bars import Bars
from benchmark.report.figures.charts.lines import Lines, Panel
from benchmark.report.figures.kinds.errors import BAND, line_of
from benchmark.report.figures.kinds.runs import metric_label
from benchmark.report.figures.picture import Picture
from benchmark.report.rows import task_values
from benchmark.report.words import FEWEST_FOR_SD, printed
from benchmark.spec import Record


def ablation_picture(name: str, title: str, full: Sequence[Record], variants: Mapping[str, Sequence[Record]],
                     metrics: Mapping[str, str]) -> Picture:
    """The change of each variant against the full method, seed by seed.

    Parameters
    ----------
    name: of the picture. full: the runs of the whole method. variants: variant → its runs; a seed that either lacks is left out.
    metrics: task → the metric that is compared.
    """
    several = len({METRICS[metric].label for metric in metrics.values()}) > 1
    changes = {_panel(task, metric) if several else task:
               {variant: _changes(_by_seed(records, task, metric), _by_seed(full, task, metric)) for variant, records in variants.items()}
               for task, metric in metrics.items()}
    labels = ", ".join(dict.fromkeys(METRICS[metric].label for metric in metrics.values()))
    better = {METRICS[metric].higher_is_better for metric in metrics.values()}
    worse = "" if len(better) > 1 else ", − is worse" if True in better else ", + is worse"
    return Picture(name, f"Change of {labels} against the full method in per cent{worse}. A dot is a seed, paired with the full "
                         f"method's; the bar is their mean, the whisker ± sample sd (n ≥ {FEWEST_FOR_SD}).",
                   Bars(title, "change (%)" if several else f"change of {labels} (%{worse})", changes))


def values_picture(name: str, title: str, x_label: str, lines: Mapping[str, Mapping[str, Sequence[Record]]],
                   metrics: Mapping[str, str], marked: str | None = None) -> Picture:
    """Errors along the values of an option, or along scenarios, at equal distances.

    Parameters
    ----------
    name: of the picture. x_label: the option with its unit, or what the scenarios vary. lines: name of a line → value as text → its runs,
    one a seed; the values stand in the order in which they are first named. metrics: task → the metric that is drawn.
    marked: the value of a thin line, such as the option's default.
    """
    ticks = list(dict.fromkeys(value for by_value in lines.values() for value in by_value))
    panels = []
    for task, metric in metrics.items():
        drawn = [line for label, by_value in lines.items()
                 if (line := line_of(label, range(len(ticks)), [list(_by_seed(by_value.get(value, ()), task, metric).values())
                                                                for value in ticks]))]
        some = next((record for by_value in lines.values() for records in by_value.values() for record in records
                     if task in record.spec.tasks), None)
        if drawn and some:
            panels.append(Panel(task, metric_label(some, metric, task), drawn))
    return Picture(name, f"Error along {x_label}. {BAND}" + (f" The dotted line is {marked}." if marked in ticks else ""),
                   Lines(title, x_label, panels, ticks=dict(enumerate(ticks)), marked=ticks.index(marked) if marked in ticks else None))


def _panel(task: str, metric: str) -> str:
    """``travel_time: MAE, + is worse``, where the panels of a figure are of several metrics."""
    return f"{task}: {METRICS[metric].label}, {'−' if METRICS[metric].higher_is_better else '+'} is worse"


def _by_seed(records: Sequence[Record], task: str, metric: str) -> dict[int, float]:
    return {record.spec.seed: printed(value, metric) for record in records
            if (value := task_values(record, task, None).get(metric)) is not None}


def _changes(values: Mapping[int, float], full: Mapping[int, float]) -> list[float]:
    """Per cent, of the seeds that both have."""
    return [100 * (values[seed] / full[seed] - 1) for seed in sorted(values.keys() & full.keys()) if full[seed]]
