"""How fast this machine multiplies two large matrices: what no training step can do better than."""

from __future__ import annotations

import torch

from benchmark.timing.clock import Clock

# rows of both, by device; float32, as fits compute
SIZES = {"cpu": 2048, "cuda": 8192, "mps": 4096}
TIMES = 5


def product_gflops(device: torch.device, clock: Clock) -> float:
    """1e9 operations a second (a multiply-add is 2) of the quickest of a few products, after one that warms up."""
    size = SIZES.get(device.type, SIZES["cpu"])
    one, other = (torch.rand(size, size, generator=torch.Generator().manual_seed(seed)).to(device) for seed in (0, 1))
    took = []
    for _ in range(1 + TIMES):
        began = clock.now()
        torch.mm(one, other)
        took.append(clock.now() - began)
    return round(2 * size**3 / min(took[1:]) / 1e9, 3)
