"""TSFormer: a Transformer over patches of one series, pre-trained to fill in those that are hidden."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from baselines.forecasting.step.options import STEPOptions
from baselines.layers.attention import EncoderLayer
from baselines.layers.dropout import Dropout
from baselines.layers.padding import EvenTable

# spread of the first positions and of the first mask token
SPREAD = 0.02


class TSFormer(nn.Module):
    """Every series of a node and task is a sequence of its own; positions are learned."""

    def __init__(self, options: STEPOptions) -> None:
        super().__init__()
        width = options.state_width
        self.masked_share = options.masked_share
        self.embed = nn.Linear(options.patch, width)  # a convolution whose stride is its kernel
        self.positions = nn.Parameter(torch.empty(options.positions, width).uniform_(-SPREAD, SPREAD))
        self.dropout = Dropout(options.state_dropout)
        self.encoder, self.encoder_norm = _layers(options.encoder_layers, options), nn.LayerNorm(width)
        self.to_decoder = nn.Linear(width, width)
        self.mask = nn.Parameter(nn.init.trunc_normal_(torch.empty(width), std=SPREAD))
        self.decoder, self.decoder_norm = _layers(options.decoder_layers, options), nn.LayerNorm(width)
        self.output = nn.Linear(width, options.patch)

    def forward(self, patches: Tensor) -> Tensor:
        """[series, token, patch] → states [series, token, width]; nothing is hidden."""
        return self._encode(patches, torch.arange(patches.shape[1], device=patches.device))

    def hide(self, tokens: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """Which of so many tokens are seen and which hidden, both int64 in their order; None: drawn by torch's own generator."""
        drawn = torch.randperm(tokens, generator=generator, device="cpu").to(self.mask.device)
        hidden = int(tokens * self.masked_share)
        return drawn[hidden:].sort().values, drawn[:hidden].sort().values

    def reconstruct(self, patches: Tensor, seen: Tensor, hidden: Tensor) -> Tensor:
        """[series, token, patch] → the hidden tokens [series, hidden, patch], by the others."""
        told = self.to_decoder(self._encode(patches[:, seen], seen))
        # what is seen gets no second position
        asked = self.dropout((self.mask + self.positions[hidden]).expand(len(patches), -1, -1))
        x = _through(self.decoder, torch.cat([told, asked], dim=1))
        return self.output(self.decoder_norm(x[:, len(seen):]))

    def _encode(self, patches: Tensor, places: Tensor) -> Tensor:
        return self.encoder_norm(_through(self.encoder, self.dropout(self.embed(patches) + self.positions[places])))


def _layers(count: int, options: STEPOptions) -> nn.ModuleList:
    sizes = options.state_width, options.heads, options.feed_forward_width, options.state_dropout
    return nn.ModuleList(EncoderLayer(*sizes) for _ in range(count))


def _through(layers: nn.ModuleList, x: Tensor) -> Tensor:
    """[series, token, width], times the root of the width, through all layers."""
    series, tokens, width = x.shape
    table, x = EvenTable(tokens), x.flatten(0, 1) * math.sqrt(width)
    for layer in layers:
        x = layer(x, table)
    return x.view(series, tokens, width)
