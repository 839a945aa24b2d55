"""Which tokens the encoder sees in pre-training: four ways to hide a share of space and time (paper, section 4.2)."""

from __future__ import annotations

import torch
from torch import Tensor

# in the code there is another one, of random frames, which its own assertion makes unusable
MASKS = ("random", "temporal", "tube", "block")


def kept_tokens(mask: str, batch: int, frames: int, places: int, ratio: float, order: torch.Generator) -> Tensor:
    """[batch, kept] int64: the tokens that stay of frames · places, frame by frame; never none.

    random: of each sample its own; temporal: the first frames; tube: the same random places in all frames; block: the places before or
    after a cut. All but `random` are shared by the batch.
    """
    def left(count: int) -> int:
        return max(int(count * (1 - ratio)), 1)

    if mask == "random":
        return torch.rand(batch, frames * places, generator=order, device="cpu").argsort(dim=1)[:, :left(frames * places)]
    if mask == "temporal":
        kept = torch.arange(left(frames) * places, device="cpu")
    else:
        place = torch.randperm(places, generator=order, device="cpu")[:left(places)]
        if mask == "block":
            first = int(torch.randint(2, (1,), generator=order, device="cpu")) * (places - left(places))
            place = torch.arange(first, first + left(places), device="cpu")
        kept = (torch.arange(frames, device="cpu")[:, None] * places + place).flatten()
    return kept.expand(batch, -1)
