"""Finished records of a method → a bundle, which is checked before it is there."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.errors import UserError
from benchmark.files import disk_errors, write_atomic
from benchmark.registry import registry
from benchmark.spec import Record
from benchmark.store.kept import find_kept, unpack_predictions
from benchmark.store.managing import unfit, zipped
from benchmark.store.records import Store, dumps
from benchmark.store.submissions import Submission
from benchmark.submission.bundle import CARD, DESCRIPTION, Bundle, facts_of, largest
from benchmark.submission.checking import check_file
from benchmark.submission.predictions import packed


@dataclass(frozen=True)
class About:
    """What no record says of a method."""

    # where its code is, under which licence; the registry's, if left out
    code: str
    licence: str | None = None
    # where its authors say that the numbers are theirs
    author_verified: str | None = None
    # what it is, in Markdown; made of the registry's facts, if left out
    card: Path | None = None


@dataclass(frozen=True)
class Packed:
    """A bundle that was written."""

    path: Path
    sha256: str
    records: int
    # why records were left out -> how many
    left_out: Mapping[str, int] = field(default_factory=dict)
    # what was not looked at
    notes: tuple[str, ...] = ()


def pack(method: str, about: About, store: Store, out: Path, published: Store | None, listed: Mapping[str, Submission], *,
         suites: Collection[str] | None = None, presets: Collection[str] | None = None, predictions: bool = False) -> Packed:
    """Write the records of a method with its own options into a new bundle. The same records and words are the same bytes.

    Raises
    ------
    UserError: there are none, one of them cannot be published, or the bundle would not pass the check.
    """
    if out.exists():
        raise UserError(f"{out} is there already; name a new file.")
    info = registry().info(method)
    chosen, left_out = _chosen(store, method, suites, presets)
    files: dict[str, bytes] = {f"records/{store.path(one.spec).relative_to(store.root).as_posix()}": dumps(one).encode() for one in chosen}
    for record in chosen if predictions else ():
        files[f"predictions/{record.spec.id}.safetensors"] = packed(unpack_predictions(find_kept(store, record.spec.id)), record)
    licence, card = about.licence or info.licence, _card(about.card)
    if card is None:
        card = (f"# {method}\n\n{info.summary[:1].upper()}{info.summary[1:]}.\n\n- Paper: {info.paper}\n- Code: <{about.code}>\n"
                f"- Licence: {licence}\n")
    files[CARD] = card.encode()
    title = next((line[2:].strip() for line in card.splitlines() if line.startswith("# ")), method)
    listing = {name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)} for name, content in files.items()}
    bundle = Bundle(facts_of(info), title, about.code, licence, about.author_verified, listing)
    content = zipped({DESCRIPTION: bundle.dumps(), **files})
    checked = check_file(io.BytesIO(content), published, listed)
    if checked.problems:
        more = f" … and {len(checked.problems) - 3} more." if len(checked.problems) > 3 else ""
        raise UserError(f"The bundle would not pass, and was not written: {' '.join(checked.problems[:3])}{more}")
    write_atomic(out, content)
    return Packed(out, checked.sha256, len(chosen), left_out, tuple(checked.notes))


def _chosen(store: Store, method: str, suites: Collection[str] | None,
            presets: Collection[str] | None) -> tuple[list[Record], Counter[str]]:
    """The records that can be published, and why others are left out."""
    chosen, left_out = [], Counter[str]()
    for record in store.records():
        spec = record.spec
        if spec.method != method or (suites and spec.suite not in suites) or (presets and spec.preset not in presets):
            continue
        if record.notes.get("user_overrides"):
            left_out["of changed options"] += 1
        elif spec.preset == "smoke" and not presets:
            left_out["smoke runs, which measure nothing"] += 1
        elif reason := unfit(record):
            raise UserError(f"Run {spec.id} ({spec.suite}, {', '.join(spec.tasks)}, seed {spec.seed}) cannot be published: {reason}.")
        else:
            chosen.append(record)
    if not chosen:
        said = f" ({', '.join(f'{count} {why}' for why, count in left_out.items())})" if left_out else ""
        raise UserError(f"{store.root} has no record of {method} that can be packed{said}; type: stbench run --method {method} "
                        "--suite SUITE --seeds 3")
    return chosen, left_out


def _card(path: Path | None) -> str | None:
    if path is None:
        return None
    with disk_errors(path, "read"):
        content = path.read_bytes()
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise UserError(f"The card {path} is not UTF-8; save it as UTF-8 text.") from None
    if len(content) > largest(CARD):
        raise UserError(f"The card {path} has {len(content):,} bytes; no more than {largest(CARD):,} are taken.")
    return text
