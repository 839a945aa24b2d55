"""What is listed of outside methods: read as it was written, and a broken file is named and left out."""

import json
from dataclasses import asdict, replace

import pytest

from benchmark.plain_json import _named
from benchmark.store.submissions import Submission, submissions, write_submission

ONE = Submission("mine", "Mine", "A. Author, 2026", "https://example.org/mine", "MIT", "0a" * 32, "https://example.org/yes",
                 {"0123456789abcdef": {"by": "A. Reader", "how": "within 1e-3", "environment": {"torch": "2.13.0"}}})


def test_what_is_written_is_read(tmp_path):
    assert submissions(tmp_path) == {}
    other = replace(ONE, method="other", author_verified=None, reproduced={})
    for one in (ONE, other):
        write_submission(tmp_path, one)
    assert submissions(tmp_path) == {"mine": ONE, "other": other}


@pytest.mark.parametrize("change", [
    {"code": "javascript:alert(1)"}, {"code": "https://me:pw@example.org"}, {"author_verified": "yes"}, {"bundle": "0"}, {"rank": 1},
    {"method": "../x"}, {"method": "another"}, {"reproduced": {"a": {"by": "b"}}}, {"title": 7},
    {"reproduced": {"a": {"by": "b", "how": "nearly", "environment": {}}}}], ids=str)
def test_a_broken_file_is_named_and_left_out(tmp_path, caplog, change):
    _named.clear()
    write_submission(tmp_path, replace(ONE, method="good"))
    path = tmp_path / "submissions" / "mine.json"
    path.write_text(json.dumps({**asdict(ONE), **change}), encoding="utf-8")
    assert list(submissions(tmp_path)) == ["good"]
    (entry,) = caplog.records
    assert entry.getMessage().startswith(str(path))
