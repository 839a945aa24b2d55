"""Do two views belong to the same trip? JGRM's matching loss, and the contrastive form that SMARTraj2's paper prints (card §4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.trajectory.multi_view.streams import PAIRS

PairLoss = Literal["match", "infonce"]


class PairMatching(nn.Module):
    """Sum of the pairs' losses over projected pooled vectors of unit length."""

    def __init__(self, streams: Sequence[str], width: int, loss: PairLoss, temperature: float) -> None:
        super().__init__()
        self.pairs = [pair for pair in PAIRS if set(pair) <= set(streams)]
        self.temperature = temperature
        matched = [stream for stream in streams if any(stream in pair for pair in self.pairs)]
        self.projections = nn.ModuleDict({stream: nn.Linear(width, width) for stream in matched})
        self.classifier = nn.Linear(2 * width, 2) if loss == "match" and self.pairs else None

    def forward(self, pooled: Mapping[str, Tensor]) -> Tensor:
        """Stream -> [trip, width]; 0 where there is no pair, or only one trip and so no negative."""
        vectors = {stream: F.normalize(projection(pooled[stream]), dim=-1) for stream, projection in self.projections.items()}
        total = torch.zeros((), device=next(iter(pooled.values())).device)
        for one, other in self.pairs:
            if len(vectors[one]) < 2:
                continue
            if self.classifier is None:
                total = total + contrastive_loss(vectors[one], vectors[other], self.temperature)
            else:
                total = total + matching_loss(vectors[one], vectors[other], self.classifier, self.temperature)
        return total


def matching_loss(one: Tensor, other: Tensor, classifier: nn.Module, temperature: float) -> Tensor:
    """Cross-entropy of "same trip?" over B true pairs and one hard negative for each vector of either side; 2 × [trip, width]."""
    with torch.no_grad():
        similarity = (one @ other.T).float() / temperature
        wrong_other, wrong_one = hard_negatives(similarity), hard_negatives(similarity.T)
    pairs = torch.cat([torch.cat([one, one, one[wrong_one]]), torch.cat([other, other[wrong_other], other])], dim=1)
    labels = torch.zeros(len(pairs), dtype=torch.int64, device=one.device)
    labels[: len(one)] = 1
    return F.cross_entropy(classifier(pairs), labels)


def hard_negatives(similarity: Tensor) -> Tensor:
    """int64 [row]: for each row a column other than its own, drawn by the softmax of its [row, column] similarities; torch's generator."""
    # DEVIATION: the authors' code removes the diagonal only after the softmax, so that the positive itself can be drawn (card §6, row 8).
    own = torch.eye(len(similarity), dtype=torch.bool, device=similarity.device)
    return torch.multinomial(torch.softmax(similarity.masked_fill(own, -torch.inf), dim=1), 1)[:, 0]


def contrastive_loss(one: Tensor, other: Tensor, temperature: float) -> Tensor:
    """InfoNCE with the batch's other trips as negatives, the mean of both directions; 2 × [trip, width]."""
    similarity, own = one @ other.T / temperature, torch.arange(len(one), device=one.device)
    return (F.cross_entropy(similarity, own) + F.cross_entropy(similarity.T, own)) / 2
