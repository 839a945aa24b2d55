"""A nasty text in a city, an option, a campaign and an error, through the commands: what is shown is text, and every command ends well."""

import json
import logging
import sys

import numpy as np
import pytest
from made.forecasting_records import failed, record
from made.nasty import NASTY, SHOWN, WORSE, acts
from typer.testing import CliRunner

from benchmark.cli import main
from benchmark.cli.app import app
from benchmark.cli.progress import Bars, finish
from benchmark.cli.saying import Saying
from benchmark.contract import Progress
from benchmark.execution.campaign import Result
from benchmark.registry import Broken, registry
from benchmark.report.render import FORMATS
from benchmark.spec import Record
from benchmark.store.campaigns import announce
from benchmark.store.records import Store, local_root

CITY = f"""
name = "small-town"
title = {json.dumps(NASTY)}
source = {json.dumps(NASTY)}
licence = {json.dumps(NASTY)}
zone = "Europe/Berlin"
start = 2024-01-01T00:00:00
interval_minutes = 30
nodes = {{ file = "stations.csv", id = "station", lon = "lon", lat = "lat" }}
tasks.bike_pick = {{ file = "bike.npy", unit = {json.dumps(NASTY)}, zero = {json.dumps(NASTY)} }}
"""
WORDS = "/h] [red]:smile:\\x1b[31m\\x07"


@pytest.fixture
def stbench(monkeypatch):
    """A command in this process: its output, on which no terminal acts."""
    monkeypatch.setenv("COLUMNS", "120")

    def call(*arguments):
        done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
        assert done.exit_code == 0, done.output
        assert acts(done.output) == []
        return done.output

    return call


@pytest.fixture
def town(tmp_path, stbench):
    (tmp_path / "town.toml").write_text(CITY, encoding="utf-8")
    (tmp_path / "stations.csv").write_text("station,lon,lat\n" + "".join(f"{k},13.4{k},52.5{k}\n" for k in range(4)), encoding="utf-8")
    np.save(tmp_path / "bike.npy", np.random.default_rng(0).poisson(9, (480, 4)).astype(np.uint16))
    return stbench("data", "import", str(tmp_path / "town.toml"))


def test_a_city_of_a_nasty_unit_and_title_is_listed_run_ablated_and_tabled(town, stbench):
    assert "small-town" in stbench("data", "list")
    assert WORDS in stbench("data", "show", "small-town")
    assert json.loads(stbench("data", "show", "small-town", "--json"))[0]["title"] == NASTY
    assert WORDS in stbench("show", "small-town")
    out = stbench("run", "--method", "last_value", "--suite", "small-town", "--preset", "smoke", "--workers", "1")
    assert SHOWN.split("|")[0].split("  ")[0] in " ".join(out.split())
    for format in (*FORMATS, "csv"):
        text = stbench("table", "--suite", "small-town", *(["--json"] if format == "json" else ["--format", format]))
        assert "last_value" in text.replace("\\", "")
    out = stbench("ablate", "cmust", "--suite", "small-town", "--preset", "smoke", "--seeds", "1", "--workers", "1", "--dry-run")
    assert "small-town" in out


def test_options_errors_and_campaigns_are_shown_by_status_and_tables(stbench):
    store, notes = Store(local_root(None)), {"user_overrides": {"note": NASTY}}
    runs = [record("stid", seed, notes=notes, options={"hidden": NASTY}) for seed in range(3)]
    store.write(runs[0])
    store.write(failed(runs[1].spec, "Diverged", NASTY))
    announce(store, f"a campaign {NASTY}", {one.spec: notes for one in runs})
    text = stbench("status")
    assert f"a campaign {SHOWN.split('|')[0].strip()[:40]}" in text
    assert "failed   stid (note=km/h [/h] [red]:smile:\\x1b[31m\\x07" in text
    assert [one["headline"] for one in json.loads(stbench("status", "--json"))] == [f"a campaign {NASTY}"]
    assert WORDS in stbench("table")
    assert WORDS in stbench("results", "rm", "--method", "stid")
    for format in FORMATS:
        stbench("table", *(["--json"] if format == "json" else ["--format", format]))


def test_an_outside_package_that_fails_with_a_nasty_reason_is_listed(stbench, monkeypatch):
    monkeypatch.setitem(registry().broken, "foreign", Broken("foreign", "a_package", f"ValueError: {WORSE}"))
    assert WORDS in stbench("list", "methods")
    assert json.loads(stbench("list", "methods", "--json"))[-1]["broken"].endswith(WORSE)


def test_a_bar_a_line_of_the_log_and_a_failure_are_text(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(logging.getLogger("stbench"), "propagate", False)  # what pytest collects, its workers cannot send
    one, notes = record("stid", options={"hidden": NASTY}), {"user_overrides": {"note": WORSE}}
    with Saying() as saying:
        logging.getLogger("stbench").info("reading %s", WORSE)
        logging.getLogger("stbench").warning("no %s", WORSE)
        bars = Bars(Store(tmp_path / "[/h]"), [], saying)
        bars.notes = {one.spec.id: notes}
        bars.started([one.spec])
        bars.epoch(one.spec, Progress(WORSE, 1, 6, 1.0, 3.25, 3, 9))
        assert not acts("".join(task.description for task in bars.bars.tasks))
        bars.finished(Record(one.spec, "done", one.city, timings={"total_s": 1.0}, notes=notes))
        bars.bars.stop()
    error = {"kind": "ValueError", "message": WORSE, "traceback": ""}
    with pytest.raises(BaseException, match="1"):
        finish(Result(0, 0, (Record(one.spec, "failed", one.city, notes=notes, error=error),), ()), Store(tmp_path / "[/h]"))
    out, err = capsys.readouterr()
    assert acts(out + err) == []
    assert err.count("\n") == 4, "two of the log, then a line that counts failures, then one a failure"
    assert WORDS in out
    assert f"{tmp_path / '[/h]'}. Run the same" in err


# as the system gives what is no UTF-8
GIVEN = f"{NASTY} \udcff"


@pytest.mark.parametrize("arguments", [
    ["run", "--method", GIVEN, "--suite", "nyc"], ["run", "--method", "stid", "--suite", GIVEN], ["data", "import", f"{GIVEN}.toml"],
    ["run", "--method", "stid", "--suite", "nyc", "--set", GIVEN], ["show", GIVEN], ["list", GIVEN], ["table", "--format", GIVEN],
    ["run", "--method", "stid", "--suite", "nyc", "--set", f"batch_size={GIVEN}"], ["status", "--drop", GIVEN],
    ["run", "--method", "stid", "--suite", "nyc", "--preset", GIVEN], ["predict", GIVEN, "--city", "nyc"]])
def test_an_error_that_repeats_an_argument_is_one_line_of_text(arguments, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["stbench", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert acts(err) == []
    assert err.startswith("stbench: ")
    assert err.count("\n") == 1
