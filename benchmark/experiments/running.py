"""Methods on a suite: the plain grid of runs, for the command line and for Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.execution.campaign import Result, run_plan, to_do
from benchmark.execution.engines import Engine, Watcher
from benchmark.execution.jobs import Plan
from benchmark.execution.plan import Request, make_plan
from benchmark.families import STANDARD
from benchmark.report.choice import Filter
from benchmark.spec import seeds_of
from benchmark.store.records import Store, local_root
from benchmark.suites.cities import CityFinder

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Done:
    """What became of a request."""

    plan: Plan
    # None: only planned
    result: Result | None

    @property
    def tables(self) -> Filter:
        """The tables of its runs."""
        return Filter.of(self.plan.settings[0])


def run_request(request: Request, store: Store, *, workers: int | None = None, force: bool = False, keep: bool = False,
                dry_run: bool = False, watcher: Watcher | None = None, engine: Engine | None = None) -> Done:
    """Plan a request and do what the store lacks; a dry run builds no city and does nothing.

    Raises
    ------
    UserError: as `make_plan` and `run_plan`.
    """
    plan = make_plan(request, finder=CityFinder(builds=not dry_run))
    watcher = watcher or Watcher()
    if dry_run:
        watcher.planned(plan, to_do(plan, store, force=force, keep=keep))
        return Done(plan, None)
    return Done(plan, run_plan(plan, store, workers=workers, force=force, keep=keep, watcher=watcher, engine=engine))


def run(method: str | Sequence[str], suite: str, *, seeds: int | Sequence[int] = 1, task: str | Sequence[str] | None = None,
        options: Mapping[str, Any] | None = None, preset: str | None = None, protocol: str = "strict", scenario: str = STANDARD,
        data: str | None = None, device: str | None = None, workers: int | None = 1, force: bool = False,
        keep: bool = False, isolated: bool | None = None, results: str | Path | None = None) -> pd.DataFrame:
    """Train, score and table methods on a suite, as `stbench run` does; finished runs are skipped.

    Parameters
    ----------
    method: one or several names, ``path/to/file.py:Class`` among them, or "all". seeds: a number (5: 0 to 4) or the seeds themselves.
    options: of the methods. workers: processes; with more than one, call it below ``if __name__ == "__main__":``. keep: store the fitted
    methods beside the records, for `forecast`, `embed` and `plot`. isolated: methods live in processes of their own; default those of
    outside packages. results: folder of the records.

    Returns
    -------
    One row a task, method or floor, and metric: what `table` gives of these runs.

    Raises
    ------
    UserError: unknown name, wrong option, unusable city.

    >>> frame = run("last_value", "nyc", task="taxi_pick", preset="smoke", data="sim")
    >>> sorted(set(frame[~frame.floor]["method"])), sorted(set(frame[frame.floor]["method"]))
    (['last_value'], ['last value', 'last week', 'time-of-week mean'])
    """
    from benchmark.report.frames import table_of

    request = Request(_names(method), suite, seeds_of(seeds),
                      None if task is None else _names(task), options, preset, protocol, data, device, scenario, isolated=isolated)
    done = run_request(request, Store(local_root(results)), workers=workers, force=force, keep=keep)
    return table_of(results, done.tables)


def _names(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)
