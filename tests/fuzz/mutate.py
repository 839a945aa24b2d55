"""Mangled bytes from sound ones: flipped, cut, doubled, spliced, and words and numbers replaced by nasty ones."""

from __future__ import annotations

import bz2
import gzip
import io
import re
import zipfile

import numpy as np

NASTY = [token.encode("utf-8", "surrogatepass") for token in (
    "", " ", "\0", "\r", "\n", "\r\n", "\n\n", "\t", "\"", "'", ",", ";", "[", "]", "{", "}", "<", ">", "\\", "\ufeff", "\u2028", "\ud800",
    "é", "٣",
    "nan", "NaN", "inf", "-inf", "Infinity", "-Infinity", "null", "None", "true", "True", "now", "today", "NaT", "NA", "N/A", "0x10",
    "1_000", "1e5", "1e400", "-1e400", "1e-400", "-0", "+1", "1,5", "1 2", "0b1", "007", "1j", "9" * 30, "9" * 400, "9" * 5000,
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551615", "1000000000000", "2147483648",
    "2261-01-01", "9999-12-31", "0001-01-01", "2024-02-30", "24:00", "2024-01-01T00:00:00+01:00", "~nobody", "../../etc", "/dev/zero",
    "a" * 300,
    "a" * 100_000, "[" * 2000, "{\"a\":" * 2000, "<a>" * 2000, "\\ud800", "%s", "${HOME}", "&amp;", "&#0;",
    "<!DOCTYPE a [<!ENTITY b \"c\">]>", "(", ")",
    "-180.1", "181", "91", "-75.9", "1e308", "1e-308", "0.1e1", ".5", "5.", "-", "e", "--1")]
BYTES = [b"\xff", b"\xfe\xff", b"\x80", b"\x00" * 8, b"\xff" * 8, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\xc3\x28", b"\xed\xa0\x80"]
CELL = re.compile(rb"(?<=[,\n: ])[^,\n: ]+(?=[,\n])")
WORD, NUMBER = re.compile(rb"[\w.+-]+"), re.compile(rb"-?\d+(?:\.\d+)?")
# doubled and spliced files stay small
LARGEST = 4_000_000


def mangle(content: bytes, name: str, other: bytes, rng: np.random.Generator) -> bytes:
    """Mangle a file, or, half of the time, what a compressed file holds. `other`: a file to splice from."""
    inside = rng.random() < 0.7
    if name.endswith(".gz") and inside:
        return gzip.compress(_mangled(gzip.decompress(content), other, rng))
    if name.endswith(".bz2") and inside:
        return bz2.compress(_mangled(bz2.decompress(content), other, rng))
    if name.endswith(".npz") and inside:
        return _members(content, other, rng)
    return _mangled(content, other, rng)


def _members(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as written:
        names = archive.namelist()
        chosen = names[rng.integers(len(names))]
        for name in names:
            inner = archive.read(name)
            written.writestr(name, _mangled(inner, other, rng) if name == chosen else inner)
    return made.getvalue()


def _mangled(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    for _ in range(int(rng.choice([1, 1, 1, 1, 2, 5]))):
        content = STEPS[rng.integers(len(STEPS))](content, other, rng)[:LARGEST]
    return content


def _span(content: bytes, rng: np.random.Generator, most: int = 4000) -> tuple[int, int]:
    start = int(rng.integers(len(content) + 1))
    return start, min(len(content), start + int(rng.integers(1, most)))


def flip(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(content)
    # the head of a file decides more than its middle
    for _ in range(int(rng.integers(1, 9)) if content else 0):
        place = int(rng.integers(min(len(content), 256) if rng.random() < 0.5 else len(content)))
        changed[place] = changed[place] ^ (1 << int(rng.integers(8))) if rng.random() < 0.7 else int(rng.integers(256))
    return bytes(changed)


def cut(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    return content[:int(rng.integers(len(content) + 1))]


def drop(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    start, stop = _span(content, rng)
    return content[:start] + content[stop:]


def double(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    start, stop = _span(content, rng)
    return content[:stop] + content[start:stop] * int(rng.choice([1, 1, 2, 50])) + content[stop:]


def splice(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    (start, stop), (first, last) = _span(content, rng), _span(other, rng)
    return content[:start] + other[first:last] + content[stop if rng.random() < 0.5 else start:]


def insert(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    start, _ = _span(content, rng)
    return content[:start] + _nasty(rng) + content[start:]


def replace_word(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    return _replaced(content, WORD, lambda word: _nasty(rng), rng)


def replace_number(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    def changed(word: bytes) -> bytes:
        return [word + b"0", b"-" + word, word[:-1] or b"0", word + b"e9", word[::-1], b"1" + word, word + b".5", b"0" + word,
                str(int(rng.integers(-10, 10**4))).encode()][rng.integers(9)]
    return _replaced(content, NUMBER, changed, rng)


def lines(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """Leave out, double or move a line."""
    rows = content.split(b"\n")
    a, b = int(rng.integers(len(rows))), int(rng.integers(len(rows)))
    row = rows[a]
    if rng.random() < 0.6:
        del rows[a]
    if rng.random() < 0.6:
        rows.insert(b, row)
    return b"\n".join(rows)


def _nasty(rng: np.random.Generator) -> bytes:
    return NASTY[rng.integers(len(NASTY))] if rng.random() < 0.8 else BYTES[rng.integers(len(BYTES))]


def _replaced(content: bytes, pattern: re.Pattern[bytes], new, rng: np.random.Generator) -> bytes:
    start = int(rng.integers(min(len(content), 600) + 1) if rng.random() < 0.5 else rng.integers(len(content) + 1))
    found = pattern.search(content, start) or pattern.search(content)
    return content if found is None else content[:found.start()] + new(found.group()) + content[found.end():]


def cell(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """Replace what lies between two separators of a text."""
    return _replaced(content, CELL, lambda word: _nasty(rng), rng)


STEPS = (flip, cut, drop, double, splice, insert, replace_word, replace_word, *(replace_number,) * 4, lines, lines, cell, cell, cell)
