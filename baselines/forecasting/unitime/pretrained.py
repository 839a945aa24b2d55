"""GPT-2's weights and tokenizer from a local folder, read with transformers; nothing is ever downloaded.

Which folder that is belongs to a machine, and not to a run: it is named by a variable, and a record says the weights' SHA-256.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from baselines.forecasting.unitime.options import Sizes
from benchmark import UserError

# names the folder
VARIABLE = "STBENCH_GPT2"
WEIGHTS = "model.safetensors"
# transformers' name of a part of block h.<k> → ours, and whether the matrix is stored as [in, out]
PARTS = {"ln_1": ("attention_norm", False), "attn.c_attn": ("joined", True), "attn.c_proj": ("output", True),
         "ln_2": ("feed_forward_norm", False), "mlp.c_fc": ("wide", True), "mlp.c_proj": ("narrow", True)}


@dataclass(frozen=True)
class Pretrained:
    """A language model that was read, and texts in its tokens."""

    sizes: Sizes
    # task → numbers of its instruction's tokens
    tokens: Mapping[str, list[int]]
    # of `LanguageModel`
    state: Mapping[str, Tensor]
    # of the file of weights
    sha256: str


def read_gpt2(texts: Mapping[str, str], blocks: int) -> Pretrained:
    """The first blocks of the GPT-2 that `STBENCH_GPT2` names; 0: six.

    Raises
    ------
    UserError: no folder is named, it lacks a file or has no GPT-2 in it, or transformers is not installed.
    """
    folder = gpt2_folder()
    try:
        from transformers import AutoTokenizer, GPT2Model
    except ImportError:
        raise UserError('UniTime with lm=gpt2 needs the library transformers; type: pip install "stbench[lm]", or in a checkout: pip '
                        'install --editable ".[lm]"; or choose --set lm=random.') from None
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = GPT2Model.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise UserError(f"The folder of {VARIABLE}, {folder}, has no GPT-2 that transformers can read: {error}") from None
    config = model.config
    blocks = blocks or 6
    if config.n_layer < blocks:
        raise UserError(f"The GPT-2 of {VARIABLE} has {config.n_layer} blocks, UniTime is to use {blocks}; choose --set blocks.")
    sizes = Sizes(config.n_embd, config.n_head, blocks, config.vocab_size, config.n_positions)
    tokens = {task: list(tokenizer(text)["input_ids"]) for task, text in texts.items()}
    return Pretrained(sizes, tokens, converted(model.state_dict(), blocks), hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest())


def gpt2_folder() -> Path:
    """The folder that `STBENCH_GPT2` names, with all files that are needed.

    Raises
    ------
    UserError: with what is missing.
    """
    named = os.environ.get(VARIABLE)
    if not named:
        raise UserError(f"UniTime with lm=gpt2 reads GPT-2 from a local folder and downloads nothing: set {VARIABLE} to a folder with its "
                        f"config.json, {WEIGHTS} and tokenizer.json; or choose --set lm=random.")
    folder = Path(named).expanduser()
    lacking = [name for name in ("config.json", WEIGHTS) if not (folder / name).is_file()]
    if not ((folder / "tokenizer.json").is_file() or all((folder / name).is_file() for name in ("vocab.json", "merges.txt"))):
        lacking.append("tokenizer.json (or vocab.json and merges.txt)")
    if lacking:
        raise UserError(f"The folder of {VARIABLE}, {folder}, lacks {', '.join(lacking)}; put GPT-2 there as transformers saves it.")
    return folder


def converted(gpt2: Mapping[str, Any], blocks: int) -> dict[str, Tensor]:
    """The state of transformers' GPT2Model as that of `LanguageModel`, its first blocks."""
    state = {"token": gpt2["wte.weight"], "position": gpt2["wpe.weight"],
             "norm.weight": gpt2["ln_f.weight"], "norm.bias": gpt2["ln_f.bias"]}
    for k in range(blocks):
        for theirs, (ours, turned) in PARTS.items():
            weight = gpt2[f"h.{k}.{theirs}.weight"]
            state[f"blocks.{k}.{ours}.weight"] = weight.T if turned else weight
            state[f"blocks.{k}.{ours}.bias"] = gpt2[f"h.{k}.{theirs}.bias"]
    return state
