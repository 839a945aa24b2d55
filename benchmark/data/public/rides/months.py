"""Which months files cover: as they are asked for, else as the files are named; a clock runs over them without a gap."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchmark.data.clock import MINUTES_PER_DAY, Clock
from benchmark.errors import UserError

# 2021-01, 202101 or 2021_01, with no other digit around
NAMED = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_]?(0[1-9]|1[0-2])(?!\d)")
# 2019_Q4, 2014_Q1Q2 or 2014-Q3-07
QUARTERS = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_]?Q([1-4])(?:Q([1-4]))?(?:-(0[1-9]|1[0-2]))?", re.IGNORECASE)
ASKED = re.compile(r"((?:19|20)\d\d)-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Span:
    """A clock and how far it runs."""

    clock: Clock
    steps: int

    @property
    def seconds(self) -> tuple[int, int]:
        """Of the first step and behind the last, local wall-clock seconds since 1970."""
        first, last = ((self.clock.time(step) - datetime(1970, 1, 1)).total_seconds() for step in (0, self.steps))
        return int(first), int(last)


def files_of_months(folder: Path, endings: Sequence[str], months: Sequence[str], named: str = "") -> dict[Path, tuple[str, ...]]:
    """File → its months, in their order: a file alone, or all of a folder whose names hold a month or quarter; of some months, if they are
    asked for.

    named: a pattern that the names hold besides, in any case. A file alone may be named anyhow where months are asked for.

    Raises
    ------
    UserError: no file is left, or a month that is asked for has none.
    """
    check_months(months)
    if not folder.exists():
        raise UserError(f"{folder} does not exist; correct --from.")
    candidates = [folder] if folder.is_file() else files_named(folder, named, endings)
    known = {path: months_named(path.name) or (tuple(months) if folder.is_file() else ()) for path in candidates}
    found = {path: own for path, own in known.items() if own and (not months or set(own) & set(months))}
    if not found:
        raise UserError(f"{folder} has no file ({', '.join(endings)}) named after {'its month' if not months else ', '.join(months)}, as "
                        f"its provider names it, such as 2021-01 or 202101.")
    lacking = sorted(set(months) - {month for own in found.values() for month in own})
    if lacking:
        raise UserError(f"{folder} has no file of {lacking[0]}; get it, or take the month out of months.")
    return dict(sorted(found.items(), key=lambda one: (one[1], one[0].name)))


def files_named(folder: Path, pattern: str, endings: Sequence[str]) -> list[Path]:
    """Those of a folder whose names hold a pattern, in any case."""
    return sorted(path for path in folder.iterdir()
                  if re.search(pattern, path.name, re.IGNORECASE) and path.name.lower().endswith(tuple(endings)))


def check_months(months: Iterable[str]) -> None:
    """Raise UserError for a text that is no year and month."""
    for month in months:
        if not ASKED.fullmatch(month):
            raise UserError(f"months has '{month}'; write year and month, such as 2021-01.")


def months_named(name: str) -> tuple[str, ...]:
    """The months of which a file is, by its name; none, if it holds none.

    >>> months_named("Divvy_Trips_2019_Q4.zip")
    ('2019-10', '2019-11', '2019-12')
    """
    if found := QUARTERS.search(name):
        first, last = int(found[2]), int(found[3] or found[2])
        return (f"{found[1]}-{found[4]}",) if found[4] else tuple(
            f"{found[1]}-{month:02d}" for month in range(3 * first - 2, 3 * last + 1))
    return (f"{found[1]}-{found[2]}",) if (found := NAMED.search(name)) else ()


def months_of(found: Iterable[tuple[str, ...]], months: Sequence[str]) -> tuple[str, ...]:
    """Those that are asked for, else all of the files."""
    return tuple(months) or tuple(sorted({month for own in found for month in own}))


def span_of(months: Iterable[str], interval_minutes: int, zone: str) -> Span:
    """The clock of some months.

    Raises
    ------
    UserError: a month between is missing: its zeros would be no counts.
    """
    numbers = sorted({_number(month) for month in months})
    absent = sorted(set(range(numbers[0], numbers[-1])) - set(numbers))
    if absent:
        raise UserError(f"There is no file of {_day(absent[0])[:7]}, between {_day(numbers[0])[:7]} and {_day(numbers[-1])[:7]}; get it, "
                        "or choose months that follow each other: --set months=2021-01,2021-02.")
    first, behind = _day(numbers[0]), _day(numbers[-1] + 1)
    days = (datetime.fromisoformat(behind) - datetime.fromisoformat(first)).days
    return Span(Clock(f"{first}T00:00:00", interval_minutes, zone), days * MINUTES_PER_DAY // interval_minutes)


def in_words(months: Iterable[str]) -> str:
    """``2021-01 to 2021-02``."""
    known = sorted(set(months))
    return known[0] if len(known) == 1 else f"{known[0]} to {known[-1]}"


def _number(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:]) - 1


def _day(number: int) -> str:
    return f"{number // 12:04d}-{number % 12 + 1:02d}-01"
