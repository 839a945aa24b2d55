"""Where UniST puts a node, which tokens it hides, and what a token is."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.forecasting.unist.embedding import Patches, patchify, positions, unpatchify
from baselines.forecasting.unist.layout import Layout, hilbert, lattice, pseudo_grid
from baselines.forecasting.unist.masks import MASKS, kept_tokens
from benchmark.data.grid import CHICAGO_GRID, NYC_GRID


@pytest.mark.parametrize("grid", [NYC_GRID, CHICAGO_GRID], ids=["nyc", "chicago"])
@pytest.mark.parametrize("share", [1.0, 0.45, 0.12])
def test_the_nodes_of_a_grid_stand_in_its_rows_and_columns(grid, share):
    cells = np.sort(np.random.default_rng(0).permutation(grid.cells)[: int(share * grid.cells)])
    table = grid.nodes(cells)
    row, column = lattice(torch.tensor(table[["lon", "lat"]].to_numpy(np.float32)))
    for found, true in ((row, cells // grid.columns), (column, cells % grid.columns)):
        assert found.tolist() == (true - true.min()).tolist()


def test_new_york_is_padded_to_even_sides():
    layout = Layout(torch.tensor(NYC_GRID.nodes(np.arange(450))[["lon", "lat"]].to_numpy(np.float32)), 2)
    assert (layout.rows, layout.columns) == (30, 16)
    values = torch.randn(3, 5, 450)
    grid = layout.place(values)
    assert grid.shape == (3, 5, 30, 16)
    assert not grid[..., 15].any()
    assert torch.equal(grid[..., :15].flatten(-2), values)
    assert torch.equal(layout.take(grid), values)


@pytest.mark.parametrize(("nodes", "rows", "columns"), [(206, 14, 16), (108, 10, 12), (60, 8, 8), (64, 8, 8), (1, 2, 2), (3, 2, 2)])
def test_other_nodes_stand_on_a_pseudo_grid(nodes, rows, columns):
    coordinates = torch.from_numpy(np.random.default_rng(1).random((nodes, 2))).float()
    layout = Layout(coordinates, 2)
    if nodes > 3:
        assert lattice(coordinates) is None
        assert (layout.rows, layout.columns) == (rows, columns)
    row, column = pseudo_grid(coordinates, 2)
    assert (row * columns + column).sort().values.tolist() == list(range(nodes))
    values = torch.randn(2, nodes)
    assert torch.equal(layout.take(layout.place(values)), values)


def test_no_grid_is_seen_where_two_nodes_share_a_cell_or_few_lie_far_apart():
    assert lattice(torch.tensor([[0.0, 0.0], [0.01, 0.0], [0.01, 0.0]])) is None
    assert lattice(torch.tensor([[0.0, 0.0], [0.01, 0.01], [5.0, 5.0]])) is None


def test_the_hilbert_curve_visits_every_place_once_by_single_steps():
    y, x = torch.meshgrid(torch.arange(16), torch.arange(16), indexing="ij")
    x, y = x.flatten(), y.flatten()
    along = hilbert(x, y, 4)
    assert along.sort().values.tolist() == list(range(256))
    order = along.argsort()
    steps = x[order].diff().abs() + y[order].diff().abs()
    assert (steps == 1).all()
    assert (x[order[0]], y[order[0]], x[order[-1]], y[order[-1]]) == (0, 0, 15, 0)


@pytest.mark.parametrize(("steps", "rows", "columns", "tokens"), [(12, 16, 20, 480), (24, 30, 16, 1440), (24, 30, 20, 1800)])
def test_frames_are_patches_and_back(steps, rows, columns, tokens):
    frames = torch.randn(2, steps, rows, columns)
    patches = patchify(frames, 2, 2)
    assert patches.flatten(1, 2).shape == (2, tokens, 8)
    assert torch.equal(unpatchify(patches, rows, columns, 2, 2), frames)
    network = Patches(6, 2, 2)
    corners = frames.unfold(1, 2, 2).unfold(2, 2, 2).unfold(3, 2, 2)  # [batch, frame, row, column, 2, 2, 2]
    whole = torch.einsum("bfrctyx,wtyx->bfrcw", corners, network.map.weight.view(6, 2, 2, 2)) + network.map.bias
    torch.testing.assert_close(network(frames).flatten(1, 2), whole.flatten(1, 3), atol=1e-5, rtol=1e-5)


def test_positions_are_made_once_a_shape():
    cpu = torch.device("cpu")
    assert positions(3, 2, 4, 16, cpu) is positions(3, 2, 4, 16, cpu)
    assert positions(3, 2, 4, 16, cpu).shape == (3, 8, 16)
    assert len(positions(12, 15, 8, 128, cpu).flatten(0, 1).unique(dim=0)) == 12 * 15 * 8


@settings(deadline=None, max_examples=40)
@given(mask=st.sampled_from(MASKS), frames=st.integers(1, 6), places=st.integers(1, 12), ratio=st.floats(0.05, 0.95),
       seed=st.integers(0, 9))
def test_a_mask_keeps_its_share_and_never_nothing(mask, frames, places, ratio, seed):
    kept = kept_tokens(mask, 3, frames, places, ratio, torch.Generator().manual_seed(seed))
    left = {"random": frames * places, "temporal": frames}.get(mask, places)
    count = max(int(left * (1 - ratio)), 1) * {"random": 1, "temporal": places}.get(mask, frames)
    assert kept.shape == (3, count)
    assert all(len(set(one)) == count and min(one) >= 0 and max(one) < frames * places for one in kept.tolist())


def test_each_mask_hides_its_own_way():
    order = torch.Generator().manual_seed(0)
    random, temporal, tube = (kept_tokens(mask, 2, 4, 6, 0.5, order) for mask in ("random", "temporal", "tube"))
    assert not torch.equal(random[0].sort().values, random[1].sort().values)
    assert temporal.tolist() == [list(range(12))] * 2
    assert torch.equal(tube[0], tube[1])
    places = tube[0].view(4, 3) % 6
    assert (places == places[0]).all()
    assert (tube[0].view(4, 3) // 6 == torch.arange(4)[:, None]).all()
    blocks = {tuple((kept_tokens("block", 1, 4, 6, 0.5, order)[0].view(4, 3)[0]).tolist()) for _ in range(20)}
    assert blocks == {(0, 1, 2), (3, 4, 5)}
