"""The files of a source, from their addresses into a folder: each is whole and of the right SHA-256, or it is not there."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmark.data.fetching.fetched import Known, alone, downloads_home, note, read_fetched, set_aside, want
from benchmark.data.fetching.offer import Download, Offer
from benchmark.data.fetching.transfer import Failed, discard, part_of, transfer
from benchmark.data.fetching.unpack import unpack
from benchmark.data.sources import Source, command, offer_of, sources
from benchmark.errors import UserError
from benchmark.files import disk_errors, sha256
from benchmark.options import resolve

logger = logging.getLogger("stbench")

# seconds of a source's silence that are waited for
TIMEOUT = 30.0
# says a line
Tell = Callable[[str], None]
# file, bytes that are there, and of how many if that is known
Watch = Callable[[str, int, int | None], None]


def fetch(name: str, given: Mapping[str, Any], to: Path | None, tell: Tell, watch: Watch, timeout: float = TIMEOUT) -> Path:
    """Fetch the files of a source, and say first on which terms they are given. What has come already stays.

    Parameters
    ----------
    given: options of the source; text values are converted. to: the folder; None: where `stbench data build` looks.

    Raises
    ------
    UserError: the source has nothing to fetch, a file did not come, or another one came; what came whole stays.
    """
    source, offer, options = _asked(name, given)
    folder = to or downloads_home(name)
    for line in terms(source, offer, folder):
        tell(line)
    with alone(folder):
        want(folder, [file.name for file in offer.fetched])
        for file in offer.fetched:
            tell(_fetch(file, folder, offer.terms, watch, timeout))
            unpack(folder / file.name, file.holds)
    lacking = [file for file in offer.by_hand if not (folder / file.name).exists()]
    for file in lacking:
        tell(f"By hand, into {folder}: {file.name}, {file.by_hand}.")
    tell(f"{'Then' if lacking else 'Next'}: {command(name, to and folder / offer.opens, options)}")
    return folder


def terms(source: Source, offer: Offer, folder: Path) -> list[str]:
    """What there is to know before anything is fetched: licence, use, terms, sizes, addresses."""
    known = sum(file.size or 0 for file in offer.fetched)
    unknown = sum(file.size is None for file in offer.fetched)
    more = f" and {unknown} of a size that is not known" if unknown else ""
    return [f"{source.name}: {source.summary}", f"  licence  {source.licence}", f"  use      {offer.use}", f"  terms    {offer.terms}",
            f"  size     {len(offer.fetched)} files, {in_bytes(known) if known else 'not known'}{more if known else ''}, into {folder}",
            *(f"  {file.name}  {'' if file.sha256 or file.size is None else 'about '}{in_bytes(file.size)}  {file.address}"
              for file in offer.fetched)]


def in_bytes(size: int | None) -> str:
    """``13.5 MB``."""
    if size is None:
        return "size not known"
    unit, divisor = next((one for one in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)) if size >= one[1]), ("bytes", 1))
    return f"{size / divisor:.3g} {unit}"


def _asked(name: str, given: Mapping[str, Any]) -> tuple[Source, Offer, Any]:
    """A source with what is offered under these options."""
    source = sources().info(name)
    made = f"is made from files: {source.files}. Type where they lie: stbench data build {name} --from PATH." if source.files else \
        f"needs no files. Type: stbench data build {name}."
    if not source.downloads:
        raise UserError(f"There is nothing to fetch for source {name}; it {made}")
    options = resolve(sources().options(name), given, name)
    offer = offer_of(name, options)
    if not offer.fetched:
        hands = "; ".join(f"{file.name}, {file.by_hand}" for file in offer.by_hand)
        raise UserError(f"No address of the files of source {name} is known for certain. Get them by hand: {hands}. Then type: "
                        f"stbench data build {name} --from PATH.")
    return source, offer, options


def _fetch(file: Download, folder: Path, page: str, watch: Watch, timeout: float) -> str:
    """Have a file in the folder; what became of it, in words."""
    path, before = folder / file.name, read_fetched(folder).get(file.name)
    expected = file.sha256 or (before.sha256 if before else "")
    if path.exists():
        with disk_errors(path, "read"):
            found, size = sha256(path), path.stat().st_size
        if expected in ("", found):
            note(folder, file.name, before or Known("", size, found))
            return f"{file.name} is there already (SHA-256 {found[:16]}…)."
        logger.warning("%s is not the file that it should be (SHA-256 differs): it is kept as %s and fetched again.", path,
                       set_aside(path, file.name).name)
    part = part_of(path)
    reasons = []
    for url in file.urls:
        reason = _attempt(url, part, expected, file, lambda done, total: watch(file.name, done, total), timeout)
        if reason is None:
            break
        reasons.append(str(reason))
    else:
        raise UserError(f"{file.name} was not fetched: {'; '.join(reasons)}. Type the same command again to go on, or get the file by "
                        f"hand ({page}) and lay it into {folder}.")
    with disk_errors(path):
        known = Known(url, part.stat().st_size, sha256(part))
        _to_disk(part)
        os.replace(part, path)
        discard(part)
    note(folder, file.name, known)
    return f"{file.name}: {in_bytes(known.bytes)}, SHA-256 {known.sha256[:16]}… ({'as published' if file.sha256 else 'noted'})."


def _attempt(url: str, part: Path, expected: str, file: Download, watch: Callable[[int, int | None], None],
             timeout: float) -> Failed | None:
    """Try one address for as long as it brings something new; why it failed, if it did."""
    have = -1
    reason: Failed | None = None
    while (now := part.stat().st_size if part.exists() else 0) > have:
        have = now
        try:
            transfer(url, part, watch, timeout)
            return _check(url, part, expected, file)
        except Failed as error:
            reason = error
    return reason


def _check(url: str, part: Path, expected: str, file: Download) -> Failed | None:
    """What is wrong with a file that came whole; it is kept aside then."""
    if not expected or (found := sha256(part)) == expected:
        return None
    aside = set_aside(part, file.name)
    discard(part)
    than = "is published" if file.sha256 else "came before; if you trust the new one, remove fetched.json and fetch again"
    return Failed(url, f"gave another file, kept as {aside.name} and not used: its SHA-256 is {found[:16]}…, and {expected[:16]}… {than}")


def _to_disk(path: Path) -> None:
    """Have the system write what it still holds of a file."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
