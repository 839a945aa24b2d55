"""The zip file of a bundle, looked at before anything of it is believed: its members are named, plain, small, and all that there is.

Members are read into memory with a limit; nothing is unpacked to the disk.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

from benchmark.submission.bundle import CARD, DESCRIPTION, PREDICTIONS, RECORD, largest
from benchmark.submission.texts import shown

# bytes of a bundle, members, bytes of all members, and how often a member may be longer than what it is packed to
LARGEST_BUNDLE = 2**29
MOST_MEMBERS = 5000
LARGEST_CONTENT = 2**30
LARGEST_RATIO = 100
# the end of a zip file without a comment, its length, and the most that the list of a member takes
END, END_LENGTH, LONGEST_ENTRY = b"PK\x05\x06", 22, 400
# a member's own head
HEAD_LENGTH = 30

ENCRYPTED, STREAMED = 0x1, 0x8
PACKED = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst", ".whl", ".jar")
PICKLED = (".npz", ".npy", ".pkl", ".pickle", ".pt", ".pth", ".joblib", ".ckpt", ".bin")
# what zipfile raises of members that are not what their heads say: of sizes, names, checksums, packings and passwords
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, struct.error, ValueError, UnicodeError)


class BadArchive(ValueError):
    """The file as a whole is no bundle; the message is a sentence."""


class Archive:
    """The members of a bundle, by name.

    Raises
    ------
    BadArchive: it cannot be listed.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        _check_end(file)
        try:
            self.archive = zipfile.ZipFile(file)
        except BROKEN as error:
            raise BadArchive(f"The bundle is no zip file that can be read: {error}.") from None
        self.infos = self.archive.infolist()

    @property
    def names(self) -> list[str]:
        return sorted(info.filename for info in self.infos)

    def problems(self) -> Iterator[str]:
        """What is wrong with the members as the file lists them; nothing of them is read before there is nothing."""
        yield from _names(self.infos)
        for info in self.infos:
            if problem := _plain(info):
                yield f"{said(info)} {problem}."
        if sum(info.file_size for info in self.infos) > LARGEST_CONTENT:
            yield f"The bundle has more than {LARGEST_CONTENT // 2**20} MB when it is unpacked."
        if _has_more(self.file, self.archive, self.infos):
            yield "The bundle has bytes that belong to no member, or to two; `stbench submit pack` writes none."

    def read(self, name: str) -> bytes:
        """The content of a member.

        Raises
        ------
        ValueError: it is not what the list says. The message goes on from the name.
        """
        limit = largest(name)
        try:
            content = _beginning(self.archive, name, limit + 1)
        except BROKEN as error:
            raise ValueError(f"cannot be read: {error}") from None
        if len(content) > limit:
            raise ValueError(f"has more than {limit:,} bytes")
        return content


def _beginning(archive: zipfile.ZipFile, name: str, length: int) -> bytes:
    with archive.open(name) as member:
        return member.read(length)


def digest(file: BinaryIO) -> str:
    """SHA-256 of a whole file."""
    file.seek(0)
    made = hashlib.sha256()
    while block := file.read(2**20):
        made.update(block)
    return made.hexdigest()


def said(info: zipfile.ZipInfo) -> str:
    """A member's name in a sentence, whatever it is."""
    return shown(info.orig_filename) or "A member without a name"


def _check_end(file: BinaryIO) -> None:
    """The length of the file and of its list, before the list is read."""
    size = file.seek(0, os.SEEK_END)
    if size > LARGEST_BUNDLE:
        raise BadArchive(f"The bundle has {size:,} bytes; no more than {LARGEST_BUNDLE:,} are taken.")
    file.seek(max(size - END_LENGTH, 0))
    end = file.read()
    if len(end) < END_LENGTH or not end.startswith(END):
        raise BadArchive("The bundle does not end as a zip file without a comment does; pack it with `stbench submit pack`.")
    members, length = struct.unpack("<10xHL", end[:16])
    if members > MOST_MEMBERS or length > MOST_MEMBERS * LONGEST_ENTRY:
        raise BadArchive(f"The bundle lists more than {MOST_MEMBERS:,} members.")


def _names(infos: Sequence[zipfile.ZipInfo]) -> Iterator[str]:
    for info in infos:
        if problem := bad_name(info.orig_filename):
            yield f"{said(info)} {problem}."
    for name, count in Counter(info.filename for info in infos).items():
        if count > 1:
            yield f"{said(_of(infos, name))} is in the bundle {count} times."
    alike = Counter(name.casefold() for name in {info.filename for info in infos})
    for info in infos:
        if alike[info.filename.casefold()] > 1:
            yield f"{said(info)} differs from another member only in capital letters."
    for name in (DESCRIPTION, CARD):
        if name not in {info.filename for info in infos}:
            yield f"{name} is not in the bundle."


def bad_name(name: str) -> str | None:
    """Why no member may be called so; the message goes on from the name."""
    lower = name.lower()
    if "\\" in name:
        return "has a backslash in its name"
    if name.startswith("/") or re.match("[A-Za-z]:", name):
        return "has an absolute path for a name"
    if ".." in name.split("/"):
        return "has a name that leads out of the bundle"
    if not (name.isascii() and name.isprintable()):
        return "has a name with signs that are no plain letters"
    if lower.endswith(PACKED):
        return "is an archive within the bundle"
    if lower.endswith(PICKLED):
        return "is of a kind that may hold pickled objects; predictions are .safetensors"
    if name not in (DESCRIPTION, CARD) and not RECORD.fullmatch(name) and not PREDICTIONS.fullmatch(name):
        return f"is no part of a bundle, which is {DESCRIPTION}, {CARD}, records/SUITE/METHOD/ID.json and predictions/ID.safetensors"
    return None


def _plain(info: zipfile.ZipInfo) -> str | None:
    """Why a member is no plain small file."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        return "is a link" if kind == stat.S_IFLNK else "is no plain file"
    if info.is_dir() or info.external_attr & 0x10:
        return "is a folder"
    if info.flag_bits & ENCRYPTED:
        return "is encrypted"
    if info.flag_bits & STREAMED or info.extra or info.comment:
        return "has more in its head than a name and a size; pack it with `stbench submit pack`"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is packed in a way that is not read"
    if info.file_size > largest(info.filename):
        return f"has {info.file_size:,} bytes; no more than {largest(info.filename):,} are taken"
    if info.file_size > LARGEST_RATIO * max(info.compress_size, 1):
        return f"is {info.file_size // max(info.compress_size, 1)} times as long as what it is packed to; no more than {LARGEST_RATIO} is"
    return None


def _has_more(file: BinaryIO, archive: zipfile.ZipFile, infos: Sequence[zipfile.ZipInfo]) -> bool:
    """Whether the file holds anything before, between or after its members, or members that lie over each other."""
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset != end:
            return True
        file.seek(end)
        head = file.read(HEAD_LENGTH)
        if len(head) < HEAD_LENGTH:
            return True
        name, extra = struct.unpack("<26xHH", head)
        end += HEAD_LENGTH + name + extra + info.compress_size
        if extra:
            return True
    return end != archive.start_dir


def _of(infos: Sequence[zipfile.ZipInfo], name: str) -> zipfile.ZipInfo:
    return next(info for info in infos if info.filename == name)


def mismatches(content: bytes, name: str, files: Mapping[str, Mapping[str, object]]) -> str | None:
    """Why a member is not the file that the description lists; the message goes on from the name."""
    listed = files.get(name)
    if listed is None:
        return f"is not listed in {DESCRIPTION}"
    if listed["size"] != len(content):
        return f"has {len(content):,} bytes, and {listed['size']} by {DESCRIPTION}"
    if listed["sha256"] != hashlib.sha256(content).hexdigest():
        return f"has another SHA-256 than {DESCRIPTION} says: it was changed"
    return None
