"""Methods from outside whose records are listed: one small file each, beside the published records.

    <results>/submissions/<method>.json     where its code is, which bundle brought its records, and who reproduced which of them
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmark.files import write_atomic
from benchmark.folders import below
from benchmark.plain_json import BadFile, leave_out
from benchmark.shapes import Check, an_object, each, fields_of, link, one_of, or_none, read_shaped, text, typed

# how another run agreed with a record: in every bit, or every metric within 1e-3 of its value
HOW = BITS, WITHIN = "bits", "within 1e-3"
METHOD = typed(lambda value: isinstance(value, str) and value.isidentifier() and value.isascii() and value.islower(), "lower_snake name")
DIGEST = typed(lambda value: isinstance(value, str) and len(value) == 64 and not {*value} - {*"0123456789abcdef"}, "SHA-256")
REPRODUCED: Check = each(fields_of({"by": text, "how": one_of(HOW), "environment": an_object}))
SUBMISSION = fields_of({"method": METHOD, "title": text, "paper": text, "code": link, "licence": text, "bundle": DIGEST,
                        "author_verified": or_none(link), "reproduced": REPRODUCED})


@dataclass(frozen=True)
class Submission:
    """A listed method."""

    method: str
    title: str
    # authors, venue, year
    paper: str
    # where its code is
    code: str
    # of its code
    licence: str
    # SHA-256 of the bundle that its records came in
    bundle: str
    # where its authors say that the numbers are theirs
    author_verified: str | None
    # id of a run -> {by, how, environment} of who made it again
    reproduced: Mapping[str, Mapping[str, Any]]


def submissions(results: Path) -> dict[str, Submission]:
    """Method → what is listed below a folder of results. A broken file is named on stderr and left out."""
    found = {}
    for path in [path for path in below(results / "submissions") if path.suffix == ".json"]:
        try:
            one = Submission(**read_shaped(path, SUBMISSION, "It lists no method and is left out; list its bundle again."))
            if one.method != path.stem:
                raise BadFile(f"{path} lists the method {one.method}, which its name does not say, and is left out; rename it.")
            found[one.method] = one
        except FileNotFoundError:  # removed meanwhile
            continue
        except BadFile as error:
            leave_out(error)
    return found


def write_submission(results: Path, submission: Submission) -> Path:
    """List a method, in place of what was said of it before."""
    path = results / "submissions" / f"{submission.method}.json"
    write_atomic(path, json.dumps(asdict(submission), indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return path
