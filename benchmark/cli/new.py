"""`stbench new`: the skeleton of a method in a package of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.streams import say

# the suite that the skeleton is first run on
SUITES = {"forecaster": "nyc", "encoder": "xian"}


def new(
    name: Annotated[str, typer.Argument(help="Of the method and of its package: lower_snake.")],
    family: Annotated[str, typer.Option(help="forecaster or encoder.")],
    out: Annotated[Path, typer.Option(help="The folder in which the package's own folder is made.")] = Path(),
) -> None:
    """Write a package of a method that works, passes `stbench check`, and is to be filled in where it says "replace this".

    Example: stbench new my_method --family forecaster
    """
    from benchmark.scaffold.writing import write_skeleton

    folder = write_skeleton(name, family, out)
    say(f"{folder} is written. Its network is in src/{name}/method.py; replace what says so. Then:")
    for line in (f"pip install --editable {out / name}", f"stbench check {name}",
                 f"stbench run --method {name} --suite {SUITES[family]} --preset smoke"):
        say(f"  {line}")
