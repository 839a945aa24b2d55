"""What to type where a filter finds no record."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from benchmark.errors import unknown
from benchmark.families import STANDARD, find_family, is_named
from benchmark.registry import registry
from benchmark.report.choice import Filter
from benchmark.suites.catalogue import Suite, suites


def advice(chosen: Filter) -> str:
    """A sentence: the run that would give the table, or why there can be none."""
    known = suites()
    asked = (chosen.suites or (None,))[0]
    if asked is not None and asked not in known:
        return f"No records match. {unknown('suite', asked, known)}"
    suite = known[asked] if asked is not None else _suite(list(known.values()), chosen)
    if chosen.horizon and not find_family(suite.family).horizons:
        return f"No records match: what {suite.name} asks for has no steps, so leave --horizon out."
    return f"No records match. Measure some: {command(suite, chosen)}"


def command(suite: Suite, chosen: Filter) -> str:
    """The run of a suite that a filter asks for; by the method that was named, else by the first of its family that learns."""
    methods = registry()
    named = [name for name in chosen.methods or () if name in methods.names(suite.family)]
    learns = [name for name in methods.names(suite.family) if methods.info(name).parameters]
    scenario = None if chosen.scenarios is None or STANDARD in chosen.scenarios else chosen.scenarios
    words = ["stbench", "run", "--method", ",".join(named) or learns[0], "--suite", suite.name]
    for option, given in (("task", chosen.tasks), ("data", chosen.editions), ("preset", chosen.presets), ("protocol", chosen.protocols),
                          ("scenario", scenario)):
        if given:
            words += [f"--{option}", ",".join(given) if option == "task" else given[0]]
    return shlex.join(words)


def _suite(known: Sequence[Suite], chosen: Filter) -> Suite:
    """The first suite of the methods and tasks that were named; the first of all if there is none."""
    methods = registry()
    families = {methods.info(name).family for name in chosen.methods or () if name in methods.names()}
    fit = [suite for suite in known if (not families or suite.family in families)
           and (chosen.tasks is None or any(is_named(task, chosen.tasks) for task in suite.tasks))]
    return [*fit, *known][0]
