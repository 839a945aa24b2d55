"""Metrics against a direct transcription of their definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark import metrics


def sums_of(prediction, truth, observed):
    parts = {name: metrics.error_sums(prediction, truth, mask) for name, mask in metrics.masks(truth, observed).items()}
    parts["ranking"] = metrics.recall_sums(prediction, truth, observed)
    return {mask: {name: part.sum(axis=0) for name, part in one.items()} for mask, one in parts.items()}


def reference(prediction, truth, observed):
    """Entry by entry, in plain Python."""
    pairs = [(float(p), float(y)) for p, y, o in zip(prediction.ravel(), truth.ravel(), observed.ravel(), strict=True) if o]
    mean = lambda xs: sum(xs) / len(xs) if xs else None  # noqa: E731
    root = lambda x: None if x is None else x**0.5  # noqa: E731
    nonzero = [(p, y) for p, y in pairs if y != 0]
    total = sum(abs(y) for _, y in pairs)
    return {
        "mae": mean([abs(p - y) for p, y in pairs]), "rmse": root(mean([(p - y) ** 2 for p, y in pairs])),
        "mape": mean([abs(p - y) / y for p, y in pairs if y >= 1]),
        "wape": sum(abs(p - y) for p, y in pairs) / total if total else None,
        "mae_nonzero": mean([abs(p - y) for p, y in nonzero]), "rmse_nonzero": root(mean([(p - y) ** 2 for p, y in nonzero])),
        "mape_nonzero": mean([abs(p - y) / y for p, y in nonzero]), "mape_10": mean([abs(p - y) / y for p, y in pairs if y >= 10]),
    }


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 4), st.integers(1, 6), st.floats(0, 1), st.floats(0, 1))
def test_every_metric_equals_its_definition_computed_entry_by_entry(seed, windows, horizon, nodes, zeros, missing):
    rng = np.random.default_rng(seed)
    shape = (windows, horizon, nodes)
    truth = np.where(rng.random(shape) < zeros, 0, rng.uniform(0.1, 30, shape)).astype(np.float32)
    prediction = rng.normal(10, 10, shape).astype(np.float32)
    observed = rng.random(shape) >= missing
    found = metrics.values(sums_of(prediction, truth, observed))
    for name, expected in reference(prediction, truth, observed).items():
        assert found[name] == (None if expected is None else pytest.approx(expected, rel=1e-9)), name


def test_a_perfect_prediction_has_no_error_and_full_recall():
    truth = np.arange(24, dtype=np.float32).reshape(1, 2, 12)
    found = metrics.values(sums_of(truth, truth, np.ones_like(truth, dtype=bool)))
    assert all(value == 0 for name, value in found.items() if name != "recall_10")
    assert found["recall_10"] == pytest.approx(4 / 23)  # ⌈0.1 · 12⌉ = 2 cells of each of the two steps; 23 cells are positive


def test_a_prediction_of_zeros_has_the_mean_as_mae():
    truth = np.array([[[0.0, 2.0, 4.0]]], dtype=np.float32)
    found = metrics.values(sums_of(np.zeros_like(truth), truth, np.ones_like(truth, dtype=bool)))
    assert found["mae"] == 2
    assert found["mae_nonzero"] == 3
    assert found["wape"] == 1


def test_unobserved_entries_never_count_whatever_they_hold():
    truth = np.array([[[1.0, 5.0]]], dtype=np.float32)
    observed = np.array([[[True, False]]])
    for junk in (0.0, 1e30, np.nan, np.inf):
        found = metrics.values(sums_of(np.array([[[2.0, junk]]], dtype=np.float32), truth, observed))
        assert found["mae"] == 1
        corrupted = np.where(observed, truth, np.float32(junk))
        assert metrics.values(sums_of(np.array([[[2.0, 3.0]]], dtype=np.float32), corrupted, observed))["mae"] == 1


def test_nothing_observed_gives_no_number_but_a_mean_of_horizons_of_0():
    truth = np.ones((1, 1, 2), dtype=np.float32)
    found = metrics.values(sums_of(truth, truth, np.zeros_like(truth, dtype=bool)))
    assert {value for name, value in found.items() if "mean12" not in name} == {None}
    assert {value for name, value in found.items() if "mean12" in name} == {0.0}


def paper_metrics(prediction, truth):
    """The authors' metrics in numpy, as cmust-suite §5 defines them: horizon by horizon, zeros left out, NaN terms 0, an empty mask 0."""
    found = {"mae_mean12": [], "rmse_mean12": [], "mape_mean12": []}
    for q in range(truth.shape[1]):
        y, guess = truth[:, q].astype(np.float64), prediction[:, q].astype(np.float64)
        mask = (y != 0.0).astype(np.float64)
        size = mask.sum()
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = {"mae_mean12": np.abs(guess - y), "rmse_mean12": (guess - y) ** 2, "mape_mean12": np.abs(guess - y) / y}
            for name, term in terms.items():
                total = np.nan_to_num(term * mask, nan=0.0).sum()
                mean = total / size if size else 0.0
                found[name].append(np.sqrt(mean) if name == "rmse_mean12" else mean)
    return {name: float(np.mean(each)) for name, each in found.items()}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 12), st.integers(1, 6), st.sampled_from([0.0, 0.5, 0.97, 1.0]))
def test_the_paper_protocols_metrics_equal_their_transcription_empty_masks_included(seed, windows, horizon, nodes, zeros):
    rng = np.random.default_rng(seed)
    shape = (windows, horizon, nodes)
    truth = np.where(rng.random(shape) < zeros, 0, rng.uniform(0.01, 30, shape)).astype(np.float32)
    truth[:, rng.integers(horizon)] = 0  # a horizon without any target
    prediction = rng.normal(10, 10, shape).astype(np.float32)
    found = metrics.values(sums_of(prediction, truth, np.ones(shape, dtype=bool)))
    for name, expected in paper_metrics(prediction, truth).items():
        assert found[name] == pytest.approx(expected, rel=1e-9, abs=1e-12), name


def test_the_mean_of_horizons_differs_from_the_pooled_mean_where_targets_are_uneven():
    truth = np.array([[[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]]], dtype=np.float32)
    prediction = np.array([[[2.0, 2.0, 2.0], [4.0, 9.0, 9.0]]], dtype=np.float32)
    found = metrics.values(sums_of(prediction, truth, np.ones_like(truth, dtype=bool)))
    assert found["mae_nonzero"] == 6 / 4
    assert found["mae_mean12"] == (1 + 3) / 2


def test_one_horizon_alone_can_be_asked_for():
    truth = np.array([[[1.0, 3.0], [2.0, 0.0]]], dtype=np.float32)
    found = metrics.values(sums_of(np.zeros_like(truth), truth, np.ones_like(truth, dtype=bool)), horizon=2)
    assert (found["mae"], found["mae_nonzero"], found["mae_mean12"]) == (1, 2, 2)


def test_the_sums_of_an_older_record_give_the_metrics_they_allow():
    truth = np.ones((1, 1, 2), dtype=np.float32)
    old = {mask: sums for mask, sums in sums_of(truth, truth, truth > 0).items() if mask in ("observed", "nonzero")}
    assert set(metrics.values(old)) == {"mae", "rmse", "wape", "mae_nonzero", "rmse_nonzero", "mape_nonzero", "mae_mean12", "rmse_mean12",
                                        "mape_mean12"}


def test_recall_breaks_ties_by_node_order_and_ignores_unobserved_cells():
    truth = np.zeros((1, 1, 20), dtype=np.float32)
    truth[0, 0, [0, 1, 5]] = 1
    observed = np.ones_like(truth, dtype=bool)
    ties = metrics.recall_sums(np.zeros_like(truth), truth, observed)
    assert (ties["hits"].sum(), ties["positives"].sum()) == (2, 3)  # the top two of equal predictions are nodes 0 and 1
    observed[0, 0, 0] = False
    hidden = metrics.recall_sums(np.zeros_like(truth), truth, observed)
    assert (hidden["hits"].sum(), hidden["positives"].sum()) == (1, 2)  # now nodes 1 and 2


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.lists(st.integers(1, 9), min_size=1, max_size=9))
def test_sums_added_in_order_do_not_depend_on_how_windows_are_batched(seed, windows, sizes):
    parts = np.random.default_rng(seed).lognormal(0, 8, (windows, 3))
    whole = metrics.add_in_order(np.zeros(3), parts)
    total, start = np.zeros(3), 0
    while start < windows:
        size = sizes[start % len(sizes)]
        total = metrics.add_in_order(total, parts[start:start + size])
        start += size
    assert (total == whole).all()
