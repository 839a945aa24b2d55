"""Tables as text."""

from benchmark.report.render import render as render_sheets
from benchmark.report.suite import suite_sheets


def render(tables, format):
    """Suite tables in one of the formats."""
    return render_sheets(suite_sheets(tables), format)
