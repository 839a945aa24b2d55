"""SMARTraj2 (NeurIPS 2025): trajectory vectors for several cities, of three views, invariant and specific."""
