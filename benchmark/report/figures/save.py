"""A figure as a file: PDF, SVG or PNG, the same bytes for the same data."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.errors import UserError
from benchmark.files import write_atomic
from benchmark.report.figures.style import styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# suffix -> what the file would say of its making, which is left out
METADATA = {".pdf": ("Creator", "Producer", "CreationDate"), ".svg": ("Creator", "Date", "Format", "Type"), ".png": ("Software",)}
DPI = 300


def check_picture_suffix(path: Path) -> None:
    """Raise UserError for a file of another kind than can be drawn; before anything is computed."""
    if path.suffix not in METADATA:
        raise UserError(f"--out {path} ends in '{path.suffix}'; give a name that ends in .pdf, .svg or .png.")


def figure_bytes(figure: Figure, suffix: str, dpi: int = DPI) -> bytes:
    """The content of a file of this suffix. dpi: of a PNG, and of what lies as an image in the others."""
    buffer = io.BytesIO()
    with _quietly_styled():
        figure.savefig(buffer, format=suffix[1:], dpi=dpi, metadata=dict.fromkeys(METADATA[suffix]))
    return buffer.getvalue()


def page_png(figure: Figure, dpi: int) -> bytes:
    """A PNG of few colours, so that a page of many stays small; a drawing has no more."""
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    with _quietly_styled():
        figure.set_dpi(dpi)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
    drawn = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
    buffer = io.BytesIO()
    drawn.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def write_figure(figure: Figure, path: Path) -> None:
    """Write a figure in the format of the path's suffix."""
    check_picture_suffix(path)
    write_atomic(path, figure_bytes(figure, path.suffix))


@contextmanager
def _quietly_styled() -> Iterator[None]:
    with styled(), warnings.catch_warnings():
        # a sign that the font lacks is drawn as a box
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield
