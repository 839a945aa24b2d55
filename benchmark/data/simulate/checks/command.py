"""The command of the checks: build a simulated city in a temporary folder, print how near it is to real ones; exit 1 where it is not."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmark.data.simulate import build


def check(against: str, cities: Mapping[str, Mapping[str, Any]], city: str, size: str, compare: Callable[[Any], list[Any]],
          table: Callable[[str, list[Any]], Table], more: Callable[[Any], str]) -> None:
    """Read the command line; `city` and `size` are built where it names none.

    Parameters
    ----------
    cities: city → its sizes. compare: city → its rows. table: (title, rows) → the table of its statistics.
    more: city → the line below, or "".
    """
    parser = argparse.ArgumentParser(description=f"Compare a simulated city with {against}.")
    parser.add_argument("--city", choices=sorted(cities), default=city)
    parser.add_argument("--size", choices=list(cities[city]), default=size)
    parser.add_argument("--seed", type=int, default=0)
    given, console = parser.parse_args(), Console()
    with tempfile.TemporaryDirectory() as folder:
        built = build(given.city, given.size, given.seed, Path(folder) / given.city)
        rows = compare(built)
        console.print(table(f"{given.city}, {given.size}, seed {given.seed}", rows))
        if line := more(built):
            console.print(line)
    if any(row.near is False for row in rows):
        sys.exit(1)
