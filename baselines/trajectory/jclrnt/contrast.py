"""Pairs that belong together against all others: the Jensen-Shannon estimator on inner products (card §4).

A positive pair of inner product s is worth ln 2 - softplus(-s), a negative one softplus(-s) + s - ln 2, which is softplus(s) - ln 2;
the loss is the mean over the negatives minus the mean over the positives.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

# rows of a large table of pairs that are held at once
ROWS = 512


def contrast(one: Tensor, other: Tensor, positive: Tensor) -> Tensor:
    """Of any positives: [a, width], [b, width], bool [a, b]; no pairs of a kind are worth 0."""
    products = (one @ other.T).float()
    # softplus(s) - s is softplus(-s)
    worth = F.softplus(products) - torch.where(positive, products, 0)
    count = positive.sum()
    positives = torch.where(positive, worth, 0).sum() / count.clamp(min=1)
    negatives = torch.where(positive, 0, worth).sum() / (positive.numel() - count).clamp(min=1)
    return negatives + positives - 2 * math.log(2)


def contrast_with_own(one: Tensor, other: Tensor, own: Tensor) -> Tensor:
    """Of one positive a row: [a, width], [b, width], int64 [a] which of the b; the table [a, b] is never there as a whole.

    Some rows at a time, and again when gradients are made.
    """
    positives = F.softplus(-(one * other[own]).sum(dim=1).float()).mean()
    parts = [checkpoint(_negatives, rows, other, mine, use_reentrant=False, preserve_rng_state=False)
             for rows, mine in zip(one.split(ROWS), own.split(ROWS), strict=True)]
    negatives = torch.stack(parts).sum() / max(len(one) * (len(other) - 1), 1)
    return negatives + positives - 2 * math.log(2)


def _negatives(one: Tensor, other: Tensor, own: Tensor) -> Tensor:
    """Sum of softplus(s) over all pairs but each row's own."""
    return F.softplus((one @ other.T).float().scatter(1, own[:, None], -math.inf)).sum()
