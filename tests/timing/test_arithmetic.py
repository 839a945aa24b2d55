"""Operations against counts made by hand, and operators of which the counter knows nothing."""

import pytest
import torch
from torch import nn

from benchmark.timing.arithmetic import Counting


def counted(do):
    with Counting() as counting:
        do()
    return counting.result


def test_a_linear_layer_is_two_operations_a_weight_and_row():
    layer, rows = nn.Linear(5, 7), torch.randn(3, 5)
    assert counted(lambda: layer(rows)).flops == 2 * 3 * 5 * 7


def test_a_training_step_counts_the_products_of_the_backward_pass():
    layer, rows = nn.Linear(5, 7), torch.randn(3, 5)
    optimiser = torch.optim.Adam(layer.parameters())

    def step():
        layer(rows).sum().backward()
        optimiser.step()

    # forward, and the gradient of the weights; the inputs need none
    assert counted(step).flops == 2 * (2 * 3 * 5 * 7)


def test_a_convolution_is_counted_by_its_outputs():
    layer = nn.Conv1d(2, 4, kernel_size=3)
    assert counted(lambda: layer(torch.randn(1, 2, 10))).flops == 2 * (4 * 8) * (2 * 3)


@pytest.mark.parametrize("learns", [False, True])
def test_fused_attention_counts_as_its_two_products_and_five_backward(learns):
    query, key, value = (torch.randn(2, 3, length, 8, requires_grad=learns) for length in (4, 6, 6))

    def attend():
        out = nn.functional.scaled_dot_product_attention(query, key, value)
        if learns:
            out.sum().backward()

    product = 2 * (2 * 3) * 4 * 6 * 8
    assert counted(attend).flops == (2 + 5 * learns) * product


def test_products_that_are_added_in_place_are_counted():
    total, one, other = torch.zeros(2, 3, 5), torch.randn(2, 3, 4), torch.randn(2, 4, 5)
    assert counted(lambda: total.baddbmm_(one, other)).flops == 2 * 2 * 3 * 4 * 5
    assert counted(lambda: total[0].addmm_(one[0], other[0])).flops == 2 * 3 * 4 * 5


def test_operators_that_compute_and_are_not_counted_are_named():
    lstm = nn.LSTM(8, 16)

    def do():
        lstm(torch.randn(5, 4, 8))
        torch.fft.rfft(torch.randn(9))
        torch.zeros(5, 3).index_add_(0, torch.tensor([0, 1]), torch.randn(2, 3))

    found = counted(do).not_counted
    # where a kernel of its own runs the LSTM it is named, where it is taken apart its products are counted
    assert {"index_add_", "_fft_r2c"} <= set(found)
    assert any("rnn" in name or "lstm" in name for name in found) or counted(lambda: lstm(torch.randn(5, 4, 8))).flops


def test_elementwise_operators_views_and_copies_are_not_named():
    def do():
        x = torch.randn(4, 6)
        y = torch.cat([x.relu() * 2, x.T.reshape(4, 6)]).clone()
        return torch.where(y > 0, y, 0.0)[torch.tensor([0, 2])].sigmoid()

    assert counted(do).not_counted == {}


def test_counting_leaves_nothing_behind():
    layer = nn.Linear(2, 2)
    first = counted(lambda: layer(torch.randn(1, 2))).flops
    layer(torch.randn(50, 2))
    assert counted(lambda: layer(torch.randn(1, 2))).flops == first
