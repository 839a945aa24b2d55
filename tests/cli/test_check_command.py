"""`stbench check`: every check runs, and each that fails says what was seen, what was expected and how to fix it."""

import json
import os
import tempfile

import pytest
from typer.testing import CliRunner

from benchmark.cli import main
from benchmark.cli.app import app
from benchmark.registry import Broken, MethodInfo, registry
from benchmark.testing import check_method, checking, forecasting


@pytest.fixture
def check(monkeypatch):
    """check("NotANumber", …) is `stbench check` of a class of made/faulty.py or made/cheats.py; gives (exit code, stdout)."""
    def call(target, *arguments, module="made.faulty"):
        monkeypatch.setitem(registry()._infos, "faulty", MethodInfo("faulty", f"{module}:{target}", "s", "p", "l", deterministic=True))
        monkeypatch.setitem(registry()._places, "faulty", "here")
        done = CliRunner().invoke(app, ["check", "faulty", *arguments])
        assert done.exception is None or isinstance(done.exception, SystemExit)
        return done.exit_code, done.stdout

    return call


def test_every_check_of_a_sound_method_has_its_line_and_no_tiny_city_stays(check, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert check("Honest", module="made.cheats") == (0, "".join(f"✓ {one.__name__}\n" for one in forecasting.CHECKS)
                                                     + f"{len(forecasting.CHECKS)} checks; holds: {len(forecasting.CHECKS)}\n")
    assert not os.listdir(tmp_path)


def test_numbers_that_are_none_are_seen_and_no_check_is_left_out(check):
    code, said = check("NotANumber", "--json")
    found = {one["check"]: one for one in json.loads(said)}
    assert code == 1
    assert list(found) == [one.__name__ for one in forecasting.CHECKS]
    bad = found["check_predictions"]
    assert (bad["state"], bad["seen"]) == ("fails", "faulty: 876 of 7008 predictions of taxi_pick are NaN or infinite")
    assert bad["expected"].startswith("finite numbers")
    assert "division by 0" in bad["fix"]
    assert {found[name]["state"] for name in ("check_facts", "check_reach", "check_pickles")} == {"holds"}


def test_a_prediction_that_takes_from_its_neighbours_is_told_how_to_stop(check):
    code, said = check("Neighbours", module="made.cheats")
    assert code == 1
    assert "✗ check_batch_size_independence\n    seen:      faulty: predictions depend on the batch size: in batches of 1 and" in said
    assert "    expected:  the same but for rounding\n    to fix it: normalise within a window" in said


def test_a_method_that_reads_a_file_is_told_which_one_where_and_what_to_do(check):
    code, said = check("Files", module="made.cheats")
    assert code == 1
    assert "    seen:      faulty reaches for a file of the cities or the results (taxi_pick.values.npy) (cheats.py:" in said
    assert "    to fix it: take the data from the problem and the inputs" in said


def test_a_method_that_raises_fails_with_its_traceback_once_and_prints_nothing_that_a_program_reads(check):
    code, said = check("Raises", "--json")
    found = {one["check"]: one for one in json.loads(said)}
    assert code == 1
    first = found["check_predictions"]
    assert first["seen"] == "faulty raises LookupError: no such\x1b[31m node"
    assert first["fix"].startswith("begin at faulty.py:")
    assert first["traceback"][-1].startswith("LookupError")
    assert found["check_inputs"]["seen"].endswith(", as in check_predictions")
    assert not found["check_inputs"]["traceback"]
    assert found["check_facts"]["state"] == "holds"


def test_what_a_method_raises_does_nothing_on_a_terminal(check):
    said = check("Raises")[1]
    assert "no such\\x1b[31m node" in said
    assert "\x1b" not in said


def test_failures_that_are_expected_are_shown_with_their_reason_and_do_not_count(check):
    code, said = check("OwnsUp")
    assert "expected: check_learns fails (it is a floor)\n    seen:      faulty on taxi_pick: MAE" in said
    assert "✓ check_reach: no longer fails; remove it from expected_failures (it kept a file once)" in said
    assert said.endswith("16 checks; holds: 14; no longer fails: 1; fails as expected: 1\n")
    assert code == 0


def test_an_expected_failure_of_no_check_is_a_failure(check):
    code, said = check("Misspelt")
    assert code == 1
    assert "expected_failures names check_lerns, which is no check" in said


def test_in_python_all_that_fails_stands_in_one_message(check, tmp_path):
    check("Misspelt")
    with pytest.raises(AssertionError, match=r"check_facts: faulty: expected_failures .* Expected: .* To fix it: correct or remove it\."):
        check_method("faulty", tmp_path)


@pytest.mark.parametrize(("arguments", "sentence"), [
    (["stidd"], "Unknown method 'stidd'. Did you mean stid"), (["broken"], "The method 'broken' of package its-package does not load"),
    (["stid", "--set", "hiden=3"], "Unknown option of stid 'hiden'. Known: amp"), (["stid", "--set", "name=3"], "Unknown option")])
def test_what_a_user_got_wrong_is_one_sentence(monkeypatch, capsys, arguments, sentence):
    monkeypatch.setitem(registry().broken, "broken", Broken("broken", "its-package", "ImportError: no"))
    monkeypatch.setattr("sys.argv", ["stbench", "check", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert sentence in capsys.readouterr().err


def test_a_full_disk_is_no_fault_of_the_method(monkeypatch, tmp_path):
    from benchmark.files import DiskError

    def full(bench):
        raise DiskError("The disk is full.")

    monkeypatch.setattr(forecasting, "CHECKS", (full,))
    with pytest.raises(DiskError):
        list(checking.outcomes("last_value", tmp_path, {}))
