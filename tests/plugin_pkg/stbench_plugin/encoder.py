"""Roads as fixed hashes of their numbers: nothing is learnt."""

from dataclasses import dataclass

import torch

from benchmark import TrajectoryEncoder, ranged

# odd multiplier of a hash, and how many of its bits a number is made of
SPREAD, BITS = 0x9E3779B1, 16


@dataclass(frozen=True)
class Options:
    """What a vector is like."""

    # numbers of a vector
    width: int = ranged(16, least=1)


class HashedRoads(TrajectoryEncoder):
    """A trip is the mean of its roads' hashes."""

    Options = Options

    def fit(self, run):
        self.fitted = torch.ones(1, device="cpu")

    def encode(self, trips):
        lengths = trips.route.lengths()
        trip = torch.repeat_interleave(torch.arange(len(trips), device=lengths.device), lengths)
        total = torch.zeros(len(trips), self.options.width, device=lengths.device)
        return total.index_add_(0, trip, self._hashed(trips.route.values["road"])) / lengths[:, None].clamp(min=1)

    def roads(self, city, trips):
        return self._hashed(torch.arange(len(self.problem.cities[city].roads), device="cpu"))

    def state_dict(self):
        return {"fitted": self.fitted}

    def load_state_dict(self, state):
        self.fitted = state["fitted"]

    def _hashed(self, road):
        """[entry, width] numbers between -1 and 1."""
        column = torch.arange(self.options.width, device=road.device)
        mixed = (road[:, None] + 1) * SPREAD * (2 * column + 1) ** 3
        return (mixed ^ (mixed >> BITS)).remainder(2**BITS).float() / 2**(BITS - 1) - 1
