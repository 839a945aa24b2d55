"""Signs behind numbers: which rows are told apart from the one that they are compared with, and how that was told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmark.report.comparison import TOO_FEW, Comparison
from benchmark.report.rows import Row
from benchmark.report.statistics.correction import ALPHA
from benchmark.report.table import Table
from benchmark.report.words import UNSURE

SIGNS = {UNSURE: "≈", TOO_FEW: "?"}
BEST_OF_TASK = "the best of its task"
TESTS = {"permutation": "an exact permutation test", "wilcoxon": "Wilcoxon's signed-rank test"}


def sign_of(row: Row) -> str:
    """``≈`` or ``?``; nothing behind a row that is told apart, is not compared, or is what the others are compared with."""
    return SIGNS.get(row.compared.verdict, "") if row.compared else ""


def sign_notes(group: Sequence[Table]) -> list[str]:
    """The lines under the tables of one group: what their signs mean, and which tests they rest on."""
    return sign_lines([row.compared for table in group for row in table.rows if row.compared], group[0].against or BEST_OF_TASK)


def sign_lines(found: Sequence[Comparison], reference: str = BEST_OF_TASK, where: str = "the first column of numbers") -> list[str]:
    """The same of some comparisons. where: the numbers that they are of."""
    if not found:
        return []
    used = {one.verdict for one in found}
    said = [f"{SIGNS[UNSURE]}: {UNSURE} from {reference}"] * (UNSURE in used)
    said += [f"{SIGNS[TOO_FEW]}: too few seeds and days to tell"] * (TOO_FEW in used)
    sure = f"told apart{'' if UNSURE in used else f' from {reference}'}, p ≤ {ALPHA} (Holm, over the comparisons of a task)"
    if not said:
        lines = [f"In {where} every row is {sure}."]
    else:
        lines = [f"In {where}, {'; '.join([*said, *([f'no sign: {sure}'] if used - SIGNS.keys() else [])])}."]
    for test, name in TESTS.items():
        if pairs := [one.pairs for one in found if one.tested and one.tested.test == test]:
            lines.append(f"Compared over {_span(pairs)} paired seeds, by {name}.")
    if drawn := [one for one in found if one.block_hours]:
        pairs = [one.pairs for one in drawn]
        lines.append(f"Compared over one test period, {_span(pairs)} seed{'s' * (max(pairs) > 1)}, by a paired bootstrap of blocks of "
                     f"{_blocks(drawn)}" + "; where there is one seed, another may differ by more" * (min(pairs) == 1) + ".")
    return lines


def _blocks(found: Iterable[Comparison]) -> str:
    """``2 days``, ``3 hours``."""
    lengths = dict.fromkeys(one.block_hours or 0 for one in found)
    return " or ".join(f"{hours // 24} days" if hours % 24 == 0 else f"{hours} hours" for hours in lengths)


def _span(counts: Sequence[int]) -> str:
    """``1 to 5``."""
    return str(min(counts)) if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"
