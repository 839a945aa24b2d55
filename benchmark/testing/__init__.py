"""What every method must do, as one check: run it over your method as the project runs it over its registry.

    from benchmark.testing import check_method
    check_method("my_method", tmp_path)

In: the name of a registered method, and a folder for tiny cities. Out: the names of the checks that ran, or an AssertionError that says
which promise is broken.

Open first: `shared.py`, what every method promises, whatever its family. Then the family's own: `forecasting.py` or `encoders.py`, most of
which change what a task hides and compare bits. `tiny_trips.py` makes the trajectory city that they run on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmark import lazy
from benchmark.families import find_family
from benchmark.registry import registry


def check_method(name: str, folder: Path, **options: Any) -> list[str]:
    """Run every check of its family on a registered method; `folder` takes tiny cities. `options`: checked with these of its own.

    Returns
    -------
    The names of the checks that ran.

    Raises
    ------
    AssertionError: says which promise is broken.
    """
    bench = lazy.load(find_family(registry().info(name).family).checks)(name, folder, **options)
    for check in bench.checks:
        check(bench)
    return [check.__name__ for check in bench.checks]
