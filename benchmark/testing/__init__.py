"""What every method must do, as one check: run it over your method as the project runs it over its registry.

    from benchmark.testing import check_method
    check_method("my_method", tmp_path)

In: the name of a registered method, and a folder for tiny cities. Out: the names of the checks that ran, or an AssertionError that says
which promises are broken, what was seen, what was expected, and how to fix it; or, from `outcomes`, what became of each check as it ends.

Open first: `checking.py`, how checks are run and told; `shared.py`, what every method promises, whatever its family. Then the family's own:
`forecasting.py` or `encoders.py`, most of which change what a task hides and compare bits. `tiny_series.py` and `tiny_trips.py` make the
cities that they run on, `other_trips.py` what is hidden in them. A check fails by `expect` (`promises.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmark.testing.checking import FAILS, outcomes


def check_method(name: str, folder: Path, **options: Any) -> list[str]:
    """Run every check of its family on a registered method; `folder` takes tiny cities. `options`: checked with these of its own.

    What its class names in `expected_failures` may fail.

    Returns
    -------
    The names of the checks that ran.

    Raises
    ------
    AssertionError: says which promises are broken.
    """
    found = list(outcomes(name, folder, options))
    broken = [str(one) for one in found if one.state == FAILS]
    if broken:
        raise AssertionError("\n".join(broken))
    return [one.check for one in found]
