"""Which vector of a trip an encoder gives: `trip_vector`, the same option for every encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from benchmark import born_later

Kind = Literal["pooled", "last", "both"]


@dataclass(frozen=True, kw_only=True)
class TripVectorOptions:
    """What every encoder lets choose."""

    # a trip's vector: pooled over all that is shown of the trip (the papers), that of the last road or cell shown, or both side by side
    trip_vector: Kind = born_later("pooled", as_before="pooled")  # noqa: RUF009 (frozen)


def trip_vectors(kind: Kind, pooled: Tensor, last: Tensor) -> Tensor:
    """Both [trip, d] -> [trip, d], or [trip, 2 · d] for both."""
    return {"pooled": pooled, "last": last}[kind] if kind != "both" else torch.cat([pooled, last], dim=1)
