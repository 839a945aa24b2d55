"""Text of the command line → values."""

from __future__ import annotations

from benchmark.errors import UserError
from benchmark.options import LONGEST


def names(text: str | None, option: str) -> tuple[str, ...] | None:
    """``"a,b"`` → ``("a", "b")``; None stays None. option: what the text was given for, as the user typed it."""
    found = None if text is None else tuple(part.strip() for part in text.split(","))
    if found is not None and "" in found:
        raise UserError(f"{option} '{text}' has an empty name; write names with one comma between two of them, or leave {option} out.")
    return found


def seed_list(text: str) -> tuple[int, ...]:
    """``"5"`` → seeds 0 to 4; ``"0,3,7"`` → these; ``"3,"`` → seed 3 alone."""
    from benchmark.spec import seeds_of

    try:
        given = int(text) if "," not in text else [int(part) for part in text.removesuffix(",").split(",")]
    except ValueError:
        raise UserError(f"--seeds takes a number (5 means 0 to 4) or a list of different seeds (0,3,7), got '{text[:LONGEST]}'.") from None
    return seeds_of(given, "--seeds")
