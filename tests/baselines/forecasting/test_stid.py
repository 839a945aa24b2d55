"""STID against its card."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from baselines.forecasting.stid import STID, STIDNetwork, STIDOptions


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.mark.parametrize(("nodes", "steps_per_day", "count"), [
    pytest.param(307, 288, 121_068, id="PEMS04"),
    pytest.param(207, 288, 117_868, id="METR-LA"),
    pytest.param(206, 48, 110_156, id="NYC"),
    pytest.param(220, 48, 110_604, id="Chicago"),
    pytest.param(108, 288, 114_700, id="SIP"),
])
def test_parameter_counts_of_the_authors(nodes: int, steps_per_day: int, count: int):
    network = STIDNetwork(12, 12, nodes, steps_per_day, STIDOptions(channels=3))
    assert sum(p.numel() for p in network.parameters()) == count


def test_the_large_preset_of_the_authors_has_their_count():
    network = STIDNetwork(12, 12, 716, 96, STIDOptions(blocks=4, node_width=64))
    assert sum(p.numel() for p in network.parameters()) == 258_316


def test_one_nodes_input_changes_only_that_node(make_problem):
    problem = make_problem()
    network = STID(STIDOptions(), problem).network.eval()
    inputs = problem.only.train.inputs(torch.arange(4))
    scaled = inputs.scaled.clone()
    scaled[:, 3, 5] += 1
    changed = (network(replace(inputs, scaled=scaled)) != network(inputs)).any(dim=1)
    assert changed[:, 5].all()
    assert changed.sum() == 4


def test_permuted_nodes_give_permuted_predictions_when_the_table_is_permuted(make_problem):
    problem = make_problem()
    network = STID(STIDOptions(), problem).network.eval()
    inputs = problem.only.train.inputs(torch.arange(4))
    before, order = network(inputs), torch.randperm(8)
    network.node.data = network.node[order]
    torch.testing.assert_close(network(replace(inputs, scaled=inputs.scaled[:, :, order])), before[:, :, order], atol=1e-5, rtol=1e-5)


def test_the_identities_are_those_of_the_last_step_shown(make_problem):
    problem = make_problem()
    network = STID(STIDOptions(channels=1), problem).network.eval()
    inputs = problem.only.train.inputs(torch.arange(4))
    before = network(inputs)
    slot, weekday = (torch.full_like(known, 1) for known in (inputs.slot, inputs.weekday))
    slot[:, 11], weekday[:, 11] = inputs.slot[:, 11], inputs.weekday[:, 11]
    assert torch.equal(network(replace(inputs, slot=slot, weekday=weekday)), before)
    for other in (replace(inputs, slot=(inputs.slot + 1) % 48), replace(inputs, weekday=(inputs.weekday + 1) % 7)):
        assert not torch.equal(network(other), before)


def test_the_forward_pass_equals_the_card_step_by_step(make_problem):
    problem = make_problem(nodes=4)
    network = STID(STIDOptions(), problem).network.eval()
    inputs = problem.only.train.inputs(torch.tensor([7]))
    out = network(inputs)
    x = inputs.channels(3)[0]  # [12, node, 3]
    for node in range(4):
        flat = torch.cat([x[step, node] for step in range(12)])
        h = torch.cat([network.series.weight @ flat + network.series.bias, network.node[node],
                       network.slot[inputs.slot[0, 11]], network.weekday[inputs.weekday[0, 11]]])
        for block in network.blocks:
            first, second = block.layers[0], block.layers[3]
            h = h + second.weight @ torch.relu(first.weight @ h + first.bias) + second.bias
        torch.testing.assert_close(out[0, :, node], network.readout.weight @ h + network.readout.bias, atol=1e-5, rtol=1e-5)


def test_a_large_city_in_parts_gives_the_whole_one_s_predictions_and_gradients(make_problem, monkeypatch):
    network, inputs = STIDNetwork(12, 12, 8, 48, STIDOptions(dropout=0.0)), make_problem().only.train.inputs(torch.arange(5))
    found = []
    for held in (64_000, 16):
        monkeypatch.setattr("baselines.forecasting.stid.HELD", held)
        monkeypatch.setattr("baselines.forecasting.stid.PART", 16)
        network.zero_grad()
        predicted = network(inputs)
        predicted.square().sum().backward()
        found.append((predicted.detach(), [p.grad.clone() for p in network.parameters()]))
    torch.testing.assert_close(found[1][0], found[0][0])
    for parts, whole in zip(found[1][1], found[0][1], strict=True):
        torch.testing.assert_close(parts, whole, rtol=1e-4, atol=1e-5)


def test_what_is_computed_again_in_parts_drops_the_same_numbers(make_problem, monkeypatch):
    monkeypatch.setattr("baselines.forecasting.stid.HELD", 16)
    monkeypatch.setattr("baselines.forecasting.stid.PART", 16)
    network, inputs = STIDNetwork(12, 12, 8, 48, STIDOptions()), make_problem().only.train.inputs(torch.arange(5))
    seen = []
    network.blocks[-1].register_forward_hook(lambda *found: seen.append(found[2].detach()))
    network(inputs).sum().backward()
    assert len(seen) == 6
    assert {tuple(part.shape) for part in seen} == {(2, 8, 128), (1, 8, 128)}
    for shown in seen[:3]:
        assert any(torch.equal(shown, again) for again in seen[3:] if again.shape == shown.shape)
