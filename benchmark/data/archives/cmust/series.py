"""A task of the authors' archive: its three parts, held against the clock and joined into one series."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from benchmark.data.archives.cmust.layout import HISTORY, HORIZON, PARTS
from benchmark.data.archives.cmust.windows import PLAIN, Part, read_part
from benchmark.data.clock import Clock
from benchmark.errors import UserError

# rows that two neighbouring windows' parts share, and so the most windows that may be left out between parts
SHARED = HISTORY + HORIZON - 1
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class ArchiveSeries:
    """What the windows of a task were cut from, and how they were cut."""

    # float32 [step, node]
    values: np.ndarray
    # windows of train, val and test
    windows: tuple[int, int, int]
    # windows left out between train and val, and between val and test
    left_out: tuple[int, int]
    # [node, 2], None in an archive of three channels
    coordinates: np.ndarray | None
    # whether the six timestamp numbers are those of our clock
    calendar: bool | None


def read_series(folder: Path, clock: Clock) -> ArchiveSeries:
    """Read and check one task's folder.

    Raises
    ------
    UserError: if a part is wrong, does not follow the clock, or does not join the part before it.
    """
    parts = [read_part(folder / f"{part}.npz") for part in PARTS]
    for part in parts[1:]:
        if part.context.shape[1:] != parts[0].context.shape[1:]:
            raise UserError(f"{part.name} has {_size(part)}, {parts[0].name} {_size(parts[0])}; they must be the same.")
    # a week of Monday 0 … Sunday 6 reaches 6, of its sevenths 0.857
    days = 7 if float(parts[0].context[..., 1].max()) < 1.5 else 1
    weeks = [_step_of_week(part, clock.steps_per_day, days) for part in parts]
    _check_start(parts[0], int(weeks[0][0]), clock)
    for part, week in zip(parts, weeks, strict=True):
        _check_runs_on(part, week, clock)
    starts, left_out = _starts(parts, [int(week[0]) for week in weeks], clock)
    values = _join(parts, starts)
    if (values < 0).any():
        step, node = np.argwhere(values < 0)[0]
        raise UserError(f"{folder.name} holds {int((values < 0).sum())} negative values (first: {values[step, node]:g} at "
                        f"{clock.time(int(step))}, node {node}); values must be raw and at least 0 (the protocol divides by them), "
                        "so undo any scaling.")
    train, val, test = (part.windows for part in parts)
    return ArchiveSeries(values, (train, val, test), left_out, _coordinates(parts), _same_calendar(parts, starts, clock))


def _size(part: Part) -> str:
    return f"{part.context.shape[1]} nodes and {part.context.shape[2] + 1} channels"


def _step_of_week(part: Part, steps_per_day: int, days: int) -> np.ndarray:
    """[row] int64: weekday · steps a day + slot, from the channels time of day and weekday, the same for all nodes."""
    counts = []
    for channel, scale, limit, wanted in (
            (0, steps_per_day, steps_per_day, f"channel 1 (time of day) times {steps_per_day} must be a whole number from 0 to "
             f"{steps_per_day - 1}"),
            (1, days, 7, "channel 2 (weekday) must be Monday 0 … Sunday 6, or a seventh of it")):
        given = part.context[..., channel]
        unlike = np.argwhere(given != given[:, :1])
        if unlike.size:
            row, node = unlike[0]
            raise UserError(f"{part.name}: {wanted.split(' (')[0]} of row {row} is {given[row, 0]:g} at node 0 but {given[row, node]:g} at "
                            f"node {node}; the time must be the same at all nodes.")
        scaled = given[:, 0].astype(np.float64) * scale
        whole = np.rint(scaled)
        wrong = np.flatnonzero((np.abs(scaled - whole) > 1e-3) | (whole < 0) | (whole >= limit))
        if wrong.size:
            raise UserError(f"{part.name}: {wanted}; row {wrong[0]} holds {float(given[wrong[0], 0]):.6g}"
                            f"{' (is this the right suite?)' if channel == 0 else ''}.")
        counts.append(whole.astype(np.int64))
    return counts[1] * steps_per_day + counts[0]


def _check_start(train: Part, found: int, clock: Clock) -> None:
    begin = datetime.fromisoformat(clock.start)
    if found == _of_week(clock, 0):
        return
    day, slot = divmod(found, clock.steps_per_day)
    date = (begin + timedelta(days=(day - begin.weekday()) % 7)).replace(hour=0, minute=0)
    other = date + timedelta(minutes=slot * clock.interval_minutes)
    raise UserError(f"{train.name} starts on a {_words(found, clock)} (slot {slot}), but the clock on {_words(_of_week(clock, 0), clock)}, "
                    f"{clock.start}; say when the archive starts: --set start={other.isoformat()} if that is right.")


def _check_runs_on(part: Part, week: np.ndarray, clock: Clock) -> None:
    expected = (week[0] + np.arange(len(week))) % (7 * clock.steps_per_day)
    wrong = np.flatnonzero(week != expected)
    if wrong.size:
        row = int(wrong[0])
        raise UserError(f"{part.name}: row {row} says {_words(int(week[row]), clock)}, but {clock.interval_minutes} minutes after the row "
                        f"before it is {_words(int(expected[row]), clock)}; the steps must follow one clock without a gap.")


def _starts(parts: list[Part], weeks: list[int], clock: Clock) -> tuple[list[int], tuple[int, int]]:
    """The row of the series that each part begins with, and the windows left out before val and test.

    A part may begin up to 23 steps late: the targets of the last window before it reach that far.
    """
    starts, left_out = [0], []
    for before, part, week in zip(parts[:-1], parts[1:], weeks[1:], strict=True):
        next_window = starts[-1] + before.windows
        late = (week - weeks[0] - next_window) % (7 * clock.steps_per_day)
        if late > SHARED:
            raise UserError(f"{part.name} starts on {_words(week, clock)}, but the window behind the last of {before.name} starts on "
                            f"{_words((weeks[0] + next_window) % (7 * clock.steps_per_day), clock)}; it may start at most {SHARED} steps "
                            "later, else steps are in no window, and parts must lie in time order: train, val, test.")
        starts.append(next_window + late)
        left_out.append(late)
    return starts, (left_out[0], left_out[1])


def _join(parts: list[Part], starts: list[int]) -> np.ndarray:
    """float32 [step, node] of the whole series; rows of two parts must agree."""
    values = np.empty((starts[-1] + len(parts[-1].values), parts[0].values.shape[1]), np.float32)
    end = 0
    for part, start in zip(parts, starts, strict=True):
        differ = np.argwhere(values[start:end] != part.values[:end - start]) if start < end else np.empty((0, 2), int)
        if differ.size:
            row, node = differ[0]
            raise UserError(f"{part.name} does not continue the part before it: its row {row} holds {part.values[row, node]:g} at node "
                            f"{node}, which was {values[start + row, node]:g} there at the same time; "
                            "train, val and test must be cut from one series in time order.")
        end = start + len(part.values)
        values[start:end] = part.values
    return values


def _coordinates(parts: list[Part]) -> np.ndarray | None:
    if parts[0].context.shape[2] == PLAIN - 1:
        return None
    given = parts[0].context[0, :, 2:4]
    for part in parts:
        differ = np.argwhere(part.context[..., 2:4] != given)
        if differ.size:
            row, node, _ = differ[0]
            raise UserError(f"{part.name}: channels 3 and 4 (coordinates) of node {node} change in row {row}; a node stays where it is.")
    return given.astype(np.float64)


def _same_calendar(parts: list[Part], starts: list[int], clock: Clock) -> bool | None:
    if parts[0].context.shape[2] == PLAIN - 1:
        return None
    own = clock.calendar(starts[-1] + len(parts[-1].context))
    return all(np.allclose(part.context[..., 4:], own[start:start + len(part.context), None], rtol=0, atol=1e-3)
               for part, start in zip(parts, starts, strict=True))


def _of_week(clock: Clock, step: int) -> int:
    begin = clock.time(step)
    return begin.weekday() * clock.steps_per_day + (begin.hour * 60 + begin.minute) // clock.interval_minutes


def _words(step_of_week: int, clock: Clock) -> str:
    """E.g. Friday 00:30."""
    day, slot = divmod(step_of_week, clock.steps_per_day)
    hour, minute = divmod(slot * clock.interval_minutes, 60)
    return f"{DAYS[day]} {hour:02}:{minute:02}"
