"""Protocol `paper`: what CMuST's authors compute, against direct transcriptions in numpy (cmust-suite §3 and §5)."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_metrics import paper_metrics

from benchmark.contract import Asks, Budget, RunContext
from benchmark.data.clock import Clock
from benchmark.data.folder import Origin
from benchmark.data.forecasting.city import Series, write_city
from benchmark.errors import UserError
from benchmark.execution.campaign import run_plan
from benchmark.execution.plan import Request, make_plan
from benchmark.families import forecasting_protocol
from benchmark.fitting import seed_everything
from benchmark.forecasting.posing import cut, held_out_windows, pose
from benchmark.forecasting.scoring import score
from benchmark.forecasting.training import evaluate, masked_mae
from benchmark.registry import registry
from benchmark.report.choice import Filter
from benchmark.report.render import render
from benchmark.report.suite import suite_sheets
from benchmark.report.table import make_tables
from benchmark.store.records import Store

PAPER, GAP, STRICT = forecasting_protocol("paper"), forecasting_protocol("paper-gap23"), forecasting_protocol("strict")
STEPS, NODES = 480, 5


@pytest.fixture(scope="module")
def values():
    rng = np.random.default_rng(3)
    slot = np.arange(STEPS)[:, None] % 48
    rates = rng.uniform(0, 6, NODES) * (1 + np.sin(2 * np.pi * slot / 48))
    return rng.poisson(rates).astype(np.float32)


@pytest.fixture(scope="module")
def city(values, tmp_path_factory):
    nodes = pd.DataFrame({"node_id": [str(n) for n in range(NODES)], "name": "", "lon": 0.01 * np.arange(NODES), "lat": 0.0})
    clock = Clock("2016-01-01T00:00:00", 30, "UTC")
    series = [Series("taxi_pick", values, np.ones_like(values, dtype=bool), np.arange(NODES), clock, "trips per 30 min")]
    return write_city(tmp_path_factory.mktemp("cities") / "city", "counts", "own", Origin("t", "s", "l"), nodes, series)


@pytest.fixture(scope="module")
def cut_windows(values):
    """x and y of the three parts as the authors' files hold them: all windows, cut 7:1:2."""
    starts = np.arange(STEPS - 23)
    x = np.stack([values[i : i + 12] for i in starts])
    y = np.stack([values[i + 12 : i + 24] for i in starts])
    test, train = round(0.2 * len(starts)), round(0.7 * len(starts))
    parts = {"train": slice(0, train), "validation": slice(train, len(starts) - test), "test": slice(len(starts) - test, None)}
    return {name: (x[part], y[part]) for name, part in parts.items()}


@pytest.mark.parametrize(("steps", "expected"), [(4368, (3042, 434, 869)), (25920, (18128, 2590, 5179)), (10272, (7174, 1025, 2050))])
def test_the_three_suites_are_cut_into_the_published_numbers_of_windows(steps, expected):
    assert tuple(rows - 23 for rows in PAPER.parts(steps)) == expected


@settings(max_examples=100, deadline=None)
@given(st.integers(300, 30_000))
def test_every_window_is_in_one_part_and_with_the_gap_no_row_is_in_two(steps):
    train, validation, test = PAPER.rows(steps)
    starts = [range(part.start, part.stop - 23) for part in (train, validation, test)]
    assert [start for part in starts for start in part] == list(range(steps - 23))
    first, second, third = GAP.rows(steps)
    assert (first.stop, second.stop, third) == (second.start, third.start, test)
    assert first.stop - first.start == train.stop - 23


def windows_of(part):
    starts = torch.arange(len(part))
    return part.inputs(starts), part.targets(starts)


def test_posed_windows_are_the_authors_windows(city, cut_windows):
    problem = pose(city, ["taxi_pick"], PAPER).only
    for name, part in (("train", problem.train), ("validation", problem.validation), ("test", held_out_windows(city, "taxi_pick", PAPER))):
        inputs, targets = windows_of(part)
        x, y = cut_windows[name]
        np.testing.assert_array_equal(inputs.values.numpy(), x)
        np.testing.assert_array_equal(targets.values.numpy(), y)


def test_the_scaler_counts_a_step_as_often_as_it_stands_in_a_training_window(city, cut_windows):
    scaler = pose(city, ["taxi_pick"], PAPER).only.scaler
    x = cut_windows["train"][0].astype(np.float64)
    assert scaler.mean == pytest.approx(x.mean(), rel=1e-12)
    assert scaler.std == pytest.approx(x.std(), rel=1e-12)
    strict = pose(city, ["taxi_pick"], STRICT).only.scaler
    assert scaler.mean != strict.mean


def test_the_loss_is_the_authors_masked_mean_absolute_error(city, cut_windows):
    targets = windows_of(pose(city, ["taxi_pick"], PAPER).only.train)[1]
    y = cut_windows["train"][1]
    prediction = np.random.default_rng(0).normal(3, 2, y.shape).astype(np.float32)
    mask = (y != 0).astype(np.float64)
    expected = (np.abs(prediction - y) * (mask / mask.mean())).mean()
    assert float(masked_mae(torch.from_numpy(prediction), targets)) == pytest.approx(expected, rel=1e-5)


def test_validation_is_the_pooled_masked_error_over_the_whole_part(city, cut_windows):
    problem = pose(city, ["taxi_pick"], PAPER).only
    y = cut_windows["validation"][1]
    network = torch.nn.Identity()
    found = evaluate(network, lambda inputs: torch.zeros(len(inputs.values), 12, NODES), problem.validation)
    assert found == pytest.approx(np.abs(problem.scaler.mean - y)[y != 0].mean(), rel=1e-5)


@pytest.mark.parametrize("method", ["stid", "historical_average", "linear", "last_value"])
def test_the_table_of_a_run_equals_the_transcribed_metrics_on_its_predictions(city, cut_windows, method):
    cls = registry().load(method)
    problem = pose(city, ["taxi_pick"], PAPER)
    seed_everything(0)
    fitted = cls(cls.Options(), problem)
    fitted.fit(RunContext(0, torch.device("cpu"), Budget(1, 30, 64, 16)))
    windows = held_out_windows(city, "taxi_pick", PAPER)
    prediction = fitted.predict(windows.inputs(torch.arange(len(windows)))).detach().numpy()
    from benchmark.metrics import values

    found = values(score(fitted.predict, windows).sums)
    for name, expected in paper_metrics(prediction, cut_windows["test"][1]).items():
        assert found[name] == pytest.approx(expected, rel=1e-5), name


@pytest.mark.parametrize("method", ["stid", "historical_average", "linear"])
def test_without_zero_targets_every_method_learns_to_predict_more(city, method):
    cls, means = registry().load(method), []
    for protocol in (STRICT, PAPER):
        problem = pose(city, ["taxi_pick"], protocol)
        seed_everything(0)
        fitted = cls(cls.Options(), problem)
        fitted.fit(RunContext(0, torch.device("cpu"), Budget(2, 30, 128, 16)))
        means.append(float(fitted.predict(problem.only.validation.inputs(torch.arange(16))).detach().mean()))
    assert means[1] > 1.02 * means[0]


def test_a_zero_is_observed_but_does_not_count_as_a_target(city):
    targets = pose(city, ["taxi_pick"], PAPER).only.train.targets(torch.arange(64))
    assert torch.equal(targets.counted, targets.values != 0)
    assert (targets.values == 0).any()
    assert targets.observed.all()


def test_too_short_a_series_is_refused_with_its_windows_rows():
    with pytest.raises(UserError, match="rows are too few"):
        cut(24, PAPER)


def test_tables_keep_the_protocols_apart_say_so_and_rank_only_strict(tmp_path):
    store = Store(tmp_path / "store")
    for protocol in ("strict", "paper"):
        run_plan(make_plan(Request(("last_value", "historical_average"), "nyc", tasks=("taxi_pick",), preset="smoke", protocol=protocol,
                                   device="cpu")), store, workers=1)
    tables = {table.protocol: table for table in make_tables(store, None)}
    assert set(tables) == {"strict@1", "paper@1"}
    assert any(cell.rank for row in tables["strict@1"].rows for cell in row.cells.values())
    assert not any(cell.rank for row in tables["paper@1"].rows for cell in row.cells.values())
    only = render(suite_sheets(make_tables(store, None, Filter(protocols=("paper",)))), "markdown")
    assert "protocol paper@1" in only
    assert "MAE ↓ (y≠0, mean12)" in only
    assert "never ranked" in only
    assert "strict" not in only
    assert "Best bold" not in only


def test_one_horizon_of_a_table_says_which(tmp_path):
    store = Store(tmp_path / "store")
    run_plan(make_plan(Request(("last_value",), "nyc", tasks=("taxi_pick",), preset="smoke", device="cpu")), store, workers=1)
    (whole,), (first,), (last,) = (make_tables(store, None, Filter(horizon=q)) for q in (None, 1, 12))
    assert first.title.endswith("horizon 1 only")
    maes = [table.rows[0].cells["mae"].mean for table in (first, whole, last)]
    assert maes == sorted(maes)
    assert maes[0] < maes[2]


def test_the_mean_day_of_the_whole_series_is_shown_only_to_who_asks_and_never_where_methods_are_ranked(city, values):
    shown = pose(city, ["taxi_pick"], PAPER, Asks(whole_series=True)).only.whole_day
    np.testing.assert_allclose(shown.numpy(), values.reshape(-1, 48, NODES).mean(axis=0), rtol=1e-6)
    assert pose(city, ["taxi_pick"], PAPER).only.whole_day is None
    assert pose(city, ["taxi_pick"], STRICT, Asks(whole_series=True)).only.whole_day is None


def test_prompts_of_the_whole_series_run_under_paper_alone(tmp_path):
    store = Store(tmp_path / "store")
    request = Request(("cmust",), "sip", preset="smoke", protocol="paper", device="cpu", overrides={"prompt_fit": "all"})
    assert run_plan(make_plan(request), store, workers=1).failed == ()
    with pytest.raises(UserError, match="only under"):
        make_plan(Request(("cmust",), "sip", preset="smoke", device="cpu", overrides={"prompt_fit": "all"}))
