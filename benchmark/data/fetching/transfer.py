"""One file from one address, by pooch: what came is kept beside the file's place, and the next attempt goes on from there."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from benchmark.data.bounds import shown
from benchmark.errors import UserError
from benchmark.files import disk_errors, write_atomic
from benchmark.owners import remove
from benchmark.plain_json import BadFile
from benchmark.shapes import fields_of, or_none, read_shaped, text, whole

if TYPE_CHECKING:
    from requests import Response

# bytes that are taken at once
BLOCK = 2**16
# bytes that are there, and of how many if that is known
Watch = Callable[[int, int | None], None]
# what servers answer → what it means
REFUSALS = {401: "wants an account", 403: "refuses it", 404: "says that it is not there", 410: "says that it is gone",
            416: "holds less of it than had come; it begins anew next time", 429: "has been asked too often; wait a while"}


class Failed(UserError):
    """Why a file did not come from an address, as the end of a sentence that names the file."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{urlsplit(url).netloc} {reason}")


@dataclass(frozen=True)
class Begun:
    """Of what a part is the beginning."""

    url: str
    # the source's strong ETag, or its time of change; empty: nothing tells a later version from this one
    version: str
    # bytes of the whole; None: the source does not say
    total: int | None


BEGUN = fields_of({"url": text, "version": text, "total": or_none(whole)})


def part_of(path: Path) -> Path:
    """Where the bytes of a file wait until all have come."""
    return path.with_name(f".{path.name}.part")


def discard(part: Path) -> None:
    """Remove a part and what is known of it."""
    remove(part)
    remove(_about(part))


def transfer(url: str, part: Path, watch: Watch, timeout: float) -> None:
    """Bring the part of a file to its end: from where it stopped if the source says that it still has the same version.

    timeout: seconds of silence that are waited for.

    Raises
    ------
    Failed: it did not come, or not whole; what came of it stays.
    DiskError: there is no room for it.
    """
    import requests
    from pooch import HTTPDownloader

    begun, have = _begun(part, url)
    if begun and have and have == begun.total:
        return
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-", "If-Range": begun.version} if begun and have else {})}
    with disk_errors(part), closing(Arriving(url, part, have, begun.total if begun else None, watch)) as arriving:
        get = HTTPDownloader(chunk_size=BLOCK, timeout=timeout, headers=headers, hooks={"response": arriving.begin})
        try:
            get(url, arriving, None)
        except (requests.RequestException, ValueError) as error:
            if _status(error) == 416:
                discard(part)
            raise Failed(url, _reason(error, arriving, timeout)) from None
        if arriving.total not in (None, arriving.done):
            raise Failed(url, arriving.broke_off())


class Arriving:
    """What pooch writes a file's bytes to: the head of the answer decides whether they continue the part or begin it anew."""

    def __init__(self, url: str, part: Path, have: int, total: int | None, watch: Watch) -> None:
        self.url, self.part, self.watch = url, part, watch
        self.file: IO[bytes] | None = None
        # bytes that are there, and that the whole has
        self.done, self.total = have, total

    def begin(self, response: Response, **_: Any) -> None:
        """Look at an answer before its bytes; a hook of requests."""
        if response.is_redirect or response.status_code >= 400:
            return
        if response.status_code not in (200, 206):
            raise Failed(self.url, f"answers without a file (HTTP {response.status_code})")
        if urlsplit(self.url).scheme == "https" != urlsplit(response.url).scheme:
            raise Failed(self.url, "leads to an address without encryption, which is not followed")
        head = response.headers
        if "text/html" in head.get("Content-Type", ""):
            raise Failed(self.url, "answers with a page instead of the file; it may want an account or a consent")
        if response.status_code == 206:
            if head.get("Content-Range") != f"bytes {self.done}-{(self.total or 0) - 1}/{self.total}":
                discard(self.part)
                raise Failed(self.url, "does not go on where it stopped; it begins anew next time")
            self.file = self.part.open("ab")
            return
        coded = head.get("Content-Encoding", "identity") != "identity"
        if not coded and "Content-Length" not in head and "chunked" not in head.get("Transfer-Encoding", ""):
            raise Failed(self.url, "does not say how long the file is, so that a broken one could not be told from a whole one")
        self.total = None if coded or "Content-Length" not in head else int(head["Content-Length"])
        if (self.total or 0) > shutil.disk_usage(self.part.parent).free + (self.part.stat().st_size if self.part.exists() else 0):
            raise OSError(errno.ENOSPC, "no room", str(self.part))
        # first the bytes are gone, then it is said what new ones are of: killed between, a part is never the beginning of something else
        self.done, self.file = 0, self.part.open("wb")
        version = "" if coded else _version(head)
        write_atomic(_about(self.part), json.dumps(asdict(Begun(self.url, version, self.total))))

    def write(self, block: bytes) -> None:
        assert self.file is not None
        self.file.write(block)
        self.done += len(block)
        self.watch(self.done, self.total)

    def flush(self) -> None:
        """Blocks wait for their like; `close` writes them all."""

    def close(self) -> None:
        if self.file is not None:
            self.file.close()

    def broke_off(self) -> str:
        return f"broke off after {self.done:,} bytes" + (f" of {self.total:,}" if self.total is not None else "")


def _reason(error: Exception, arriving: Arriving, timeout: float) -> str:
    """Why nothing more comes, to go on from the name of the host."""
    import requests

    if code := _status(error):
        meant = REFUSALS.get(code, "has trouble of its own; try later" if code >= 500 else "refuses it")
        return f"{meant} (HTTP {code})"
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return f"sent nothing for {timeout:g} seconds"
    if isinstance(error, requests.exceptions.SSLError):
        return f"has no certificate that can be trusted ({shown(error)})"
    if isinstance(error, requests.TooManyRedirects):
        return "leads from address to address without end"
    if arriving.file is not None:
        return arriving.broke_off()
    if isinstance(error, requests.ConnectionError):
        return "cannot be reached; look whether there is a network, or a proxy to name (HTTPS_PROXY)"
    return f"answers with what is not understood ({shown(error)})"


def _status(error: Exception) -> int:
    """By which number a server refused a file; 0: by none."""
    answer = getattr(error, "response", None)
    return int(answer.status_code) if answer is not None and answer.status_code >= 400 else 0


def _about(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _begun(part: Path, url: str) -> tuple[Begun | None, int]:
    """What a part is the beginning of, and its bytes; None and 0 where it cannot be continued from this address."""
    with suppress(BadFile, OSError):
        begun = Begun(**read_shaped(_about(part), BEGUN, ""))
        if begun.url == url and begun.version and begun.total is not None:
            return begun, part.stat().st_size
    return None, 0


def _version(head: Any) -> str:
    """What a source calls this version of a file; a weak ETag is not of the very bytes."""
    tag = str(head.get("ETag", ""))
    return tag if tag.startswith('"') else str(head.get("Last-Modified", ""))
