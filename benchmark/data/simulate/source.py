"""The source `simulator`: a simulated city where runs look for it."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from benchmark.data.folder import CARD, verify
from benchmark.data.simulate import NAME, SIZES, TRAJECTORY_SIZES, build, folder_of
from benchmark.data.sources import Built, pick
from benchmark.options import ranged

logger = logging.getLogger("stbench")


@dataclass(frozen=True)
class Options:
    """Which city."""

    # nyc, sip or chicago (series), chengdu or xian (trips); it must be given
    city: str | None = None
    # smoke, quick, medium or full; a run takes the one of its preset
    size: str = "quick"
    # of all that is random; runs take the one of their suite
    seed: int = ranged(0, least=0)


def build_simulated(path: None, options: Options, replace: bool) -> Built:
    """Simulate a city, unless it is there already: its folder is named by all that its bytes depend on.

    Raises
    ------
    UserError: unknown city or size, or a file of the city that is there has changed.
    """
    city = pick(NAME, "city", options.city, [*SIZES, *TRAJECTORY_SIZES])
    folder = folder_of(city, options.size, options.seed)
    if replace or not (folder / CARD).is_file():
        build(city, options.size, options.seed, folder)
    else:
        verify(folder)
        logger.warning("The simulated city %s of size %s and seed %d is already there; nothing was written.",
                       city, options.size, options.seed)
    return Built(folder)
