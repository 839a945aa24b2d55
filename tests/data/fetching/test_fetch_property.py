"""Whatever breaks off, wherever a process ends: a file is whole or it is not there, and the next time it comes."""

import hashlib
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmark.data.fetching import fetch as fetching
from benchmark.data.fetching.offer import Download
from benchmark.errors import UserError

STEPS = ["transfer", "sha256", "_to_disk", "os.replace", "discard", "note", "want", "nowhere"]
PATIENT = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Ended(BaseException):
    """The process ends here; nothing after it happens."""


def whole_or_absent(folder, *versions):
    path = folder / "a.csv"
    assert not path.exists() or path.read_bytes() in versions
    return path.exists()


@PATIENT
@given(content=st.binary(max_size=900), cuts=st.lists(st.integers(0, 900), max_size=6), ranges=st.booleans(), tagged=st.booleans(),
       known=st.booleans())
def test_a_file_is_whole_or_absent_however_often_it_is_cut(content, cuts, ranges, tagged, known, server, offered, fetch_mine):
    server.content, server.cuts, server.ranges, server.version = {"/a": content}, list(cuts), ranges, '"one"' if tagged else ""
    offered(Download("a.csv", (f"{server.address}/a",), sha256=hashlib.sha256(content).hexdigest() if known else ""))
    with TemporaryDirectory() as folder:
        for _ in range(len(cuts) + 1):
            try:
                fetch_mine(to=Path(folder))
                break
            except UserError:
                assert not whole_or_absent(Path(folder), content)
        assert whole_or_absent(Path(folder), content)


@PATIENT
@given(blocks=st.integers(0, 8), step=st.sampled_from(STEPS), another=st.booleans())
def test_a_file_is_whole_or_absent_wherever_the_process_ends(blocks, step, another, server, offered, fetch_mine):
    content = bytes(range(250)) * 2
    server.content, server.version = {"/a": content}, '"one"'
    offered(Download("a.csv", (f"{server.address}/a",)))

    def watch(name, done, total):
        nonlocal blocks
        blocks -= 1
        if blocks < 0:
            raise Ended

    def ends(*_):
        raise Ended

    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        if step != "nowhere":
            patch.setattr(fetching.os if step == "os.replace" else fetching, step.removeprefix("os."), ends)
        with suppress(Ended):
            fetch_mine(to=Path(folder), watch=watch)
        patch.undo()
        came = whole_or_absent(Path(folder), content)
        if another and not came:
            server.content, server.version = {"/a": content[::-1]}, '"two"'
        fetch_mine(to=Path(folder))
        # what had come whole of the earlier version, and only waited for its name, is taken
        assert whole_or_absent(Path(folder), content, server.content["/a"])
