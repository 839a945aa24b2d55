"""How every figure looks: one style sheet, colours that colour-blind readers tell apart, sizes of a paper."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmark.errors import UserError
from benchmark.report.visible import visible

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# inches, of one and of two columns of a paper
ONE_COLUMN, TWO_COLUMNS = 3.5, 7.16
# inches of a letter and of a line at the size of the text
LETTER, LINE = 0.066, 0.17
# letters of a name before it is broken
LONGEST_NAME = 48
# no figure is higher, in inches: it has to fit a page
HIGHEST = 9.0
# Okabe and Ito (2008), without their yellow, which no print shows on white
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS, DASHES = "osD^vP*", ("-", "--", "-.", ":")
# a map of colours for what has no sign: dark is much, also in grey
SEQUENCE = "viridis_r"
QUIET = "0.45"
STYLE: Mapping[str, Any] = {
    "font.family": "DejaVu Sans", "font.size": 8, "axes.titlesize": 8, "axes.labelsize": 8, "legend.fontsize": 8, "figure.titlesize": 8,
    "xtick.labelsize": 8, "ytick.labelsize": 8, "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.6,
    "axes.edgecolor": "0.3", "xtick.major.width": 0.6, "ytick.major.width": 0.6, "xtick.minor.width": 0.4, "axes.grid": True,
    "grid.color": "0.9", "grid.linewidth": 0.5, "axes.axisbelow": True, "lines.linewidth": 1.3, "lines.markersize": 3.5,
    "legend.frameon": False, "figure.facecolor": "white", "savefig.facecolor": "white", "image.cmap": SEQUENCE,
    # what a name holds is no mathematics
    "text.parse_math": False, "axes.formatter.use_mathtext": False, "axes.unicode_minus": True, "axes.formatter.use_locale": False,
    # the same data give the same bytes; letters of a PDF are text, those of an SVG look the same without the font
    "svg.hashsalt": "stbench", "svg.fonttype": "path", "pdf.fonttype": 42, "pdf.compression": 6, "path.simplify": True}


@dataclass(frozen=True)
class Look:
    """How one method looks: what differs in colour differs in shape as well."""

    colour: str
    marker: str
    dashes: str


def looks(names: Sequence[str]) -> dict[str, Look]:
    """Name → its look; the figures of one page are given the looks of all its names."""
    made = {}
    for k, name in enumerate(dict.fromkeys(names)):
        # a colour that comes again has another marker and another line
        shifted = k + k // len(COLOURS)
        made[name] = Look(COLOURS[k % len(COLOURS)], MARKERS[shifted % len(MARKERS)], DASHES[shifted % len(DASHES)])
    return made


@contextmanager
def styled() -> Iterator[None]:
    """matplotlib as this style has it, whatever the user's own settings are.

    Raises
    ------
    UserError: matplotlib is missing.
    """
    try:
        import matplotlib
        from matplotlib import style
    except ImportError:
        raise no_matplotlib() from None
    settings: Any = dict(STYLE)
    with style.context("default"), matplotlib.rc_context(settings):
        yield


def no_matplotlib() -> UserError:
    """The error for the library that only an extra of the package installs."""
    return UserError("Pictures need matplotlib; type `pip install 'stbench[plot]'`.")


def name_text(text: str) -> str:
    """A name as it is drawn: one line, and no underscore in front, which would hide it from a legend."""
    shown = visible(text)
    return f" {shown}" if shown.startswith("_") else shown


def titled(figure: Figure, title: str) -> None:
    """A title in as many lines as the figure's width needs."""
    if title:
        width = int(figure.get_figwidth() / LETTER)
        figure.suptitle("\n".join(textwrap.wrap(visible(title), width)), x=0.01, ha="left", color="0.25")


def small_multiples(count: int, title: str, *, names: Sequence[str] = (), height: float = 1.75,
                    columns: int = 2) -> tuple[Figure, list[Axes]]:
    """A figure of so many panels: one alone fits one column of a paper, several two. names: of the legend that will stand below."""
    from matplotlib.figure import Figure

    across = min(count, columns)
    width = ONE_COLUMN if across == 1 and columns > 1 else TWO_COLUMNS
    below = LINE * sum(max(map(_lines, row)) for row in _legend_rows(names, width)) + 0.1 if names else 0.0
    figure = Figure(figsize=(width, (height + 0.35 if count == 1 else height) * math.ceil(count / across) + 0.35 + below),
                    layout="constrained")
    axes = figure.subplots(math.ceil(count / across), across, squeeze=False).ravel().tolist()
    for one in axes[count:]:
        one.remove()
    titled(figure, title)
    return figure, axes[:count]


def legend(figure: Figure, entries: Mapping[str, Artist]) -> None:
    """One legend of all panels, below them, in as many columns as fit."""
    if entries:
        across = len(_legend_rows(list(entries), figure.get_figwidth())[0])
        figure.legend(list(entries.values()), [wrapped(name) for name in entries], loc="outside lower center", ncols=across)


def _legend_rows(names: Sequence[str], width: float) -> list[Sequence[str]]:
    longest = max(min(len(name), LONGEST_NAME) for name in names)
    across = max(1, min(len(names), int(width / (0.5 + LETTER * longest))))
    return [names[k:k + across] for k in range(0, len(names), across)]


def wrapped(name: str, width: int = LONGEST_NAME) -> str:
    """A name in as many lines as it needs."""
    return "\n".join(textwrap.wrap(name_text(name), width, drop_whitespace=not name.startswith("_"))) or name


def _lines(name: str) -> int:
    return wrapped(name).count("\n") + 1


def axis_text(label: str) -> str:
    """A label of an upright axis: a long one has its unit in a line of its own."""
    shown = name_text(label)
    parts = shown.replace(" (", "\n(").split("\n") if len(shown) > 19 else [shown]
    return "\n".join(line for part in parts for line in textwrap.wrap(part, 26) or [part])


def plain_axis(axis: Any, *, places: int = 5, whole: bool = False) -> None:
    """An axis of about so many numbers, as people write them."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(places, integer=whole))
    axis.set_major_formatter(FuncFormatter(lambda value, _: short_number(value)))


def plain_log_axis(axis: Any) -> None:
    """A logarithmic axis with numbers as people write them: 0.1, 1, 20, 3k; to be called when all is drawn."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = axis.get_view_interval()
    wide = high > 300 * low
    axis.set_major_locator(LogLocator(base=10, subs=(1,) if wide else (1, 2, 5), numticks=6 if wide else 9))
    axis.set_major_formatter(FuncFormatter(lambda value, _: short_number(value)))
    axis.set_minor_formatter(NullFormatter())


def short_number(value: float) -> str:
    """A number for an axis, without the noise of its last bits.

    >>> [short_number(one) for one in (0.05, 2, 1500, 20000, 3e6)]
    ['0.05', '2', '1.5k', '20k', '3M']
    """
    value = round(value, 10)
    for least, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= least:
            return f"{value / least:g}{sign}"
    return f"{value:g}"
