"""Who may use data, in plain words, and how they are cited. stbench reads no licence for its user: these words only say where to look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import benchmark

# words of a licence → what they come to
USES = (
    ("not stated", "not stated; ask whoever owns the data before you use or pass them on"),
    ("License Terms Not Explicitly Specified", "the provider specifies no terms"),
    ("CC0", "anybody, for any purpose"),
    ("CC BY", "anybody who names the source"),
    ("ODbL", "anybody who names the contributors of OpenStreetMap; what is made of its roads stays under the same licence"),
    ("for research by whom it was given", "only those whom the provider gave them to, for research"),
    ("Divvy Data License Agreement", "anybody, but never passed on as a data set by itself"),
    ("NYC open data", "anybody, on the terms of use of NYC Open Data"),
)
OTHERWISE = "as the licence says"


def may_use(licence: str) -> str:
    """What the words of a licence come to.

    >>> may_use("CC0-1.0")
    'anybody, for any purpose'
    """
    return "; ".join(use for words, use in USES if words in licence) or OTHERWISE


def citation(card: Mapping[str, Any]) -> str:
    """One sentence that names the data so that others find the very same."""
    return (f"{card['title']}. {card['source']}. City {card['name']}, edition {card['edition']}, fingerprint {card['fingerprint']}, "
            f"as prepared by stbench {benchmark.__version__}.")


def bibtex(card: Mapping[str, Any]) -> str:
    """The same as an entry for BibTeX."""
    fields = {"title": card["title"], "howpublished": card["source"],
              "note": f"Edition {card['edition']}, fingerprint {card['fingerprint']}, as prepared by stbench {benchmark.__version__}"}
    lines = [f"  {key} = {{{{{_plain(text)}}}}}," for key, text in fields.items()]
    return "\n".join([f"@misc{{{card['name']}-{card['fingerprint']},", *lines, "}"])


def _plain(text: str) -> str:
    """Without what ends a field of BibTeX, and with what TeX would act on escaped."""
    kept = "".join(one for one in text if one not in "{}\\")
    return "".join(f"\\{one}" if one in "&%$#_" else one for one in kept)
