"""The variants of an experiment as tables of changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from benchmark.experiments.kinds import Resolved
from benchmark.report.ablation import AblationTable
from benchmark.report.ablation_sheet import ablation_sheet
from benchmark.report.sheet import Sheet


def varied_tables(resolved: Resolved) -> Iterator[AblationTable]:
    """One a set of variants; a variant without finished runs has an empty row."""
    for varied in resolved.planned.varied:
        found = {part.variant: resolved.found[part].records for part in resolved.planned.parts if part.varied is varied}
        yield varied.table(found)


def varied_sheets(resolved: Resolved) -> list[Sheet]:
    """The same as sheets, which say what fills the rows that are empty."""
    made = []
    for table in varied_tables(resolved):
        one, lacking = ablation_sheet(table), any(not cell.n for cells in table.rows.values() for cell in cells.values())
        fills = [f"A row without numbers is not measured; this fills it: {resolved.command}"] if lacking else []
        made.append(replace(one, title=f"{resolved.experiment.name}: {one.title}", notes=[*one.notes, *fills]))
    return made
