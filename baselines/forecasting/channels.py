"""What a network reads of each step: the same for all methods, or what its authors gave it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from benchmark import TrainingOptions, born_later, ranged


@dataclass(frozen=True, kw_only=True)
class ChannelOptions(TrainingOptions):
    """Options of a network that reads value, time of day and weekday where its authors' reads less.

    DEVIATION: the authors' inputs are one option away (`inputs=paper`), not the default: methods that are compared are told the same, or
    the clock alone would separate them.
    """

    # what the authors' network reads, in `channels`
    paper_channels: ClassVar[int]

    # inputs a step: 1 value, 2 and time of day, 3 and weekday
    channels: int = ranged(3, least=1, most=3)
    # full: `channels` as above, the same for all methods; paper: the authors' own, which sets `channels`
    inputs: Literal["full", "paper"] = born_later("full", as_before="full")

    def __post_init__(self) -> None:
        if self.inputs == "full":
            return
        if self.channels not in (ChannelOptions.channels, self.paper_channels):
            raise ValueError(f"inputs=paper means channels={self.paper_channels}, got channels={self.channels}; leave one of them out.")
        object.__setattr__(self, "channels", self.paper_channels)
