"""The same numbers on a CUDA device; where there is none, nothing is asked."""

import pytest
import torch
from torch import nn

from benchmark import Inputs


def needs_cuda(test):
    """Marks a test that a machine without a CUDA device skips."""
    return pytest.mark.gpu(pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")(test))


def assert_same_on_cuda(network: nn.Module, inputs: Inputs) -> None:
    """A forecaster's network answers there what it answers on the CPU, to 1e-3."""
    expected = network(inputs)
    torch.testing.assert_close(network.cuda()(inputs.to(torch.device("cuda"))).cpu(), expected, atol=1e-3, rtol=1e-3)
