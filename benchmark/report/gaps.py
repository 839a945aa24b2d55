"""Our numbers beside a paper's: the gap, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmark.report.rows import Cell
from benchmark.report.words import FEWEST_FOR_SD

# what the paper's numbers were made on and by; anything else is not the same measurement
AS_THE_PAPER = {"edition": ("archive",), "protocol": ("paper",), "preset": ("full",)}
WITHIN, OUTSIDE = "within 2 sd", "outside"


@dataclass(frozen=True)
class Gap:
    """One number of ours and one of a paper."""

    # (ours - paper) / paper
    relative: float
    # what it says: `within 2 sd`, `outside`, or why it says nothing
    verdict: str


def gap(cell: Cell, n: int, paper: float, setting: Mapping[str, str]) -> Gap | None:
    """The gap of a mean over n seeds; None where the paper's number is 0.

    setting: edition, protocol and preset of ours. Two sample standard deviations of ours are the measure, since papers rarely give theirs.
    """
    if not paper:
        return None
    relative = cell.mean / paper - 1
    if reason := not_comparable(setting):
        return Gap(relative, f"not comparable: {reason}")
    if cell.sd is None or n < FEWEST_FOR_SD:
        return Gap(relative, f"too few seeds: {n}")
    return Gap(relative, WITHIN if abs(cell.mean - paper) <= 2 * cell.sd else OUTSIDE)


def not_comparable(setting: Mapping[str, str]) -> str:
    """What of a setting is not as the papers have it: ``edition sim, preset quick``; empty where all is."""
    return ", ".join(f"{key} {setting[key]}" for key, theirs in AS_THE_PAPER.items() if setting[key].partition("@")[0] not in theirs)
