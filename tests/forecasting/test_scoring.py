"""Scoring: streamed, exact, independent of the batch size."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmark.contract import BadPrediction
from benchmark.days import Days
from benchmark.forecasting.scoring import DAY_SUMS, score
from benchmark.metrics import error_sums, masks, recall_sums


def last_value(inputs):
    return inputs.values[:, -1:].expand(-1, 12, -1)


def test_sums_are_the_same_bits_for_batches_of_1_7_and_64(make_problem):
    windows = make_problem(steps=400, missing=0.2).only.train
    by_batch = [score(last_value, windows, ranking=True, batch=batch) for batch in (1, 7, 64)]
    for other in by_batch[1:]:
        for mask, sums in by_batch[0].sums.items():
            for name, part in sums.items():
                assert np.array_equal(part, other.sums[mask][name]), (mask, name)
        assert all(np.array_equal(by_batch[0].per_node[key], other.per_node[key]) for key in ("absolute", "count"))


def test_sums_by_local_day_are_those_of_adding_target_by_target_and_do_not_depend_on_the_batch(make_problem):
    windows = make_problem(steps=400, missing=0.2).only.train
    past = 5  # rows before the part, and a part that begins at eight o'clock
    windows = replace(windows, past=past, slot=(windows.slot + 16 - past) % 48)
    scored, *others = (score(last_value, windows, ranking=True, batch=batch) for batch in (64, 1, 7))
    expected = {}
    for window in range(len(windows)):
        starts = torch.tensor([window])
        prediction, targets = last_value(windows.inputs(starts)).numpy(), windows.targets(starts)
        truth, observed = targets.values.numpy(), targets.observed.numpy()
        parts = {mask: error_sums(prediction, truth, where) for mask, where in masks(truth, observed).items()}
        parts["ranking"] = recall_sums(prediction, truth, observed)
        for step in range(12):
            hour = 8 * 60 + 30 * (window + 12 + step)  # minutes since the midnight before the part
            for mask, names in DAY_SUMS.items():
                for name in names:
                    kept = expected.setdefault(mask, {}).setdefault(name, {})
                    kept[hour // 1440] = kept.get(hour // 1440, 0.0) + parts[mask][name][0, step]
    first, last = min(expected["observed"]["count"]), max(expected["observed"]["count"])
    assert (first, last) == (0, 6)
    assert set(scored.days) == set(DAY_SUMS)
    for one in (scored, *others):
        assert {mask: {name: part.tolist() for name, part in parts.items()} for mask, parts in one.days.items()} == {
            mask: {name: [part[day] for day in range(first, last + 1)] for name, part in parts.items()} for mask, parts in expected.items()}


def test_the_sums_of_days_add_up_to_the_totals_as_written_in_a_record_too(make_problem):
    scored = score(last_value, make_problem(steps=400, missing=0.2).only.train, ranking=True)
    written = Days("2016-01-01T00:00", 24, scored.days).to_json()["sums"]
    for mask, parts in written.items():
        for name, by_day in parts.items():
            assert sum(by_day) == pytest.approx(scored.sums[mask][name].sum(), rel=1e-9), (mask, name)
    assert all(isinstance(count, int) for count in written["observed"]["count"])


def test_sums_by_hour_are_those_of_the_targets_local_hours_and_do_not_depend_on_the_batch(make_problem):
    windows = make_problem(steps=400, missing=0.2).only.train
    windows = replace(windows, past=5, slot=(windows.slot + 11) % 48)
    starts = torch.arange(len(windows))
    prediction, targets = last_value(windows.inputs(starts)).double(), windows.targets(starts)
    hour = ((starts[:, None] + 5 + 12 + torch.arange(12) + 11) % 48) // 2
    error = torch.where(targets.observed, (prediction - targets.values).abs(), 0.0)
    scored, *others = (score(last_value, windows, batch=batch) for batch in (64, 1, 7))
    assert scored.per_node["hour_absolute"] == pytest.approx([float(error[hour == k].sum()) for k in range(24)])
    assert scored.per_node["hour_count"].tolist() == [int(targets.observed[hour == k].sum()) for k in range(24)]
    assert all(np.array_equal(scored.per_node[f"hour_{name}"], other.per_node[f"hour_{name}"])
               for other in others for name in ("absolute", "count"))


def test_sums_equal_those_of_all_windows_at_once(make_problem):
    windows = make_problem(missing=0.1).only.train
    starts = torch.arange(len(windows))
    prediction, targets = last_value(windows.inputs(starts)).double(), windows.targets(starts)
    error = ((prediction - targets.values).abs() * targets.observed).numpy()
    scored = score(last_value, windows)
    assert scored.sums["observed"]["absolute"] == pytest.approx(error.sum(axis=(0, 2)))
    assert scored.sums["observed"]["count"].tolist() == targets.observed.sum(dim=(0, 2)).tolist()
    assert scored.per_node["absolute"] == pytest.approx(error.sum(axis=(0, 1)))
    assert scored.windows == len(windows)


def test_the_last_incomplete_batch_counts(make_problem):
    windows = make_problem().only.train
    assert len(windows) % 64
    assert score(last_value, windows).sums["observed"]["count"].sum() == len(windows) * 12 * 8


def test_a_wrong_shape_or_a_nan_is_refused_by_name(make_problem):
    windows = make_problem().only.train
    with pytest.raises(BadPrediction, match="taxi_pick"):
        score(lambda inputs: inputs.values[:, :3], windows)
    with pytest.raises(BadPrediction, match="NaN"):
        score(lambda inputs: last_value(inputs) * float("nan"), windows)
