"""What the sources of shared files have in common: a description, as a city file would hold it, becomes a city."""

from __future__ import annotations

import math
import re
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmark.data.bounds import shown
from benchmark.data.built_in import SERIES, TRIPS
from benchmark.data.folder import cities_home, prepare
from benchmark.data.own.city_file import CityFile
from benchmark.data.own.series import write_series
from benchmark.data.own.toml_file import check_name
from benchmark.data.sources import Built, command
from benchmark.errors import UserError

REAL = "real"
NAN = (math.nan,)
# where the field takes a zero for a failed detector
ZERO = (0.0, math.nan)


def build(source: str, path: Path, options: Any, city: CityFile, replace: bool) -> Built:
    """Write the city, and say what it lacks.

    Raises
    ------
    UserError: a file is wrong, or the name is taken; nothing is written then.
    """
    check_name(city.name, f"source {source}")
    if city.name in (*SERIES, *TRIPS):
        raise UserError(f"'{city.name}' is a city that comes with stbench; give this one another name: --set name=my-{city.name}.")
    destination = cities_home() / city.name / REAL
    prepare(destination, lambda folder: write_series(city, folder, REAL), replace=replace, owner=f"City '{city.name}'",
            command=command(source, path, options))
    lacks = [] if city.nodes is not None and (city.nodes.lon or city.nodes.point) else [
        "The files say no coordinates: methods that read them have no answer here (✕), and there is no map."]
    lacks += [] if city.adjacency is not None else ["No graph lies beside them."]
    return Built(destination, (*lacks, f"Next: stbench run --method historical_average --suite {city.name}"))


def moment(given: str) -> str:
    """A day or a time as a clock writes it.

    Raises
    ------
    UserError: it is neither.
    """
    try:
        return datetime.fromisoformat(given).isoformat()
    except ValueError:
        raise UserError(f"start = '{given}' is no ISO time; write e.g. 2016-07-01.") from None


def name_of(stem: str) -> str:
    """A name of files as that of a city: ``PEMS08`` → ``pems08``, ``METR_LA`` → ``metr-la``."""
    name = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")
    if not name:
        raise UserError(f"{shown(stem)} gives no name of a city; type one: --set name=my-city.")
    return name


def beside(path: Path, given: Path | None, name: str) -> str | None:
    """The file that is named, else the one of this name beside another, if it is there; relative to the folder of the other."""
    if given is not None:
        return str(given.resolve())
    return name if path.with_name(name).is_file() else None
