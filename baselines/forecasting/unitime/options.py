"""Hyper-parameters of UniTime."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from benchmark import TrainingOptions, ranged


class Sizes(NamedTuple):
    """Of a language model, and of all behind it: the decoder has the same width and heads."""

    width: int
    heads: int
    blocks: int
    # rows of the tables of tokens and places; 0: as many as are used
    vocabulary: int = 0
    positions: int = 0


# a language model that is not read from a folder; `random` is GPT-2 small, of which the paper takes the first six blocks
SIZES = {"tiny": Sizes(128, 4, 2), "random": Sizes(768, 12, 6, 50_257, 1024)}


@dataclass(frozen=True, kw_only=True)
class UniTimeOptions(TrainingOptions):
    """The recipe is the authors' code, with patches for twelve steps of history.

    DEVIATION: patches of 4 steps, where the authors' 16 would be one padded token of 12 steps (`patch_len=16`, `stride=16`: theirs).
    """

    # gpt2: GPT-2's weights from a local folder, as in the paper; random: its sizes without its knowledge; tiny: 128 wide, 2 blocks (ours)
    lm: Literal["tiny", "random", "gpt2"] = "random"
    # channels of a token; 0: the language model's own (768, tiny: 128)
    width: int = ranged(0, least=0)
    # attention heads, of the decoder too; they divide the width; 0: the language model's own (12, tiny: 4)
    heads: int = ranged(0, least=0)
    # first blocks of the language model that are used; 0: 6 (authors' code: 6 of 12), tiny: 2
    blocks: int = ranged(0, least=0)
    # what of the language model is trained: all (authors' code), its norms and positions alone, or nothing
    tune: Literal["all", "norms", "none"] = "all"
    # layers of the decoder (paper: 2)
    decoder_layers: int = ranged(2, least=1)
    # steps of history that make a token (ours; paper: 16)
    patch_len: int = ranged(4, least=1)
    # steps between two patches (ours; paper: 16, for its shortest history 4)
    stride: int = ranged(4, least=1)
    # tokens that the decoder reads, shorter sequences are padded; 0: those of the longest instruction and the patches (authors' code: 17)
    tokens: int = ranged(0, least=0)
    # share of the history's entries hidden in training (paper: 0.5); 0: the network is not told which entries are there
    mask_rate: float = ranged(0.5, least=0, below=1)
    # share of a patch's embedding zeroed in training (authors' code)
    patch_dropout: float = ranged(0.3, least=0, below=1)
    # share zeroed in the language model in training, of embeddings, attention weights and each part's outputs (GPT-2)
    lm_dropout: float = ranged(0.1, least=0, below=1)
    # share zeroed in the decoder in training, of attention weights, hidden channels and each part's outputs (authors' code)
    decoder_dropout: float = ranged(0.1, least=0, below=1)
    # share of the answers themselves zeroed in training, the others grow (authors' code)
    head_dropout: float = ranged(0.1, least=0, below=1)
    # nodes drawn for each step of training, each node of a window is a sequence of its own; 0: all (ours)
    nodes_per_step: int = ranged(0, least=0)
    # windows a step, all of one task (authors' code: 16 to 64, where one series of a window counts as one)
    batch_size: int = 16
    learning_rate: float = 1e-4
    # decoupled, as AdamW's (authors' code: 0)
    weight_decay: float = 0.0
    clip_norm: float = 5.0
    # planned epochs until the cosine has reached `final_rate`, as a multiple of all (authors' code: 20 of 10)
    cosine_span: float = ranged(2.0, least=1)
    # where the cosine ends (authors' code)
    final_rate: float = ranged(1e-6, least=0)

    def __post_init__(self) -> None:
        if self.lm == "gpt2" and (self.width or self.heads):
            raise ValueError("with lm=gpt2 width and heads are those of the weights; leave both out.")
        if self.stride > self.patch_len:
            raise ValueError(f"stride is at most patch_len, or steps between two patches would not be read, got stride={self.stride} and "
                             f"patch_len={self.patch_len}.")
        if self.lm != "gpt2" and self.sizes.width % self.sizes.heads:
            raise ValueError(f"heads must divide the width, {self.sizes.width}, got heads={self.sizes.heads}.")

    @property
    def sizes(self) -> Sizes:
        """Of a language model that is not read from a folder."""
        own = SIZES[self.lm]
        return own._replace(width=self.width or own.width, heads=self.heads or own.heads, blocks=self.blocks or own.blocks)
