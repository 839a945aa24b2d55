"""Which cell of a grid each node has: the city's own grid where its nodes lie on one, else a pseudo-grid along a Hilbert curve."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

# degrees; what is closer is the same meridian or parallel (float32 keeps degrees to 8e-6)
SAME = 3e-5
# how far from a multiple of the pitch a line of nodes may lie, in pitches
OFF = 0.1
# more cells a node than these are no grid that anybody made
MOST_CELLS = 16
# a Hilbert curve of 2^BITS × 2^BITS places
BITS = 12


class Layout(nn.Module):
    """Node values on a grid whose sides are whole patches, and back; a cell without a node holds 0, the middle of the scale."""

    cell: Tensor

    def __init__(self, coordinates: Tensor, patch: int) -> None:
        super().__init__()
        row, column = lattice(coordinates) or pseudo_grid(coordinates, patch)
        self.rows, self.columns = (-(-(int(axis.max()) + 1) // patch) * patch for axis in (row, column))
        # [node]; made of the coordinates, so that a state need not keep it
        self.register_buffer("cell", row * self.columns + column, persistent=False)

    def place(self, values: Tensor) -> Tensor:
        """[..., node] → [..., row, column]."""
        grid = values.new_zeros(*values.shape[:-1], self.rows * self.columns)
        return grid.index_copy(-1, self.cell, values).unflatten(-1, (self.rows, self.columns))

    def take(self, grid: Tensor) -> Tensor:
        """[..., row, column] → [..., node]."""
        return grid.flatten(-2).index_select(-1, self.cell)


def lattice(coordinates: Tensor) -> tuple[Tensor, Tensor] | None:
    """Row (from the south) and column (from the west) of each node, where all lie on lines of one pitch; None: they do not.

    coordinates: [node, 2] longitude, latitude. The grid is the box around the nodes.
    """
    column, row = (_lines(axis) for axis in coordinates.double().unbind(1))
    if row is None or column is None:
        return None
    cells, nodes = (int(row.max()) + 1) * (int(column.max()) + 1), len(coordinates)
    alone = len(torch.unique(row * (int(column.max()) + 1) + column)) == nodes
    return (row, column) if alone and cells <= MOST_CELLS * nodes else None


def pseudo_grid(coordinates: Tensor, patch: int) -> tuple[Tensor, Tensor]:
    """Row and column of each node: rows are filled in the order of a Hilbert curve; W = the smallest whole number of patches ≥ √nodes."""
    lon, lat = coordinates.double().unbind(1)
    plane = torch.stack([lon * math.cos(math.radians(float(lat.mean()))), lat], dim=1)
    plane = plane - plane.amin(dim=0)
    x, y = (plane / plane.max().clamp(min=1e-9) * (2**BITS - 1)).round().long().unbind(1)
    rank = torch.empty_like(x)
    rank[torch.argsort(hilbert(x, y, BITS), stable=True)] = torch.arange(len(x), device=x.device)
    columns = math.ceil(math.sqrt(len(x)) / patch) * patch
    return rank // columns, rank % columns


def hilbert(x: Tensor, y: Tensor, bits: int) -> Tensor:
    """Place along the Hilbert curve through 2^bits × 2^bits places, int64; it begins at (0, 0) and ends at (2^bits − 1, 0)."""
    along, last = torch.zeros_like(x), 2**bits - 1
    for bit in reversed(range(bits)):
        right, up = x >> bit & 1, y >> bit & 1
        along = along + ((3 * right ^ up) << 2 * bit)
        # the curve's lower quadrants are turned: mirrored in the right one, transposed in both
        turned, mirrored = up == 0, (up == 0) & (right == 1)
        x, y = torch.where(mirrored, last - x, x), torch.where(mirrored, last - y, y)
        x, y = torch.where(turned, y, x), torch.where(turned, x, y)
    return along


def _lines(axis: Tensor) -> Tensor | None:
    """[node] number of the line that each node lies on, where lines are equally spaced; None: they are not."""
    gaps = torch.diff(axis.sort().values)
    gaps, span = gaps[gaps > SAME], float(axis.max() - axis.min())
    if not len(gaps):
        return torch.zeros_like(axis, dtype=torch.int64)
    # the mean over all neighbouring lines, then over the whole span: rounded degrees make a single gap too rough for a far line
    pitch = float(gaps[gaps < 1.5 * gaps.min()].mean())
    pitch = span / round(span / pitch)
    number = (axis - axis.min()) / pitch
    return number.round().long() if (number - number.round()).abs().max() < OFF else None
