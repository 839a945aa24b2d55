"""ASTGCN as the authors' codes compute it (card astgcn.md §3, §8), on the weights of the fast form.

[batch, node, channel, step] and a loop over steps and polynomials; x_hat is made, and the re-weighted polynomial anew at every step.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from baselines.forecasting.astgcn import ASTGCNNetwork, Block, Component, SpatialAttention, TemporalAttention


def plain_astgcn(network: ASTGCNNetwork, windows: list[Tensor], polynomials: list[Tensor]) -> Tensor:
    """[batch, node, channel, step] of each component, and T_0, T_1, … → [batch, horizon, node]."""
    outputs = [plain_component(component, x, polynomials) for component, x in zip(network.components, windows, strict=True)]
    if len(outputs) > 1:
        outputs = [weight[None] * output for weight, output in zip(network.weights, outputs, strict=True)]
    return sum(outputs).permute(0, 2, 1)


def plain_component(component: Component, x: Tensor, polynomials: list[Tensor]) -> Tensor:
    for block in component.blocks:
        x = plain_block(block, x, polynomials)
    linear = component.readout
    kernel = linear.weight.view(linear.out_features, x.shape[3], 1, x.shape[2])  # steps as input channels
    return F.conv2d(x.permute(0, 3, 1, 2), kernel, linear.bias)[..., 0].permute(0, 2, 1)


def plain_block(block: Block, x: Tensor, polynomials: list[Tensor]) -> Tensor:
    batch, nodes, _, steps = x.shape
    e = temporal_attention(block.over_steps, x)
    x_hat = (x.reshape(batch, -1, steps) @ e).view(x.shape)
    s = spatial_attention(block.over_nodes, x_hat)
    outputs = []
    for step in range(steps):
        total = x.new_zeros(batch, nodes, block.graph.theta.shape[2])
        for polynomial, theta in zip(polynomials, block.graph.theta, strict=True):
            total = total + (polynomial * s).permute(0, 2, 1) @ x[..., step] @ theta
        outputs.append(total)
    mixed = F.relu(torch.stack(outputs, dim=-1)).permute(0, 2, 1, 3)  # [batch, channel, node, step]
    weight = block.time.weight.view(-1, 3, mixed.shape[1]).permute(0, 2, 1)[:, :, None]
    over_time = F.conv2d(mixed, weight, block.time.bias, stride=(1, block.stride), padding=(0, 1))
    residual = F.conv2d(x.permute(0, 2, 1, 3), block.residual.weight[..., None, None], block.residual.bias, stride=(1, block.stride))
    return block.norm(F.relu(residual + over_time).permute(0, 3, 2, 1)).permute(0, 2, 3, 1)


def temporal_attention(layer: TemporalAttention, x: Tensor) -> Tensor:
    """E: columns sum to 1."""
    lhs = (x.permute(0, 3, 2, 1) @ layer.u1) @ layer.u2  # [batch, step, node]
    rhs = torch.einsum("c,bnct->bnt", layer.u3, x)
    return torch.softmax(layer.attention.v @ torch.sigmoid(lhs @ rhs + layer.attention.b), dim=1)


def spatial_attention(layer: SpatialAttention, x_hat: Tensor) -> Tensor:
    """S: columns sum to 1."""
    lhs = (x_hat @ layer.w1) @ layer.w2  # [batch, node, step]
    rhs = torch.einsum("c,bnct->btn", layer.w3, x_hat)
    return torch.softmax(layer.attention.v @ torch.sigmoid(lhs @ rhs + layer.attention.b), dim=1)
