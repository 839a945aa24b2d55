"""Kept runs compared answer by answer: intervals of differences over the same trips."""

import numpy as np
import pytest
from scipy.stats import bootstrap, norm

from benchmark.contract import Fitted
from benchmark.errors import UserError
from benchmark.execution.packing import pack
from benchmark.report.paired import compare, interval, scored
from benchmark.report.render import render
from benchmark.spec import Record, RunSpec
from benchmark.store.kept import write_kept
from benchmark.store.records import Store

TRIPS = 400


def kept(folder, method, answers, seed=0, suite="chengdu"):
    """The id of a kept run of a trajectory method; answers: task → (truth, predicted, group)."""
    spec = RunSpec("trajectory", method, 1, {}, suite, 2, tuple(answers), "sim", "abc", "strict", 1, "smoke", {"epochs": 6}, seed)
    arrays = {f"{task}.{name}": array for task, parts in answers.items()
              for name, array in zip(("truth", "predicted", "group"), parts, strict=True)}
    write_kept(Store(folder), Record(spec, "done", city={}), pack(Fitted({}, {}, {}, arrays)))
    return spec.id


@pytest.fixture
def truth():
    return np.random.default_rng(0).uniform(100, 900, TRIPS)


def noisy(truth, sigma, seed):
    return truth + np.random.default_rng(seed).normal(0, sigma, len(truth))


def seconds(truth, predicted):
    return {"travel_time": (truth, predicted, np.arange(TRIPS))}


def test_a_run_that_errs_more_is_worse_by_the_difference_of_the_errors(tmp_path, truth):
    near, far = noisy(truth, 10, 1), noisy(truth, 40, 2)
    sheet = compare(Store(tmp_path), kept(tmp_path, "random", seconds(truth, near)), [kept(tmp_path, "word2vec", seconds(truth, far))])
    [row] = sheet.data
    errors = [np.abs(far - truth), np.abs(near - truth)]
    assert row["difference"] == pytest.approx(errors[0].mean() - errors[1].mean())
    reference = bootstrap((errors[0] - errors[1],), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(5))
    assert (row["low"], row["high"]) == pytest.approx(tuple(reference.confidence_interval), rel=0.03)
    assert (row["n"], row["unit"], sheet.rows[-1][-1]) == (TRIPS, "s", "worse")


def test_equal_answers_are_not_told_apart(tmp_path, truth):
    one, other = (kept(tmp_path, "random", seconds(truth, truth + 5), seed) for seed in (0, 1))
    sheet = compare(Store(tmp_path), one, [other])
    assert [(row["difference"], row["low"], row["high"]) for row in sheet.data] == [(0, 0, 0)]
    assert sheet.rows[-1][-1] == "not told apart"
    assert [row[1] for row in sheet.rows] == ["random (seed 0)", "random (seed 1)"]


def test_destinations_count_the_likeliest_class_and_more_hits_are_better(tmp_path):
    truth = np.arange(TRIPS)
    right, half = (np.stack([np.where(hit, truth, -1), truth], axis=1) for hit in (truth >= 0, truth % 2 == 0))
    one, other = (kept(tmp_path, name, {"destination_road": (truth, best, truth)})
                  for name, best in (("random", half), ("word2vec", right)))
    sheet = compare(Store(tmp_path), one, [other])
    [row] = sheet.data
    assert (row["metric"], row["unit"], row["value"], row["reference_value"], row["difference"]) == ("acc_1", "%", 100, 50, 50)
    # a share of 400 cases: ± 1.96 sqrt(p (1 - p) / n)
    assert row["high"] - row["low"] == pytest.approx(100 * 2 * norm.ppf(0.975) * np.sqrt(0.25 / TRIPS), rel=0.1)
    assert sheet.rows[-1][-1] == "better"


def test_two_roads_of_a_street_are_drawn_together():
    rng = np.random.default_rng(0)
    each = rng.normal(size=200)
    alone, pairs = interval(each, np.arange(200), 200), interval(np.repeat(each, 2), np.repeat(np.arange(200), 2), 200)
    assert pairs == pytest.approx(alone)
    apart = interval(np.repeat(each, 2), np.arange(400), 400)
    assert apart[1] - apart[0] == pytest.approx((alone[1] - alone[0]) / np.sqrt(2), rel=0.1)


def test_the_interval_holds_the_true_difference_nineteen_times_in_twenty():
    rng = np.random.default_rng(0)
    held = [low <= 0.3 <= high for low, high in (interval(rng.exponential(0.3, 60), np.arange(60), 60) for _ in range(20))]
    assert sum(held) >= 16  # binomial: fewer has a chance below 1 %


def test_numbers_are_scored_by_their_distance_and_classes_by_hits():
    assert scored(np.array([3.0, 5.0]), np.array([4.0, 5.0])).tolist() == [1, 0]
    assert scored(np.array([3, 5]), np.array([4, 5])).tolist() == [0, 1]
    assert scored(np.array([[3, 4], [5, 4]]), np.array([4, 5])).tolist() == [0, 1]


def test_runs_that_were_asked_other_trips_are_refused(tmp_path, truth):
    one, other = kept(tmp_path, "random", seconds(truth, truth)), kept(tmp_path, "word2vec", seconds(truth + 1, truth))
    with pytest.raises(UserError, match=r"were asked for other trips or roads of travel_time; compare runs of one edition"):
        compare(Store(tmp_path), one, [other])


def test_runs_without_a_common_task_and_runs_of_forecasters_are_refused(tmp_path, truth):
    one = kept(tmp_path, "random", seconds(truth, truth))
    other = kept(tmp_path, "word2vec", {"destination_road": (truth, truth, truth)})
    with pytest.raises(UserError, match="share no task of one suite"):
        compare(Store(tmp_path), one, [other])
    spec = RunSpec("forecasting", "stid", 1, {}, "nyc", 1, ("taxi_pick",), "sim", "abc", "strict", 1, "smoke", {"epochs": 6}, 0)
    write_kept(Store(tmp_path), Record(spec, "done", city={}), pack(Fitted({}, {}, {}, {"taxi_pick.predictions": np.zeros(3)})))
    with pytest.raises(UserError, match="keeps no answers one by one"):
        compare(Store(tmp_path), spec.id, [spec.id])


def test_every_format_shows_the_same_comparison(tmp_path, truth):
    one, other = (kept(tmp_path, name, seconds(truth, noisy(truth, sigma, 1))) for name, sigma in (("random", 10), ("word2vec", 40)))
    sheet = compare(Store(tmp_path), one, [other])
    for format in ("rich", "markdown", "latex", "html"):
        text = render([sheet], format)
        assert "word2vec" in text
        assert "worse" in text
    assert render([sheet], "csv").splitlines()[0].startswith("suite,task,run,method,metric")
