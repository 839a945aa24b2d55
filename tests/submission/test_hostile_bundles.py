"""Hostile bundles: each is refused with a sentence that names what is wrong; the good one that they are made of passes."""

import io
import re

import pytest
from made.bundles import HOSTILE, files_of, good_bundle

from benchmark.submission.checking import check_file


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    return good_bundle(tmp_path_factory.mktemp("bundle"))


def test_the_good_bundle_passes(good):
    checked = check_file(io.BytesIO(good.read_bytes()), None, {})
    assert checked.problems == []
    assert len(checked.records) == 12


@pytest.mark.parametrize("shape", HOSTILE)
def test_a_hostile_bundle_is_refused_with_a_sentence_that_names_it(good, shape):
    change, words = HOSTILE[shape]
    content = change(files_of(good))
    assert content != good.read_bytes()
    problems = check_file(io.BytesIO(content), None, {}).problems
    assert any(re.search(words, problem) for problem in problems), problems
    assert all(problem.endswith(".") and problem.isprintable() and len(problem) < 500 for problem in problems), problems
    assert len(problems) <= 21


def test_there_are_more_than_thirty():
    assert len(HOSTILE) > 30
