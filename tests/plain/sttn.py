"""STTN in its obvious form, on the weights of the fast one: tables tiled and stored beside x, explicit softmax, every step to the end.

Form P follows the card (sttn.md §3), form L what it says of LargeST's model.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from plain.axis import plain_attention, plain_layer, plain_norm
from torch import Tensor

from baselines.forecasting.sttn import Beside, BlockL, BlockP, GraphConvolution, LayerL, NetworkL, NetworkP


def plain_p(network: NetworkP, x: Tensor, laplacian: Tensor) -> Tensor:
    """[batch, step, node, channel] and the scaled Laplacian → [batch, horizon, node]."""
    identity = torch.eye(len(laplacian))
    operators = [identity, laplacian, 2 * laplacian @ laplacian - identity]
    x = _affine(network.start, x)
    for block in network.blocks:
        x = _block_p(block, x, operators)
    return _readout(network, x)


def plain_l(network: NetworkL, x: Tensor, forth: Tensor, back: Tensor) -> Tensor:
    """[batch, step, node, channel] and the walks along and against the edges [from, to] → [batch, horizon, node]; running statistics."""
    operators = [torch.eye(len(forth)), forth.T, (forth @ forth).T, back.T, (back @ back).T]
    x = _affine(network.start, x)
    for block in network.blocks:
        x = _block_l(block, x, operators)
    return _readout(network, x)


def plain_causal(layer: LayerL, x: Tensor) -> list[Tensor]:
    """For each head the weights [..., step, step] of a layer along the steps: one softmax over the steps up to the asking one."""
    attention = layer.attention
    query, key, _ = (x @ part.T for part in attention.joined.weight.chunk(3))
    width = x.shape[-1] // attention.heads
    later = torch.ones(x.shape[-2], x.shape[-2]).triu(1) * -1e9
    return [torch.softmax(q @ k.transpose(-1, -2) / width**0.5 + later, dim=-1)
            for q, k in zip(query.split(width, dim=-1), key.split(width, dim=-1), strict=True)]


def _block_p(block: BlockP, x: Tensor, operators: list[Tensor]) -> Tensor:
    steps, nodes = block.embed_both.tables
    batch, history, count, _ = x.shape
    e = _beside(block.embed_both, x, steps[:, None].expand(batch, history, count, -1), nodes.expand(batch, history, count, -1))
    g = _graph(block.graph, e, operators)
    u = plain_layer(block.over_nodes, e)
    z = torch.sigmoid(_affine(block.gate_u, u) + _affine(block.gate_g, g))
    x = x + z * u + (1 - z) * g
    (steps,) = block.embed_steps.tables
    along = _beside(block.embed_steps, x, steps[:, None].expand(batch, history, count, -1)).transpose(1, 2)
    return x + plain_layer(block.over_steps, along).transpose(1, 2)


def _block_l(block: BlockL, x: Tensor, operators: list[Tensor]) -> Tensor:
    def layer(layer: LayerL, x: Tensor, attend) -> Tensor:
        x = x + layer.table
        x = x + attend(layer, x)
        norm, first, _, _, second, _ = layer.feed_forward
        return x + _affine(second, F.gelu(_affine(first, plain_norm(norm, x))))

    def causal(layer: LayerL, x: Tensor) -> Tensor:
        attention = layer.attention
        values = (x @ attention.joined.weight.chunk(3)[2].T).split(x.shape[-1] // attention.heads, dim=-1)
        heads = [weights @ value for weights, value in zip(plain_causal(layer, x), values, strict=True)]
        return _affine(attention.output, torch.cat(heads, dim=-1))

    out = layer(block.over_nodes, x, lambda layer, x: plain_attention(layer.attention, x)) + _graph(block.graph, x, operators)
    out = layer(block.over_steps, out.transpose(1, 2), causal).transpose(1, 2)
    norm = block.norm
    return x + (out - norm.running_mean) / torch.sqrt(norm.running_var + norm.eps) * norm.weight + norm.bias


def _graph(convolution: GraphConvolution, x: Tensor, operators: list[Tensor]) -> Tensor:
    theta = convolution.theta.weight.view(x.shape[-1], len(operators), x.shape[-1])  # [out, operator, in]
    return sum(torch.einsum("nm,btmi,oi->btno", operator, x, theta[:, k]) for k, operator in enumerate(operators)) + convolution.theta.bias


def _beside(layer: Beside, *parts: Tensor) -> Tensor:
    return _affine(layer.linear, torch.cat(parts, dim=-1))


def _readout(network: NetworkP | NetworkL, x: Tensor) -> Tensor:
    first, second = network.readout[0], network.readout[2]
    return _affine(second, torch.clamp(_affine(first, x[:, -1]), min=0)).transpose(1, 2)


def _affine(linear: torch.nn.Linear, x: Tensor) -> Tensor:
    return x @ linear.weight.T + linear.bias
