"""A training step against a large matrix product."""

from dataclasses import replace

import torch
from made.timings import timing

from benchmark.timing import product
from benchmark.timing.clock import Clock
from benchmark.timing.figures import Arithmetic


def test_the_quickest_product_counts_and_the_first_one_only_warms_up(monkeypatch):
    size, moments = 64, iter([0, 1e-9, 1, 1.5, 2, 2.25, 3, 3.5, 4, 4.5, 5, 5.5])
    monkeypatch.setattr(product, "SIZES", {"cpu": size})
    monkeypatch.setattr(Clock, "now", lambda clock: next(moments))
    assert product.product_gflops(torch.device("cpu"), Clock.of(torch.device("cpu"))) == round(2 * 64**3 / 0.25 / 1e9, 3)


def test_a_step_that_computes_half_as_fast_as_the_product_has_a_share_of_a_half():
    made = timing(step_ms=10.0)
    made = replace(made, product_gflops=50.0, training=replace(made.training, arithmetic=Arithmetic(250_000_000, {})))
    assert made.product_share == 0.5
    assert timing(learns=False).product_share is None
