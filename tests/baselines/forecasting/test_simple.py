"""Last value, historical average, linear and DLinear."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from baselines.forecasting.dlinear import DLinear, DLinearOptions
from baselines.forecasting.historical_average import HistoricalAverage, HistoricalAverageOptions
from baselines.forecasting.last_value import LastValue, LastValueOptions
from baselines.forecasting.last_week import LastWeek, LastWeekOptions
from baselines.forecasting.linear import Linear, LinearOptions
from benchmark import Asks, ForecastProblem, RunContext
from benchmark.contract import Budget
from benchmark.forecasting.problem import Scaler, Windows
from benchmark.forecasting.training import masked_mae

WEEK = 7 * 48
UNTRAINED = [(LastValue, LastValueOptions()), (HistoricalAverage, HistoricalAverageOptions()), (Linear, LinearOptions())]
names = [method.__name__ for method, _ in UNTRAINED]


def run() -> RunContext:
    return RunContext(0, torch.device("cpu"), Budget(epochs=3, patience=3))


def fitted(method: type, options: object, problem: ForecastProblem):
    made = method(options, problem)
    made.fit(run())
    return made


def with_values(problem: ForecastProblem, change) -> ForecastProblem:
    """The problem with `change(values, rows)` as its series; the scaler is fitted again."""
    task = problem.only
    cut = len(task.train.values)
    train = change(task.train.values, torch.arange(cut))
    validation = change(task.validation.values, cut + torch.arange(len(task.validation.values)))
    seen = train[task.train.observed].double()
    scaler = Scaler(float(seen.mean()), float(seen.std(correction=0)) or 1.0)

    def part(windows: Windows, values: torch.Tensor) -> Windows:
        return replace(windows, values=torch.where(windows.observed, values, 0.0), scaler=scaler)

    task = replace(task, scaler=scaler, train=part(task.train, train), validation=part(task.validation, validation))
    return replace(problem, tasks={task.task: task})


def mae(method, windows: Windows) -> float:
    starts = torch.arange(len(windows))
    return float(masked_mae(method.predict(windows.inputs(starts)), windows.targets(starts)))


def mse(method, windows: Windows) -> float:
    starts = torch.arange(len(windows))
    targets = windows.targets(starts)
    error = (method.predict(windows.inputs(starts)) - targets.values).double()[targets.observed]
    return float(error.square().mean())


def test_last_value_is_exact_on_a_constant_series(make_problem):
    problem = with_values(make_problem(missing=0.2), lambda values, rows: torch.full_like(values, 7.5))
    assert mae(fitted(LastValue, LastValueOptions(), problem), problem.only.validation) == 0


def test_last_value_skips_what_was_not_observed(make_problem):
    problem = make_problem(nodes=3)
    method = fitted(LastValue, LastValueOptions(), problem)
    inputs = problem.only.validation.inputs(torch.tensor([5]))
    observed = inputs.observed.clone()
    observed[0, 9:, 0] = False  # node 0 was last seen at step 8
    observed[0, :, 1] = False  # node 1 never
    prediction = method.predict(replace(inputs, observed=observed, values=torch.where(observed, inputs.values, 0.0)))
    assert prediction.shape == (1, 12, 3)
    assert (prediction[0, :, 0] == inputs.values[0, 8, 0]).all()
    torch.testing.assert_close(prediction[0, 0, 1], problem.only.train.values[:, 1].mean())
    assert (prediction[0, :, 2] == inputs.values[0, 11, 2]).all()


def test_last_value_of_a_node_never_observed_is_the_mean_of_all_nodes(make_problem):
    problem = make_problem(nodes=3)
    task = problem.only
    observed = task.train.observed.clone()
    observed[:, 1] = False
    problem = replace(problem, tasks={task.task: replace(task, train=replace(task.train, observed=observed))})
    method = fitted(LastValue, LastValueOptions(), problem)
    assert method.node_mean[1] == pytest.approx(task.scaler.mean)
    assert method.node_mean[0] == pytest.approx(float(task.train.values[:, 0].mean()))


def shown_a_week(problem: ForecastProblem) -> ForecastProblem:
    """The problem whose windows show the seven days before them; rows before the part are unobserved, as before a series."""
    task = problem.only

    def part(windows: Windows) -> Windows:
        past = 7 * windows.steps_per_day
        padded = {name: torch.cat([torch.zeros(past, *getattr(windows, name).shape[1:], dtype=getattr(windows, name).dtype),
                                   getattr(windows, name)]) for name in ("values", "observed", "slot", "weekday", "calendar")}
        return replace(windows, past=past, **padded)

    return replace(problem, tasks={task.task: replace(task, train=part(task.train), validation=part(task.validation))})


@pytest.mark.parametrize(("steps_per_day", "horizon"), [(48, 12), (1, 12), (1, 30), (2, 16)])
def test_last_week_is_the_latest_value_whole_weeks_before_that_the_window_has_seen(make_problem, steps_per_day, horizon):
    problem = make_problem(nodes=3, steps_per_day=steps_per_day, steps=1600, horizon=horizon, missing=0.3)
    series = problem.only.validation
    method = fitted(LastWeek, LastWeekOptions(), shown_a_week(problem))
    windows, week = method.problem.only.validation, 7 * steps_per_day
    starts = torch.tensor([0, 1, len(windows) - 1])
    prediction = method.predict(windows.inputs(starts, apart=True))
    seen = problem.only.train
    means = [float(seen.values[seen.observed[:, node], node].double().mean()) for node in range(3)]
    for window, start in enumerate(starts.tolist()):
        for step in range(horizon):
            row = start + 12 + step - week
            while row >= start + 12:  # not shown yet
                row -= week
            for node in range(3):
                known = row >= 0 and bool(series.observed[row, node])
                expected = float(series.values[row, node]) if known else pytest.approx(means[node], rel=1e-6)
                assert float(prediction[window, step, node]) == expected


def test_last_week_is_exact_on_a_weekly_series(make_problem):
    weekly = torch.randn(WEEK, 8, generator=torch.Generator().manual_seed(1))
    problem = shown_a_week(with_values(make_problem(steps=5 * WEEK), lambda values, rows: weekly[rows % WEEK]))
    method = fitted(LastWeek, LastWeekOptions(), problem)
    windows = problem.only.train
    starts = torch.arange(WEEK, len(windows))
    assert torch.equal(method.predict(windows.inputs(starts)), windows.targets(starts).values)


def test_last_week_asks_for_seven_days_and_nothing_else():
    assert LastWeek.asks(LastWeekOptions()) == Asks(past_days=7)


def test_historical_average_is_exact_on_a_weekly_series(make_problem):
    problem = make_problem(steps=2 * WEEK)
    weekly = torch.randn(WEEK, 8, generator=torch.Generator().manual_seed(1))
    problem = with_values(make_problem(steps=2 * WEEK), lambda values, rows: weekly[rows % WEEK])
    assert mae(fitted(HistoricalAverage, HistoricalAverageOptions(), problem), problem.only.validation) == pytest.approx(0, abs=1e-6)


def test_historical_average_equals_plain_loops_with_all_fallbacks(make_problem):
    problem = make_problem(nodes=4, steps=320, missing=0.3)
    task, train = problem.only, problem.only.train
    observed = train.observed.clone()
    observed[:, 2] = False  # a node never observed
    observed[train.slot == 5, 1] = False  # a slot never observed
    train = replace(train, observed=observed)
    problem = replace(problem, tasks={task.task: replace(task, train=train)})
    table = fitted(HistoricalAverage, HistoricalAverageOptions(), problem).table
    for node in range(4):
        for weekday in range(7):
            for slot in range(48):
                of_node = observed[:, node]
                of_slot = of_node & (train.slot == slot)
                of_cell = of_slot & (train.weekday == weekday)
                chosen = next((rows for rows in (of_cell, of_slot, of_node) if rows.any()), None)
                expected = task.scaler.mean if chosen is None else float(train.values[chosen, node].mean())
                assert float(table[weekday * 48 + slot, node]) == pytest.approx(expected, rel=1e-5)


def test_historical_average_looks_up_the_steps_asked_for(make_problem):
    problem = make_problem(nodes=2)
    method = fitted(HistoricalAverage, HistoricalAverageOptions(), problem)
    method.table = torch.arange(7 * 48, dtype=torch.float32)[:, None].expand(-1, 2)
    windows = problem.only.validation
    prediction = method.predict(windows.inputs(torch.tensor([3])))
    assert prediction[0, :, 0].tolist() == (windows.weekday[15:27] * 48 + windows.slot[15:27]).tolist()


@pytest.mark.parametrize(("method", "options"), UNTRAINED, ids=names)
def test_a_constant_added_to_the_series_is_added_to_the_predictions(method, options, make_problem):
    problem = make_problem(missing=0.1)
    shifted = with_values(problem, lambda values, rows: values + 100)
    starts = torch.arange(5)
    before = fitted(method, options, with_values(problem, lambda values, rows: values)).predict(problem.only.validation.inputs(starts))
    after = fitted(method, options, shifted).predict(shifted.only.validation.inputs(starts))
    torch.testing.assert_close(after, before + 100, atol=1e-3, rtol=0)


@pytest.mark.parametrize(("method", "options"), UNTRAINED, ids=names)
def test_values_marked_as_unobserved_have_no_influence(method, options, make_problem):
    problem = make_problem(missing=0.3)
    task = problem.only

    def corrupted(windows: Windows) -> Windows:
        return replace(windows, values=torch.where(windows.observed, windows.values, 1e6))

    tampered = replace(problem, tasks={task.task: replace(task, train=corrupted(task.train), validation=corrupted(task.validation))})
    starts = torch.arange(len(task.validation))
    clean = fitted(method, options, problem).predict(task.validation.inputs(starts))
    assert torch.equal(fitted(method, options, tampered).predict(tampered.only.validation.inputs(starts)), clean)


def test_linear_equals_least_squares_on_materialised_windows_with_missing_values(make_problem):
    problem = make_problem(nodes=5, missing=0.2)
    train, scaler = problem.only.train, problem.only.scaler
    method = fitted(Linear, LinearOptions(ridge=0.0), problem)
    z = np.where(train.observed, (train.values.numpy() - np.float32(scaler.mean)) / np.float32(scaler.std), 0.0)
    for step in range(12):
        rows, wanted = [], []
        for start in range(len(train)):
            for node in range(5):
                if train.observed[start + 12 + step, node]:
                    rows.append([*z[start : start + 12, node], 1.0])
                    wanted.append((float(train.values[start + 12 + step, node]) - scaler.mean) / scaler.std)
        solution = np.linalg.lstsq(np.array(rows), np.array(wanted), rcond=None)[0]
        np.testing.assert_allclose(method.weight[step], solution[:12], atol=1e-5)
        assert float(method.bias[step]) == pytest.approx(solution[12], abs=1e-5)


def test_linear_penalises_the_weights_by_a_share_of_the_gram_diagonal_but_not_the_bias(make_problem):
    problem = make_problem(nodes=4)
    gram, moment = Linear(LinearOptions(), problem)._normal_equations()
    penalty = np.diag([0.1 * np.diag(gram[3].numpy())[:12].mean()] * 12 + [0.0])
    expected = np.linalg.solve(gram[3].numpy() + penalty, moment[3].numpy())
    method = fitted(Linear, LinearOptions(ridge=0.1), problem)
    np.testing.assert_allclose([*method.weight[3], method.bias[3]], expected, atol=1e-6)


def test_no_affine_method_beats_linear_on_the_training_windows(make_problem):
    problem = make_problem(nodes=6, steps=200)
    best = mse(fitted(Linear, LinearOptions(ridge=0.0), problem), problem.only.train)
    assert best <= mse(fitted(LastValue, LastValueOptions(), problem), problem.only.train)
    trained = DLinear(DLinearOptions(learning_rate=1e-2), problem)
    trained.fit(RunContext(0, torch.device("cpu"), Budget(epochs=30, patience=30)))
    assert best <= mse(trained, problem.only.train)


def test_linear_survives_a_constant_series_and_a_step_never_observed(make_problem):
    constant = with_values(make_problem(), lambda values, rows: torch.full_like(values, 3.0))
    assert mae(fitted(Linear, LinearOptions(), constant), constant.only.validation) == 0
    problem = make_problem(steps=32)  # one training window
    task = problem.only
    observed = task.train.observed.clone()
    observed[-1] = False
    problem = replace(problem, tasks={task.task: replace(task, train=replace(task.train, observed=observed))})
    prediction = fitted(Linear, LinearOptions(), problem).predict(task.train.inputs(torch.tensor([0])))
    torch.testing.assert_close(prediction[0, -1], torch.full((8,), task.scaler.mean))


def test_dlinear_splits_the_window_by_a_moving_average_over_repeated_ends(make_problem):
    problem = make_problem(nodes=3)
    network = DLinear(DLinearOptions(kernel=5), problem).network
    inputs = problem.only.train.inputs(torch.tensor([0, 1]))
    window = inputs.scaled[1, :, 2].double().numpy()
    padded = np.concatenate([[window[0]] * 2, window, [window[-1]] * 2])
    trend = np.array([padded[i : i + 5].mean() for i in range(12)])
    expected = 0
    for layer, part in ((network.trend, trend), (network.remainder, window - trend)):
        expected = expected + layer.weight.detach().double().numpy() @ part + layer.bias.detach().double().numpy()
    np.testing.assert_allclose(network(inputs)[1, :, 2].detach(), expected, atol=1e-5)


@pytest.mark.parametrize("kernel", [0, 4])
def test_dlinear_refuses_an_even_kernel(kernel: int):
    with pytest.raises(ValueError, match=f"kernel = {kernel} is no odd positive number"):
        DLinearOptions(kernel=kernel)


@pytest.mark.parametrize(("method", "options"), UNTRAINED, ids=names)
def test_a_saved_untrained_method_predicts_the_same(method, options, make_problem):
    problem = make_problem(missing=0.1)
    first, second = fitted(method, options, problem), method(options, problem)
    second.load_state_dict({name: tensor.clone() for name, tensor in first.state_dict().items()})
    inputs = problem.only.validation.inputs(torch.arange(4))
    assert torch.equal(first.predict(inputs), second.predict(inputs))


def test_linear_counts_its_numbers_and_the_others_have_none(make_problem):
    problem = make_problem()
    assert [method(options, problem).parameter_count() for method, options in UNTRAINED] == [0, 0, 156]
