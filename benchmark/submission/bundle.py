"""What a bundle is: a zip file of a description, a card, records, and on request predictions.

    bundle.json                      layout, facts of the method, where its code is, and SHA-256 and size of every other member
    card.md                          what the method is, in its authors' words
    records/SUITE/METHOD/ID.json     records as `store/records.py` writes them
    predictions/ID.safetensors       what such a run predicted of the test part: TASK.predictions, float32 [window, horizon, node]
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from benchmark.families import FAMILIES
from benchmark.registry import SCOPES, MethodInfo
from benchmark.shapes import each, fields_of, link, list_of, one_of, or_none, typed, whole
from benchmark.store.records import LARGEST_RECORD
from benchmark.store.submissions import DIGEST, METHOD

LAYOUT = 1
DESCRIPTION, CARD = "bundle.json", "card.md"
RECORD = re.compile(r"records/([A-Za-z0-9][A-Za-z0-9_-]{0,79})/([a-z][a-z0-9_]{0,79})/([0-9a-f]{16})\.json")
PREDICTIONS = re.compile(r"predictions/([0-9a-f]{16})\.safetensors")

# a line of a description
line = typed(lambda value: isinstance(value, str) and 0 < len(value) <= 300 and value.isprintable(), "line of at most 300 letters")
yes_or_no = typed(lambda value: isinstance(value, bool), "true or false")
FACTS = fields_of({"name": METHOD, "family": one_of(FAMILIES), "scope": one_of(SCOPES), "inputs": list_of(line), "summary": line,
                   "paper": line, "licence": line, "deterministic": yes_or_no, "version": whole})
SHAPE = fields_of({"layout": whole, "method": FACTS, "title": line, "code": link, "licence": line, "author_verified": or_none(link),
                   "files": each(fields_of({"sha256": DIGEST, "size": whole}))})


@dataclass(frozen=True)
class Bundle:
    """The description of a bundle."""

    # of the method, as its registry says them: name, family, scope, inputs, summary, paper, licence, deterministic, version
    method: Mapping[str, Any]
    title: str
    # where the code is
    code: str
    # of the code
    licence: str
    # where the method's authors say that the numbers are theirs
    author_verified: str | None
    # member -> {sha256, size}
    files: Mapping[str, Mapping[str, Any]]

    def dumps(self) -> str:
        """The text of `bundle.json`."""
        return json.dumps({"layout": LAYOUT, **asdict(self)}, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def facts_of(info: MethodInfo) -> dict[str, Any]:
    """What a bundle says of its method."""
    return {"name": info.name, "family": info.family, "scope": info.scope, "inputs": list(info.inputs), "summary": info.summary,
            "paper": info.paper, "licence": info.licence, "deterministic": info.deterministic, "version": info.version}


def largest(member: str) -> int:
    """The most bytes that a member may have."""
    if member in (DESCRIPTION, CARD):
        return 2**20 if member == DESCRIPTION else 2**16
    return LARGEST_RECORD if RECORD.fullmatch(member) else 2**26
