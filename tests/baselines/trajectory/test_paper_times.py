"""Times under protocol `paper`, by hand: weekdays that stay where the time is hidden, and roads that no trip drives."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from made.trips import made_city, made_problem, made_trips

from baselines.trajectory.multi_view.time_embedding import TimeEmbedding
from baselines.trajectory.multi_view.trip_features import Units, units_of
from benchmark.data.trajectory.city import View
from benchmark.fitting import seed_everything
from benchmark.options import resolve
from benchmark.registry import registry
from benchmark.testing.tiny_trips import tiny_trajectory_city
from benchmark.trajectory.cuts import TripTable, pose_destination_grid, pose_destination_road
from benchmark.trajectory.posing import part_rows, pose_trajectories
from benchmark.trajectory.problem import CityProblem
from benchmark.trajectory.protocol import PROTOCOLS
from benchmark.trajectory.trips import TripView


def test_a_road_whose_time_is_hidden_keeps_the_weekday_that_is_told_and_nothing_else():
    trips = made_trips(count=3)
    entries = len(trips.route.values["road"])
    days = torch.arange(entries) % 7
    hidden = {"road": trips.route.values["road"], "time": torch.full((entries,), float("nan")), "weekday": days}
    units = units_of(replace(trips, route=TripView(trips.route.offsets, hidden)), "route")
    assert units.weekday.tolist() == (days + 1).tolist()
    assert set(units.minute.tolist()) == {0}
    assert set(units.interval.tolist()) == {-1}
    del hidden["weekday"]  # as under strict
    assert set(units_of(replace(trips, route=TripView(trips.route.offsets, hidden)), "route").weekday.tolist()) == {0}


def test_the_mean_time_is_the_mean_over_the_known_rows_without_the_row_of_the_unknown():
    time = TimeEmbedding(4, 3)
    unknown = torch.zeros(2, dtype=torch.int64)
    units = Units(SimpleNamespace(), unknown, unknown, unknown, unknown - 1.0)
    expected = sum(time.minute.weight[row] for row in range(1, 1441)) / 1440 + sum(time.weekday.weight[row] for row in range(1, 8)) / 7
    torch.testing.assert_close(time.at_mean_time(units), expected + time.interval(units.interval), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["mvtraj", "smartraj2"])
def test_a_road_that_no_trip_drives_is_met_at_the_mean_time_under_paper_and_at_an_unknown_one_under_strict(name):
    found, cls = {}, registry().load(name)
    for when in ("unknown time", "mean time"):
        seed_everything(0)
        options = resolve(cls.Options, cls.presets["smoke"], name)
        method = cls(options, made_problem(replace(made_city(roads=40), lone_roads=when)))
        method.network.eval()
        network = method.network
        views = network.views if name == "mvtraj" else network.city("a")
        roads, seen = torch.tensor([3, 8]), []
        views.encoders["route"].register_forward_hook(lambda module, given, made, seen=seen: seen.append(given[0]))
        with torch.no_grad():
            network.lone_roads("a", roads)
            time, vectors = network.shared.time, views.roads()[roads]
            rows = ((time.minute.weight[0], time.weekday.weight[0]) if when == "unknown time" else
                    (time.minute.weight[1:].mean(0), time.weekday.weight[1:].mean(0)))
            torch.testing.assert_close(seen[0], vectors + sum(rows) + time.interval(torch.tensor([-1.0, -1.0])))
        found[when] = seen[0]
    assert not torch.allclose(found["unknown time"], found["mean time"])


def test_the_problem_of_a_protocol_says_how_such_roads_are_met(tmp_path):
    table = TripTable(tiny_trajectory_city(tmp_path / "tiny"))
    rows = {"tiny": part_rows(table.city, {"unlabelled_trips": 9, "labelled_trips": 9})}
    said = {name: pose_trajectories([table], rows, protocol=PROTOCOLS[name]).only.lone_roads for name in ("strict", "paper")}
    assert said == {"strict": "unknown time", "paper": "mean time"}
    assert CityProblem.__dataclass_fields__["lone_roads"].default == "unknown time"


def test_of_the_other_view_the_paper_s_cut_shows_no_unit_that_was_just_entered():
    """One trip: roads entered at 0, 10, …, 60 s, cells at 0, 9, 18, …, 63 s. The last road is entered at 60, the last cell at 63."""
    entry = {"road": [0, 10, 20, 30, 40, 50, 60], "cell": [0, 9, 18, 27, 36, 45, 54, 63]}
    points = list(range(0, 70, 3))

    def view(**values):
        return View(torch.tensor([0, len(next(iter(values.values())))]).numpy(), {k: torch.tensor(v).numpy() for k, v in values.items()})

    def at(unit, time):
        return sum(moment <= time for moment in entry[unit]) - 1

    class City:
        name, zone = "made", "Asia/Shanghai"

        def view(self, name):
            if name == "gps":
                return view(time=points, lon=[104.0] * len(points), lat=[30.0] * len(points), road=[at("road", t) for t in points],
                            cell=[at("cell", t) for t in points])
            unit = {"route": "road", "grid": "cell"}[name]
            return view(**{unit: list(range(len(entry[unit]))), "entry": [float(t) for t in entry[unit]]})

    table, row = TripTable(City()), torch.tensor([0]).numpy()
    road = pose_destination_road(table, row, PROTOCOLS["paper"], None)
    assert road.trips.route.values["road"].tolist() == [0, 1, 2, 3, 4, 5]
    assert road.trips.grid.values["cell"].tolist() == [0, 1, 2, 3, 4, 5]  # cell 6 was entered at 54, and not left by 60
    cell = pose_destination_grid(table, row, PROTOCOLS["paper"], None)
    assert cell.trips.grid.values["cell"].tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert cell.trips.route.values["road"].tolist() == [0, 1, 2, 3, 4, 5]  # road 6 was entered at 60, and not left by 63
    strict = pose_destination_road(table, row, PROTOCOLS["strict"], None)
    assert strict.trips.grid.values["cell"].tolist() == [0, 1, 2, 3, 4, 5, 6]  # made anew from the points before 60
