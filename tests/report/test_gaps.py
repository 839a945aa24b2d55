"""A paper's number beside ours says something only where both are the same measurement."""

import pytest

from benchmark.report.gaps import gap, not_comparable
from benchmark.report.rows import Cell

AS_PAPER = {"edition": "archive", "protocol": "paper@1", "preset": "full"}


@pytest.mark.parametrize(("mean", "sd", "n", "verdict"), [
    (11.0, 0.5, 5, "within 2 sd"), (11.0, 0.49, 5, "outside"), (9.0, 0.5, 5, "within 2 sd"), (10.0, 0.0, 3, "within 2 sd"),
    (10.0, 0.5, 2, "too few seeds: 2"), (10.0, None, 1, "too few seeds: 1")])
def test_two_sample_deviations_of_ours_are_the_measure(mean, sd, n, verdict):
    found = gap(Cell(mean, sd), n, 10.0, AS_PAPER)
    assert found.verdict == verdict
    assert found.relative == pytest.approx(mean / 10 - 1)


def test_what_is_not_as_the_paper_has_it_is_said():
    assert not_comparable({**AS_PAPER, "edition": "sim", "preset": "quick"}) == "edition sim, preset quick"
    assert gap(Cell(10.0, 1.0), 5, 10.0, {**AS_PAPER, "edition": "sim", "preset": "quick"}).verdict == (
        "not comparable: edition sim, preset quick")


def test_there_is_no_gap_to_a_number_of_zero():
    assert gap(Cell(1.0, 0.1), 5, 0.0, AS_PAPER) is None
