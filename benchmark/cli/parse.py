"""Text of the command line → values."""

from __future__ import annotations

from benchmark.errors import UserError


def names(text: str | None) -> tuple[str, ...] | None:
    """``"a,b"`` → ``("a", "b")``; None stays None."""
    return None if text is None else tuple(part.strip() for part in text.split(",") if part.strip())


def seed_list(text: str) -> tuple[int, ...]:
    """``"5"`` → seeds 0 to 4; ``"0,3,7"`` → these; ``"3,"`` → seed 3 alone."""
    try:
        seeds = tuple(range(int(text))) if "," not in text else tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        seeds = ()
    if not seeds or min(seeds) < 0 or len(set(seeds)) < len(seeds):
        raise UserError(f"--seeds takes a number (5 means 0 to 4) or a list of different seeds (0,3,7), got '{text}'.")
    return seeds
