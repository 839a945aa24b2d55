"""Named methods without a record, and filters by how options came about."""

import csv
import io
from dataclasses import replace

import pytest
from made.forecasting_records import record
from made.sheets import render
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.errors import UserError
from benchmark.report.absent import with_absent
from benchmark.report.choice import Filter
from benchmark.report.render import FORMATS
from benchmark.report.table import make_tables


def shown(stores, records, chosen, format="markdown"):
    return render(with_absent(make_tables(*stores(records), chosen), chosen), format)


def test_a_named_method_without_a_record_is_a_row_of_dashes_with_the_command_that_fills_it(stores):
    text = shown(stores, [record("stid")], Filter(methods=("stid", "gwnet")))
    assert "| taxi_pick | gwnet | 0 | – | – | – |" in text
    typed = "type: stbench run --method gwnet --suite nyc --data sim --preset quick --protocol strict"
    assert f"–: not measured; {typed}" in text.replace("\\", "")


def test_a_task_that_a_method_lacks_is_a_row_of_its_task_and_the_command_names_it(stores):
    text = shown(stores, [record("stid"), record("stid", task="taxi_drop"), record("gwnet")], Filter(methods=("stid", "gwnet")))
    assert [line.split(" | ")[:3] for line in text.splitlines() if "gwnet |" in line] == [
        ["| taxi_pick", "gwnet", "1"], ["| taxi_drop", "gwnet", "0"]]
    assert "--method gwnet --suite nyc --task taxi_drop --data" in text.replace("\\", "")


def test_rows_of_dashes_are_never_ranked_and_move_no_mark(stores):
    text = shown(stores, [record("stid", mae=1.0), record("cmust", mae=2.0)], Filter(methods=("gwnet", "stid", "cmust")))
    assert "**1.00**" in text
    assert "<ins>2.00</ins>" in text


def test_without_named_methods_and_for_names_that_nobody_knows_nothing_changes(stores):
    records = [record("stid")]
    assert shown(stores, records, Filter()) == render(make_tables(*stores(records), Filter()), "markdown")
    assert "unheard_of" not in shown(stores, records, Filter(methods=("stid", "unheard_of", "word2vec")))


def test_a_suite_that_is_not_here_has_no_command(stores):
    text = shown(stores, [record("stid", suite="elsewhere")], Filter(methods=("stid", "gwnet")))
    assert "–: not measured." in text


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_takes_rows_of_dashes(stores, format):
    assert shown(stores, [record("stid")], Filter(methods=("stid", "gwnet")), format)


TUNED = {"by hand": {"tuning": "default"}, "by trials": {"tuning": 20}, "unknown": {}}


@pytest.mark.parametrize(("tuning", "taken"), [("default", {"by hand"}), ("searched", {"by trials"}), (None, set(TUNED))])
def test_tables_are_restricted_to_how_options_were_chosen_and_what_is_unknown_is_taken_by_neither(stores, tuning, taken):
    records = [record("stid", notes=notes, edition=name) for name, notes in TUNED.items()]
    assert {table.edition for table in make_tables(*stores(records), Filter(tuning=tuning))} == taken
    assert {table.edition for table in make_tables(*stores(records), Filter.by_name(tuning=tuning))} == taken


@pytest.mark.parametrize(("words", "taken"), [((), {"", "hidden=64"}), (("--variants",), {"hidden=64"}), (("--no-variants",), {""})])
def test_changed_options_can_be_shown_alone_or_left_out(stores, monkeypatch, words, taken):
    changed = replace(record("stid", options={"hidden": 64}), notes={"user_overrides": {"hidden": 64}})
    local, _ = stores([record("stid"), changed])
    monkeypatch.setattr("benchmark.report.choice.published_root", lambda: None)
    done = CliRunner().invoke(app, ["table", *words, "--format", "csv", "--results", str(local.root)])
    rows = list(csv.DictReader(io.StringIO(done.output)))
    assert {option for option in ("hidden=64",) if option in done.output} == taken - {""}
    assert len({(row["options"], row["metric"]) for row in rows}) == 3 * len(taken)


def test_an_unknown_tuning_names_the_known_ones():
    done = CliRunner().invoke(app, ["table", "--tuning", "defaults"])
    assert isinstance(done.exception, UserError)
    assert "Did you mean default?" in str(done.exception)
