"""A city's card as one page: it needs no other file, asks no network for anything, and its policy lets it neither."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

from benchmark.data.profile import Profile
from benchmark.report.card.about import About
from benchmark.report.card.drawing import HEIGHT, WIDTH, day_bars, drawn, week_bars
from benchmark.report.card.text import CLEANED, numbers, rest, tasks_of, told_rows, told_title, without, words_of
from benchmark.report.card.use import bibtex
from benchmark.report.site.pages import HERE, templates
from benchmark.report.told import NOTE, in_words

STYLES = ("static/site.css", "templates/card.css")
NUMBER, WORDS = "number", "words"


@dataclass(frozen=True)
class Table:
    """One table of a page."""

    title: str
    # each with how its column is set
    heads: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[str]]
    note: str = ""


def card_page(one: About) -> str:
    """The whole page. The same city gives the same text.

    Raises
    ------
    UserError: jinja2 is missing.
    """
    page, card, outline = templates().get_template("card.html"), one.card, one.look.outline
    style = "\n".join((HERE / name).read_text(encoding="utf-8") for name in STYLES)
    said = {"facts": rest(card), "tasks": words_of(tasks_of(card)), "notes": without(card["notes"], CLEANED)}
    return page.render(
        style=style, policy=b64encode(hashlib.sha256(style.encode()).digest()).decode(), facts=one.facts, bibtex=bibtex(card).splitlines(),
        map=drawn(card["name"], card["edition"], outline) if outline else None, profiles=[*map(_profile, one.look.profiles)],
        width=WIDTH, height=HEIGHT, tables=[*_tables(one)], said={name: part for name, part in said.items() if part},
        files={**card["files"], "card.json without this line": card["card_sha256"]}).strip() + "\n"


def _profile(one: Profile) -> dict[str, Any]:
    highest = [in_words(max((value for value in values if value is not None), default=None)) for values in (one.day, one.week)]
    return {"name": one.name, "unit": one.unit, "day": day_bars(one), "week": week_bars(one), "highest": highest}


def _tables(one: About) -> list[Table]:
    values = [numbers(task, about) for task, about in tasks_of(one.card).items()]
    found = [_table("Values", values, 1)]
    for paper, told in one.told.items():
        rows = told_rows(told, paper)
        words = 2 if rows and "of" in rows[0] else 1
        found.append(_table(told_title(paper), rows, words, NOTE if paper else ""))
    left = [dict(zip(("what", "rule", "count"), astuple(each), strict=True)) for each in one.left_out]
    return [table for table in [*found, _table("What cleaning left out or changed", left, 2)] if table.rows]


def _table(title: str, rows: Sequence[Mapping[str, Any]], words: int, note: str = "") -> Table:
    """Rows of equal keys, of which the first ones are words."""
    heads = [(key, WORDS if k < words else NUMBER) for k, key in enumerate(rows[0] if rows else ())]
    texts = [[f"{cell:,}" if isinstance(cell, int | float) else str(cell) for cell in row.values()] for row in rows]
    return Table(title, heads, texts, note)
