"""The command of the checks: build a simulated city in a temporary folder, and print how near it is to real ones."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmark.data.simulate import build


def check(against: str, cities: Iterable[str], city: str, size: str, table: Callable[[str, Any], Table],
          more: Callable[[Any], str]) -> None:
    """Read the command line; `city` and `size` are built where it names none.

    Parameters
    ----------
    table: (title, city) → the table of its statistics.
    more: city → the line below, or "".
    """
    parser = argparse.ArgumentParser(description=f"Compare a simulated city with {against}.")
    parser.add_argument("--city", choices=sorted(cities), default=city)
    parser.add_argument("--size", choices=("smoke", "quick", "medium", "full"), default=size)
    parser.add_argument("--seed", type=int, default=0)
    given, console = parser.parse_args(), Console()
    with tempfile.TemporaryDirectory() as folder:
        built = build(given.city, given.size, given.seed, Path(folder) / given.city)
        console.print(table(f"{given.city}, {given.size}, seed {given.seed}", built))
        if line := more(built):
            console.print(line)
