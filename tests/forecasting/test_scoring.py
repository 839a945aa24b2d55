"""Scoring: streamed, exact, independent of the batch size."""

import numpy as np
import pytest
import torch

from benchmark.contract import BadPrediction
from benchmark.forecasting.scoring import score


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
