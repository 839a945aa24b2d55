"""All tables as files: the same bytes whoever makes them, and nothing of anybody else is touched."""

import os
import random
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from made.forecasting_records import record
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.errors import UserError
from benchmark.report.all_tables import INDEX, all_tables, write_all
from benchmark.store.records import Store

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "results" / "tables"
LARGEST = 512 * 1024


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_committed_tables_are_those_of_the_published_records_to_the_byte():
    made = all_tables(None, Store(ROOT / "results" / "runs"))
    assert {name: text.encode() for name, text in made.items()}.items() <= contents(COMMITTED).items(), (
        "type: stbench table --all --out results/tables")


def test_every_committed_table_is_small_and_has_a_name_without_spaces():
    for name, content in contents(COMMITTED).items():
        assert len(content) < LARGEST, name
        assert not set(name) & set(" /\\"), name


def test_neither_terminal_nor_locale_nor_time_nor_local_records_change_a_byte(tmp_path):
    def made(name, **environment):
        subprocess.run([sys.executable, "-m", "benchmark", "table", "--all", "--out", str(tmp_path / name)], check=True, cwd=tmp_path,
                       env={**os.environ, "PYTHONPATH": str(ROOT), **environment}, capture_output=True)
        return contents(tmp_path / name)

    Store(tmp_path / "results").write(record("stid"))
    one = made("one", COLUMNS="40", LC_ALL="C", TZ="Asia/Tokyo", NO_COLOR="1", PYTHONHASHSEED="1")
    other = made("other", COLUMNS="300", LC_ALL="C.UTF-8", TZ="America/New_York", FORCE_COLOR="1", PYTHONHASHSEED="2")
    assert one == other
    assert len(one) > 3


def test_the_order_of_files_on_the_disk_changes_nothing(stores, monkeypatch):
    _, published = stores(published=[record(method, seed, mae=1 + seed, suite=suite) for method in ("stid", "gwnet")
                                     for seed in range(4) for suite in ("nyc", "sip")])
    before, true_scandir = all_tables(None, published), os.scandir

    class Shuffled:
        def __init__(self, path):
            with true_scandir(path) as entries:
                self.entries = random.sample(found := list(entries), len(found))

        __enter__ = lambda self: self.entries  # noqa: E731
        __exit__ = lambda *_: None  # noqa: E731

    monkeypatch.setattr(os, "scandir", Shuffled)
    assert all_tables(None, published) == before


def test_there_is_one_file_a_suite_edition_preset_and_protocol_and_format(stores):
    records = [record("stid"), record("stid", task="taxi_drop"), record("stid", suite_version=2), record("stid", preset="full"),
               record("stid", edition="my city")]
    made = all_tables(*stores(published=records))
    stems = ("nyc-my_city-quick-strict", "nyc-sim-full-strict", "nyc-sim-quick-strict")
    assert sorted(made) == sorted([INDEX, *(f"{stem}{suffix}" for stem in stems for suffix in (".md", ".csv", ".tex"))])
    assert "nyc@1" in made["nyc-sim-quick-strict.md"]
    assert "nyc@2" in made["nyc-sim-quick-strict.md"]


def test_names_that_differ_in_odd_signs_alone_are_numbered(stores):
    made = all_tables(*stores(published=[record("stid", edition=edition) for edition in ("a b", "a:b", "a_b")]))
    assert {name for name in made if name.endswith(".csv")} == {f"nyc-a_b-quick-strict{k}.csv" for k in ("", "-2", "-3")}


def test_what_is_no_longer_made_is_removed_and_nothing_else_is_touched(stores, tmp_path):
    local, published = stores(published=[record("stid"), record("stid", suite="sip")])
    folder = tmp_path / "tables"
    assert len(write_all(folder, all_tables(None, published))[0]) == 7
    (folder / "mine.md").write_text("mine")
    (tmp_path / "outside.md").write_text("outside")
    index = folder / INDEX
    index.write_text(index.read_text() + "[a](../outside.md) [b](nothing.md) [c](sub/x.csv)\n")
    published.path(record("stid", suite="sip").spec).unlink()
    written, removed = write_all(folder, all_tables(local, published))
    assert (written, removed) == ([INDEX], [f"sip-sim-quick-strict.{suffix}" for suffix in ("csv", "md", "tex")])
    assert (tmp_path / "outside.md").exists()
    assert {path.name for path in folder.iterdir()} == {INDEX, "mine.md", *(f"nyc-sim-quick-strict.{one}" for one in ("md", "csv", "tex"))}


def test_files_that_stay_the_same_are_not_written_again(stores, tmp_path):
    _, published = stores(published=[record("stid")])
    write_all(tmp_path / "tables", all_tables(None, published))
    assert write_all(tmp_path / "tables", all_tables(None, published)) == ([], [])


def test_records_of_a_folder_are_taken_only_where_it_is_named(stores, tmp_path, monkeypatch):
    local, published = stores([record("gwnet")], [record("stid")])
    monkeypatch.setattr("benchmark.report.choice.published_root", lambda: published.root)
    monkeypatch.setenv("STBENCH_RESULTS", str(local.root))
    for words, methods in (((), {"stid"}), (("--results", str(local.root)), {"stid", "gwnet"})):
        done = CliRunner().invoke(app, ["table", "--all", "--out", str(tmp_path / "tables"), *words])
        assert done.exit_code == 0
        text = (tmp_path / "tables" / "nyc-sim-quick-strict.md").read_text()
        assert {method for method in ("stid", "gwnet") if method in text} == methods


@pytest.mark.parametrize("words", [("--all",), ("--out", "x"), ("--all", "--out", "x", "--suite", "nyc"),
                                   ("--all", "--out", "x", "--format", "csv"), ("--all", "--out", "x", "--json")])
def test_what_makes_no_sense_together_is_one_sentence(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["table", *words])
    assert isinstance(done.exception, UserError)
    assert not list(tmp_path.glob("x*"))


def test_a_folder_that_is_a_file_is_one_sentence(stores, tmp_path):
    (tmp_path / "x").write_text("mine")
    with pytest.raises(UserError):
        write_all(tmp_path / "x", all_tables(*stores(published=[record("stid")])))
    assert (tmp_path / "x").read_text() == "mine"


def test_an_edition_of_odd_signs_breaks_no_line_of_the_index(stores):
    one = record("stid", edition="a|b")
    text = all_tables(*stores(published=[replace(one)]))[INDEX]
    assert "a\\|b" in text


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX here")
def test_every_committed_table_compiles_as_it_is(tmp_path):
    tables = sorted(COMMITTED.glob("*.tex"))
    assert tables
    inputs = "\n".join(rf"\input{{{table.as_posix()}}}\clearpage" for table in tables)
    (tmp_path / "page.tex").write_text("\n".join([
        r"\documentclass{article}", r"\usepackage[margin=1cm,landscape]{geometry}", r"\usepackage{booktabs,threeparttable}",
        r"\begin{document}", inputs, r"\end{document}"]), encoding="utf-8")
    done = subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"], cwd=tmp_path, capture_output=True,
                          text=True, check=False, errors="replace")
    assert done.returncode == 0, done.stdout[-2000:]
