"""A report: tables, figures, data cards and environments as one HTML page that loads nothing."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.report.figures.picture import Picture
from benchmark.report.figures.save import page_png
from benchmark.report.figures.style import looks
from benchmark.report.page import document, escape, group_html
from benchmark.report.sheet import Sheet, groups

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLE = """
h1 { font-size: 1.4rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; border-bottom: 1px solid color-mix(in srgb, currentColor 30%, transparent); }
h3 { font-size: 1rem; margin: 1.5rem 0 .4rem; overflow-wrap: anywhere; }
nav a { margin-right: 1rem; }
figure { margin: 1.2rem 0 2rem; }
figure img { max-width: 100%; height: auto; background: white; border-radius: 3px; }
figcaption, details, dl { font-size: .9rem; max-width: 48rem; overflow-wrap: anywhere; }
figcaption { opacity: .85; }
dl { display: grid; grid-template-columns: minmax(6rem, max-content) 1fr; gap: .2rem 1rem; margin: .3rem 0; }
dt { opacity: .75; } dd { margin: 0; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .4rem; } }
"""
# pixels of an inch on the page, a little larger than in print, and those of the image, for a telephone that is held near
SCREEN, DPI = 115, 172
# on a narrow screen a figure shrinks to this share, then it is moved sideways
SMALLEST = 0.7


@dataclass(frozen=True)
class Card:
    """What is known of a city."""

    title: str
    # fact -> text
    facts: Mapping[str, str]


def report_page(title: str, sheets: Sequence[Sheet], pictures: Sequence[Picture], cards: Sequence[Card], environments: Sheet | None = None,
                lacking: Sequence[str] = ()) -> str:
    """The whole page. The same input gives the same text.

    Parameters
    ----------
    sheets: the tables. pictures: drawn here, a name in one colour all over the page. environments: a row an environment.
    lacking: sentences that say which figures are not there, and what makes them.
    """
    shown_as = looks([name for picture in pictures for name in picture.chart.names])
    parts = {
        "Tables": "\n".join(group_html(group, "h3") for group in groups([sheet.escaped(escape) for sheet in sheets])),
        "Figures": "\n".join([*(_figure(picture, picture.chart.draw(shown_as)) for picture in pictures), *_details(lacking)]),
        "Data": "\n".join(map(_card, cards)),
        "Environments": group_html([environments.escaped(escape)], "h3") if environments else ""}
    there = {name: part for name, part in parts.items() if part}
    links = "".join(f'<a href="#{name.lower()}">{name}</a>' for name in there)
    sections = [f'<h2 id="{name.lower()}">{name}</h2>\n{part}' for name, part in there.items()]
    return document(escape(title), "\n".join([f"<h1>{escape(title)}</h1>", f"<nav>{links}</nav>", *sections]), STYLE)


def _figure(picture: Picture, figure: Figure) -> str:
    """As an image of its own, so that no id within it meets one of another."""
    width, height = (round(SCREEN * side) for side in figure.get_size_inches())
    title, caption = escape(picture.chart.title), escape(picture.caption)
    content = b64encode(page_png(figure, DPI)).decode()
    return (f'<figure id="{escape(picture.name)}">\n<div class="wide"><img width="{width}" height="{height}" '
            f'style="min-width: {round(SMALLEST * width)}px" alt="{title}. {caption}" src="data:image/png;base64,{content}"></div>\n'
            f"<figcaption>{caption}</figcaption>\n</figure>")


def _details(lacking: Sequence[str]) -> list[str]:
    lines = "\n".join(f"<p>{escape(line)}</p>" for line in lacking)
    return [f"<details><summary>Figures that are not here</summary>\n{lines}\n</details>"] if lacking else []


def _card(card: Card) -> str:
    facts = "\n".join(f"<dt>{escape(key)}</dt><dd>{escape(text)}</dd>" for key, text in card.facts.items())
    return f"<h3>{escape(card.title)}</h3>\n<dl>\n{facts}\n</dl>"
