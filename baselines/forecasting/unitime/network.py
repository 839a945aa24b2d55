"""UniTime's network: the masked history of one series as patches, behind a sentence, read by GPT-2; a decoder gives history and forecast.

Liu, Hu, Li, Diao, Liang, Hooi and Zimmermann, "UniTime: A Language-Empowered Unified Model for Cross-Domain Time Series Forecasting",
WWW 2024, https://arxiv.org/abs/2310.09751. Map by map the authors' network.

DEVIATION: every series is read without the clock and without its neighbours, as the authors do: a token is a patch of one series, and the
network has no place for either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from baselines.forecasting.unitime.language import LanguageModel, Layer
from baselines.forecasting.unitime.options import Sizes, UniTimeOptions
from baselines.layers.dropout import Dropout
from benchmark import Inputs, UserError

# added to the variance of a window
EPSILON = 1e-5
# series answered at once in evaluation; results do not depend on it
SERIES_AT_ONCE = 2048


class Patches(nn.Module):
    """Patches of a series and of its mask as tokens, joined by a gate (section 3.3)."""

    def __init__(self, width: int, options: UniTimeOptions) -> None:
        super().__init__()
        self.length, self.stride = options.patch_len, options.stride
        self.value = nn.Linear(options.patch_len, width)
        # where nothing is masked in training the authors' network reads values alone
        self.gated = options.mask_rate > 0
        if self.gated:
            self.mask = nn.Linear(options.patch_len, width)
            self.value_gate, self.mask_gate = nn.Linear(width, width), nn.Linear(width, width)
            self.joined = nn.Linear(width, width)
        self.dropout = Dropout(options.patch_dropout)

    def padding(self, steps: int) -> int:
        """Steps that are added behind so many.

        DEVIATION: the authors' code adds none where the stride divides the history, and would leave its last steps unread where the stride
        does not divide the patch as well.
        """
        if steps <= self.length:
            return self.length - steps
        if steps % self.stride == 0 and self.length % self.stride == 0:
            return 0
        return steps // self.stride * self.stride + self.length - steps

    def count(self, steps: int) -> int:
        """Patches of so many steps."""
        return (steps + self.padding(steps) - self.length) // self.stride + 1

    def cut(self, x: Tensor) -> Tensor:
        """[series, step] → [series, patch, step], the last step repeated behind."""
        padded = torch.cat([x, x[:, -1:].expand(-1, self.padding(x.shape[1]))], dim=1)
        return padded.unfold(1, self.length, self.stride)

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        """2 × [series, step], the second bool → [series, patch, width]."""
        value = self.value(self.cut(x))
        if self.gated:
            mask = self.mask(self.cut(seen.to(x.dtype)))
            gate = torch.sigmoid(self.value_gate(value) + self.mask_gate(mask))
            value = self.joined(gate * value + (1 - gate) * mask)
        return self.dropout(value)


class UniTimeNetwork(nn.Module):
    # [task, word] numbers of the instructions' tokens
    words: Tensor

    def __init__(self, history: int, horizon: int, tokens: Mapping[str, Sequence[int]], sizes: Sizes, options: UniTimeOptions) -> None:
        """tokens: task → numbers of its instruction's tokens, below `sizes.vocabulary`."""
        super().__init__()
        self.horizon, self.tasks = horizon, tuple(sorted(tokens))
        self.lengths = [len(tokens[task]) for task in self.tasks]
        words = torch.zeros(len(tokens), max(self.lengths), dtype=torch.int64)
        for row, task in zip(words, self.tasks, strict=True):
            row[:len(tokens[task])] = torch.tensor(tokens[task], dtype=torch.int64)
        self.register_buffer("words", words, persistent=False)
        self.patches = Patches(sizes.width, options)
        needed = max(self.lengths) + self.patches.count(history)
        self.length = options.tokens or needed
        if self.length < needed:
            raise UserError(f"UniTime reads {needed} tokens here, {max(self.lengths)} of the longest instruction and "
                            f"{self.patches.count(history)} patches, got tokens={options.tokens}; 0 means as many as are needed.")
        if 0 < sizes.positions < needed:
            raise UserError(f"UniTime reads {needed} tokens here, its language model at most {sizes.positions}; use longer patches.")
        sizes = sizes._replace(vocabulary=sizes.vocabulary or 1 + max(map(max, tokens.values())), positions=sizes.positions or needed)
        self.language = LanguageModel(sizes, options.lm_dropout)
        # only where a sequence is shorter than the longest: else it would never be used
        short = min(self.lengths) + self.patches.count(history) < self.length
        self.padding = nn.Parameter(torch.randn(sizes.width)) if short else None
        self.decoder = nn.ModuleList(Layer(sizes.width, sizes.heads, options.decoder_dropout, nn.ReLU(), inner_dropout=True)
                                     for _ in range(options.decoder_layers))
        self.head = nn.Linear(sizes.width * self.length, history + horizon)
        self.head_dropout = Dropout(options.head_dropout)

    def forward(self, inputs: Inputs) -> Tensor:
        """[batch, horizon, node], z-scored."""
        return self.both(inputs.task, inputs.scaled, inputs.observed)[:, -self.horizon:]

    def both(self, task: str, x: Tensor, seen: Tensor) -> Tensor:
        """2 × [batch, history, node], z-scored and bool → [batch, history + horizon, node]. seen: the entries that are shown."""
        series = x.transpose(1, 2).flatten(0, 1), seen.transpose(1, 2).flatten(0, 1)
        if self.training:
            answers = self.answer(task, *series)
        else:
            answers = torch.cat([self.answer(task, *some) for some in zip(*(part.split(SERIES_AT_ONCE) for part in series), strict=True)])
        return answers.unflatten(0, (len(x), -1)).transpose(1, 2)

    def answer(self, task: str, x: Tensor, seen: Tensor) -> Tensor:
        """2 × [series, history] → [series, history + horizon]."""
        x, mean, std = normalised(x, seen)
        hidden = self.language(self.instruction(task), self.patches(x, seen))  # [series, word + patch, width]
        if (lacking := self.length - hidden.shape[1]) and self.padding is not None:
            hidden = torch.cat([hidden, self.padding.expand(len(x), lacking, -1)], dim=1)
        everything = torch.ones(1, 1, 1, self.length, dtype=torch.bool, device=x.device)
        for layer in self.decoder:
            hidden, _ = layer(hidden, everything)
        # dropout acts on the answers themselves, as in the authors' code
        return self.head_dropout(self.head(hidden.transpose(1, 2).flatten(1))) * std + mean

    def instruction(self, task: str) -> Tensor:
        """[word] numbers of a task's tokens."""
        row = self.tasks.index(task)
        return self.words[row, :self.lengths[row]]


def normalised(x: Tensor, seen: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """2 × [series, history] → the same with mean 0 and standard deviation 1 over what is seen, 0 elsewhere; these two [series, 1]."""
    count = seen.sum(1, keepdim=True).clamp(min=1)
    mean = (torch.where(seen, x, 0.0).sum(1, keepdim=True) / count).detach()
    x = torch.where(seen, x - mean, 0.0)
    std = (x.square().sum(1, keepdim=True) / count + EPSILON).sqrt().detach()
    return x / std, mean, std
