"""MSTI, the multi-dimensional spatio-temporal interaction network that all tasks share.

Z. Yi et al., "Get Rid of Isolation: A Continuous Multi-task Spatio-Temporal Learning Framework", NeurIPS 2024,
https://arxiv.org/abs/2410.10524. Where paper and authors' code disagree an option decides; the default is the code's way.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from benchmark import Inputs
from methods.cmust.embedding import Embedding, sinusoid
from methods.cmust.heads import FusionHead, LinearHead
from methods.cmust.layers import Interaction
from methods.cmust.options import CMuSTOptions
from methods.cmust.prompts import SUMMARY_WIDTH

Maps = dict[str, Tensor]  # attention maps [batch, node or step, head, length, length] by layer


class MSTI(nn.Module):
    """All shared weights: embedding, interactions, head. Nothing in it depends on the number of nodes."""

    positions: Tensor | None

    def __init__(self, options: CMuSTOptions, steps_per_day: int, history: int, horizon: int) -> None:
        super().__init__()

        def layer(asking: int, asked: int, width: int) -> Interaction:
            return Interaction(asking, asked, width, options.heads, options.feed_forward_width, options.dropout, options.attention_scale)

        self.options = options
        observation, space, time, _ = options.slice_widths
        self.embedding = Embedding(options, steps_per_day)
        if options.context_interaction:
            self.time_asks_observation = layer(time, observation, options.cross_width)
            self.observation_asks_time = layer(observation, time, options.cross_width)
            self.space_asks_observation = layer(space, observation, options.cross_width)
            self.observation_asks_space = layer(observation, space, options.cross_width)
        hidden, own = options.hidden_width, options.self_width
        self.temporal = nn.ModuleList(layer(hidden, hidden, own) for _ in range(options.self_layers))
        self.spatial = nn.ModuleList(layer(hidden, hidden, own) for _ in range(options.self_layers))
        self.head = (FusionHead if options.head == "fusion" else LinearHead)(options, history, horizon)
        # FC_p, one for all tasks, where prompts are made from summaries in each pass
        self.prompt_map = nn.Linear(SUMMARY_WIDTH, history * options.prompt_width) if options.prompt_init == "summary_fc" else None
        self.register_buffer("positions", sinusoid(history, hidden) if options.pos_encoding else None, persistent=False)

    def forward(self, inputs: Inputs, coordinates: Tensor, prompt: Tensor | None, maps: Maps | None = None) -> Tensor:
        """Inputs, [node, 2], [step, node, d_p] -> [batch, horizon, node], z-scored. Fills `maps` with what layers 1, 3, 5, 7 attend to."""
        o, s, t = self.embedding(inputs, coordinates)  # [batch, node, step, ·] each, with length 1 where nothing changes
        p = [] if prompt is None else [prompt.transpose(0, 1)[None]]  # [1, node, step, d_p]
        if self.options.cross_order == "space_first" and self.options.context_interaction:
            o, s = self._along_space(o, s, maps)
        if self.positions is not None:
            at = self.positions.split(self.options.slice_widths, dim=-1)
            o, s, t, *p = (part + position for part, position in zip((o, s, t, *p), at, strict=False))
        if self.options.context_interaction:
            o, t = self._along_time(o, t, maps)
            if self.options.cross_order == "time_first":
                o, s = self._along_space(o, s, maps)
        # H = [o, s, t, p], the same prompt for every sample: [batch, node, step, h]
        h = torch.cat([part.expand(*o.shape[:-1], -1) for part in (o, s, t, *p)], dim=-1)
        h = self._own(self.temporal, h, maps, "time_self")
        h = self._own(self.spatial, h.transpose(1, 2).contiguous(), maps, "space_self")  # [batch, step, node, h]
        return self.head(h.transpose(1, 2)).transpose(1, 2)

    def _along_time(self, o: Tensor, t: Tensor, maps: Maps | None) -> tuple[Tensor, Tensor]:
        """Layers 1 and 2, time-context and context-time: the steps of a node attend to each other."""
        if maps is not None:
            maps["time_cross"] = self.time_asks_observation.maps(t, o)
        asked = self.time_asks_observation(t, o)
        return asked, self.observation_asks_time(o if self.options.cross_parallel else asked, t)

    def _along_space(self, o: Tensor, s: Tensor, maps: Maps | None) -> tuple[Tensor, Tensor]:
        """Layers 3 and 4, the same with space: the nodes of a step attend to each other."""
        o, s = o.transpose(1, 2).contiguous(), s.transpose(1, 2)
        if maps is not None:
            maps["space_cross"] = self.space_asks_observation.maps(s, o)
        asked = self.space_asks_observation(s, o)
        answered = self.observation_asks_space(o if self.options.cross_parallel else asked, s)
        return asked.transpose(1, 2), answered.transpose(1, 2)

    def _own(self, layers: nn.ModuleList, h: Tensor, maps: Maps | None, name: str) -> Tensor:
        """Self layers 5 and 6, or 7 and 8."""
        for layer in layers:
            assert isinstance(layer, Interaction)
            if maps is not None and name not in maps:
                maps[name] = layer.maps(h, h)
            h = layer(h, h)
        return h
