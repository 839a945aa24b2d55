"""Made-up trips of a city of any size, for tests of trip encoders: as long as the papers' trips, or a few roads."""

from __future__ import annotations

import torch

from benchmark.trajectory.problem import Cells, CityProblem, Roads, TrajectoryProblem
from benchmark.trajectory.trips import Trips, TripView


def made_trips(city: str = "a", count: int = 5, roads: int = 20, cells: int = 30, road_steps: tuple[int, int] = (2, 6),
               cell_steps: tuple[int, int] = (1, 7), points: tuple[int, int] = (4, 12), seed: int = 0) -> Trips:
    """Random roads, cells and points; the ranges are those of a trip's lengths. Some roads have no point."""
    draw = torch.Generator().manual_seed(seed)

    def lengths(limits: tuple[int, int]) -> torch.Tensor:
        return torch.randint(limits[0], limits[1] + 1, (count,), generator=draw)

    route = [torch.randint(roads, (int(n),), generator=draw) for n in lengths(road_steps)]
    grid = []
    for n in lengths(cell_steps):
        path = torch.randint(cells, (int(n),), generator=draw)
        path[1:] += (path[1:] == path[:-1]).long()
        grid.append(path % cells)
    grid = [path[torch.cat([torch.ones(1, dtype=torch.bool), path[1:] != path[:-1]])] for path in grid]
    gps: dict[str, list[torch.Tensor]] = {name: [] for name in ("time", "lon", "lat", "road", "cell", "step")}
    entry: dict[str, list[torch.Tensor]] = {"route": [], "grid": []}
    for trip, n in enumerate(lengths(points)):
        n = max(int(n), len(grid[trip]))
        time = (3 * torch.arange(n) + torch.randint(0, 2, (n,), generator=draw)).float() + 5
        step = (torch.arange(n) * len(route[trip]) // n)
        run = (torch.arange(n) * len(grid[trip]) // n)
        gps["time"].append(time)
        gps["lon"].append(104 + torch.rand(n, generator=draw, dtype=torch.float64).cumsum(0) / 1000)
        gps["lat"].append(30 + torch.rand(n, generator=draw, dtype=torch.float64).cumsum(0) / 1000)
        gps["step"].append(step)
        gps["road"].append(route[trip][step])
        gps["cell"].append(grid[trip][run])
        entry["route"].append(5 + 3.0 * n * torch.arange(len(route[trip])) / len(route[trip]))
        first = torch.cat([torch.ones(1, dtype=torch.bool), run[1:] != run[:-1]])
        entry["grid"].append(time[first])

    def view(values: dict[str, list[torch.Tensor]]) -> TripView:
        some = next(iter(values.values()))
        offsets = torch.tensor([0, *(len(part) for part in some)]).cumsum(0)
        return TripView(offsets, {name: torch.cat(parts) for name, parts in values.items()})

    return Trips(city, torch.randint(7, (count,), generator=draw), torch.randint(1440, (count,), generator=draw), view(gps),
                 view({"time": entry["route"], "road": route}), view({"time": entry["grid"], "cell": grid}))


def made_city(city: str = "a", roads: int = 20, cells: int = 30, seed: int = 0, links: int | None = None, **trips) -> CityProblem:
    """A city with random links and these trips, half of them again for validation."""
    draw = torch.Generator().manual_seed(seed)
    zeros = torch.zeros(roads)
    network = Roads(zeros, zeros.bool(), zeros.long(), torch.zeros(roads + 1, dtype=torch.int64), torch.zeros(0), torch.zeros(0),
                    torch.randint(roads, (links or 3 * roads, 2), generator=draw))
    grid = Cells(1, cells, torch.zeros(cells), torch.zeros(cells), torch.randint(0, 3, (cells, 13), generator=draw).float())
    unlabelled = made_trips(city, roads=roads, cells=cells, seed=seed, **trips)
    return CityProblem(city, network, grid, unlabelled, unlabelled.rows(torch.arange(-(-len(unlabelled) // 2))))


def made_problem(*cities: CityProblem) -> TrajectoryProblem:
    return TrajectoryProblem({city.city: city for city in cities})
