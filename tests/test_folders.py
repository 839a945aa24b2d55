"""A folder is there wholly or not at all: writers side by side, kills at every step, readers meanwhile, and what the dead left behind."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import time
from pathlib import Path

import pytest
from made.killing import in_child

from benchmark import folders, owners
from benchmark.errors import UserError
from benchmark.files import write_atomic
from benchmark.folders import below, content_of, new_folder, scratch_folder
from benchmark.owners import sweep, temporary_beside

ENTRY, PARTS = "card", [f"part {k}" for k in range(3)]


def write(folder, content):
    with new_folder(folder, ENTRY) as new:
        for name in (ENTRY, *PARTS):
            (new / name).write_text(content)


def read(folder):
    """What every file of the folder says: one text if they are of one content."""
    files = content_of(folder, ENTRY)
    (said,) = {(files / name).read_text() for name in (ENTRY, *PARTS)}
    return said


def hidden(folder):
    return sorted(path.name for path in folder.rglob("*") if path.name.startswith(".") and path.name != ".lock")


@pytest.fixture
def city(tmp_path):
    write(tmp_path / "city", "old")
    return tmp_path / "city"


def test_a_folder_that_was_never_replaced_holds_its_files_and_nothing_else(city):
    assert sorted(path.name for path in city.iterdir()) == [ENTRY, *PARTS]
    assert sorted(path.name for path in city.parent.iterdir()) == ["city"]


def test_who_has_a_folder_open_goes_on_with_its_old_content(city):
    for number in range(3):
        files, before = content_of(city, ENTRY), read(city)
        write(city, f"new {number}")
        assert {(files / name).read_text() for name in PARTS} == {before}
        assert read(city) == f"new {number}"


def test_old_content_is_removed_by_the_next_owner_some_time_after_it_was_replaced(city, monkeypatch):
    write(city, "second")
    write(city, "third")
    assert len([path for path in city.iterdir() if path.name.startswith("content-")]) == 2
    monkeypatch.setattr(folders, "KEPT", -1.0)
    write(city, "fourth")
    kept = {path.name for path in city.iterdir()}
    assert len(kept) == 4  # lock, card, what was just replaced, and what stands there now
    assert read(city) == "fourth"


def test_a_folder_may_be_moved_and_copied_after_it_was_replaced(city):
    write(city, "new")
    city.rename(city.with_name("moved"))
    assert read(city.with_name("moved")) == "new"


def test_a_folder_without_an_entry_is_never_replaced(city):
    with pytest.raises(UserError, match=r"city is there already; it was left as it is\."), new_folder(city) as new:
        (new / ENTRY).write_text("new")
    assert read(city) == "old"
    assert [path.name for path in city.parent.iterdir()] == ["city"]


def test_a_block_that_fails_leaves_the_old_content(city):
    with pytest.raises(ZeroDivisionError), new_folder(city, ENTRY):
        raise ZeroDivisionError
    assert read(city) == "old"
    assert [path.name for path in city.parent.iterdir()] == ["city"]


@pytest.mark.parametrize("before", [0, 1, 2], ids=["a new folder", "the first replacement", "the second"])
def test_a_kill_at_any_step_leaves_the_old_or_the_new_folder_whole_and_no_litter_after_the_next(tmp_path, monkeypatch, before):
    monkeypatch.setattr(folders, "KEPT", -1.0)
    for step in itertools.count():
        city = tmp_path / f"at {step}" / "city"
        for number in range(before):
            write(city, f"old {number}")
        ended = in_child(lambda city=city: write(city, "new"), step)
        assert (read(city) if before or city.exists() else "") in (f"old {before - 1}" if before else "", "new")
        if ended:
            break
        for later in range(3):
            write(city, f"later {later}")
            assert read(city) == f"later {later}"
        assert hidden(city.parent) == []
        assert len(list(city.iterdir())) == 4  # lock, card, what was just replaced, and what stands there now
    assert step > (3 if before else 1)


def replace_again_and_again(city, writer, rounds, errors):
    for number in range(rounds):
        try:
            write(city, f"{writer} {number}")
        except BaseException as error:  # whatever it is, the test tells it
            errors.put(repr(error))


def contended(city, rounds, *, writers=3):
    """Writers side by side, and polls until they are done: (polls, polls that found no whole folder, errors of the writers)."""
    context = multiprocessing.get_context("fork")
    errors = context.SimpleQueue()
    processes = [context.Process(target=replace_again_and_again, args=(city, k, rounds, errors)) for k in range(writers)]
    for process in processes:
        process.start()
    polls, missed = 0, []
    while any(process.is_alive() for process in processes):
        polls += 1
        try:
            read(city)
        except (OSError, ValueError) as error:
            missed.append(repr(error))
    found = []
    while not errors.empty():
        found.append(errors.get())
    return polls, missed, found


def test_three_writers_and_a_reader_never_meet_a_folder_that_is_not_there(city):
    polls, missed, errors = contended(city, 40)
    assert polls > 20
    assert (missed, errors) == ([], [])
    assert hidden(city.parent) == []


def test_the_first_writers_of_a_folder_do_not_collide_either(tmp_path):
    context = multiprocessing.get_context("fork")
    for number in range(10):
        city, errors = tmp_path / f"city {number}", context.SimpleQueue()
        processes = [context.Process(target=replace_again_and_again, args=(city, k, 1, errors)) for k in range(3)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        assert errors.empty()
        assert read(city) in {"0 0", "1 0", "2 0"}


def test_what_a_dead_writer_left_is_swept_by_the_next_one_and_a_living_ones_is_not(tmp_path, city, monkeypatch):
    mine = temporary_beside(tmp_path / "table.csv")
    mine.touch()
    others = tmp_path / ".table.csv.swp"
    others.touch()
    in_child(lambda: write_atomic(tmp_path / "table.csv", "1"), 2)
    assert len(hidden(tmp_path)) == 3
    in_child(lambda: write(city, "2"), 1)
    assert len(hidden(tmp_path)) == 3  # it swept the first one's
    write_atomic(tmp_path / "table.csv", "3")
    assert hidden(tmp_path) == sorted([mine.name, others.name])
    monkeypatch.setattr(owners, "_host_in_short", lambda: "0" * 8)  # its writer may live on another machine
    sweep(tmp_path)
    assert mine.exists()
    monkeypatch.setattr(owners, "FORGOTTEN", -1.0)
    sweep(tmp_path)
    assert hidden(tmp_path) == [others.name]


def test_a_scratch_folder_of_a_killed_process_is_swept_too(tmp_path):
    def scratch():
        with scratch_folder(tmp_path / "city") as folder:
            (folder / "deep").mkdir()
            (folder / "deep" / "file").write_text("1")
            os.kill(os.getpid(), 9)

    assert not in_child(scratch)
    assert len(hidden(tmp_path)) == 1
    with scratch_folder(tmp_path / "town"):
        pass
    assert hidden(tmp_path) == []


def test_git_ignores_temporaries():
    import fnmatch

    ignored = (Path(__file__).resolve().parents[1] / ".gitignore").read_text().split()
    assert any(fnmatch.fnmatch(temporary_beside(Path("0123456789abcdef.json")).name, pattern) for pattern in ignored)


def test_a_folder_that_cannot_be_read_is_named_and_the_others_are_listed(tmp_path, monkeypatch, caplog):
    for name in ("a", "b", os.fsdecode(b"c\xff")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "plain").touch()
    whole = os.scandir

    def scandir(path):
        if Path(path).name == "b":
            raise PermissionError(13, "Permission denied")
        return whole(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert below(tmp_path, 2) == [tmp_path / "a" / "file"]
    said = [entry.getMessage() for entry in caplog.records]
    assert len(said) == 3
    assert any("No permission to read" in one for one in said)
    assert any("not UTF-8" in one for one in said)
    assert any("a link on this path leads to itself" in one for one in said)


if __name__ == "__main__":  # python tests/test_folders.py FOLDER ROUNDS
    import sys

    home, rounds = Path(sys.argv[1]), int(sys.argv[2])
    write(home / "city", "old")
    began = time.perf_counter()
    polls, missed, errors = contended(home / "city", rounds)
    print(f"3 writers × {rounds}: {len(errors)} errors; {polls} polls, {len(missed)} without the folder; "
          f"{time.perf_counter() - began:.1f} s", *set(errors), *set(missed))
