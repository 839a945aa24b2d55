"""Published rows of methods that came from outside: which of their runs others made again, and whether their authors stand by them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from benchmark.report.rows import Row
from benchmark.store.records import results_root
from benchmark.store.submissions import Submission, submissions


def listed_notes(rows: Sequence[Row]) -> list[str]:
    """A line for each listed method of these rows."""
    published = [row for row in rows if row.source == "published"]
    listed = submissions(results_root()) if published else {}
    runs: dict[str, set[str]] = {}
    for row in published:
        if row.method in listed:
            runs.setdefault(row.method, set()).update(record.spec.id for record in row.runs)
    return [_line(listed[method], ids) for method, ids in runs.items()]


def _line(one: Submission, runs: set[str]) -> str:
    counts = Counter((said["by"], said["how"]) for run, said in one.reproduced.items() if run in runs)
    again = ", ".join(f"{count} of {len(runs)} runs by {by} ({how})" for (by, how), count in sorted(counts.items()))
    verified = f"yes ({one.author_verified})" if one.author_verified else "no"
    return f"{one.method}: from outside ({one.code}); reproduced: {again or 'none of these runs'}; author verified: {verified}."
