"""Notes of two fits that are compared bit for bit: all but wall time, which no two fits share."""

from typing import Any


def without_seconds(notes: Any) -> Any:
    """The same without what counts seconds, however deep it stands."""
    if isinstance(notes, dict):
        return {key: without_seconds(value) for key, value in notes.items() if not key.endswith("seconds")}
    return [without_seconds(one) for one in notes] if isinstance(notes, list) else notes
