"""Kept methods used: made again without training data, then asked for forecasts or vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from benchmark import lazy
from benchmark.contract import Fitted, Measurer, Method
from benchmark.data.folder import CARD
from benchmark.errors import UserError
from benchmark.execution.making import load_city
from benchmark.execution.packing import unpack
from benchmark.execution.work import options_of
from benchmark.families import find_family
from benchmark.method_files import file_of
from benchmark.registry import registry
from benchmark.spec import RunSpec, find_preset
from benchmark.store.kept import find_kept
from benchmark.store.records import Store, local_root
from benchmark.suites.catalogue import find_suite

if TYPE_CHECKING:
    import pandas as pd


def forecast(run: str | Path, city: Any, task: str | Sequence[str] | None = None, *, edition: str | None = None,
             results: str | Path | None = None) -> pd.DataFrame:
    """What a kept run forecasts of the steps after the end of a city's series, in its unit.

    Parameters
    ----------
    run: its id, the beginning of it, or a path of one of its kept files. city: an opened one, the name of one, or a folder of one.
    task: one or several; default all of the run. edition: of a named city; default that of the run. results: folder of the records.

    Returns
    -------
    One row a task, step and node: task, step (1 is the first after the end), time (in the city's zone), node, forecast, unit. A local
    time that daylight saving skips has no row.

    Raises
    ------
    UserError: no such run or city, a run that was not kept or has changed, other nodes, interval or unit, an unknown task.

    >>> frame = run("last_value", "nyc", task="taxi_pick", preset="smoke", data="sim", keep=True)
    >>> kept = records(suite="nyc", method="last_value", task="taxi_pick", preset="smoke", edition="sim").id.iloc[0]
    >>> frame = forecast(kept, "nyc")
    >>> frame["time"].iloc[0].isoformat(), len(frame) == 12 * len(load_city("nyc", size="smoke").nodes)
    ('2016-01-15T00:00:00-05:00', True)
    """
    used = _Used.find(run, results)
    wanted = (task,) if isinstance(task, str) else task
    return used.measurer.forecast(used.fitted, used.method(), used.opened(city, edition), wanted)


def embed(run: str | Path, trips: Any, *, edition: str | None = None, results: str | Path | None = None) -> pd.DataFrame:
    """The vectors that a kept run gives the trips of a city, whole and with all times.

    Parameters
    ----------
    run, edition, results: as of `forecast`. trips: a trajectory city of the same roads and cells, opened, by its name or by its folder.

    Returns
    -------
    One row a trip, by trip id; columns v0, v1, ….

    Raises
    ------
    UserError: no such run or city, a run that was not kept or has changed, other roads or cells.
    """
    used = _Used.find(run, results)
    return used.measurer.embed(used.fitted, used.method(), used.opened(trips, edition))


@dataclass(frozen=True)
class _Used:
    """A kept run that is about to be used."""

    spec: RunSpec
    fitted: Fitted
    measurer: Measurer

    @classmethod
    def find(cls, run: str | Path, results: str | Path | None) -> _Used:
        kept = find_kept(Store(local_root(results)), run)
        return cls(kept.spec, unpack(kept), lazy.load(find_family(kept.spec.family).measurer))

    def method(self) -> Method:
        """The fitted method, made again on its problem without training data."""
        spec, methods = self.spec, registry()
        if spec.file and (spec.method not in methods or getattr(file_of(methods.info(spec.method).target), "sha256", "") != spec.file):
            raise UserError(f"Run {spec.id} is of a method of a file, which no record holds; make a package of it (stbench new), and run "
                            "it again with --keep.")
        info = methods.info(spec.method)
        if info.version != spec.method_version:
            raise UserError(f"Run {spec.id} is of version {spec.method_version} of {spec.method}; here is version {info.version}. "
                            "Run it again with --keep.")
        cls, options = registry().load(spec.method), options_of(spec)
        problem = self.measurer.rebuild(self.fitted, cls.asks(options))
        # first weights are drawn, and replaced: the caller's random numbers stay
        with torch.random.fork_rng(devices=[]):
            made: Method = cls(options, problem)
        try:
            made.load_state_dict(self.fitted.state)
        except (RuntimeError, ValueError, KeyError) as error:
            raise UserError(f"The state of run {spec.id} does not fit {spec.method} as it is here ({error}). Run it again with --keep."
                            ) from error
        return made

    def opened(self, city: Any, edition: str | None) -> Any:
        """The city to use the method on, of the run's family."""
        found = self._found(city, edition) if isinstance(city, str | Path) else city
        if found.card["kind"] != self.spec.family:
            raise UserError(f"{found.name} is a {found.card['kind']} city; run {self.spec.id} is of {self.spec.method}, a "
                            f"{self.spec.family} method. Name a {self.spec.family} city; see `stbench data list`.")
        return found

    def _found(self, city: str | Path, edition: str | None) -> Any:
        if (Path(city) / CARD).is_file():
            return self.measurer.open_city(Path(city))
        if Path(city).is_file():
            raise UserError(f"{city} is a file, not a prepared city. Bring it with `stbench data import`, whose TOML file names the data, "
                            "then give the city's name.")
        if edition is None and self.spec.edition in find_suite(str(city)).editions:
            edition = self.spec.edition
        return load_city(str(city), edition, find_preset(self.spec.preset).city_size)
