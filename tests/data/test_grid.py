"""The grid that real and simulated trips are binned with."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.data.clock import Clock
from benchmark.data.grid import CHICAGO_GRID, NYC_GRID, Grid, Tally, Trips, TripTally, enough_trips
from benchmark.errors import UserError

CLOCK = Clock("2016-01-01T00:00:00", 30, "America/New_York")
STEPS = 48

grids = st.builds(
    lambda west, south, width, height, rows, columns: Grid(west, west + width, south, south + height, rows, columns),
    st.floats(-170, 170), st.floats(-80, 80), st.floats(0.01, 2), st.floats(0.01, 2), st.integers(1, 40), st.integers(1, 40),
)


def random_trips(seed: int, count: int) -> Trips:
    """Trips that start and end in, around and outside the NYC box and a day's span."""
    rng = np.random.default_rng(seed)
    lon, lat = (lambda: rng.uniform(-74.05, -73.88, count)), (lambda: rng.uniform(40.66, 40.90, count))
    pick = rng.integers(-3_600, 90_000, count)
    return Trips(pick, lon(), lat(), pick + rng.integers(0, 7_200, count), lon(), lat(), rng.integers(1, 7, count))


def part(trips: Trips, chosen: np.ndarray) -> Trips:
    return Trips(**{name: values[chosen] for name, values in vars(trips).items()})


@given(grids)
def test_every_cell_centre_lies_in_its_own_cell(grid: Grid):
    cells = np.arange(grid.cells)
    assert (grid.locate(*grid.centre(cells)) == cells).all()


@given(grids)
def test_western_and_southern_edges_belong_to_the_box_and_the_others_do_not(grid: Grid):
    lon, lat = (grid.west + grid.east) / 2, (grid.south + grid.north) / 2
    assert grid.locate(np.array([grid.west]), np.array([grid.south])) == [0]
    assert (grid.locate(np.array([grid.east, lon]), np.array([lat, grid.north])) == -1).all()
    just_inside = grid.locate(np.nextafter([grid.east], grid.west), np.nextafter([grid.north], grid.south))
    assert just_inside == [grid.cells - 1]


def test_points_outside_and_missing_ones_have_no_cell():
    lon, lat = np.array([0.0, np.nan, -73.95, -73.95]), np.array([0.0, 40.7, np.nan, 40.89])
    assert (NYC_GRID.locate(lon, lat) == -1).all()


def test_the_boxes_have_the_papers_shapes():
    assert (NYC_GRID.rows, NYC_GRID.columns) == (30, 15)
    assert (CHICAGO_GRID.rows, CHICAGO_GRID.columns) == (30, 20)


@pytest.mark.parametrize("wrong", [{"east": -75.0}, {"north": 40.0}, {"rows": 0}, {"columns": 0}])
def test_an_empty_box_is_refused(wrong: dict[str, float]):
    with pytest.raises(UserError, match="empty"):
        Grid(**{**vars(NYC_GRID), **wrong})


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(0, 200), st.integers(1, 6))
def test_splitting_and_shuffling_the_trips_never_changes_the_counts(seed: int, count: int, chunks: int):
    trips, rng = random_trips(seed, count), np.random.default_rng(seed)
    whole, split = TripTally(NYC_GRID, CLOCK, STEPS), TripTally(NYC_GRID, CLOCK, STEPS)
    whole.add(trips)
    for chosen in np.array_split(rng.permutation(count), chunks):
        split.add(part(trips, chosen))
    for task, tally in whole.tasks.items():
        assert (tally.counts == split.tasks[task].counts).all()


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_counts_hold_exactly_the_trip_ends_inside_the_box_and_the_span(seed: int):
    trips, tally = random_trips(seed, 300), TripTally(NYC_GRID, CLOCK, STEPS)
    tally.add(trips)
    inside = (NYC_GRID.locate(trips.pick_lon, trips.pick_lat) >= 0) & (trips.pick_time >= 0) & (trips.pick_time < 86_400)
    assert tally.tasks["taxi_pick"].counts.sum() == inside.sum()
    assert tally.tasks["crowd_out"].counts.sum() == trips.passengers[inside].sum()
    inside = (NYC_GRID.locate(trips.drop_lon, trips.drop_lat) >= 0) & (trips.drop_time >= 0) & (trips.drop_time < 86_400)
    assert tally.tasks["taxi_drop"].counts.sum() == inside.sum()
    assert tally.tasks["crowd_in"].counts.sum() == trips.passengers[inside].sum()


def test_each_end_counts_at_its_own_place_and_time():
    (west, east), (south, north) = NYC_GRID.centre(np.array([0, 449]))
    trips = Trips(*(np.array([value]) for value in (1_799, west, south, 1_800, east, north, 3)))
    tally = TripTally(NYC_GRID, CLOCK, STEPS)
    tally.add(trips)
    assert tally.tasks["taxi_pick"].counts[0, 0] == 1
    assert tally.tasks["taxi_drop"].counts[1, 449] == 1
    assert tally.tasks["crowd_out"].counts[0, 0] == 3
    assert tally.tasks["crowd_in"].counts[1, 449] == 3
    assert tally.total().sum() == 2


def test_a_drop_off_after_the_span_is_dropped_and_its_pick_up_stays():
    lon, lat = NYC_GRID.centre(np.array([7]))
    tally = TripTally(NYC_GRID, CLOCK, STEPS)
    tally.add(Trips(np.array([86_399]), lon, lat, np.array([86_400]), lon, lat, np.array([1])))
    assert tally.tasks["taxi_pick"].counts.sum() == 1
    assert tally.tasks["taxi_drop"].counts.sum() == 0


def test_no_events_leave_the_counts_alone():
    tally = Tally(steps=3, places=2, step_seconds=60)
    tally.add(np.array([-1.0, 180.0]), np.array([0, 1]))
    assert tally.counts.sum() == 0


def test_enough_trips_keeps_the_cells_that_reach_the_least():
    assert enough_trips(np.array([1000, 999, 0, 5000]), 1000).tolist() == [0, 3]


def test_series_hold_the_kept_cells_in_order_with_their_units():
    lon, lat = NYC_GRID.centre(np.array([3, 5, 5]))
    tally = TripTally(NYC_GRID, CLOCK, STEPS)
    tally.add(Trips(np.zeros(3), lon, lat, np.zeros(3), lon, lat, np.array([1, 2, 2])))
    pick, crowd = tally.series(np.array([3, 5]), {"taxi_pick": "trips", "crowd_out": "persons"})
    assert pick.values[0].tolist() == [1, 2]
    assert crowd.values[0].tolist() == [1, 4]
    assert (pick.unit, crowd.unit) == ("trips", "persons")
    assert pick.observed.all()
    assert NYC_GRID.nodes(np.array([3, 17]))["node_id"].tolist() == ["r00c03", "r01c02"]
