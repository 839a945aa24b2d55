"""What a record says of the code that measured it: the commit, and whether files differ from it. Neither path nor host."""

import subprocess

import pytest
import torch

from benchmark.execution import environment as module
from benchmark.execution.environment import code_state, environment

UNKNOWN = {"commit": None, "dirty": None}


def git(folder, *command):
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    return subprocess.run(["git", "-C", str(folder), *who, *command], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A checkout of one file and one commit, which the package seems to run from."""
    git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text("1\n")
    git(tmp_path, "add", "a.py")
    git(tmp_path, "commit", "-q", "-m", "first")
    monkeypatch.setattr(module, "checkout", lambda: tmp_path)
    code_state.cache_clear()
    yield tmp_path
    code_state.cache_clear()


def test_a_clean_checkout_is_its_commit(repository):
    assert code_state() == {"commit": git(repository, "rev-parse", "HEAD").strip(), "dirty": False}


@pytest.mark.parametrize("name", ["a.py", "new.py"])
def test_a_changed_or_a_new_file_makes_it_dirty_and_an_ignored_one_does_not(repository, name):
    (repository / ".git" / "info" / "exclude").write_text("ignored.py\n")
    (repository / "ignored.py").write_text("3\n")
    assert not code_state()["dirty"]
    code_state.cache_clear()
    (repository / name).write_text("2\n")
    assert code_state()["dirty"] is True


def test_the_repository_that_the_environment_names_is_not_asked(repository, monkeypatch, tmp_path_factory):
    monkeypatch.setenv("GIT_DIR", str(tmp_path_factory.mktemp("elsewhere")))
    assert len(code_state()["commit"]) == 40


def test_git_is_asked_once_a_process(repository, monkeypatch):
    first = code_state()
    monkeypatch.setattr(module, "_git", lambda *_: pytest.fail("asked again"))
    assert code_state() == first


def test_without_git_and_outside_a_checkout_nothing_is_known(repository, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert code_state() == UNKNOWN
    code_state.cache_clear()
    monkeypatch.setattr(module, "checkout", lambda: None)
    assert code_state() == UNKNOWN


def test_a_copy_without_a_repository_of_its_own_does_not_take_the_one_around_it(repository, monkeypatch):
    inside = repository / "copy"
    inside.mkdir()
    monkeypatch.setattr(module, "checkout", lambda: inside)
    assert code_state() == UNKNOWN


def test_the_facts_of_the_machine_hold_no_commit_so_that_a_run_goes_on_after_one():
    assert not {"commit", "dirty"} & set(environment(torch.device("cpu")))
