"""GWNET and STGCN as the authors' codes compute them, on the weights of the fast forms: the yardstick of their numbers and their speed.

Channels first, 1x1 convolutions, one product a support and power, every step of every skip connection (GWNET: cards gwnet.md §3, §8);
channels last and back around each graph convolution, copies of the features stacked (STGCN: stgcn.md §3, §8).
What a code computes and never uses (GWNET's last graph convolution) is left out.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from baselines.forecasting.gwnet import WaveNet
from baselines.forecasting.stgcn import STGCNNetwork


def pointwise(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """1x1 convolution of [batch, channel, …, …]."""
    return F.conv2d(x, weight[..., None, None], bias)


def doubletransition(graph: Tensor) -> list[Tensor]:
    """P_f and P_b of a graph, with self loops where it has none."""
    graph = graph + torch.diag((graph.diagonal() == 0).float())
    return [graph / graph.sum(dim=1, keepdim=True), graph.T / graph.sum(dim=0)[:, None]]


def plain_gwnet(network: WaveNet, x: Tensor, given: list[Tensor], context: Tensor | float = 0.0) -> Tensor:
    """[batch, channel, node, time] and the walks of `doubletransition`, or some of each window → [batch, horizon, node].

    context: [batch, skip, node, 1], added to what is skipped.
    """
    def walk(x: Tensor, support: Tensor) -> Tensor:
        return torch.einsum("bcvt,bvw->bcwt" if support.dim() == 3 else "bcvt,vw->bcwt", x, support).contiguous()

    supports = [*given, torch.softmax(torch.relu(network.source @ network.target), dim=1)]
    x = F.pad(x, (13 - x.shape[-1], 0))
    x = pointwise(x, network.start.weight, network.start.bias)
    skip = None
    for number, layer in enumerate(network.layers):
        dilation = (1, 2)[number % 2]
        linear, width = layer.convolution.linear, x.shape[1]
        taps = linear.weight.view(2 * width, 2, width).permute(0, 2, 1)[:, :, None]  # [out, in, 1, kernel]
        f = torch.tanh(F.conv2d(x, taps[:width], linear.bias[:width], dilation=(1, dilation)))
        g = torch.sigmoid(F.conv2d(x, taps[width:], linear.bias[width:], dilation=(1, dilation)))
        y = f * g
        new = pointwise(y, layer.skip.weight, layer.skip.bias)
        skip = new if skip is None else skip[..., -new.shape[-1] :] + new
        if number == 7:
            break
        terms = [y]
        for support in supports:
            once = walk(y, support)
            terms += [once, walk(once, support)]
        out = pointwise(torch.cat(terms, dim=1), layer.graph.theta.weight, layer.graph.theta.bias)
        out = F.dropout(out, layer.graph.dropout.rate, network.training) + x[..., -out.shape[-1] :]
        norm = layer.norm
        x = F.batch_norm(out, norm.running_mean.clone(), norm.running_var.clone(), norm.weight, norm.bias, training=network.training)
    first, second = network.readout[1], network.readout[3]
    out = pointwise(F.relu(pointwise(F.relu(skip + context), first.weight, first.bias)), second.weight, second.bias)
    return out[..., 0]


def laplacian_of(graph: Tensor) -> Tensor:
    """2 L / λ_max - I of the symmetrised graph without self loops."""
    weights = torch.maximum(graph, graph.T) * (1 - torch.eye(len(graph)))
    root = torch.diag(weights.sum(dim=1) ** -0.5)
    laplacian = torch.eye(len(graph)) - root @ weights @ root
    return 2 * laplacian / torch.linalg.eigvals(laplacian).real.max() - torch.eye(len(graph))


def plain_stgcn(network: STGCNNetwork, x: Tensor, laplacian: Tensor) -> Tensor:
    """Form B on [batch, channel, time, node] and the operator of `laplacian_of` → [batch, horizon, node]."""
    def gated(layer, x: Tensor, kernel: int) -> Tensor:
        linear = layer.convolution.linear
        weight = linear.weight.view(linear.out_features, kernel, x.shape[1]).permute(0, 2, 1)[..., None]
        p, q = F.conv2d(x, weight, linear.bias).chunk(2, dim=1)
        aligned = torch.cat([x, x.new_zeros(x.shape[0], p.shape[1] - x.shape[1], *x.shape[2:])], dim=1)[:, :, kernel - 1 :]
        return (p + aligned) * torch.sigmoid(q)

    def graph_convolution(layer, x: Tensor) -> Tensor:
        z = pointwise(x, layer.align.weight, layer.align.bias)
        last = z.permute(0, 2, 3, 1)  # [batch, time, node, channel]
        terms = [last, torch.einsum("nm,btmc->btnc", laplacian, last)]
        terms.append(torch.einsum("nm,btmc->btnc", 2 * laplacian, terms[1]) - last)
        theta = layer.theta.weight.view(-1, len(terms), z.shape[1])  # [out, term, in]
        total = torch.einsum("btkni,oki->btno", torch.stack(terms, dim=2), theta) + layer.theta.bias
        return F.relu(total.permute(0, 3, 1, 2) + z)

    def norm(layer, x: Tensor) -> Tensor:
        return F.layer_norm(x.permute(0, 2, 3, 1), layer.normalized_shape, layer.weight, layer.bias, layer.eps)

    for block in network.blocks:
        x = gated(block.second, graph_convolution(block.graph, gated(block.first, x, 3)), 3)
        x = F.dropout(norm(block.norm, x).permute(0, 3, 1, 2), block.dropout.rate, network.training)
    x = norm(network.norm, gated(network.gate, x, 4))  # [batch, 1, node, channel]
    first, second = network.readout[0], network.readout[2]
    x = F.linear(F.relu(F.linear(x, first.weight, first.bias)), second.weight, second.bias)
    return x[:, 0].transpose(1, 2)
