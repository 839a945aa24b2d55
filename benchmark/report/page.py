"""Sheets as one whole HTML page that needs no other file, readable on a telephone."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape as without_tags
from itertools import groupby

from benchmark.report.sheet import BEST, FLOOR, SECOND, Sheet, noted
from benchmark.report.visible import visible

STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem auto; padding: 0 1rem; max-width: 64rem; }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; overflow-wrap: anywhere; }
.wide { overflow-x: auto; margin: .75rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .6rem; text-align: right; white-space: nowrap; font-weight: normal; }
thead th { vertical-align: bottom; font-weight: 600; }
thead tr:last-child th { border-bottom: 2px solid; }
thead th.block { text-align: center; }
th.word { text-align: left; }
th.word:first-child { position: sticky; left: 0; background: Canvas; }
tbody th.section { font-weight: 600; padding-top: .7rem; border-bottom: 1px solid color-mix(in srgb, currentColor 30%, transparent); }
td sup { display: inline-block; width: 0; line-height: 0; }
tbody tr:hover td { background: color-mix(in srgb, currentColor 7%, transparent); }
.notes { font-size: .85rem; opacity: .8; max-width: 48rem; overflow-wrap: anywhere; }
.notes p { margin: .3rem 0; }
@media (max-width: 40rem) { body { font-size: 13px; padding: 0 .5rem; } th, td { padding: .15rem .35rem; }
  tbody th.word { white-space: normal; min-width: 7rem; overflow-wrap: break-word; } }
"""
MARKS = {BEST: "<b>{}</b>", SECOND: "<u>{}</u>", FLOOR: "<i>{}</i>"}


def escape(text: str) -> str:
    """A text in one line that holds no tag."""
    return without_tags(visible(text))


def html(groups: Sequence[Sequence[Sheet]], nothing: str) -> str:
    """Groups of escaped sheets, each under its heading and above its notes."""
    titles = list(dict.fromkeys(group[0].title for group in groups if group[0].title)) or [escape(nothing) if not groups else "Tables"]
    more = f" and {len(titles) - 1} more" if len(titles) > 1 else ""
    return document(f"{titles[0]}{more}", "\n".join(map(group_html, groups)) if groups else f"<p>{escape(nothing)}</p>")


def document(title: str, body: str, more_style: str = "") -> str:
    """A whole page of escaped parts."""
    return (f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n'
            f"<style>{STYLE}{more_style}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n")


def group_html(group: Sequence[Sheet], heading: str = "h2") -> str:
    """Escaped sheets that share title and notes. heading: the tag of their title."""
    title = [f"<{heading}>{group[0].title}</{heading}>"] if group[0].title else []
    notes = "".join(f"<p>{note}</p>\n" for note in noted(group, "best bold", "second underlined"))
    return "\n".join([*title, *map(_table, group), *([f'<div class="notes">\n{notes}</div>'] if notes else [])])


def _table(sheet: Sheet) -> str:
    """Words are heads of their rows, on the left; a section's name stands once, above its rows."""
    left, cells = int(sheet.sections), sheet.cells(MARKS, "<sup>{}</sup>")
    heads = "".join(_head(text.replace(" (", "<br>("), j, sheet, "col") for j, text in enumerate(sheet.heads) if j >= left)
    blocks = "".join(f'<th class="block" scope="colgroup" colspan="{len(run)}">{name}</th>' for name, run in sheet.runs)
    bodies = []
    for name, rows in groupby(range(len(cells)), key=lambda k: sheet.rows[k][0] if sheet.sections else ""):
        spans = f'<tr><th class="word section" scope="rowgroup" colspan="{len(sheet.heads) - left}">{name}</th></tr>'
        lines = ["<tr>" + "".join(_head(text, j, sheet, "row") if j < sheet.words else f"<td>{text}</td>"
                                  for j, text in enumerate(cells[k]) if j >= left) + "</tr>" for k in rows]
        bodies.append("\n".join(["<tbody>", *([spans] if left else []), *lines, "</tbody>"]))
    over = [f"<tr>{blocks}</tr>"] if any(name for name, _ in sheet.runs) else []
    return "\n".join(['<div class="wide">', "<table>", "<thead>", *over, f"<tr>{heads}</tr>", "</thead>", *bodies, "</table>", "</div>"])


def _head(text: str, column: int, sheet: Sheet, scope: str) -> str:
    return f'<th class="{"word" if column < sheet.words else "number"}" scope="{scope}">{text}</th>'
