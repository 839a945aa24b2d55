"""A GRU over sequences of unequal length (Cho et al., 2014), with torch's weights."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from baselines.layers.ragged import Ragged


def states_of(gru: nn.GRU, x: Tensor, layout: Ragged) -> Tensor:
    """[token, width] -> [token, directions · hidden]: the state after each token, that of torch's GRU of one layer for `layout.pack(x)`.

    On a CPU torch steps through its GRU kernel by kernel and keeps a slice of the input for each; here the steps of all directions are
    taken together, and their backward pass makes one product for all weights. A GPU has cuDNN.
    """
    if x.device.type != "cpu":
        return layout.unpack(gru(layout.pack(x))[0])
    ends = ["", "_reverse"][: 2 if gru.bidirectional else 1]
    layouts = [layout, layout.backwards()][: len(ends)]
    entering = [F.linear(x.index_select(0, one.packing[0]), getattr(gru, f"weight_ih_l0{end}"), getattr(gru, f"bias_ih_l0{end}"))
                for one, end in zip(layouts, ends, strict=True)]
    weight, bias = (torch.stack([getattr(gru, f"{kind}_hh_l0{end}") for end in ends]) for kind in ("weight", "bias"))
    with torch.autocast("cpu", enabled=False):
        states = Steps.apply(torch.stack(entering).to(weight.dtype), weight, bias, layout.packing[1].tolist())
    return torch.cat([torch.empty_like(of).index_copy(0, one.packing[0], of) for one, of in zip(layouts, states, strict=True)], dim=1)


class Steps(torch.autograd.Function):
    """The recurrence of a GRU in several directions, over tokens in packed order: all first tokens, all second ones, …

    r, z = σ(a + W h + b); n = tanh(a_n + r (W_n h + b_n)); h' = n + z (h - n), with a what the inputs give.
    """

    @staticmethod
    def forward(ctx: Any, entering: Tensor, weight: Tensor, bias: Tensor, sizes: list[int]) -> Tensor:
        """[direction, token, (r, z, n) hidden], [direction, 3 · hidden, hidden], [direction, 3 · hidden], tokens of each step, which never
        rise -> [direction, token, hidden]."""
        width = weight.shape[2]
        gates = entering[:, :, : 2 * width] + bias[:, None, : 2 * width]
        states, recalled, new = (torch.empty_like(entering[:, :, :width]) for _ in range(3))
        r, z = gates.split(width, dim=2)
        of_gates, of_new = weight.transpose(1, 2).split([2 * width, width], dim=2)
        state = entering.new_zeros(len(weight), sizes[0], width)
        parts = (x.split(sizes, dim=1) for x in (gates, r, z, entering[:, :, 2 * width :], recalled, new, states))
        for size, gate, reset, keep, given, told, fresh, after in zip(sizes, *parts, strict=True):
            state = state[:, :size]
            gate.baddbmm_(state, of_gates).sigmoid_()
            torch.baddbmm(bias[:, None, 2 * width :], state, of_new, out=told)
            torch.addcmul(given, reset, told, out=fresh).tanh_()
            state = torch.lerp(fresh, state, keep, out=after)
        ctx.save_for_backward(weight, states, gates, recalled, new)
        ctx.sizes = sizes
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        """By hand: of what a step makes, all factors but its own slope are known beforehand."""
        weight, states, gates, recalled, new = ctx.saved_tensors
        sizes, (directions, tokens, width) = ctx.sizes, new.shape
        before = torch.zeros_like(states)
        if len(sizes) > 1:  # the token before lies as many places in front as its step has tokens
            back = torch.repeat_interleave(torch.tensor(sizes[:-1]), torch.tensor(sizes[1:]))
            before[:, sizes[0] :] = states.index_select(1, torch.arange(sizes[0], tokens) - back)
        r, z = gates.split(width, dim=2)
        to_new = (1 - z) * (1 - new * new)
        # slopes of the three products with the weights, for a slope of 1 of the state
        factors = torch.stack([to_new * recalled * r * (1 - r), (before - new) * z * (1 - z), to_new * r], dim=2)
        slopes, of_products = slope.clone(), torch.empty_like(factors)
        carried = slope.new_zeros(directions, 0, width)
        parts = [x.split(sizes, dim=1) for x in (slopes, factors, of_products, z)]
        for here, factor, products, keep in zip(*(reversed(part) for part in parts), strict=True):
            here[:, : carried.shape[1]] += carried
            torch.mul(here[:, :, None], factor, out=products)
            carried = torch.baddbmm(here * keep, products.flatten(2), weight)
        of_products = of_products.flatten(2)
        of_entering = of_products.clone()
        torch.mul(slopes, to_new, out=of_entering[:, :, 2 * width :])
        return of_entering, of_products.transpose(1, 2) @ before, of_products.sum(1), None
