"""Bring your own city: every way to write the same data gives the same city, and the real samples import."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from made.raw_city import CLOCK, IDS, NODES, TASK, stored, write_raw
from typer.testing import CliRunner

from benchmark.cli.data import app
from benchmark.data.folder import cities_home
from benchmark.data.forecasting.city import ForecastingCity
from benchmark.data.own.series import import_city
from benchmark.errors import UserError
from benchmark.suites.catalogue import find_suite

CITIES = Path(__file__).resolve().parents[2] / "cities"
# nine ways to write one array: file, and what the task says about it
WAYS = {
    "a.npy": "", "b.npz": 'key = "values"\n', "ids.csv": "", "positions.csv": "", "headless.csv": "header = false\n",
    "times.csv": 'time = "when"\n', "d.parquet": "", "long.csv": 'layout = "long"\n', "long.parquet": 'layout = "long"\ntime = "when"\n',
}


def long_table(values: np.ndarray, start: str = "2024-01-01") -> pd.DataFrame:
    """Rows time, node, value."""
    times = pd.date_range(start, periods=len(values), freq="30min")
    return pd.DataFrame({"time": np.repeat(times, values.shape[1]), "node": np.tile(IDS, len(values)), "value": values.ravel()})


@settings(max_examples=2, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), scale=st.sampled_from([1e-6, 1.0, 1e6]), share=st.floats(0, 0.9))
def test_the_same_array_written_in_nine_ways_is_one_city(seed, scale, share, city_file):
    rng = np.random.default_rng(seed)
    values, missing = (scale * rng.standard_normal((231, 4))).astype(np.float32), rng.random((231, 4)) < share
    missing[[0, -1]] = False
    values = np.where(missing, np.float32(np.nan), values)
    wide, rows = pd.DataFrame(values, columns=IDS), long_table(values)
    files = {
        "a.npy": values, "b.npz": values, "ids.csv": wide[IDS[::-1]], "positions.csv": wide.set_axis(range(4), axis=1),
        "headless.csv": wide.to_csv(index=False, header=False), "times.csv": wide.assign(when=pd.unique(rows["time"])),
        "d.parquet": wide, "long.csv": rows.sample(frac=1, random_state=0), "long.parquet": rows.dropna().rename(columns={"time": "when"}),
    }
    cities = [import_city(city_file(f'file = "{file}"\nunit = "°C"\nmissing = "nan"\n{extra}', files={file: files[file]}), replace=True)
              for file, extra in WAYS.items()]
    assert len({city.fingerprint for city in cities}) == 1
    back = cities[0].series("taxi_pick")
    np.testing.assert_array_equal(back.observed, ~missing)
    np.testing.assert_array_equal(back.values, np.where(missing, 0, values))


@pytest.mark.parametrize("dtype", ["int16", "uint16", "int64", "float32", "float64"])
def test_the_marker_of_a_missing_entry_becomes_unobserved_in_every_type(dtype, counts, city_file):
    marker = 99 if dtype == "uint16" else -1
    values = np.where(counts == 3, marker, counts).astype(dtype)
    city = import_city(city_file(f"{TASK}missing = {marker}\n", files={"counts.npy": values}))
    back = city.series("taxi_pick")
    np.testing.assert_array_equal(back.observed, counts != 3)
    np.testing.assert_array_equal(back.values, np.where(counts == 3, 0, counts))
    assert back.missing == str(marker)


def test_tasks_may_differ_in_nodes_clock_and_length(counts, city_file):
    more = '[tasks.speed]\nfile = "speed.npy"\nunit = "km/h"\nnodes = ["24", "12"]\ninterval_minutes = 5\nzone = "Europe/Paris"\n'
    city = import_city(city_file(more=more, files={"speed.npy": np.full((400, 2), [24.0, 12.0])}))
    assert city.tasks == ("taxi_pick", "speed")
    picks, speed = city.series("taxi_pick"), city.series("speed")
    assert (picks.values.shape, speed.values.shape) == ((231, 4), (400, 2))
    assert (speed.clock.interval_minutes, speed.clock.zone, picks.clock.zone) == (5, "Europe/Paris", "UTC")
    assert city.nodes["node_id"].iloc[speed.node_index].tolist() == ["12", "24"]
    assert speed.values[0].tolist() == [12, 24]


def test_position_subset_and_averaged_places_bring_nodes_columns_and_graph_into_one_order(counts, city_file):
    table = pd.DataFrame({"zone": IDS, "at": [3, 2, 1, 0], "called": list("abcd"), "west": 10.0, "east": [11.0, 12, 13, 14], "lat": 56.0})
    nodes = '[nodes]\nfile = "nodes.csv"\nid = "zone"\nname = "called"\nposition = "at"\nlon = ["west", "east"]\nlat = "lat"\n' \
            'subset = ["4", "13"]\n[adjacency]\nfile = "graph.csv"\n'
    graph = pd.DataFrame(np.arange(16).reshape(4, 4))
    city = import_city(city_file(f'{TASK}subset = ["4"]\n', nodes=nodes, files={"nodes.csv": table, "graph.csv": graph}))
    assert city.nodes.to_dict("list") == {"node_id": ["13", "4"], "name": ["c", "a"], "lon": [11.5, 10.5], "lat": [56.0, 56.0]}
    np.testing.assert_array_equal(city.adjacency, [[5, 7], [13, 15]])
    series = city.series("taxi_pick")
    assert series.node_index.tolist() == [1]
    np.testing.assert_array_equal(series.values[:, 0], counts[:, 3])


@pytest.mark.parametrize("layout", ["wide", "long"])
def test_a_table_may_leave_out_the_hour_that_daylight_saving_skips(layout, counts, city_file):
    rows = long_table(counts, "2019-03-10")
    rows = rows[~rows["time"].between("2019-03-10 02:00", "2019-03-10 02:30")]
    if layout == "wide":
        rows = rows.pivot(index="time", columns="node", values="value")[IDS].reset_index()
    clock = 'zone = "America/New_York"\ninterval_minutes = 30\n'
    task = f'file = "t.csv"\nunit = "trips"\nlayout = "{layout}"\ntime = "time"\n'
    series = import_city(city_file(task, clock=clock, files={"t.csv": rows})).series("taxi_pick")
    assert series.clock.start == "2019-03-10T00:00:00"
    assert np.flatnonzero(~series.observed.all(axis=1)).tolist() == [4, 5]
    np.testing.assert_array_equal(np.delete(series.values, [4, 5], axis=0), np.delete(counts, [4, 5], axis=0))


def test_rows_that_a_long_table_lacks_are_unobserved_once_a_marker_is_declared(counts, city_file):
    rows = long_table(counts).drop(index=[5, *range(40, 44)])
    task = 'file = "t.parquet"\nunit = "trips"\nlayout = "long"\nmissing = "nan"\n'
    series = import_city(city_file(task, files={"t.parquet": rows})).series("taxi_pick")
    assert np.argwhere(~series.observed).tolist() == [[1, 1], [10, 0], [10, 1], [10, 2], [10, 3]]
    assert series.missing == "NaN or an empty cell, or an absent row"


def test_a_spreadsheets_byte_order_mark_and_doubled_line_ends_do_no_harm(counts, city_file):
    text = pd.DataFrame(counts, columns=IDS).to_csv(index=False).replace("\n", "\r\r\n")
    city = import_city(city_file('file = "t.csv"\nunit = "trips"\n', files={"t.csv": b"\xef\xbb\xbf" + text.encode()}))
    np.testing.assert_array_equal(city.series("taxi_pick").values, counts)


def test_importing_the_same_city_twice_writes_nothing_and_says_so(city_file, caplog):
    first = import_city(city_file())
    before = {path: path.stat().st_mtime_ns for path in stored()}
    assert import_city(city_file()).fingerprint == first.fingerprint
    assert "already prepared from the same data" in caplog.text
    assert {path: path.stat().st_mtime_ns for path in stored()} == before


def test_another_city_of_that_name_is_replaced_only_on_demand(counts, city_file):
    first = import_city(city_file())
    toml = city_file(files={"counts.npy": counts + 1})
    with pytest.raises(UserError, match="--replace"):
        import_city(toml)
    assert ForecastingCity(first.folder).fingerprint == first.fingerprint
    second = import_city(toml, replace=True)
    assert ForecastingCity(first.folder).fingerprint == second.fingerprint != first.fingerprint


def test_an_imported_city_is_a_suite_and_the_commands_show_it(city_file):
    run = CliRunner().invoke
    assert "my-city" not in run(app, ["list"]).output
    assert "Next: stbench run" in run(app, ["import", str(city_file())]).output
    assert find_suite("my-city").tasks == ("taxi_pick",)
    assert "my-city" in run(app, ["list"]).output
    assert '"interval_minutes": 30' in run(app, ["list", "--json"]).output
    assert "trips per 30 min" in run(app, ["show", "my-city", "--edition", "own"]).output
    assert run(app, ["verify"]).output == "my-city/own: ok\n"
    assert isinstance(run(app, ["show", "my-town"]).exception, UserError)


def test_a_corrupted_cache_is_found_by_verify_and_by_a_second_import(city_file):
    values = import_city(city_file()).folder / "taxi_pick.values.npy"
    values.write_bytes(values.read_bytes() + b"?")
    verified = CliRunner().invoke(app, ["verify"])
    assert verified.exit_code == 2
    assert verified.output.startswith("my-city/own: ")
    assert "taxi_pick.values.npy has changed since it was prepared (SHA-256 differs)" in verified.output
    error = CliRunner().invoke(app, ["import", str(city_file())]).exception
    assert isinstance(error, UserError)
    assert "SHA-256 differs" in str(error)
    assert CliRunner().invoke(app, ["import", str(city_file()), "--replace"]).exit_code == 0
    assert CliRunner().invoke(app, ["verify", "my-city"]).exit_code == 0


def test_root_takes_environment_variables_and_is_relative_to_the_city_file(city_file, counts, monkeypatch, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    write_raw(tmp_path / "elsewhere", "counts.npy", counts)
    write_raw(tmp_path / "elsewhere", "nodes.csv", pd.DataFrame({"zone": IDS, "lon": 10.0, "lat": 56.0}))
    monkeypatch.setenv("MY_DATA", "elsewhere")
    city = import_city(city_file(clock=f'root = "../${{MY_DATA}}"\n{CLOCK}', nodes=NODES))
    assert city.nodes["lon"].tolist() == [10.0] * 4
    assert str(tmp_path) not in (city.folder / "card.json").read_text()
    assert city.folder == cities_home() / "my-city" / "own"


@pytest.mark.samples
def test_manhattan_imports_as_four_tasks_that_skip_one_hour_in_march(samples):
    city = import_city(CITIES / "nyc-manhattan.toml")
    assert city.tasks == ("taxi_pick", "taxi_drop", "bike_pick", "bike_drop")
    for task in city.tasks:
        series = city.series(task)
        assert (series.values.shape, series.clock.zone) == ((8688, 69), "America/New_York")
        skipped = np.flatnonzero(~series.observed.all(axis=1))
        assert [str(series.clock.time(int(step))) for step in skipped] == ["2019-03-10 02:00:00", "2019-03-10 02:30:00"]
        assert not series.observed[skipped].any()
    assert city.adjacency.shape == (69, 69)


@pytest.mark.samples
def test_aarhus_imports_as_flow_and_speed_with_a_tenth_missing(samples):
    city = import_city(CITIES / "aarhus.toml")
    raw = np.load(samples / "aarhus" / "traffic_speed.npz")["values"]
    for task in ("traffic_flow", "traffic_speed"):
        assert city.series(task).values.shape == (17568, 449)
        assert city.card["tasks"][task]["unobserved_share"] == pytest.approx(0.0953, abs=1e-4)
    np.testing.assert_array_equal(city.series("traffic_speed").values, np.where(raw == -1, 0, raw))
    assert city.card["graph"] == "from coordinates"
