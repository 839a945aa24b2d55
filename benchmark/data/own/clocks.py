"""On which steps of its clock the rows of a task lie: by their times, or one after the other from `start`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmark.data.clock import MINUTES_PER_DAY, Clock
from benchmark.data.own.city_file import TaskFile
from benchmark.errors import UserError

# of times without a row
LONGEST_GAP = np.timedelta64(366, "D")


def clock_of(task: TaskFile, times: pd.DatetimeIndex | None, rows: int) -> Clock:
    """The clock that a task says, or the one that begins with the first of its times, or so many rows before its end."""
    start = task.start or (times.min().isoformat() if times is not None else None)
    if start is None and task.end is not None and task.service is None:
        start = Clock(task.end, task.interval_minutes, task.zone).time(1 - rows).isoformat()
    if start is None:
        raise UserError("`start` is not given and the file carries no times; write e.g. start = 2019-01-01T00:00:00.")
    return Clock(start, task.interval_minutes, task.zone)


def served(task: TaskFile, clock: Clock, steps: int) -> np.ndarray:
    """[step] bool: lies within the hours of service."""
    if task.service is None:
        return np.ones(steps, dtype=bool)
    first, open_for = _hours(task, clock)
    return np.asarray((clock.slot(steps) - first) % clock.steps_per_day < open_for)


def expected(task: TaskFile, clock: Clock, steps: int) -> np.ndarray:
    """[step] bool: there must be a row, or a marker; the others daylight saving skips, or the hours of service leave out."""
    return clock.exists(steps) & served(task, clock, steps)


def steps_of_rows(task: TaskFile, clock: Clock, rows: int) -> np.ndarray:
    """Step of each row of a file without times, int64."""
    if task.service is None:
        clock.check(rows)
        return np.arange(rows)
    _, open_for = _hours(task, clock)
    if not served(task, clock, 1)[0]:
        raise UserError(f"start = '{clock.start}' lies outside the hours of service, {hours_in_words(task)}; write the first row's time.")
    most = (rows // open_for + 2) * clock.steps_per_day
    clock.check(most)
    return np.flatnonzero(served(task, clock, most))[:rows]


def steps_of_times(task: TaskFile, clock: Clock, times: pd.DatetimeIndex) -> np.ndarray:
    """Step of each time, int64."""
    since, interval = times - pd.Timestamp(clock.start), pd.Timedelta(minutes=clock.interval_minutes)
    off = np.flatnonzero((since % interval != pd.Timedelta(0)) | (since < pd.Timedelta(0)))
    if off.size:
        raise UserError(f"{task.named}: time {times[off[0]]} is no step of the clock, which starts at {clock.start} "
                        f"and has a step every {clock.interval_minutes} minutes.")
    steps = np.asarray(since // interval, dtype=np.int64)
    clock.check(int(steps.max()) + 1)
    closed = np.flatnonzero(~served(task, clock, int(steps.max()) + 1)[steps])
    if closed.size:
        raise UserError(f"{task.named}: time {times[closed[0]]} lies outside the hours of service, {hours_in_words(task)}; "
                        "correct `service`.")
    return steps


def check_days(task: TaskFile, clock: Clock, slots: int) -> None:
    """The days of a cube are those of the clock."""
    first, open_for = _hours(task, clock) if task.service else (0, clock.steps_per_day)
    if slots != open_for:
        told = f"{hours_in_words(task)} has" if task.service else "a day has"
        raise UserError(f"{task.named} has {slots} slots a day, but {told} {open_for} steps of {clock.interval_minutes} minutes; say "
                        'between which times there are rows, such as service = ["06:00", "24:00"].')
    if clock.slot(1)[0] != first:
        raise UserError(f"start = '{clock.start}' is not where a day of {task.named} begins; write the time of the first slot.")


def check_end(task: TaskFile, clock: Clock, last: int, rows: int) -> None:
    """The rows come to what the city file says."""
    if task.rows is not None and rows != task.rows:
        raise UserError(f"{task.named} has {rows:,} rows, not the {task.rows:,} that `rows` says.")
    if task.end is None:
        return
    found, said = clock.time(last), Clock(task.end, task.interval_minutes, task.zone).time(0)
    if found != said:
        hint = "" if task.service else '; if a day has rows between certain times only, say service = ["05:30", "23:30"]'
        raise UserError(f"{task.named}: its {rows:,} rows end on {found}, but `end` says {said}{hint}.")


def check_order(task: TaskFile, times: pd.DatetimeIndex) -> None:
    """Each time stands once, after the one before it."""
    back = np.flatnonzero(times[1:] <= times[:-1]) + 1
    if back.size and times[back[0]] == times[back[0] - 1]:
        raise UserError(f"{task.named}: time {times[back[0]]} stands twice (row {back[0] + 1}); each step has one row. "
                        "If daylight saving repeats the hour, merge its rows (`repeated_hour` says what becomes of them).")
    if back.size:
        raise UserError(f"{task.named}: time {times[back[0]]} (row {back[0] + 1}) comes after {times[back[0] - 1]}; sort the rows by time.")


def check_span(task: TaskFile, times: pd.DatetimeIndex) -> None:
    """No year without a row: one time typed wrong would stretch the clock over decades that nobody measured."""
    order = np.argsort(times.to_numpy(), kind="stable")
    gaps = np.flatnonzero(np.diff(times.to_numpy()[order]) > LONGEST_GAP)
    if not gaps.size:
        return
    # the lonelier side of the gap is the wrong one
    last = int(gaps[0]) + 1
    early = last <= len(order) - int(gaps[-1]) - 1
    row, other = (order[last - 1], order[last]) if early else (order[gaps[-1] + 1], order[gaps[-1]])
    raise UserError(f"{task.named}: row {row + 1} is of {times[row]}, and the next row {'after' if early else 'before'} it of "
                    f"{times[other]}; a year without any row looks like a time typed wrong. Correct it, or add rows that mark the time as "
                    "missing.")


def check_gaps(task: TaskFile, clock: Clock, steps: np.ndarray) -> None:
    """Every step from 0 to the last has a row, unless missing entries are declared."""
    if task.missing is not None:
        return
    absent = expected(task, clock, int(steps.max()) + 1)
    absent[steps] = False
    if absent.any():
        raise UserError(f"{task.named} has a gap: {int(absent.sum())} steps have no row (first: {clock.time(int(np.argmax(absent)))}); add "
                        'them, or declare what is `missing`, such as missing = "nan", if nothing was measured.')


def hours_in_words(task: TaskFile) -> str:
    return "–".join(task.service) if task.service else "the whole day"


def _hours(task: TaskFile, clock: Clock) -> tuple[int, int]:
    """(first slot of a day of service, slots from there)."""
    assert task.service
    first, last = (60 * int(hour) + int(minute) for hour, _, minute in (one.partition(":") for one in task.service))
    if first % clock.interval_minutes or last % clock.interval_minutes:
        raise UserError(f"`service` is from {task.service[0]} to {task.service[1]}, which does not lie on steps of "
                        f"{clock.interval_minutes} minutes.")
    open_for = (last - first) % MINUTES_PER_DAY or MINUTES_PER_DAY
    return first // clock.interval_minutes % clock.steps_per_day, open_for // clock.interval_minutes
