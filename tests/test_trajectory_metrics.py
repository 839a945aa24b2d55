"""Metrics of the trajectory tasks against loops over examples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark import metrics

SEEDS = st.integers(0, 2**32 - 1)


def f1_by_loops(predicted, truth, classes):
    """(micro, macro) F1, counted example by example."""
    each = []
    for one in range(classes):
        true_positive = sum(p == one and t == one for p, t in zip(predicted, truth, strict=True))
        false_positive = sum(p == one and t != one for p, t in zip(predicted, truth, strict=True))
        false_negative = sum(p != one and t == one for p, t in zip(predicted, truth, strict=True))
        precision = true_positive / (true_positive + false_positive) if true_positive + false_positive else 0
        recall = true_positive / (true_positive + false_negative) if true_positive + false_negative else 0
        each.append(2 * precision * recall / (precision + recall) if precision + recall else 0)
    return sum(p == t for p, t in zip(predicted, truth, strict=True)) / len(truth), sum(each) / classes


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(1, 40), st.integers(1, 6))
def test_f1_equals_precision_and_recall_counted_example_by_example(seed, examples, classes):
    rng = np.random.default_rng(seed)
    predicted, truth = rng.integers(0, classes, (2, examples))
    found = metrics.values({"roads": metrics.class_sums(predicted, truth, classes)})
    micro, macro = f1_by_loops(predicted.tolist(), truth.tolist(), classes)
    assert found == {"micro_f1": pytest.approx(micro, abs=1e-12), "macro_f1": pytest.approx(macro, abs=1e-12)}


def test_a_class_that_is_never_predicted_counts_0_in_macro_f1_and_so_does_one_that_never_is_true():
    truth, predicted = np.array([0, 0, 1, 1]), np.array([0, 0, 2, 2])
    found = metrics.values({"roads": metrics.class_sums(predicted, truth, 4)})
    assert found == {"micro_f1": 0.5, "macro_f1": 0.25}  # class 0 has 1; class 1 is missed, 2 is false, 3 is absent: 0 each


def test_class_sums_add_up_over_folds():
    rng = np.random.default_rng(0)
    predicted, truth, fold = rng.integers(0, 4, 90), rng.integers(0, 4, 90), rng.integers(0, 5, 90)
    whole = metrics.class_sums(predicted, truth, 4)
    parts = [metrics.class_sums(predicted[fold == k], truth[fold == k], 4) for k in range(5)]
    for name, sums in whole.items():
        assert sums.shape == (4,)
        assert np.array_equal(sums, sum(part[name] for part in parts)), name


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(1, 30), st.integers(5, 9))
def test_accuracy_at_k_equals_a_search_in_each_row(seed, rows, classes):
    rng = np.random.default_rng(seed)
    best = np.array([rng.permutation(classes) for _ in range(rows)])
    truth = rng.integers(0, classes, rows)
    found = metrics.values({"trips": metrics.top_sums(best, truth)})
    for k in (1, 5):
        hits = [truth[row] in best[row, :k].tolist() for row in range(rows)]
        assert found[f"acc_{k}"] == pytest.approx(sum(hits) / rows, abs=1e-12)


def test_a_sixth_guess_and_an_unknown_truth_never_hit():
    best = np.array([[0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5], [0, -1, -1, -1, -1, -1]])
    sums = metrics.top_sums(best, np.array([5, 4, 7]))
    assert {name: part.tolist() for name, part in sums.items()} == {"count": [3], "hits_1": [0], "hits_5": [1]}


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(1, 50))
def test_mae_and_rmse_in_seconds_equal_their_definitions_over_all_trips(seed, trips):
    rng = np.random.default_rng(seed)
    truth, predicted = rng.uniform(60, 4000, trips), rng.normal(900, 500, trips)
    found = metrics.values(metrics.seconds_sums(predicted, truth))
    errors = [p - t for p, t in zip(predicted.tolist(), truth.tolist(), strict=True)]
    assert found["mae"] == pytest.approx(sum(abs(e) for e in errors) / trips, rel=1e-12)
    assert found["rmse"] == pytest.approx((sum(e * e for e in errors) / trips) ** 0.5, rel=1e-12)


def test_rmse_in_seconds_is_pooled_and_no_mean_of_parts():
    sums = metrics.seconds_sums(np.array([0.0, 0.0, 0.0]), np.array([3.0, 4.0, 0.0]))
    assert sums["observed"]["count"].tolist() == [3]
    assert metrics.values(sums)["rmse"] == pytest.approx((25 / 3) ** 0.5)


def test_sums_are_float64_even_of_float32_predictions():
    predicted, truth = np.full(3, 1e8, np.float32), np.array([1.0, 2.0, 3.0])
    assert metrics.seconds_sums(predicted, truth)["observed"]["absolute"].tolist() == [3e8 - 6]
    assert all(part.dtype == np.float64 for part in metrics.class_sums(np.array([1]), np.array([0]), 2).values())
    assert all(part.dtype == np.float64 for part in metrics.top_sums(np.zeros((1, 5), int), np.array([0])).values())
