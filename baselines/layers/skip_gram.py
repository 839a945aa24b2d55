"""Skip-gram with negative sampling over sequences of roads (Mikolov et al., 2013), by gensim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmark import RunContext, ranged


@dataclass(frozen=True, kw_only=True)
class SkipGramOptions:
    """Step size and noise are word2vec's own; every road counts, however rare."""

    # numbers of a road's vector
    width: int = ranged(128, least=1)
    # most roads between a road and its context
    window: int = ranged(5, least=1)
    # noise roads drawn for each pair
    negatives: int = ranged(5, least=1)
    # passes over the sequences
    epochs: int = ranged(10, least=1)
    # step size at the start; it falls linearly to `last_rate`
    learning_rate: float = ranged(0.025, above=0)
    # step size at the end
    last_rate: float = ranged(1e-4, least=0)


def skip_gram(sequences: Sequence[list[int]], roads: int, options: SkipGramOptions, run: RunContext) -> tuple[Tensor, Tensor]:
    """(float32 [road, width] input vectors, bool [road] whether a road occurs); the vector of a road that does not occur is zero.

    One worker and one seed: the same sequences give the same bits.
    """
    from gensim.models import Word2Vec

    model = Word2Vec(sentences=sequences, vector_size=options.width, window=options.window, negative=options.negatives,
                     epochs=options.epochs, alpha=options.learning_rate, min_alpha=options.last_rate, sg=1, hs=0, min_count=1, sample=0,
                     ns_exponent=0.75, workers=1, seed=int(run.numpy("skip-gram").integers(2**31)))
    # by the road itself: gensim takes an integer that is no word for a row number
    known = np.array(list(model.wv.key_to_index), dtype=np.int64)
    table, occurs = torch.zeros(roads, options.width, device="cpu"), torch.zeros(roads, dtype=torch.bool, device="cpu")
    table[known] = torch.from_numpy(model.wv.vectors[list(model.wv.key_to_index.values())])
    occurs[known] = True
    return table, occurs
