"""What the machine answers is a sentence with the path, exit code 2, and nothing is lost; the rest is shown."""

import errno
import os
import resource
import sys
from pathlib import Path

import pytest
from made.forecasting_records import record
from made.killing import in_child
from typer.testing import CliRunner

from benchmark import cli
from benchmark.cli.app import app
from benchmark.data.folder import prepared
from benchmark.errors import UserError
from benchmark.files import data_home, home, write_atomic
from benchmark.plain_json import _named
from benchmark.store.records import Store

LONG = "a" * 300
# errno → what is said of it
SAID = {errno.ENOSPC: "The disk is full", errno.EDQUOT: "The disk is full", errno.EACCES: "No permission to write",
        errno.EROFS: "No permission to write", errno.EFBIG: "longer than the disk or a limit allows",
        errno.ENAMETOOLONG: "name is too long",
        errno.ENOENT: "it was removed meanwhile", errno.ELOOP: "leads to itself", errno.ENOTDIR: "a part of this path is a file",
        errno.EIO: "Input/output error", errno.EMFILE: "Too many open files"}


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch):
    _named.clear()
    monkeypatch.setattr("benchmark.report.choice.published_root", lambda: None)


@pytest.fixture
def store(tmp_path):
    """With two good records."""
    made = Store(tmp_path / "results")
    for seed in range(2):
        made.write(record("stid", seed, mae=1.0 + seed))
    return made


def say(*words):
    """A command whose good part is shown; what it prints."""
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, repr(done.exception)
    return done.output


def fail(*words):
    """A command that cannot be done; its sentence."""
    done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, UserError), repr(done.exception)
    assert "\n" not in str(done.exception)
    return str(done.exception)


def refuse(monkeypatch, name, call, error=errno.EACCES):
    """Have a call of the system fail for paths of this name."""
    whole = getattr(os, call)

    def refused(path=".", *arguments, **more):
        if not isinstance(path, int) and Path(path).name == name:
            raise OSError(error, os.strerror(error), str(path))
        return whole(path, *arguments, **more)

    monkeypatch.setattr(os, call, refused)


@pytest.mark.parametrize("number", SAID, ids=errno.errorcode.get)
@pytest.mark.parametrize("call", ["open", "fsync", "replace"])
def test_whatever_stops_a_write_is_a_sentence_and_the_old_file_stays(tmp_path, monkeypatch, number, call):
    path = tmp_path / "card.json"
    write_atomic(path, "old")

    def refused(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(*((Path, "open") if call == "open" else (os, call)), refused)
    with pytest.raises(UserError, match=SAID[number]) as caught:
        write_atomic(path, "new")
    monkeypatch.undo()
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_limit_on_the_size_of_files_is_a_sentence(tmp_path):
    def write():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        with pytest.raises(UserError, match="longer than the disk or a limit allows"):
            write_atomic(tmp_path / "large", "x" * 5000)

    assert in_child(write)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [LONG, "loop/inside", "file/inside"])
def test_a_path_that_cannot_be_written_is_a_sentence(tmp_path, name):
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=name[:100]):
        write_atomic(tmp_path / name, "1")


def test_a_file_takes_the_longest_name_that_the_disk_does(tmp_path):
    write_atomic(tmp_path / ("a" * 255), "1")
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("variable", ["STBENCH_HOME", "STBENCH_RESULTS"])
@pytest.mark.parametrize("place", ["{}/loop", "{}/loop/deeper", "{}/file", f"{{}}/{LONG}", "~nobody-of-this-name/here"])
def test_a_home_or_a_folder_of_results_that_cannot_be_one_is_a_sentence(tmp_path, monkeypatch, variable, place):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "file").touch()
    monkeypatch.setenv(variable, place.format(tmp_path))
    readers = {"STBENCH_HOME": (("data", "list"), ("list", "suites")), "STBENCH_RESULTS": (("table",), ("status",), ("results", "promote"))}
    for words in readers[variable]:
        assert Path(place).name.strip("{}")[:50] in fail(*words)
    said = fail("run", "--method", "last_value", "--suite", "nyc", "--preset", "smoke", "--data", "sim", "--workers", "1")
    assert any(remedy in said for remedy in ("Choose another", "Name another", "Choose a shorter one"))


@pytest.mark.parametrize("where", [home, data_home])
def test_a_user_without_a_home_folder_is_told_what_to_set(monkeypatch, where):
    for name in ("HOME", "STBENCH_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 3_999_999_999)  # a number that no user has, as in some containers
    with pytest.raises(UserError, match="set HOME, or STBENCH_HOME to a folder"):
        where()


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE])
def test_a_folder_of_results_that_cannot_be_read_is_never_shown_as_an_empty_one(store, monkeypatch, number):
    refuse(monkeypatch, "results", "scandir", number)
    for words in (("table",), ("results", "promote"), ("results", "export", "out.zip")):
        assert str(store.root) in fail(*words, "--results", str(store.root))


def test_a_folder_of_one_method_that_cannot_be_read_is_named_and_the_others_are_shown(store, monkeypatch, caplog):
    store.write(record("linear", mae=3.0))
    refuse(monkeypatch, "linear", "scandir")
    assert " 2 " in say("table", "--suite", "nyc", "--results", str(store.root))
    assert [entry.getMessage() for entry in caplog.records] == [
        f"No permission to read {store.root / 'nyc' / 'linear'}. Choose another folder (STBENCH_HOME, --results)."]


def test_names_that_are_not_utf_8_and_loops_are_named_and_the_others_are_shown(store, own_home, caplog):
    strange = os.fsdecode(b"\xff")
    for folder in (store.root, store.root / "nyc", store.root / "nyc" / "stid", own_home / "cities", own_home / "cities" / "aba"):
        (folder / strange / "deep" / "deeper").mkdir(parents=True)
        (folder / "loop").symlink_to("loop")
    for path in (store.root / "nyc" / strange / f"{'0' * 16}.json", store.root / "nyc" / "stid" / f"{strange}.json",
                 own_home / "cities" / "aba" / strange / "card.json"):
        path.write_text("{")
    for words, shown in ((("table", "--suite", "nyc"), " 2 "), (("results", "promote"), "2 to publish")):
        _named.clear()
        caplog.clear()
        assert shown in say(*words, "--results", str(store.root))
        said = [entry.getMessage() for entry in caplog.records]
        assert len(said) == (10 if words[0] == "table" else 6)  # a table looks at the cities, too
        assert all(line.isprintable() and ("Remove it" in line or "rename it" in line) for line in said)
    assert prepared() == []
    assert "nyc" in say("list", "suites")


def test_what_a_command_meets_unforeseen_is_a_sentence_too(monkeypatch, capsys):
    def refused():
        raise OSError(errno.EIO, "Input/output error", "/some/file")

    monkeypatch.setattr("benchmark.cli.app.app", refused)
    monkeypatch.setattr(sys, "argv", ["stbench", "table"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 2
    assert capsys.readouterr().err == "stbench: /some/file could not be used: Input/output error.\n"
    monkeypatch.setattr(sys, "argv", ["stbench", "table", "--debug"])
    with pytest.raises(OSError):
        cli.main()
