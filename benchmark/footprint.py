"""What a forecaster takes in memory beside its series, by nodes and windows: plain data that its entry declares. Light."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Footprint:
    """Bytes at the default sizes of its network, as `made.costs_by_nodes` measures and fits them; terms of nothing are 0."""

    # a node and window of a step; of a method without steps a node
    node: float = 0.0
    # a pair of nodes and window
    window_pair: float = 0.0
    # a pair of nodes, whatever the batch
    pair: float = 0.0

    def bytes(self, nodes: int, batch: int) -> float:
        """Of steps of so many windows."""
        return batch * nodes * (self.node + nodes * self.window_pair) + nodes**2 * self.pair
