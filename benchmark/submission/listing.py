"""A bundle is listed: checked, a sample of its records made again, and only then copied to the published store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.errors import UserError
from benchmark.files import write_atomic
from benchmark.spec import Record
from benchmark.store.records import Store, dumps
from benchmark.store.submissions import Submission, submissions, write_submission
from benchmark.submission.checking import Checked, check_bundle
from benchmark.submission.verifying import Verdict, verify

# facts of an environment that a listing says of whoever made a run again
SAID = ("stbench", "python", "torch", "system", "processor", "threads", "device", "device_name")


@dataclass(frozen=True)
class Listed:
    """What became of a bundle that was to be listed."""

    checked: Checked
    verdicts: tuple[Verdict, ...] = ()
    # new records, and what says that they are listed; none where a record was not made again
    written: tuple[Path, ...] = ()


def list_bundle(path: Path, by: str, results: Path, count: int = 2, again: Callable[[Record], Verdict] = verify) -> Listed:
    """List a bundle under a folder of results: records below `runs/`, and one small file below `submissions/`.

    Nothing is written where the bundle has a problem, or a record of the sample is not made again. Listing a bundle once more adds those
    that were made again this time.

    Parameters
    ----------
    by: who makes the records again, as tables say it. count: records of the sample. again: makes one.

    Raises
    ------
    UserError: there is no such file, or a record of the sample cannot be made here at all.
    """
    if not by.strip() or len(by) > 80 or not by.isprintable():
        raise UserError(f"--by takes a name of at most 80 letters, got {by[:80]!a}.")
    runs, before = Store(results / "runs"), submissions(results)
    checked = check_bundle(path, runs, before)
    if checked.problems or checked.bundle is None:
        return Listed(checked)
    records = {record.spec.id: record for record in checked.records.values()}
    verdicts = tuple(again(records[run]) for run in drawn(checked.sha256, records, count))
    if not all(verdict.how for verdict in verdicts):
        return Listed(checked, verdicts)
    method = str(checked.bundle.method["name"])
    said = {**_known(before.get(method), runs), **{verdict.record.spec.id: _reproduced(verdict, by) for verdict in verdicts}}
    one = Submission(method, checked.bundle.title, str(checked.bundle.method["paper"]), checked.bundle.code, checked.bundle.licence,
                     checked.sha256, checked.bundle.author_verified, said)
    # first: who is killed before all records are there lists the same bundle again
    written = [write_submission(results, one)]
    for record in records.values():
        if not runs.path(record.spec).exists():
            write_atomic(runs.path(record.spec), dumps(record))
            written.append(runs.path(record.spec))
    return Listed(checked, verdicts, tuple(written))


def drawn(sha256: str, ids: Collection[str], count: int) -> list[str]:
    """The sample of a bundle: by the hash of its bytes and of each id, so that nobody chooses it."""
    return sorted(ids, key=lambda run: hashlib.sha256(f"{sha256} {run}".encode()).hexdigest())[:count]


def _known(before: Submission | None, runs: Store) -> dict[str, Mapping[str, Any]]:
    """Who made which records again before, as far as they are still published."""
    there = {path.stem for path in runs.root.glob(f"*/{before.method}/*.json")} if before else set()
    return {run: said for run, said in before.reproduced.items() if run in there} if before else {}


def _reproduced(verdict: Verdict, by: str) -> dict[str, Any]:
    return {"by": by, "how": verdict.how, "environment": {key: verdict.environment[key] for key in SAID if key in verdict.environment}}
