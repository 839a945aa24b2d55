"""A forecasting task posed: rows cut in time order, scaler fitted on training rows, windows made, graph chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.sparse import eye_array

from benchmark.contract import Asks
from benchmark.data.forecasting.city import ForecastingCity, Series
from benchmark.data.forecasting.graph import Graph, distance_graph, held
from benchmark.errors import TooSmall
from benchmark.families import Scenario
from benchmark.forecasting.problem import Arrival, ForecastProblem, Scaler, TaskProblem, Windows
from benchmark.forecasting.protocol import ForecastingProtocol

# what a scenario makes of the other tasks → how the one that is asked for comes
ARRIVALS: Mapping[str, Arrival] = {"asked": "together", "beside": "together", "before": "after", "absent": "alone"}


@dataclass(frozen=True)
class Cut:
    """The rows of each part."""

    train: slice
    validation: slice
    test: slice


def cut(steps: int, protocol: ForecastingProtocol) -> Cut:
    """The rows of each part of a series.

    Raises
    ------
    TooSmall: if a part holds no window.
    """
    train, validation, test = protocol.parts(steps)
    if min(train, validation, test) < protocol.window:
        raise TooSmall(f"{steps} rows are too few: each part needs at least {protocol.window} rows (one window), but the cut gives "
                        f"{train} / {validation} / {test} for training / validation / test.")
    return Cut(*protocol.rows(steps))


def fit_scaler(values: np.ndarray, observed: np.ndarray, protocol: ForecastingProtocol) -> Scaler:
    """Mean and population standard deviation of the observed training entries, float64; a constant series is only centred.

    values, observed: [step, node], the training rows. Where the protocol goes over windows, a step weighs as often as it is an input.
    """
    weight = np.ones(len(values))
    if protocol.scaler == "windows":
        windows, step = len(values) - protocol.window + 1, np.arange(len(values))
        # windows i … i + history - 1 around a step, kept inside 0 … windows - 1
        weight = (np.minimum(step, windows - 1) - np.maximum(step - protocol.history + 1, 0) + 1).clip(min=0).astype(float)
    if not (observed & (weight > 0)[:, None]).any():
        return Scaler(0.0, 1.0)
    if protocol.scaler == "rows":
        seen = values[observed].astype(np.float64)
        mean = float(seen.mean())
        # as `std` does it, without two more copies of the series
        seen -= mean
        seen *= seen
        std = float(np.sqrt(seen.mean()))
    else:
        entries, weights = values[observed].astype(np.float64), np.broadcast_to(weight[:, None], observed.shape)[observed]
        mean = float(np.average(entries, weights=weights))
        std = float(np.sqrt(np.average((entries - mean) ** 2, weights=weights)))
    return Scaler(mean, std if std > 0 else 1.0)


def pose(city: ForecastingCity, tasks: Sequence[str], protocol: ForecastingProtocol, asks: Asks = Asks()) -> ForecastProblem:  # noqa: B008 (frozen)
    """The problem of one fit. Its arrays are copies of training and validation rows: no test row is reachable from it.

    asks: what the method needs beyond its windows; the whole series never under a protocol that ranks.
    """
    protocol = protocol.cut_as(city.split)
    problem = ForecastProblem(protocol.history, protocol.horizon, {task: _pose_task(city, task, protocol, asks) for task in tasks})
    return side_by_side(problem) if asks.beside and problem.aligned else problem


def side_by_side(problem: ForecastProblem) -> ForecastProblem:
    """The same, whose windows show those of all other tasks as well; the tasks are aligned."""
    def shown(task: str, part: str) -> Windows:
        windows = {other: getattr(one, part) for other, one in problem.tasks.items()}
        return replace(windows.pop(task), beside=windows)

    return replace(problem, tasks={task: replace(one, train=shown(task, "train"), validation=shown(task, "validation"))
                                   for task, one in problem.tasks.items()})


def pose_under(city: ForecastingCity, scenario: Scenario, scope: str, asked: tuple[str, ...], protocol: ForecastingProtocol,
               asks: Asks) -> ForecastProblem:
    """The problem of one fit that is asked for these tasks under a scenario.

    city: as the scenario has it (`scenarios.under`). scope: the method's, by which the other tasks of the city are there to learn from.
    """
    problem = pose(city, scenario.shown(scope, city.tasks, asked), protocol, asks)
    return replace(problem, targets=asked, arrival=ARRIVALS[scenario.others])


def lacking(city: ForecastingCity, inputs: Sequence[str]) -> str | None:
    """Why a method that reads these inputs has no answer in a city, in a few words; None: the city has all of them."""
    absent = [] if city.placed else ["coordinates"] if city.adjacency is not None else ["coordinates", "graph"]
    read = [one for one in absent if one in inputs]
    return f"the method reads {' and '.join(read)}, which this city does not have" if read else None


def held_out_windows(city: ForecastingCity, task: str, protocol: ForecastingProtocol, past_days: int = 0,
                     beside: Sequence[str] = ()) -> Windows:
    """The windows of the test part, for the runner only. beside: tasks whose windows are shown with them, but for the task itself."""
    series, protocol = city.series(task), protocol.cut_as(city.split)
    parts = cut(series.steps, protocol)
    others = {other: held_out_windows(city, other, protocol, past_days) for other in beside if other != task}
    return replace(_windows(series, parts.test, _scaler(series, parts, protocol), protocol, past_days), beside=others)


def next_window(series: Series, scaler: Scaler, protocol: ForecastingProtocol, past_days: int = 0) -> Windows:
    """One window of the last rows of a series, whose targets, the steps after its end, are unobserved."""
    after = (protocol.horizon, series.values.shape[1])
    longer = replace(series, values=np.concatenate([series.values, np.zeros(after, np.float32)]),
                     observed=np.concatenate([series.observed, np.zeros(after, bool)]))
    return _windows(longer, slice(series.steps - protocol.history, longer.steps), scaler, protocol, past_days)


def graph_of(city: ForecastingCity, node_index: np.ndarray) -> Graph:
    """[node, node] float32 weights between the nodes of one task, as they are held; where nothing is known of them, each node is a
    neighbour of itself alone, and methods that read a graph are not run (`lacking`)."""
    if city.adjacency is not None:
        return held(city.adjacency[np.ix_(node_index, node_index)])
    if not city.placed:
        return held(eye_array(len(node_index), dtype=np.float32, format="csr"))
    table = city.nodes.iloc[node_index]
    return distance_graph(table["lon"].to_numpy(float), table["lat"].to_numpy(float))


def as_tensor(graph: Graph) -> torch.Tensor:
    """The same weights, dense or sparse as they are held."""
    if isinstance(graph, np.ndarray):
        return torch.from_numpy(graph)
    links = graph.tocoo()
    return torch.sparse_coo_tensor(torch.from_numpy(np.stack(links.coords).astype(np.int64)), torch.from_numpy(links.data), graph.shape,
                                   is_coalesced=True, check_invariants=True)


def _pose_task(city: ForecastingCity, task: str, protocol: ForecastingProtocol, asks: Asks) -> TaskProblem:
    series = city.series(task)
    parts = cut(series.steps, protocol)
    scaler = _scaler(series, parts, protocol)
    table = city.nodes.iloc[series.node_index]
    return TaskProblem(
        task, series.unit, scaler, series.clock.steps_per_day, torch.from_numpy(series.node_index.copy()),
        torch.from_numpy(table[["lon", "lat"]].to_numpy(np.float32, copy=True)), as_tensor(graph_of(city, series.node_index)),
        train=_windows(series, parts.train, scaler, protocol, asks.past_days),
        validation=_windows(series, parts.validation, scaler, protocol, asks.past_days),
        extras={name: torch.from_numpy(array) for name, array in series.extras.items()},
        whole_day=_mean_day(series) if asks.whole_series and not protocol.ranked else None,
    )


def _scaler(series: Series, parts: Cut, protocol: ForecastingProtocol) -> Scaler:
    return fit_scaler(series.values[parts.train], series.observed[parts.train], protocol)


def _mean_day(series: Series) -> torch.Tensor:
    """[slot, node] float32 mean over all observed entries of a slot of the day; NaN where there is none."""
    slot = series.clock.slot(series.steps)
    total, count = np.zeros((2, series.clock.steps_per_day, series.values.shape[1]))
    np.add.at(total, slot, np.where(series.observed, series.values, 0))
    np.add.at(count, slot, series.observed)
    return torch.from_numpy(np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0).astype(np.float32))


def _windows(series: Series, rows: slice, scaler: Scaler, protocol: ForecastingProtocol, past_days: int) -> Windows:
    """The windows of a part, and the rows of so many days before it, which belong to earlier parts and are history."""
    clock, steps = series.clock, series.steps
    past = past_days * clock.steps_per_day
    # rows before the series began are unobserved
    lacking = max(past - rows.start, 0)
    shown = slice(max(rows.start - past, 0), rows.stop)
    clocks = _with_days_before(clock.slot(steps)[shown], clock.weekday(steps)[shown], lacking, clock.steps_per_day)
    arrays = (_padded(series.values[shown], lacking), _padded(series.observed[shown], lacking), *clocks,
              _padded(clock.calendar(steps)[shown], lacking))
    values, observed, slot, weekday, calendar = (torch.from_numpy(np.array(array)) for array in arrays)
    return Windows(series.task, protocol.history, protocol.horizon, scaler, clock.steps_per_day, values, observed, slot, weekday, calendar,
                   protocol.zero_counts, past)


def _padded(rows: np.ndarray, lacking: int) -> np.ndarray:
    """Rows of zeros in front."""
    return np.concatenate([np.zeros((lacking, *rows.shape[1:]), rows.dtype), rows]) if lacking else rows


def _with_days_before(slot: np.ndarray, weekday: np.ndarray, lacking: int, steps_per_day: int) -> tuple[np.ndarray, np.ndarray]:
    """Slots and weekdays continued backwards by so many rows."""
    if not lacking:
        return slot, weekday
    row = np.arange(-lacking, 0)
    days = -(row // steps_per_day)
    same_time = row + days * steps_per_day  # on the series' first day
    return (np.concatenate([slot[same_time], slot]), np.concatenate([(weekday[same_time] - days) % 7, weekday]))
