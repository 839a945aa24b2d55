"""Opened cities and methods that are not fitted yet, for a Python user."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmark import lazy
from benchmark.contract import Measurer, Method
from benchmark.errors import UserError
from benchmark.families import Family, find_family
from benchmark.fitting import seed_everything
from benchmark.method_files import named
from benchmark.options import resolve
from benchmark.registry import registry
from benchmark.suites.catalogue import find_suite
from benchmark.suites.cities import CityFinder, locate


def load_city(name: str, edition: str | None = None, size: str = "quick") -> Any:
    """Open a city: an imported one by its name, or a built-in one, which is simulated if it is not there yet.

    Parameters
    ----------
    edition: default a real one before the simulated. size: of a simulated city: smoke, quick, medium or full.

    Raises
    ------
    UserError: no such city or edition.

    >>> city = load_city("nyc", size="smoke")
    >>> city.tasks
    ('crowd_in', 'crowd_out', 'taxi_pick', 'taxi_drop')
    >>> city.series("taxi_pick").values.shape == (672, len(city.nodes))
    True
    """
    suite = find_suite(name)
    if len(suite.cities) > 1:
        raise UserError(f"Suite {name} has the cities {', '.join(suite.cities)}; load them one by one.")
    found = CityFinder().cities(suite, edition, size)
    return _measurer(find_family(suite.family)).open_city(locate(found.refs[0]))


def make_method(name: str, cities: Any, tasks: Sequence[str] | None = None, *, protocol: str = "strict", preset: str | None = None,
                seed: int = 0, **options: Any) -> Method:
    """A method on the problem of these tasks, with its first weights: not fitted.

    Parameters
    ----------
    name: of a registered method, or ``path/to/file.py:Class``. cities: one opened city or several.
    tasks: of a forecasting city; default its first one, or all for a method of scope `city`.
    preset: whose overrides, declared by the method, are taken first. options: the method's own.

    Raises
    ------
    UserError: unknown method or option, or one that the protocol refuses.

    >>> method = make_method("linear", load_city("nyc", size="smoke"), ["taxi_pick"], ridge=1.0)
    >>> method.parameter_count()
    156
    """
    (name,) = named([name], registry())
    info, cls = registry().info(name), registry().load(name)
    family, opened = find_family(info.family), list(cities) if isinstance(cities, list | tuple) else [cities]
    rules = family.protocol(protocol)
    chosen = resolve(cls.Options, {**cls.presets.get(preset or "", {}), **options}, name)
    wanted = tuple(tasks) if tasks is not None else _all_tasks(family, opened, info.scope)
    try:
        cls.check(chosen, rules, wanted)
    except ValueError as error:
        raise UserError(f"Options of {name}: {error}") from None
    seed_everything(seed)
    made: Method = cls(chosen, _measurer(family).problem(opened, wanted, rules, cls.asks(chosen)))
    return made


def _all_tasks(family: Family, cities: Sequence[Any], scope: str) -> tuple[str, ...]:
    named = tuple(cities[0].card.get("tasks", ()))
    tasks = family.tasks_of([city.name for city in cities], named)
    return tasks[:1] if scope == "task" else tasks


def _measurer(family: Family) -> Measurer:
    found: Measurer = lazy.load(family.measurer)
    return found
