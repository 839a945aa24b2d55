"""The file of flights → the city `flights`, edition `real`, and what of it ships with stbench."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.data.built_in import SERIES
from benchmark.data.clock import Clock
from benchmark.data.embedded.pack import pack, write
from benchmark.data.embedded.recipe import embedded
from benchmark.data.folder import Origin, cities_home, prepare, read_card
from benchmark.data.public.flights.counts import LATE_MINUTES, Counted, count
from benchmark.data.public.flights.times import SLACK_MINUTES
from benchmark.data.readers.tables import read_frame
from benchmark.data.sources import Built, command, sources
from benchmark.errors import UserError
from benchmark.families import forecasting_protocol

NAME, REAL = "flights", "real"
AIRPORTS, DAYS = 100, 181
# SHA-1 of the file that this city is made of, and as the package's datapackage.json has it: of the bytes with git's head before them
SHA1 = "e02e6d99a8c2c0e71e515b1d66403aaf9d3a2172"
GIT_SHA1 = "9c4e0b480a1a60954a7e5c6bcc43e1c91a73caaa"
PACKAGE = "vega-datasets 3.2.1 (npm)"
ZERO = "no such flight of the airlines that report"
MISSING = ("hours before the airport's own 1 January; of inbound flights also those before 1 January began at every airport that they come "
           "from")
NOTES = {
    "clock": "one clock for all airports, US Eastern: a flight counts in the hour in which it leaves, by that clock; local times become "
             "Eastern by the zone of the airport that it leaves",
    "tasks": {
        "departures": "flights that leave the airport in this hour",
        "inbound": "flights to the airport that leave their origin in this hour",
        "late": f"of the departures, flights that arrive more than {LATE_MINUTES} minutes late",
        "inbound_late": f"of the inbound flights, those that arrive more than {LATE_MINUTES} minutes late",
    },
    "late": "`delay` in the file is the delay at ARRIVAL. A late count is known only after the flights have arrived, hours after the hour "
            "that it stands in; forecasts assume that it is known at once.",
    "midnight": "the file joins the scheduled day with the actual time of departure, so that a flight delayed across midnight carries the "
                "day before. One that arrived so late that it must have been, with an hour to spare, is shifted to the day after; one "
                "that arrived so early that it cannot have been, with an hour to spare, stays; what lies between is left out",
    "airports": f"the {AIRPORTS} with the most departures and arrivals in the training rows (70 %)",
    "graph": "flights between two airports in the training rows (70 %), both ways together, each row divided by its sum",
}


@dataclass(frozen=True)
class Options:
    """What is not in the file of flights."""

    # a .csv of iata, name, city, state, latitude, longitude (degrees); none: airports.csv beside the flights
    airports: Path | None = None
    # a folder into which what ships with stbench is written too; for those who change how the city is made
    ships: Path | None = None


def build_flights(path: Path, options: Options, replace: bool = False) -> Built:
    """Build the city from the file of flights.

    Raises
    ------
    UserError: a file is missing, wrong, or another one than this city is made of; nothing is written then.
    """
    found = _sha1(path)
    if found != SHA1:
        raise UserError(f"{path} has the SHA-1 {found}; the city {NAME} is made of the file with {SHA1}: data/flights-3m.parquet of "
                        f"{PACKAGE}. Type `npm pack vega-datasets@3.2.1` and unpack it.")
    table = options.airports or path.with_name("airports.csv")
    counted = count_flights(path)
    nodes, origin = node_table(table, counted.airports), origin_of(counted, table)
    destination, tasks = cities_home() / NAME / REAL, facts_of_tasks()

    def write_to(folder: Path) -> None:
        write(folder, NAME, REAL, origin, nodes, counted.arrays, tasks)

    prepare(destination, write_to, replace=replace, owner=f"Edition '{REAL}' of suite {NAME}", command=command(NAME, path, options))
    if options.ships:
        pack(destination, counted.arrays, options.ships)
    shipped = embedded()[NAME].card["fingerprint"]
    same = read_card(destination)["fingerprint"] == shipped
    return Built(destination, (
        "It is the city that ships with stbench, to the byte." if same else
        f"It is not the city that ships with stbench (fingerprint {shipped}); runs take that one.",
        f"Next: stbench run --method historical_average --suite {NAME}"))


def count_flights(path: Path) -> Counted:
    """The counts of the busiest airports, from a file of flights.

    Raises
    ------
    UserError: a column or the zone of an airport is missing.
    """
    flights = _read(path, ("origin", "destination"), ("date", "delay"))
    zones = zone_table()
    lacking = sorted({*flights["origin"], *flights["destination"]} - set(zones))
    if lacking:
        raise UserError(f"{path.name} has airports without a known time zone: {', '.join(lacking[:5])}; add them to zones.csv beside "
                        "the builder.")
    clock, steps = _clock(), DAYS * SERIES[NAME].steps_per_day
    return count(flights, zones, clock, steps, forecasting_protocol("strict").parts(steps)[0], AIRPORTS)


def zone_table() -> dict[str, str]:
    """Airport → IANA zone, of all airports in the file."""
    table = pd.read_csv(Path(__file__).with_name("zones.csv"), keep_default_na=False)
    return dict(zip(table["iata"], table["zone"], strict=True))


def node_table(path: Path, airports: tuple[str, ...]) -> pd.DataFrame:
    """node_id, name, lon, lat of these airports, in their order.

    Raises
    ------
    UserError: the table lacks a column or one of the airports.
    """
    table = _read(path, ("iata", "name", "city", "state"), ("latitude", "longitude")).drop_duplicates("iata").set_index("iata")
    lacking = [code for code in airports if code not in table.index]
    if lacking:
        raise UserError(f"{path.name} lacks the airports {', '.join(lacking)}; name a whole table with --set airports=PATH.")
    table = table.loc[list(airports)]
    return pd.DataFrame({"node_id": table.index, "name": table["name"].str.strip() + ", " + table["city"] + " " + table["state"],
                         "lon": table["longitude"].astype(float), "lat": table["latitude"].astype(float)}).reset_index(drop=True)


def facts_of_tasks() -> dict[str, dict[str, Any]]:
    """task → clock, unit, zero, missing."""
    return {task: {"clock": asdict(_clock()), "unit": unit, "zero": ZERO, "missing": MISSING} for task, unit in SERIES[NAME].units.items()}


def origin_of(counted: Counted, airports: Path) -> Origin:
    """Where the city is from, and what became of the flights."""
    zones = zone_table()
    by_zone = {zone: " ".join(code for code in counted.airports if zones[code] == zone)
               for zone in sorted({zones[code] for code in counted.airports})}
    notes = {**NOTES, "flights": dict(counted.fates), "slack_minutes": SLACK_MINUTES, "zones": by_zone,
             "raw_files": {"flights-3m.parquet": f"SHA-1 {SHA1} (in datapackage.json, as git counts it: {GIT_SHA1})",
                           "airports.csv": f"SHA-1 {_sha1(airports)}"}}
    return Origin(SERIES[NAME].title, f"US Bureau of Transportation Statistics, as flights-3m.parquet of {PACKAGE}",
                  sources().info(NAME).licence, notes)


def _clock() -> Clock:
    about = SERIES[NAME]
    return Clock(about.start, about.interval_minutes, about.zone)


def _read(path: Path, text: tuple[str, ...], others: tuple[str, ...]) -> pd.DataFrame:
    """A table that has these columns."""
    _check_there(path)
    frame = read_frame(path, text)
    lacking = [column for column in others if column not in frame]
    if lacking:
        raise UserError(f"{path.name} lacks the column {lacking[0]}; it has {', '.join(map(str, frame.columns))}.")
    return frame


def _sha1(path: Path) -> str:
    _check_there(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha1").hexdigest()


def _check_there(path: Path) -> None:
    if not path.is_file():
        raise UserError(f"{path} is no file. The city {NAME} is made of flights-3m.parquet and airports.csv, in the folder data of "
                        f"{PACKAGE}.")
