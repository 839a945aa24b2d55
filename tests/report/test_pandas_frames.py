"""Frames for Python users: what the tables show and what the records hold, filtered alike."""

import csv
import doctest
import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from made.forecasting_records import record, sums
from made.trajectory_records import record as trajectory_record

from benchmark.errors import UserError
from benchmark.metrics import METRICS
from benchmark.report import choice, frames
from benchmark.report.choice import Filter
from benchmark.report.render import render
from benchmark.report.suite import suite_sheets
from benchmark.report.table import make_tables
from benchmark.store.records import Store


@pytest.fixture
def stores(tmp_path, monkeypatch):
    """Fills the local store, whose folder it gives, and the published one."""
    def fill(local=(), published=()):
        made = Store(tmp_path / "local"), Store(tmp_path / "published")
        for store, records in zip(made, (local, published), strict=True):
            for one in records:
                store.write(one)
        monkeypatch.setattr(choice, "published_root", lambda: tmp_path / "published")
        return tmp_path / "local"
    return fill


def test_records_have_a_row_a_run_task_and_metric(stores):
    folder = stores([record("stid", seed, mae=1.0 + seed, notes={"user_overrides": {"hidden": "64"}}) for seed in range(2)])
    frame = frames.records(folder)
    assert list(frame.columns) == list(frames.RECORD_COLUMNS)
    assert frame[["seed", "metric", "value"]].values.tolist() == [
        [0, "mae", 1.0], [0, "rmse", 2.0], [0, "mape", 10.0], [1, "mae", 2.0], [1, "rmse", 4.0], [1, "mape", 20.0]]
    assert dict(zip(frame.metric, frame.unit, strict=True)) == {"mae": "trips", "rmse": "trips", "mape": "%"}
    first = frame.iloc[0]
    assert (first.suite, first.protocol, first.scenario, first.preset, first.options, first.source) == (
        "nyc@1", "strict@1", "standard", "quick", "hidden=64", "local")
    assert first.id == record("stid").spec.id


def test_a_run_of_both_stores_is_one_row_and_local(stores):
    folder = stores([record("stid", mae=5.0)], [record("stid", mae=1.0), record("stid", 1, mae=2.0)])
    frame = frames.records(folder, metric="mae")
    assert frame[["seed", "value", "source"]].values.tolist() == [[0, 5.0, "local"], [1, 2.0, "published"]]


def test_a_metric_beyond_those_of_the_protocol_is_given_where_it_was_asked_for(stores):
    one = record("stid")
    values = {**one.metrics["taxi_pick"], "mae_nonzero": 3.0}
    folder = stores([replace(one, metrics={"taxi_pick": values}, sums={"taxi_pick": sums(values)})])
    assert "mae_nonzero" not in set(frames.records(folder).metric)
    assert frames.records(folder, metric="mae_nonzero").value.tolist() == [3.0]


def test_tables_are_the_rows_of_the_csv_with_the_metrics_names(stores):
    local = [record("stid", seed, mae=1.0 + seed) for seed in range(3)] + [record("gwnet", mae=9.0, notes={"asks": {"past_days": 7}})]
    folder = stores([*local, trajectory_record()])
    frame = frames.table(folder)
    lines = list(csv.DictReader(io.StringIO(render(suite_sheets(make_tables(Store(folder), None)), "csv"))))
    assert list(frame.columns) == list(lines[0])
    assert [METRICS[name].label for name in frame.metric] == [line["metric"] for line in lines]
    for column in ("suite", "task", "method", "options", "source", "unit", "budget"):
        assert frame[column].tolist() == [line[column] for line in lines], column
    for column in ("mean", "sd", "paper", "n", "rank", "past_days", "version", "horizon"):
        given = [None if value is pd.NA else float(value) for value in frame[column].astype("Float64")]
        assert given == [float(line[column]) if line[column] else None for line in lines], column
    stid = frame[(frame.method == "stid") & (frame.metric == "mae")].iloc[0]
    assert (stid["mean"], stid["sd"], stid["n"], stid["rank"], stid["floor"]) == (2.0, 1.0, 3, 1, False)
    assert frame[frame.method == "gwnet"].past_days.tolist() == [7, 7, 7]
    assert frame[frame.floor].n.isna().all()
    assert frame[frame.missing.notna()]["mean"].isna().all()
    assert len(frame[frame.missing.notna()]) == 4  # two cities, two metrics


@pytest.mark.parametrize("make", [frames.records, frames.table])
def test_filters_are_a_text_or_several(stores, make):
    folder = stores([record("stid"), record("gwnet"), record("stid", task="taxi_drop"), trajectory_record(cities=("xian",))])
    assert set(make(folder, suite="nyc", task="taxi_pick").method) == {"stid", "gwnet"}
    assert set(make(folder, method=("stid", "word2vec")).method) >= {"stid", "word2vec"}
    assert set(make(folder, suite=["nyc"], metric="rmse").metric) == {"rmse"}
    assert set(make(folder, suite="xian", task="road_label").task) == {"road_label"}
    with pytest.raises(UserError, match="Did you mean method"):
        make(folder, methd="stid")
    with pytest.raises(UserError, match="Did you mean strict"):
        make(folder, protocol="stric")


@pytest.mark.parametrize("make", [frames.records, frames.table])
def test_where_nothing_matches_the_frame_is_empty_and_has_its_columns(stores, make):
    empty = make(stores(), suite="nyc")
    assert len(empty) == 0
    full = make(stores([record("stid")]))
    assert list(empty.columns) == list(full.columns)
    numbers = [column for column in full if full[column].dtype.kind in "ifb"]
    assert empty[numbers].dtypes.equals(full[numbers].dtypes)


def test_the_examples_run_on_the_published_records(tmp_path, monkeypatch):
    monkeypatch.setenv("STBENCH_RESULTS", str(tmp_path / "none"))
    result = doctest.testmod(frames)
    assert result.attempted >= 6
    assert result.failed == 0


def test_frames_load_neither_torch_nor_at_import_pandas(tmp_path):
    code = ("import sys\nfrom benchmark.report.frames import records, table\nprint('pandas' in sys.modules)\n"
            "table(suite='nyc'), records(suite='nyc')\nprint('torch' in sys.modules)")
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).resolve().parents[2],
                         env={**os.environ, "STBENCH_RESULTS": str(tmp_path / "none")}).stdout
    assert out.split() == ["False", "False"]


def test_filters_by_name_are_those_of_the_tables(stores):
    folder = stores([record("stid"), replace(record("stid"), spec=replace(record("stid").spec, scenario="keep-70"))])
    (table,) = make_tables(Store(folder), None, Filter(scenarios=("standard",)))
    assert set(frames.table(folder, scenario="standard").scenario) == {table.scenario}
