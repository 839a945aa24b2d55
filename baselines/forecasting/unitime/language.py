"""GPT-2: pre-norm Transformer blocks that look back, on an instruction and the patches after it.

The instruction comes first and sees nothing of the patches, so it is the same for all series of a task: it is run once, and the patches of
every series read its keys and values. That is exact unless dropout treats each series' instruction apart; then it is repeated.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from baselines.forecasting.unitime.options import Sizes
from baselines.layers.attention import attend
from baselines.layers.dropout import Dropout

# of GPT-2's tables and linear maps
INITIAL_STD = 0.02
# keys and values, each [sequence, token, head, d]
Memory = tuple[Tensor, Tensor]


class Layer(nn.Module):
    """x = x + dropout(attention(LN(x))); x = x + dropout(FFN(LN(x))), four times as wide inside."""

    def __init__(self, width: int, heads: int, dropout: float, activation: nn.Module, *, inner_dropout: bool) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        # rows: queries of all heads, keys, values
        self.joined = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)
        self.feed_forward_norm = nn.LayerNorm(width)
        self.wide = nn.Linear(width, 4 * width)
        self.activation = activation
        self.narrow = nn.Linear(4 * width, width)
        self.dropout, self.inner_dropout = Dropout(dropout), Dropout(dropout if inner_dropout else 0.0)
        nn.init.xavier_uniform_(self.joined.weight)  # as torch.nn.MultiheadAttention
        for layer in (self.joined, self.output):
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, mask: Tensor, before: Memory | None = None) -> tuple[Tensor, Memory]:
        """[sequence, token, width] → the same, and what later tokens read of them.

        mask: bool [1, 1, asking token or 1, asked token]. before: what one sequence of tokens left that all of these come after.
        """
        query, key, value = self.joined(self.attention_norm(x)).unflatten(-1, (3, self.heads, -1)).unbind(2)
        if before is not None:
            key, value = (torch.cat([first.expand(len(x), *first.shape[1:]), own], dim=1)
                          for first, own in zip(before, (key, value), strict=True))
        x = x + self.dropout(self.output(attend(query, key, value, mask, self.dropout)))
        hidden = self.inner_dropout(self.activation(self.wide(self.feed_forward_norm(x))))
        return x + self.dropout(self.narrow(hidden)), (key, value)


class LanguageModel(nn.Module):
    """The first blocks of a GPT-2, with its tables of tokens and of places, and its last norm.

    DEVIATION: without the unused language head of the authors' code, which is tied to the table and adds no weight.
    """

    def __init__(self, sizes: Sizes, dropout: float) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.empty(sizes.vocabulary, sizes.width))
        self.position = nn.Parameter(torch.empty(sizes.positions, sizes.width))
        self.dropout = Dropout(dropout)
        self.blocks = nn.ModuleList(
            Layer(sizes.width, sizes.heads, dropout, nn.GELU(approximate="tanh"), inner_dropout=False) for _ in range(sizes.blocks))
        self.norm = nn.LayerNorm(sizes.width)
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif "norm" not in name:
                residual = name.endswith(("output.weight", "narrow.weight"))
                nn.init.normal_(parameter, std=INITIAL_STD / (math.sqrt(2 * sizes.blocks) if residual else 1))

    def forward(self, instruction: Tensor, patches: Tensor) -> Tensor:
        """[word] token numbers, [sequence, patch, width] → [sequence, word + patch, width]."""
        first = self.token[instruction][None] + self.position[:len(instruction)]
        rest = patches + self.position[len(instruction):len(instruction) + patches.shape[1]]
        length = len(instruction) + patches.shape[1]
        mask = torch.ones(1, 1, length, length, dtype=torch.bool, device=patches.device).tril()
        if self.training and self.dropout.rate > 0:
            return self._repeated(first, rest, mask)
        return self._once(first, rest, mask)

    def _repeated(self, first: Tensor, rest: Tensor, mask: Tensor) -> Tensor:
        """The instruction before every series, with a dropout of its own."""
        x = self.dropout(torch.cat([first.expand(len(rest), -1, -1), rest], dim=1))
        for block in self.blocks:
            x, _ = block(x, mask)
        return self.norm(x)

    def _once(self, first: Tensor, rest: Tensor, mask: Tensor) -> Tensor:
        """The instruction once for all series."""
        words = first.shape[1]
        for block in self.blocks:
            first, memory = block(first, mask[..., :words, :words])
            rest, _ = block(rest, mask[..., words:, :], memory)
        return self.norm(torch.cat([first.expand(len(rest), -1, -1), rest], dim=1))
