"""What a campaign shows on a terminal."""

import io
import logging

import pytest
from made.forecasting_records import record
from rich.console import Console

from benchmark.cli.progress import Bars
from benchmark.cli.saying import Saying
from benchmark.contract import Progress
from benchmark.execution.engines import Board
from benchmark.execution.jobs import Job
from benchmark.store.records import Store

logger = logging.getLogger("stbench")
THIRD = Progress("roll taxi_pick", 2, 6, 1.0, 3.25, 3, 9)


def job(seed=0):
    return Job(record("cmust", seed).spec, (), {})


@pytest.fixture
def bars(tmp_path):
    """The bars of a campaign of two runs, on a terminal of its own."""
    made = Bars(Store(tmp_path / "store"), [], Saying())
    made.console = Console(file=io.StringIO(), force_terminal=True, width=120)
    made.notes = {job(seed).spec.id: {} for seed in range(2)}
    made.started([job(seed).spec for seed in range(2)])
    yield made
    made.bars.stop()


def shown(bars):
    return [task.description for task in bars.bars.tasks]


def test_a_fit_of_several_stages_says_which_stage_of_how_many(bars):
    bars.epoch(job().spec, THIRD)
    assert shown(bars) == ["runs", "cmust taxi_pick seed 0 · stage 3 of 9: roll taxi_pick · val 3.250"]
    bars.epoch(job(1).spec, Progress("fit taxi_pick", 1, 6, 1.0, 2.0, 1, 1))
    assert shown(bars)[2] == "cmust taxi_pick seed 1 · fit taxi_pick · val 2.000"


def test_an_epoch_that_is_reported_after_the_end_brings_no_bar_back(bars):
    board = Board(bars)
    board.epoch(job(), THIRD)
    board.keep(job(), record("cmust"))
    board.epoch(job(), THIRD)
    assert shown(bars) == ["runs"]
    assert bars.bars.tasks[0].fields["count"] == "1/2"


def test_the_bar_of_a_run_that_another_process_has_goes_and_does_not_come_back(bars):
    board = Board(bars)
    board.epoch(job(), THIRD)
    board.keep(job(), None)
    board.epoch(job(), THIRD)
    assert shown(bars) == ["runs"]


def test_the_whole_bar_is_as_far_as_the_runs_weigh(bars):
    bars.epoch(job().spec, THIRD)
    total = bars.bars.tasks[0]
    assert total.completed == pytest.approx((2 / 9 + 2 / 6 / 9) / 2)
    assert bars.bars.columns[-1].render(total).plain == ""
    bars.epoch(job().spec, Progress("roll taxi_pick", 3, 6, 1.0, 3.0, 3, 9))
    assert "left" in bars.bars.columns[-1].render(total).plain


def test_steps_before_the_first_epoch_are_said_beside_the_bar(bars):
    with bars.saying as saying:
        saying.console = bars.console
        logger.info("starting 2 workers …")
        assert shown(bars) == ["starting 2 workers …"]
        bars.epoch(job().spec, THIRD)
        assert shown(bars)[0] == "runs"


def test_what_is_done_before_the_plan_is_said_at_once_and_a_warning_stays(capsys):
    with Saying():
        logger.info("simulating %s (size %s) …", "nyc", "quick")
        logger.debug("a detail")
        logger.warning("It is already there.")
        assert capsys.readouterr().err == "simulating nyc (size quick) …\nIt is already there.\n"
    logger.info("afterwards")
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_a_line_stands_there_while_the_command_loads_and_goes(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")  # a dumb one shows no line that goes
    screen = io.StringIO()
    monkeypatch.setattr("benchmark.cli.saying.Console", lambda **_: Console(file=screen, force_terminal=True, width=80))
    with Saying() as saying:
        assert "loading …" in screen.getvalue()
        saying.stop()
        assert saying.live.is_started is False
