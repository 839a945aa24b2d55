"""What every method must do, as one check: run it over your method as the project runs it over its registry.

    from benchmark.testing import check_method
    check_method("my_method", tmp_path)
"""

from __future__ import annotations

from pathlib import Path

from benchmark.registry import registry
from benchmark.testing import encoders, forecasting


def check_method(name: str, folder: Path) -> list[str]:
    """Run every check of its family on a registered method; `folder` takes tiny cities.

    Returns
    -------
    The names of the checks that ran.

    Raises
    ------
    AssertionError: says which promise is broken.
    """
    family = encoders if registry().info(name).family == "trajectory" else forecasting
    bench = family.Bench(name, folder)
    for check in family.CHECKS:
        check(bench)
    return [check.__name__ for check in family.CHECKS]
