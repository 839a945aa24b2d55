"""Map matching: from GPS points to complete connected paths on a road network."""

from benchmark.data.matching.contract import Matcher
from benchmark.data.matching.hidden_markov import HiddenMarkovMatcher

__all__ = ["HiddenMarkovMatcher", "Matcher"]
