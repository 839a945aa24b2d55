"""A fit that is broken off anywhere and taken up again ends in the same bits."""

import pytest
import torch
from made.notes import without_seconds

from benchmark.checkpoints import Checkpoints
from benchmark.contract import Budget, RunContext
from benchmark.options import resolve
from methods.cmust import prompts
from methods.cmust.method import CMuST
from methods.cmust.options import CMuSTOptions

TINY = {"observation_width": 2, "space_width": 2, "time_of_day_width": 2, "weekday_width": 2, "calendar_width": 2, "prompt_width": 2,
        "cross_width": 2, "self_width": 4, "heads": 2, "feed_forward_width": 4, "fusion_width": 4, "batch_size": 8}


class Killed(Exception):
    """Stands for a kill between two epochs."""


def fitted(problem, checkpoints, options, stop_after=None):
    """A fit from its beginning, under the same seed; broken off after so many epochs."""
    torch.manual_seed(0)
    method, seen = CMuST(resolve(CMuSTOptions, {**TINY, **options}, "cmust"), problem), []

    def progress(sign):
        seen.append(sign)
        if len(seen) == stop_after:
            raise Killed

    run = RunContext(0, torch.device("cpu"), Budget(2, 30, 8, 2), progress, checkpoints=checkpoints)
    method.fit(run)
    return method, run, len(seen)


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"profile": "text"}, {"freeze_unit": "tensor_mean", "prompt_init": "xavier", "task_order": "b,a"}],
                         ids=["code", "text", "tensor_mean"])
def test_a_fit_broken_off_after_each_epoch_in_turn_and_resumed_ends_in_the_same_bits(make_problem, tmp_path, monkeypatch, options):
    monkeypatch.setattr(prompts, "STEPS", 3)
    problem = make_problem(nodes=3, tasks=("a", "b"))
    options = {**options, "stable_variance": 2e-7}
    whole, run, epochs = fitted(problem, None, options)
    stages = without_seconds(run.notes["cmust"]["stages"])
    assert epochs == 10  # A, B, C, D, D of two epochs each
    assert 0 < stages[1]["frozen_share"] < 1
    expected = whole.state_dict()
    for epoch in range(1, epochs + 1):
        checkpoints = Checkpoints(tmp_path / str(epoch))
        with pytest.raises(Killed):
            fitted(problem, checkpoints, options, stop_after=epoch)
        torch.manual_seed(99)
        again, resumed, trained = fitted(problem, checkpoints, options)
        assert trained == epochs - epoch
        assert len(list(checkpoints.folder.iterdir())) == 5  # no stage took another's file
        state = again.state_dict()
        assert [name for name in expected if not torch.equal(expected[name], state[name])] == []
        assert without_seconds(resumed.notes["cmust"]["stages"]) == stages
        assert [line["epoch"] for line in resumed.history] == [1, 2] * 5
