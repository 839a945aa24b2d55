"""Biased random walks of node2vec, all at once (Grover and Leskovec, KDD 2016, https://arxiv.org/abs/1607.00653)."""

from __future__ import annotations

import numpy as np


def biased_walks(links: np.ndarray, nodes: int, start: np.ndarray, length: int, p: float, q: float, rng: np.random.Generator,
                 weights: np.ndarray | None = None) -> np.ndarray:
    """int64 [walk, length] nodes of second-order walks (node2vec §3.2.2), -1 behind a dead end.

    From t over v to x with the link's weight times 1/p if x = t, 1 if a link leads from x to t, else 1/q.

    Parameters
    ----------
    links: int64 [link, 2], each once, from and to.
    start: int64 [walk].
    weights: [link], above 0; default 1.
    """
    order = np.lexsort((links[:, 1], links[:, 0]))
    links = links[order]
    degree = np.bincount(links[:, 0], minlength=nodes)
    next_node = np.full((nodes, max(int(degree.max(initial=0)), 1)), -1, np.int64)
    column = np.arange(len(links)) - np.repeat(np.cumsum(degree) - degree, degree)
    next_node[links[:, 0], column] = links[:, 1]
    next_weight = np.zeros(next_node.shape)
    next_weight[links[:, 0], column] = 1.0 if weights is None else weights[order]
    linked = links[:, 0] * nodes + links[:, 1]  # ascending
    walks = np.full((len(start), length), -1, np.int64)
    walks[:, 0] = start
    for step in range(1, length):
        alive = np.flatnonzero(walks[:, step - 1] >= 0)
        choices = next_node[walks[alive, step - 1]]  # [walk, choice]
        weight = next_weight[walks[alive, step - 1]]  # 0 where there is no choice
        if step > 1 and not p == q == 1:
            before = walks[alive, step - 2][:, None]
            key = choices * nodes + before
            near = linked[np.minimum(np.searchsorted(linked, key), len(linked) - 1)] == key
            weight *= np.where(choices == before, 1 / p, np.where(near, 1.0, 1 / q))
        total = weight.cumsum(axis=1)
        pick = (rng.random(len(alive))[:, None] * total[:, -1:] >= total).sum(axis=1)
        moves = total[:, -1] > 0
        walks[alive[moves], step] = choices[moves, pick[moves]]
    return walks
