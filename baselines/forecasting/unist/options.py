"""What a UniST is made of and how it learns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from benchmark import TrainingOptions, ranged


@dataclass(frozen=True, kw_only=True)
class UniSTOptions(TrainingOptions):
    """The authors' settings, their size "middle"; the other sizes:

    size    width  encoder_layers/decoder_layers  encoder_heads/decoder_heads
    1       64     2/2                            4/2
    2       64     6/4                            4/2
    3       128    4/3                            8/4
    4       128    8/8                            8/4
    middle  128    6/4                            8/4
    5       256    4/4                            8/8
    6       256    8/6                            16/8
    7       256    12/10                          16/16
    large   384    6/6                            8/8
    """

    # numbers a token; a multiple of 4 (code)
    width: int = ranged(128, least=4)
    # Transformer blocks over the tokens that are seen (code)
    encoder_layers: int = ranged(6, least=1)
    # Transformer blocks over all tokens (code)
    decoder_layers: int = ranged(4, least=1)
    # attention heads of the encoder's blocks (code)
    encoder_heads: int = ranged(8, least=1)
    # attention heads of the decoder's blocks (code)
    decoder_heads: int = ranged(4, least=1)
    # hidden numbers of a block's feed-forward part, in widths (code)
    feed_forward_ratio: int = ranged(2, least=1)
    # cells a side of a patch (code)
    patch: int = ranged(2, least=1)
    # steps of a patch (code)
    time_patch: int = ranged(2, least=1)
    # share of the tokens' numbers zeroed in training (code)
    dropout: float = ranged(0.1, least=0, below=1)
    # what the forecast's tokens are told in the second stage (paper); none: nothing
    prompts: tuple[Literal["space", "closeness", "period"], ...] = ("space", "closeness", "period")
    # vectors in the memory of space (paper)
    space_memory: int = ranged(512, least=1)
    # vectors in the memory of time (paper)
    time_memory: int = ranged(512, least=1)
    # convolutions of the prompt of space, with kernels 1, 3, 5, … (code)
    scales: int = ranged(3, least=1)
    # days before, whose same hours the prompt of the period reads (ours; the authors' data files fix it)
    period_days: int = ranged(3, least=1)
    # share of tokens, frames or places that pre-training hides (code)
    mask_ratio: float = ranged(0.5, above=0, below=1)
    # epochs of pre-training; none: as many as the budget has; 0: no such stage (ours)
    pretraining_epochs: int | None = ranged(None, least=0)
    # windows of each task that an epoch of pre-training draws; none: as many as the budget has (ours)
    pretraining_windows: int | None = ranged(None, least=1)
    # windows of each task that an epoch of tuning draws; none: as many as the budget has (ours)
    tuning_windows: int | None = ranged(None, least=1)
    # train only the prompt network in the second stage (paper); the code trains all weights
    freeze_backbone: bool = False
    # share of a task's training windows, the earliest, that the second stage learns from: the paper's few-shot setting
    tuning_share: float = ranged(1.0, above=0, most=1)
    # the same batches in every epoch (code), instead of shuffled ones
    fixed_batches: bool = False
    # share of the planned epochs over which the learning rate rises (code: 5 of 200)
    warm_up: float = ranged(0.025, least=0, below=1)
    # the learning rate to which a cosine falls (code)
    last_rate: float = ranged(1e-5, least=0)
    # windows a step (code: 64 where a grid has fewer than 32 rows and columns together, 32 below 48, as New York's 30 × 16, 16 below 64)
    batch_size: int = ranged(32, least=1)
    # the step size after the rise (code's scripts)
    learning_rate: float = ranged(3e-4, above=0)
    # decoupled decay of the weights, AdamW's (code)
    weight_decay: float = ranged(1e-6, least=0)
    clip_norm: float = 0.05

    def __post_init__(self) -> None:
        if self.width % 4:
            raise ValueError(f"width is a multiple of 4, for the sines and cosines of rows and columns; got {self.width}.")
        for heads in (self.encoder_heads, self.decoder_heads):
            if self.width % heads:
                raise ValueError(f"encoder_heads and decoder_heads must divide the width, {self.width}, got {heads}.")
        if len(set(self.prompts)) < len(self.prompts):
            raise ValueError(f"prompts names each of its parts once, got '{','.join(self.prompts)}'.")
        if self.freeze_backbone and not self.prompts:
            raise ValueError("freeze_backbone trains the prompts alone, of which there are none: name some, or leave it out.")
