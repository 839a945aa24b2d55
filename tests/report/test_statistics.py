"""How sure a difference is: against examples by hand, plain references, and how often alike methods are called different."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import stdtr

from benchmark.errors import UserError
from benchmark.report.statistics.across import friedman_p, nemenyi, task_ranks, win_rates
from benchmark.report.statistics.correction import holm, too_few
from benchmark.report.statistics.days import block_length, paired_days, too_short
from benchmark.report.statistics.pairs import effect_size, paired_seeds, sign_flip_p


@pytest.mark.parametrize(("differences", "p"), [
    ([1.0, 2.0, 3.0], 2 / 8),  # 6 and −6
    ([1.0, -2.0, 3.0], 6 / 8),  # all but ±0
    ([1.0, 1.0, 1.0, -1.0], 10 / 16),  # |2| or more: 2 of 4, 8 of 2
    ([0.5] * 6, 2 / 64), ([0.0] * 6, 1.0), ([-0.5] * 10, 2 / 1024)])
def test_the_exact_test_counts_the_sign_patterns_that_are_as_far_from_zero(differences, p):
    assert sign_flip_p(np.array(differences)) == p


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=7))
def test_the_exact_test_is_what_all_patterns_say_one_by_one(differences):
    sums = [abs(sum(sign * one for sign, one in zip(signs, differences, strict=True)))
            for signs in product((-1, 1), repeat=len(differences))]
    expected = sum(one >= abs(sum(differences)) for one in sums) / len(sums)
    # tenths do not add up exactly: equal sums must stay equal
    assert sign_flip_p(np.array(differences) / 10) == expected


def test_seeds_give_a_difference_its_interval_and_the_test_that_fits_their_number():
    found = paired_seeds(np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))
    half = 2.570582 * (3.5 / 6) ** 0.5  # t of 5 degrees of freedom, variance 3.5
    assert (found.difference, found.p, found.test) == (3.5, 2 / 64, "permutation")
    assert (found.low, found.high) == (pytest.approx(3.5 - half), pytest.approx(3.5 + half))
    many = paired_seeds(np.arange(1.0, 18.0))
    assert (many.p, many.test) == (pytest.approx(2 / 2**17), "wilcoxon")
    assert paired_seeds(np.zeros(17)).p == 1.0


def test_the_effect_size_is_the_mean_difference_in_standard_deviations_of_the_differences():
    assert effect_size(np.array([-1.0, -2.0, -3.0])) == -2.0
    assert effect_size(np.array([1.0])) is None
    assert effect_size(np.array([1.0, 1.0])) is None


def test_holm_multiplies_the_smallest_p_by_all_comparisons_and_never_turns_their_order():
    assert holm([0.01, 0.02, 0.03, 0.04]) == pytest.approx([0.04, 0.06, 0.06, 0.06])
    assert holm([0.5, 0.001, 1.0]) == pytest.approx([1.0, 0.003, 1.0])
    assert holm([]) == []


def test_five_pairs_never_reach_five_percent_and_fifteen_comparisons_need_ten():
    assert next(n for n in range(1, 12) if not too_few(n, 1)) == 6
    assert next(n for n in range(1, 12) if not too_few(n, 15)) == 10
    assert too_few(0, 1)


def test_blocks_are_a_ninth_of_the_test_part_and_four_of_them_are_needed():
    assert [block_length(n) for n in (1, 9, 18, 36, 240)] == [2, 2, 2, 4, 27]
    assert [too_short(n) for n in (7, 8, 9, 24)] == [True, False, False, False]


def sums(values):
    """Top and bottom of a mean of [2, seed, day] with 4 entries a day."""
    return 4 * np.asarray(values, dtype=np.float64), np.full(np.shape(values), 4.0)


def block_variance(differences):
    """Of the mean of days, over all blocks that can be drawn, with the correction for their number."""
    n, block = len(differences), block_length(len(differences))
    around = np.concatenate([differences, differences[: block - 1]]) - differences.mean()
    means = np.convolve(around, np.ones(block), "valid")
    return (means**2).mean() / block / n * (n / block) / (n / block - 1)


def test_the_bootstrap_of_days_gives_the_variance_of_circular_blocks_and_students_t():
    rng = np.random.default_rng(4)
    values = rng.random((2, 1, 36))
    found = paired_days(*sums(values))
    differences = values[0, 0] - values[1, 0]
    assert found.difference == pytest.approx(differences.mean())
    error = (found.high - found.low) / 2 / 2.306004  # nine blocks: eight degrees of freedom
    assert error**2 == pytest.approx(block_variance(differences), rel=0.1)
    assert found.p == pytest.approx(2 * stdtr(8, -abs(found.difference) / error))
    assert found == paired_days(*sums(values)), "the same days are drawn every time"


def test_seeds_that_differ_widen_the_interval_of_the_days():
    days = np.random.default_rng(2).random((2, 1, 36))
    both = [np.repeat(days, 3, axis=1), np.repeat(days, 3, axis=1)]
    both[1][0] += np.array([-1.0, 0.0, 1.0])[:, None]
    alike, apart = (paired_days(*sums(values)) for values in both)
    assert alike.difference == pytest.approx(apart.difference)
    assert alike.high - alike.low == pytest.approx((one := paired_days(*sums(days))).high - one.low), "equal seeds add nothing"
    assert apart.high - apart.low > 2 * 1.96 * (1 / 3) ** 0.5
    assert apart.p > alike.p


def test_days_are_weighed_by_their_counts_and_a_root_is_taken_of_the_pooled_square():
    top, bottom = np.ones((2, 1, 9)), np.ones((2, 1, 9))
    top[0, 0, 0], bottom[:, 0, 0] = 91.0, 91.0
    top[1, 0, 0] = 91.0 * 4
    assert paired_days(top, bottom).difference == pytest.approx(1 - (364 + 8) / 99)
    assert paired_days(top, bottom, root=True).difference == pytest.approx(1 - ((364 + 8) / 99) ** 0.5)


def test_equal_days_are_no_difference_and_one_that_never_changes_is_sure():
    values = np.full((2, 2, 12), 3.0)
    assert (paired_days(*sums(values)).p, paired_days(*sums(values)).difference) == (1.0, 0.0)
    values[0] += 1
    assert (paired_days(*sums(values)).p, paired_days(*sums(values)).low) == (0.0, 1.0)


def test_hours_without_any_trip_hide_no_others():
    top, bottom = sums(np.random.default_rng(0).random((2, 1, 24)))
    top[:, :, :5], bottom[:, :, :5] = 0, 0
    found = paired_days(top, bottom)
    assert 0 < found.p < 1
    assert np.isfinite([found.low, found.high]).all()


def autocorrelated(rng, shape, memory):
    """Days that remember the day before, of variance 1."""
    noise, found = rng.standard_normal(shape), np.empty(shape)
    found[..., 0] = noise[..., 0]
    for day in range(1, shape[-1]):
        found[..., day] = memory * found[..., day - 1] + (1 - memory**2) ** 0.5 * noise[..., day]
    return found


@pytest.mark.parametrize(("n_days", "memory", "low", "high"), [(9, 0.0, 0.01, 0.07), (9, 0.3, 0.02, 0.10), (36, 0.0, 0.02, 0.07),
                                                               (36, 0.4, 0.03, 0.11)])
def test_alike_methods_differ_by_the_days_about_as_seldom_as_is_said(n_days, memory, low, high):
    rng = np.random.default_rng(7)
    # the days are hard or easy for both, and each method has its own luck on them
    values = 10 + autocorrelated(rng, (600, 1, 1, n_days), 0.8) + autocorrelated(rng, (600, 2, 1, n_days), memory)
    assert low <= np.mean([paired_days(*sums(one)).p <= 0.05 for one in values]) <= high


@pytest.mark.parametrize(("seeds", "low", "high"), [(2, 0.05, 0.15), (3, 0.02, 0.08), (5, 0.02, 0.08)])
def test_alike_methods_whose_seeds_differ_more_than_days_are_seldom_told_apart(seeds, low, high):
    rng = np.random.default_rng(8)
    values = 10 + rng.standard_normal((600, 2, seeds, 1)) + 0.2 * rng.standard_normal((600, 2, seeds, 12))
    assert low <= np.mean([paired_days(*sums(one)).p <= 0.05 for one in values]) <= high


def test_alike_methods_differ_by_seeds_as_seldom_as_is_said():
    rng = np.random.default_rng(9)
    found = [sign_flip_p(one) <= 0.05 for one in rng.standard_normal((2000, 8))]
    assert 0.035 <= np.mean(found) <= 0.06  # at most 12 of 256 patterns: 0.047


def test_of_several_comparisons_of_alike_methods_seldom_any_is_called_one():
    rng = np.random.default_rng(10)
    runs = rng.standard_normal((800, 4, 9))  # three methods against one that was named before
    assert np.mean([min(holm([sign_flip_p(one - own[0]) for one in own[1:]])) <= 0.05 for own in runs]) <= 0.06


def test_the_splits_of_a_task_count_once_together():
    values = np.array([[1.0, 2.0, 3.0], [2.0, 1.0, 3.0]])
    assert task_ranks(values[:1]).tolist() == [1, 2, 3]
    assert task_ranks(values).tolist() == [1.5, 1.5, 3]
    assert task_ranks(values, higher_is_better=True).tolist() == [2.5, 2.5, 1]


def test_a_win_rate_is_the_share_of_tasks_in_which_one_beats_another_a_tie_half():
    assert win_rates(np.array([[1.0, 2.0], [1.0, 2.0], [1.5, 1.5], [2.0, 1.0]])).tolist() == [[0.5, 0.625], [0.375, 0.5]]


def test_friedmans_test_is_that_of_the_formula():
    ranks = np.array([[1.0, 2.0, 3.0]] * 3 + [[2.0, 1.0, 3.0]])
    # 12 N / (k (k + 1)) Σ (mean rank − 2)²; χ² of two degrees of freedom: exp(−x / 2)
    assert friedman_p(ranks) == pytest.approx(np.exp(-12 * 4 / 12 * ((1.25 - 2) ** 2 + (1.75 - 2) ** 2 + 1) / 2))
    assert friedman_p(np.full((3, 4), 2.5)) is None


def test_nemenyis_critical_difference_is_demsars():
    pytest.importorskip("scikit_posthocs")
    ranks = np.tile(np.arange(1.0, 5.0), (14, 1))
    difference, p = nemenyi(ranks)
    # Demšar (2006), table 5: q of four methods is 2.569; his example of 14 data sets has CD 1.25
    assert difference == pytest.approx(2.569 * (4 * 5 / (6 * 14)) ** 0.5, abs=1e-3)
    assert round(difference, 2) == 1.25
    assert (p[0] <= 0.05).tolist() == [False, False, True, True]


def test_without_scikit_posthocs_its_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "scikit_posthocs", None)
    with pytest.raises(UserError, match=r"stbench\[plot\]"):
        nemenyi(np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]))
