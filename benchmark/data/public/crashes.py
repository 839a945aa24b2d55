"""Chicago's Traffic Crashes – Crashes, and – People → risk by step and cell: the persons of crashes, weighed by how badly they are hurt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.data.forecasting.city import Series
from benchmark.data.grid import Grid, Tally
from benchmark.data.public.rides.batches import NO_TIME, NUMBER, TEXT, TIME, Column, batches
from benchmark.data.public.rides.cleaning import Seen, fates, keys_of
from benchmark.data.public.rides.count import counted_series
from benchmark.data.public.rides.months import Span, files_named
from benchmark.errors import UserError

ENDINGS = (".csv", ".csv.gz", ".zip")
# the city's export, and lists made of it
CRASHES = (Column("crash", TEXT, ("CRASH_RECORD_ID", "crash_id")), Column("time", TIME, ("CRASH_DATE", "crash_time_local")),
           Column("lat", NUMBER, ("LATITUDE", "lat")), Column("lon", NUMBER, ("LONGITUDE", "lon")),
           Column("fatal", NUMBER, ("INJURIES_FATAL", "n_fatal")),
           Column("incapacitating", NUMBER, ("INJURIES_INCAPACITATING", "n_incapacitating")),
           Column("evident", NUMBER, ("INJURIES_NON_INCAPACITATING", "n_non_incapacitating")),
           Column("reported", NUMBER, ("INJURIES_REPORTED_NOT_EVIDENT", "n_reported_not_evident")),
           Column("unhurt", NUMBER, ("INJURIES_NO_INDICATION",), needed=False))
PEOPLE = (Column("person", TEXT, ("PERSON_ID",)), Column("crash", TEXT, ("CRASH_RECORD_ID",)),
          Column("injury", TEXT, ("INJURY_CLASSIFICATION",)))
# degree → how the table of persons writes it
INJURIES = {"fatal": "FATAL", "incapacitating": "INCAPACITATING INJURY", "evident": "NONINCAPACITATING INJURY",
            "reported": "REPORTED, NOT EVIDENT", "unhurt": "NO INDICATION OF INJURY"}
DEGREES = tuple(INJURIES)
# why a crash, or a person, is left out
CRASH_RULES = {"duplicated": "its id stands in an earlier row",
               "outside_the_months": "its time is absent or outside the months of the trips",
               "no_place": "its place is absent", "outside_the_cells": "it lies in no cell that is kept"}
PERSON_RULES = {"duplicated": "its id stands in an earlier row of the same crash", "unknown_injury": "its injury is none of the five"}
# killed 3, hurt 2, hurt without evidence or unhurt 1: the scale of the accident-risk papers that CMuST's authors cite
WEIGHTS = (3, 2, 2, 1, 1)


@dataclass(frozen=True)
class Persons:
    """The persons of each crash."""

    # uint64 [crash], ascending: `keys_of` its id
    keys: np.ndarray
    # degree → int64 [crash]
    counts: Mapping[str, np.ndarray]
    # for the card
    notes: Mapping[str, Any]

    def of(self, keys: np.ndarray) -> dict[str, np.ndarray]:
        """Degree → persons of some crashes; none of a crash that has none."""
        place = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return {degree: np.where(self.keys[place] == keys, counts[place], 0) for degree, counts in self.counts.items()}


def find_tables(folder: Path, crashes: Path | None, people: Path | None) -> list[Path]:
    """The tables of crashes and of their persons, as they are named, else beside the trips; without the second the first counts persons.

    Raises
    ------
    UserError: nothing says which table of crashes it is.
    """
    if crashes is None:
        found = [one for one in files_named(folder, "crashes", ENDINGS) if not _of_persons(one)]
        if len(found) != 1:
            raise UserError(f"{folder} has {len(found)} files of crashes beside the trips; name one: --set crashes=PATH.")
        crashes = found[0]
    beside = [one for one in files_named(folder, "crashes", ENDINGS) if _of_persons(one)] if people is None else [people]
    if len(beside) > 1:
        raise UserError(f"{folder} has {len(beside)} files of the persons of crashes; name one: --set people=PATH.")
    return [crashes, *beside]


def read_people(path: Path) -> Persons:
    """The persons of all crashes of a table.

    Raises
    ------
    UserError: as `batches`; or it has no person of a known injury.
    """
    codes, seen = {word: number for number, word in enumerate(INJURIES.values())}, Seen()
    parts, rows, left_out = [], 0, dict.fromkeys(PERSON_RULES, 0)
    for batch in batches(path, PEOPLE):
        code = pd.Series(batch["injury"], dtype=object).map(codes).fillna(-1).to_numpy(np.int64)
        again = seen.again(keys_of(batch, ["person", "crash"]))
        kept = ~again & (code >= 0)
        parts.append((keys_of(batch, ["crash"])[kept], code[kept]))
        rows += len(code)
        for name, hits in (("duplicated", again), ("unknown_injury", ~again & (code < 0))):
            left_out[name] += int(hits.sum())
    keys, place = np.unique(np.concatenate([key for key, _ in parts]) if parts else np.empty(0, np.uint64), return_inverse=True)
    if not len(keys):
        raise UserError(f"{path.name} has no person whose INJURY_CLASSIFICATION is one of {', '.join(INJURIES.values())}; get it again.")
    code = np.concatenate([code for _, code in parts])
    counts = np.bincount(place * len(DEGREES) + code, minlength=len(keys) * len(DEGREES)).reshape(-1, len(DEGREES))
    return Persons(keys, dict(zip(DEGREES, counts.T, strict=True)), fates(rows, left_out, PERSON_RULES))


def count_crashes(path: Path, grid: Grid, cells: np.ndarray, span: Span, weights: tuple[int, ...],
                  people: Persons | None = None) -> tuple[np.ndarray, dict[str, Any]]:
    """Severity [step, cell], and what became of the crashes and of their persons, for the card.

    Raises
    ------
    UserError: as `batches`; or there are not as many weights as degrees.
    """
    if len(weights) != len(DEGREES):
        raise UserError(f"The risk has five weights, of persons {', '.join(DEGREES)}; write five: --set weights=3,2,2,1,1.")
    tally, seen, known = Tally(span.steps, grid.cells, span.clock.interval_minutes * 60), Seen(), np.isin(np.arange(grid.cells), cells)
    rows, left_out = 0, dict.fromkeys(CRASH_RULES, 0)
    weighed, stated = dict(zip(DEGREES, weights, strict=True)), set[str]()
    for batch in batches(path, CRASHES):
        place, keys = grid.locate(batch["lon"], batch["lat"]), keys_of(batch, ["crash"])
        persons = people.of(keys) if people else {
            name: np.nan_to_num(batch[name], posinf=0, neginf=0) for name in DEGREES if name in batch}
        stated |= persons.keys()
        _check_persons(persons, path)
        left = np.ones(len(place), dtype=bool)
        for name, hits in (("duplicated", seen.again(keys)),
                           ("outside_the_months", (batch["time"] == NO_TIME) | (batch["time"] < span.seconds[0])
                            | (batch["time"] >= span.seconds[1])),
                           ("no_place", np.isnan(batch["lon"]) | np.isnan(batch["lat"])),
                           ("outside_the_cells", (place < 0) | ~known[place])):
            left_out[name] += int((left & hits).sum())
            left &= ~hits
        severity = sum((weight * persons[name] for name, weight in weighed.items() if name in persons), np.zeros(len(place)))
        tally.add(batch["time"][left] - span.seconds[0], place[left], severity[left])
        rows += len(place)
    used = {name: weight for name, weight in weighed.items() if name in stated}
    return tally.counts, {"crashes": {**fates(rows, left_out, CRASH_RULES), "weights": used},
                          **({"persons_of_crashes": people.notes} if people else {})}


def risk_series(risk: np.ndarray, span: Span) -> Series:
    """The task `risk` from severity [step, node]."""
    return replace(counted_series("risk", risk, span, f"severity per {span.clock.interval_minutes} min"),
                   zero="no crash, or nobody hurt in it")


def _of_persons(path: Path) -> bool:
    return "people" in path.name.lower()


def _check_persons(persons: Mapping[str, np.ndarray], path: Path) -> None:
    for name, counts in persons.items():
        wrong = (counts < 0) | (counts > 1000) | (counts % 1 != 0)
        if wrong.any():
            raise UserError(f"{path.name} says {counts[wrong][0]:g} persons ({name}) in one crash; get it again.")
