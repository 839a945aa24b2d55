"""What SMARTraj2 minimises (paper eq. 6, 13-15; card §4, §6 rows 1, 6, 9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from baselines.trajectory.multi_view.streams import ROUTE, concatenated
from benchmark import Trips
from methods.smartraj2.network import SMARTraj2Network
from methods.smartraj2.options import SMARTraj2Options

# weight of a stream's recovery loss where it is not 1, weight of a matching loss, and what the whole is divided by (the code's)
RECOVERY = {ROUTE: 2}
PAIR, DIVISOR = 2, 12


def difference_loss(specific: Tensor, invariant: Tensor, reduction: Literal["mean", "batch", "per_sample"]) -> Tensor:
    """How much of the one lies in the other: 2 × [trip, d], rows scaled to length 1 by norms without gradients, in their precision.

    ‖S^T I‖²_F is taken as Σ (S S^T ∘ I I^T): B × B products for d × d ones.
    """
    s, i = (x / x.detach().norm(dim=1, keepdim=True).clamp(min=1e-6) for x in (specific, invariant))
    if reduction == "per_sample":
        return (s * i).sum(1).square().mean()
    norm = ((s @ s.T) * (i @ i.T)).sum()
    return norm / (s.shape[1] * i.shape[1] if reduction == "mean" else len(s) ** 2)


def loss_terms(network: SMARTraj2Network, trips: Trips, options: SMARTraj2Options) -> Mapping[str, Tensor]:
    """Named terms of a batch of one city, weighted: their sum is the card's total."""
    o = options
    encoded, gated, versions = network.encode(trips, masking=True)
    recovered = network.recovery[trips.city]([{name: stream.tokens for name, stream in version.items()} for version in versions.values()],
                                             encoded.numbers(), encoded.masked)
    terms = {f"recover {version}": o.w2 / DIVISOR * torch.stack([RECOVERY.get(name, 1) * loss for name, loss in losses.items()]).sum()
             for version, losses in zip(versions, recovered, strict=True)}
    terms["pair"] = o.w3 * PAIR / DIVISOR * network.matching({name: stream.pooled for name, stream in gated.items()})
    if o.use_specific and o.use_invariant:
        specific, invariant = concatenated(versions["specific"]), concatenated(versions["invariant"])
        terms["difference"] = o.w1 / DIVISOR * difference_loss(specific, invariant, o.diff_reduction)
    return terms
