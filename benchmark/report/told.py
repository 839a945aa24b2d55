"""A city in numbers: ours and, where a paper tabulates a city of that name, the paper's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchmark.declared import experiments
from benchmark.report.paper import paper_table

# what stands where one of the two says nothing
LACKING = "–"
NOTE = "paper: of its own data, which are other data unless the edition is archive."


@dataclass(frozen=True)
class Told:
    """One statistic of a task, or of the city."""

    task: str
    statistic: str
    value: float | str | None
    paper: float | str | None

    @property
    def words(self) -> list[str]:
        """The statistic, ours and the paper's, to be read."""
        return [self.statistic.replace("_", " "), in_words(self.value), in_words(self.paper)]


def papers_of(city: str) -> dict[str, dict[str, dict[str, str]]]:
    """Experiment that tabulates data → task → name → value, of each paper that has a city of that name."""
    found = {}
    for one in experiments().values():
        if one.kind == "statistics" and one.paper and (told := told_by(one.paper, city)):
            found[one.name] = told
    return found


def told_by(paper: str, city: str) -> dict[str, dict[str, str]]:
    """Task → name → value, of a file of results/paper; empty: it does not tell of this city."""
    return {task: numbers for (name, task, _, _), numbers in paper_table(paper).values.items() if name == city}


def side_by_side(ours: Mapping[str, Mapping[str, float | str]], paper: Mapping[str, Mapping[str, str]]) -> Iterator[Told]:
    """All statistics that either has, task by task."""
    for task in dict.fromkeys([*ours, *paper]):
        mine, theirs = ours.get(task, {}), paper.get(task, {})
        yield from (Told(task, name, mine.get(name), _number(theirs.get(name))) for name in dict.fromkeys([*mine, *theirs]))


def in_words(value: float | str | None) -> str:
    """A value as a table shows it."""
    if value is None or isinstance(value, str):
        return LACKING if value is None else value
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}" if abs(value) >= 0.1 else f"{value:.4f}"


def _number(text: str | None) -> float | str | None:
    """A paper's value, which may be a span of days."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return text
