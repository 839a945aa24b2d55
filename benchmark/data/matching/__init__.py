"""Map matching: from GPS points to complete connected paths on a road network.

In: raw roads, GPS trips and points of interest, whether read from files or simulated (`RawCity` in `build.py`).
Out: the canonical trajectory city, with trips that are matched, inside the box and of usable length; the others counted by reason.

Open first: `build.py`, the one way that all trajectory cities take. Then:

    `contract.py`       what a matcher is; an archive's published paths are one too
    `hidden_markov.py`  the matcher: Viterbi over candidate roads, many trips at once; `HiddenMarkovMatcher` is its class
    `candidates.py`     the nearest roads of many points, exact
    `routes.py`         shortest ways between roads up to a bound
    `geometry.py`       roads as segments in local metres
    `cut.py`            trips that pause or leave the box, where a city asks for pieces of them
    `keep.py`           which trips a city keeps
    `frame_check.py`    whether points are declared in the right coordinate frame

A trip's path depends on that trip and the network alone.
"""

from benchmark.data.matching.contract import Matcher
from benchmark.data.matching.hidden_markov import HiddenMarkovMatcher

__all__ = ["HiddenMarkovMatcher", "Matcher"]
