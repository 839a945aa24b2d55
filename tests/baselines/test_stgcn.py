"""STGCN against its card and against a plain reference."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from baselines.forecasting.stgcn import STGCN, STGCNNetwork, STGCNOptions
from benchmark import UserError


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def ring(nodes: int) -> torch.Tensor:
    """A directed ring: every node points at the next."""
    return torch.eye(nodes).roll(1, dims=1)


@pytest.mark.parametrize(("channels", "count"), [(1, 231_244), (2, 231_628)])
def test_parameter_counts_of_the_card(channels: int, count: int):
    network = STGCNNetwork(12, 12, ring(207), STGCNOptions(channels=channels))
    assert sum(p.numel() for p in network.parameters()) == count


def test_time_shrinks_from_twelve_to_one(make_problem):
    problem = make_problem()
    network = STGCN(STGCNOptions(), problem).network
    lengths = []
    for module in (layer for block in network.blocks for layer in (block.first, block.second)):
        module.register_forward_hook(lambda module, given, out: lengths.append(out.shape[1]))
    network.gate.register_forward_hook(lambda module, given, out: lengths.append(out.shape[1]))
    assert network(problem.only.train.inputs(torch.arange(3))).shape == (3, 12, 8)
    assert lengths == [10, 8, 6, 4, 1]


def test_fewer_than_nine_input_steps_are_refused(make_problem):
    with pytest.raises(UserError, match="at least 9 input steps, got 8"):
        STGCN(STGCNOptions(), make_problem(history=8))
    problem = make_problem(history=9)
    assert STGCN(STGCNOptions(), problem).network(problem.only.train.inputs(torch.arange(2))).shape == (2, 12, 8)


def test_layer_norm_standardises_each_time_slice_over_nodes_and_channels(make_problem):
    problem = make_problem()
    network = STGCN(STGCNOptions(), problem).network
    slices = []
    for norm in (network.blocks[0].norm, network.blocks[1].norm, network.norm):
        norm.register_forward_hook(lambda module, given, out: slices.append(out))
    network(problem.only.train.inputs(torch.arange(3)))
    for out in slices:
        torch.testing.assert_close(out.mean(dim=(2, 3)), torch.zeros(out.shape[:2]), atol=1e-5, rtol=0)
        torch.testing.assert_close(out.var(dim=(2, 3), correction=0), torch.ones(out.shape[:2]), atol=1e-2, rtol=0)


def test_graph_weights_start_within_the_bound_of_the_other_codes(make_problem):
    network = STGCN(STGCNOptions(), make_problem()).network
    for block in network.blocks:
        for tensor in (block.graph.theta.weight, block.graph.theta.bias):
            assert tensor.abs().max() <= 1 / 16
        assert block.graph.theta.weight.abs().max() > 0.9 / 16


def reference(network: STGCNNetwork, x: torch.Tensor, graph: torch.Tensor) -> torch.Tensor:
    """Form B of the card, channels first [batch, channel, time, node], with the Chebyshev recursion on the features."""
    def gated(layer, x: torch.Tensor, kernel: int) -> torch.Tensor:
        linear = layer.convolution.linear
        weight = linear.weight.view(linear.out_features, kernel, x.shape[1]).permute(0, 2, 1)[..., None]
        p, q = F.conv2d(x, weight, linear.bias).chunk(2, dim=1)
        aligned = torch.cat([x, x.new_zeros(x.shape[0], p.shape[1] - x.shape[1], *x.shape[2:])], dim=1)[:, :, kernel - 1 :]
        return (p + aligned) * torch.sigmoid(q)

    def norm(layer, x: torch.Tensor) -> torch.Tensor:
        mean, variance = x.mean(dim=(1, 3), keepdim=True), x.var(dim=(1, 3), keepdim=True, correction=0)
        return (x - mean) / torch.sqrt(variance + 1e-5) * layer.weight.T[:, None] + layer.bias.T[:, None]

    weights = torch.maximum(graph, graph.T) * (1 - torch.eye(len(graph)))
    root = torch.diag(weights.sum(dim=1) ** -0.5)
    laplacian = torch.eye(len(graph)) - root @ weights @ root
    scaled = 2 * laplacian / torch.linalg.eigvals(laplacian).real.max() - torch.eye(len(graph))
    for block in network.blocks:
        x = gated(block.first, x, 3)
        z = F.conv2d(x, block.graph.align.weight[..., None, None], block.graph.align.bias)
        terms = [z, torch.einsum("nm,bctm->bctn", scaled, z)]
        terms.append(2 * torch.einsum("nm,bctm->bctn", scaled, terms[1]) - z)
        thetas = block.graph.theta.weight.split(z.shape[1], dim=1)
        total = sum(torch.einsum("oi,bitn->botn", theta, term) for theta, term in zip(thetas, terms, strict=True))
        x = F.relu(total + block.graph.theta.bias[:, None, None] + z)
        x = norm(block.norm, gated(block.second, x, 3))
    x = norm(network.norm, gated(network.gate, x, 4))[:, :, 0]  # [batch, channel, node]
    first, second = network.readout[0], network.readout[2]
    x = F.relu(torch.einsum("oi,bin->bon", first.weight, x) + first.bias[:, None])
    return torch.einsum("oi,bin->bon", second.weight, x) + second.bias[:, None]


@pytest.mark.parametrize("channels", [1, 3])
def test_the_network_equals_a_plain_reference_on_a_directed_graph(channels: int, make_problem):
    problem = make_problem()
    graph = problem.only.graph + 0.3 * ring(8)
    network = STGCNNetwork(12, 12, graph, STGCNOptions(channels=channels)).eval()
    for block in network.blocks:  # scale and shift that differ by node and channel
        torch.nn.init.normal_(block.norm.weight)
        torch.nn.init.normal_(block.norm.bias)
    inputs = problem.only.train.inputs(torch.arange(5))
    expected = reference(network, inputs.channels(channels).permute(0, 3, 1, 2), graph)
    torch.testing.assert_close(network(inputs), expected, atol=1e-5, rtol=1e-5)


def test_permuting_nodes_graph_and_norms_permutes_the_predictions(make_problem):
    problem = make_problem()
    order = torch.randperm(8)
    inputs = problem.only.train.inputs(torch.arange(3))
    torch.manual_seed(0)
    network = STGCNNetwork(12, 12, problem.only.graph, STGCNOptions()).eval()
    torch.manual_seed(0)
    permuted = STGCNNetwork(12, 12, problem.only.graph[order][:, order], STGCNOptions()).eval()
    out = permuted(replace(inputs, scaled=inputs.scaled[:, :, order]))
    torch.testing.assert_close(out, network(inputs)[:, :, order], atol=1e-5, rtol=1e-5)
