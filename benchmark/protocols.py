"""A protocol: the rules of measuring. What every family's rules have; each family has a class of its own. Light: no numpy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Protocol:
    """What the rules of measuring of every family have."""

    name: str
    version: int
    summary: str
    # the columns its tables show, in this order
    metrics: tuple[str, ...]
    # whether its tables rank methods
    ranked: bool = True
    # whether a method can be kept from its test part: not where probes are chosen on it
    isolates: bool = True
    # epochs without a better validation loss before a stage ends
    patience: int = 30
    # most epochs of a stage
    max_epochs: int = 100
