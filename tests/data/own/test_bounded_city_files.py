"""Nothing in a city file, and no file that it names, is a traceback, or too large for the machine."""

from __future__ import annotations

import os
import time

import numpy as np
import pandas as pd
import pytest
from made.lattice_city import TOML, write_lattice
from made.raw_city import CLOCK, IDS, NODES, TASK, stored

from benchmark.data.bounds import LARGEST_TOML
from benchmark.data.own.kinds import kind_of_file
from benchmark.data.own.series import import_city
from benchmark.data.own.trajectories import import_trajectories
from benchmark.errors import UserError

LONG_TASK = 'file = "t.csv"\nunit = "trips"\nlayout = "long"\n'
TIMES = pd.Series(pd.date_range("2024-01-01", periods=231, freq="30min"))
LONG = pd.DataFrame({"time": np.repeat(TIMES, 4), "node": np.tile(IDS, 231), "value": 5}).reset_index(drop=True)


@pytest.fixture
def lattice(tmp_path):
    write_lattice(tmp_path)
    return tmp_path / "lattice.toml"


def refused(build, toml, *culprits: str) -> None:
    with pytest.raises(UserError) as caught:
        build(toml)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert len(sentence) < 1000
    assert all(culprit in sentence for culprit in culprits), sentence
    assert stored() == []


@pytest.mark.parametrize(("changes", "culprits"), [
    ({"name": f'name = "{"n" * 300}"\n'}, ("`name`", "100 at most")), ({"name": "name = 7\n"}, ("`name`", "7")),
    ({"name": 'name = "my-city"\nroot = "~nobody-here"\n'}, ("`root`", "~nobody-here")),
    ({"name": 'name = "my-city"\nroot = "a\\u0000b"\n'}, ("`root`",)),
    ({"name": 'name = "my-city"\nroot = 5\n'}, ("`root`", "a folder")),
    ({"name": 'kind = ["series"]\nname = "my-city"\n'}, ("kind of city",)),
    ({"clock": CLOCK.replace("2024", "9999")}, ("start", "9999", "2200")),
    ({"clock": CLOCK.replace("30\n", f"0x{'f' * 5000}\n")}, ("interval_minutes",)),
    ({"task": f"{TASK}missing = {'9' * 400}\n"}, ("`missing`", "number that marks")),
    ({"task": f"{TASK}missing = 0x{'f' * 5000}\n"}, ("`missing`", "number that marks")),
    ({"task": TASK.replace("counts.npy", "a\\u0000.npy")}, ("NUL",)),
    ({"task": TASK.replace("counts.npy", f"{'n' * 300}.npy")}, ("too long",)),
    ({"task": f"{TASK}\n[tasks.{'t' * 300}]\n{TASK}"}, ("Task name", "100 at most")),
    ({"task": f"{TASK}\n[tasks.other]\nfile = [{'[' * 100}{']' * 100}]\nunit = \"a\"\n"}, ("`file`",)),
    ({"more": f"[suites]\na = {'[' * 900}{']' * 900}\n"}, ("not valid TOML",)),
    ({"more": f"[suites]\na = {'[' * 200}{']' * 200}\n"}, ("suites",)),
    ({"more": f"a = {'[' * 90_000}{']' * 90_000}\n"}, ("not valid TOML",)),
    ({"more": "#" * (LARGEST_TOML + 1)}, ("my-city.toml has", "bytes")),
], ids=lambda value: next(iter(value)) if isinstance(value, dict) else "")
def test_a_city_file_of_wild_values_is_one_sentence(changes, culprits, city_file):
    def build(toml):
        kind_of_file(toml)
        import_city(toml)

    refused(build, city_file(**changes), *culprits)


def test_a_city_file_of_many_dotted_keys_is_quickly_read(city_file):
    started = time.monotonic()
    refused(import_city, city_file(more=f"\n[{'.'.join(['a'] * 200_000)}]\n"))
    refused(import_city, city_file(more="\n" + "".join(f"[a{k}.b.c]\n" for k in range(50_000))))
    assert time.monotonic() - started < 10


def test_a_weight_beyond_float32_is_refused(city_file):
    adjacency = np.eye(4)
    adjacency[2, 2] = 1e308
    refused(import_city, city_file(more='[adjacency]\nfile = "a.npy"\n', files={"a.npy": adjacency}), "adjacency holds 1e+308")


def test_a_city_file_that_is_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "city.toml")
    refused(import_city, tmp_path / "city.toml", "not a regular file")


@pytest.mark.parametrize("layout", ["long", "wide"])
def test_a_node_that_stands_twice_in_the_node_table_is_named(layout, city_file):
    twice = pd.DataFrame({"zone": ["4", "12", "12", "24"], "lon": 10.0, "lat": 56.0})
    files = {"nodes.csv": twice, "t.csv": LONG}
    refused(import_city, city_file(LONG_TASK if layout == "long" else TASK, files=files), "'12' stands twice")


@pytest.mark.parametrize(("row", "moment"), [(400, "2261-01-02 03:00:00"), (0, "1924-01-01 00:00:00"), (923, "2026-01-02 00:00:00"),
                                              (5, "9999-01-01 00:00:00"), (5, "0001-01-01 00:00:00")])
@pytest.mark.parametrize("start", [True, False])
def test_one_time_typed_wrong_in_a_long_table_is_named_with_its_row(row, moment, start, city_file):
    table = LONG.assign(time=LONG["time"].astype(str))
    table.loc[row, "time"] = moment
    clock = CLOCK if start else CLOCK.replace("start = 2024-01-01T00:00:00\n", "")
    refused(import_city, city_file(f'{LONG_TASK}missing = "nan"\n', clock=clock, files={"t.csv": table}), f"row {row + 1}", moment[:16])


def test_one_time_typed_wrong_in_a_wide_table_is_named_with_its_row(city_file):
    table = pd.DataFrame(5, index=range(231), columns=IDS).assign(time=TIMES.astype(str))
    table.loc[230, "time"] = "2261-01-02 03:00:00"
    timed = 'file = "t.csv"\nunit = "trips"\ntime = "time"\n'
    refused(import_city, city_file(timed, files={"t.csv": table}), "row 231", "2261-01-02 03:00")


def test_a_long_table_of_few_rows_does_not_make_a_huge_array(city_file, monkeypatch):
    table = LONG.assign(time=np.repeat(pd.Series(pd.date_range("1990-01-01", periods=231, freq="50D")), 4).to_numpy())
    clock = CLOCK.replace("2024", "1990").replace("= 30", "= 1")
    refused(import_city, city_file(f'{LONG_TASK}missing = "nan"\n', clock=clock, files={"t.csv": table}), "steps")


def test_many_nodes_and_columns_are_not_compared_pair_by_pair(city_file):
    ids = [f"n{k}" for k in range(20_000)]
    table = pd.DataFrame({"zone": ids, "lon": 10.0, "lat": 56.0})
    nodes = NODES + f"subset = {ids}\n"
    started = time.monotonic()
    refused(import_city, city_file(f"{TASK}subset = {ids}\nnodes = {ids[:-1]}\n", nodes=nodes, files={"nodes.csv": table}), "`nodes` names")
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(("change", "culprits"), [
    (('name = "lattice"', "name = 7"), ("`name`", "7")), (('name = "lattice"', f'name = "{"n" * 300}"'), ("`name`", "100 at most")),
    (('name = "lattice"', 'name = "lattice"\nroot = 5'), ("`root`", "a folder")),
    (('name = "lattice"', 'name = "lattice"\nroot = "~nobody-here"'), ("`root`", "~nobody-here")),
    (('name = "lattice"', 'name = "lattice"\nroot = "a\\u0000"'), ("`root`",)),
    (('name = "lattice"', 'name = "lattice"\ngrid = 5'), ("[grid]",)),
    (('name = "lattice"', 'name = "lattice"\nsplit = "a"'), ("[split]",)),
    (("[limits]", "[limits.a]"), ("limits",)), (("[limits]", "[grid]\ncell_size_m = inf\n[limits]"), ("cell_size_m", "metres above 0")),
    (("[limits]", "[grid]\ncell_size_m = 1e-9\n[limits]"), ("cells",)),
    (("[limits]", "[grid]\ncell_size_m = 1e308\n[limits]"), ("cell_size_m",)),
    (("[limits]", "[grid]\n[limits]"), ()), (("[limits]", f"[split]\ntest_trips = 0x{'f' * 5000}\n[limits]"), ("test_trips",)),
    (("[2, 20]", f"[2, 0x{'f' * 5000}]"), ("roads",)), (('zone = "Asia/Shanghai"', 'zone = "a\\u0000"'), ("time zone",)),
    (('frame = "wgs84"', "frame = {}"), ("frame",)), (('file = "edges.geojson"', 'file = "."'), ()),
], ids=lambda value: value[1][:40] if isinstance(value, tuple) and len(value) == 2 else "")
def test_a_trajectory_file_of_wild_values_is_one_sentence(change, culprits, lattice):
    assert change[0] in TOML
    lattice.write_text(TOML.replace(*change))
    if change[1] == "[grid]\n[limits]":
        import_trajectories(lattice)  # an empty table says nothing
    else:
        refused(import_trajectories, lattice, *culprits)


@pytest.mark.parametrize("file", ["none.csv", "folder.csv", "folder.parquet", "folder.osm", "pipe.csv", "pipe.osm", "none.osm", "odd.name"])
def test_points_of_interest_that_are_absent_or_no_file_are_a_sentence(file, lattice):
    for name in ("folder.csv", "folder.parquet", "folder.osm"):
        (lattice.parent / name).mkdir()
    for name in ("pipe.csv", "pipe.osm"):
        os.mkfifo(lattice.parent / name)
    lattice.write_text(f'{TOML.split("[poi]")[0]}[poi]\nfile = "{file}"\n')
    refused(import_trajectories, lattice, file)
