"""Everything that is looked at before a bundle is taken, as one list of sentences. Offline; nothing of the bundle is executed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from benchmark.errors import UserError
from benchmark.spec import Record
from benchmark.store.reading import read_records
from benchmark.store.records import Store
from benchmark.store.submissions import Submission
from benchmark.submission.archive import Archive, BadArchive, digest, mismatches
from benchmark.submission.bundle import CARD, DESCRIPTION, PREDICTIONS, RECORD, Bundle
from benchmark.submission.contents import card_problems, description, record_of
from benchmark.submission.data import data_problems, suite_problems
from benchmark.submission.predictions import prediction_problem
from benchmark.submission.texts import shown
from benchmark.submission.together import copy_problems, seed_problems, target_problems
from benchmark.suites.catalogue import built_in

# so many problems are said
MOST = 20


@dataclass
class Checked:
    """What was found in a bundle."""

    # SHA-256 of the file
    sha256: str = ""
    bundle: Bundle | None = None
    # member -> record, of those that are whole
    records: dict[str, Record] = field(default_factory=dict)
    # sentences; none: it passes
    problems: list[str] = field(default_factory=list)
    # what was not looked at, and why
    notes: list[str] = field(default_factory=list)


def check_bundle(path: Path, published: Store | None, listed: Mapping[str, Submission]) -> Checked:
    """Check a file.

    Parameters
    ----------
    published: the records that are there already. listed: the methods that are listed already.

    Raises
    ------
    UserError: there is no such file.
    """
    if not path.is_file():
        raise UserError(f"{path} is no file; give a bundle that `stbench submit pack` wrote.")
    with path.open("rb") as file:
        return check_file(file, published, listed)


def check_file(file: BinaryIO, published: Store | None, listed: Mapping[str, Submission]) -> Checked:
    """Check the content of a file."""
    checked = Checked(digest(file))
    found = list(islice(_problems(file, checked, published, listed), MOST + 1))
    checked.problems = found[:MOST] + ["There is more."] * (len(found) > MOST)
    return checked


def _problems(file: BinaryIO, checked: Checked, published: Store | None, listed: Mapping[str, Submission]) -> Iterator[str]:
    """Everything that is wrong; what stands on something broken is not looked at."""
    try:
        archive = Archive(file)
    except BadArchive as error:
        yield str(error)
        return
    if broken := list(islice(archive.problems(), MOST + 1)):
        yield from broken
        return
    try:
        bundle = checked.bundle = description(archive.read(DESCRIPTION))
    except ValueError as error:
        yield f"{DESCRIPTION} {error}."
        return
    alone = list(_alone(archive, bundle, checked))
    yield from alone
    known = built_in()
    foreign = list(suite_problems(checked.records, known))
    yield from foreign
    if alone or foreign:
        return
    if not checked.records:
        yield "The bundle has no record."
    yield from _together(checked, bundle, published, listed)
    for name in archive.names:
        if (named := PREDICTIONS.fullmatch(name)) and (record := _of_id(checked.records, named[1])):
            problem, done = prediction_problem(archive.read(name), record)
            if problem:
                yield f"{name} {problem}."
            elif not done:
                checked.notes.append(f"{name} was not scored again: the data of {record.spec.suite} ({record.spec.edition}) are not here.")


def _alone(archive: Archive, bundle: Bundle, checked: Checked) -> Iterator[str]:
    """What is wrong with each member."""
    for name in sorted(set(bundle.files) - set(archive.names)):
        yield f"{shown(name)} is listed in {DESCRIPTION}, and is not in the bundle."
    ids = {named[3] for name in archive.names if (named := RECORD.fullmatch(name))}
    for name in archive.names:
        if name == DESCRIPTION:
            continue
        try:
            content = archive.read(name)
            if problem := mismatches(content, name, bundle.files):
                raise ValueError(problem)
            if name == CARD:
                yield from (f"{name} {problem}." for problem in card_problems(content))
            elif RECORD.fullmatch(name):
                checked.records[name] = record_of(name, content, bundle)
            elif (named := PREDICTIONS.fullmatch(name)) and named[1] not in ids:
                raise ValueError("is of a run that has no record in the bundle")
        except ValueError as error:
            yield f"{name} {error}."


def _together(checked: Checked, bundle: Bundle, published: Store | None, listed: Mapping[str, Submission]) -> Iterator[str]:
    """What is wrong with records that are whole each."""
    records, known, method = checked.records, built_in(), str(bundle.method["name"])
    there = list(read_records(published, {record.spec.suite for record in records.values()})) if published else []
    before = listed.get(method)
    if before is not None and before.code != bundle.code:
        yield f"{DESCRIPTION} says the code of {method} is at {bundle.code}; the method is listed with {before.code}."
    yield from seed_problems(records, known)
    yield from copy_problems(records, bundle, there, _texts(records, published), before is not None)
    yield from target_problems(records, there)
    yield from data_problems(records, known, there)


def _texts(records: Mapping[str, Record], published: Store | None) -> dict[str, str]:
    """Id → text of those runs of a bundle that are published, be it whole or not."""
    paths = {record.spec.id: published.path(record.spec) for record in records.values()} if published else {}
    return {run: path.read_text(encoding="utf-8", errors="replace") for run, path in paths.items() if path.is_file()}


def _of_id(records: Mapping[str, Record], run: str) -> Record | None:
    return next((record for record in records.values() if record.spec.id == run), None)
