"""The templates of pages, with escaping switched on, and what they are dressed in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.errors import UserError
from benchmark.report.visible import visible

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = Path(__file__).parent
STATIC = HERE / "static"


def templates() -> Environment:
    """Where every text is shown as text of files is, before it is escaped.

    Raises
    ------
    UserError: jinja2 is missing.
    """
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError:
        raise UserError("These pages need jinja2; type `pip install 'stbench[site]'`.") from None
    return Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined,
                       finalize=lambda value: visible(value) if type(value) is str else value)
