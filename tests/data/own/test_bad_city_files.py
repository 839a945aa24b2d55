"""Every kind of bad input: one sentence that names the culprit, and nothing below STBENCH_HOME."""

from __future__ import annotations

import errno
import os
import sys

import numpy as np
import pandas as pd
import pytest
from made.raw_city import CLOCK, IDS, NODES, TASK, stored

from benchmark.data.own.series import import_city
from benchmark.errors import UserError

GOOD = np.random.default_rng(0).poisson(5, (231, 4)).astype(float)
WIDE = pd.DataFrame(GOOD, columns=IDS)
TIMES = pd.Series(pd.date_range("2024-01-01", periods=231, freq="30min"))
LONG = pd.DataFrame({"time": np.repeat(TIMES, 4), "node": np.tile(IDS, 231), "value": GOOD.ravel()}).reset_index(drop=True)
TABLE = pd.DataFrame({"zone": IDS, "lon": 10.0, "lat": 56.0})
UNIT = 'unit = "trips"\n'
TIMED = f'file = "t.csv"\n{UNIT}time = "time"\n'
LONG_TASK = f'file = "t.csv"\n{UNIT}layout = "long"\n'


def wide(**changes: object) -> pd.DataFrame:
    return WIDE.assign(**changes)


def at(row: int, column: int, value: float) -> np.ndarray:
    changed = GOOD.copy()
    changed[row, column] = value
    return changed


class Trap:
    """Unpickling it would end the test run."""

    def __reduce__(self):
        return os._exit, (1,)


def refused(toml, *culprits: str) -> None:
    """Importing fails with a sentence that holds all culprits, and writes nothing."""
    with pytest.raises(UserError) as caught:
        import_city(toml)
    sentence = str(caught.value)
    assert all(culprit in sentence for culprit in culprits), sentence
    assert stored() == []


@pytest.mark.parametrize(("array", "culprits"), [
    (GOOD[:, :3], ("counts.npy holds 231×3", "the node table has 4 rows")),
    (np.ones((4, 240)), ("counts.npy holds 4×240", "transpose it")),
    (GOOD[:, :, None], ("shape (231, 4, 1)", "two-dimensional")),
    (GOOD[:0], ("shape (0, 4)", "not empty")),
    (GOOD.astype(str), ("counts.npy holds", "numbers are allowed")),
    (GOOD > 3, ("counts.npy holds bool values",)),
    (at(7, 1, np.nan), ("counts.npy holds NaN", "2024-01-01 03:30:00, node '12'", 'missing = "nan"')),
    (at(7, 1, np.inf), ("counts.npy holds an infinite value", "2024-01-01 03:30:00, node '12'")),
    (at(7, 1, 1e300), ("counts.npy holds an infinite value",)),
    (at(7, 1, -2), ("counts.npy holds a negative value of a count (trips per 30 min) 1 times", "2024-01-01 03:30:00, node '12'",
                    "missing = -1")),
    (GOOD[:230], ("230 rows are too few", "at least 231 rows")),
    (GOOD[:225], ("225 rows are too few", "at least 231 rows")),
    (GOOD[:30], ("30 rows are too few", "at least 231 rows")),
], ids=["columns", "transposed", "three-dimensional", "empty", "text", "bool", "nan", "infinite", "beyond-float32", "negative",
        "one-row-short", "short", "much-too-short"])
def test_an_array_that_is_no_series_is_refused(array, culprits, city_file):
    refused(city_file(files={"counts.npy": array}), "Task taxi_pick", *culprits)


def test_a_node_that_is_never_observed_is_refused_by_its_id(city_file):
    values = np.where(np.arange(4) == 2, -1, GOOD)
    refused(city_file(f"{TASK}missing = -1\n", files={"counts.npy": values}), "1 of 4 nodes are never observed", "'13'", "node subset")


@pytest.mark.parametrize(("name", "content", "culprits"), [
    ("t.csv", "4,12,13,24\n1,2,3,4\n1,2,3\n", ("t.csv: line 3 has 3 cells", "line 1 has 4")),
    ("t.csv", "4,12,13,24\n1,2,3,4,5\n", ("t.csv: line 2 has 5 cells",)),
    ("t.csv", "4,4,13,24\n1,2,3,4\n", ("two columns '4'",)),
    ("t.csv", "4,12,13,99\n1,2,3,4\n", ("column '99' is no node id",)),
    ("t.csv", "4,12,13,24\n1,2,x,4\n", ("row 1 of column '13' is 'x'", "no number")),
    ("t.csv", "4,12,13,24\n1,2,True,4\n", ("row 1 of column '13' is 'True'",)),
    ("t.csv", "", ("t.csv is empty",)),
    ("t.csv", "4,12,13,24\n", ("t.csv has no rows",)),
    ("t.csv", b"\xff\xfe\x00", ("t.csv is damaged",)),
    ("t.parquet", "no parquet", ("t.parquet is damaged",)),
    ("t.parquet", wide(**{"4": "x"}), ("row 1 of column '4' is 'x'",)),
    ("t.npy", "no array", ("t.npy is damaged",)),
    ("t.npy", b"", ("t.npy is damaged",)),
], ids=["short-row", "long-row", "repeated-head", "unknown-head", "text-cell", "bool-cell", "empty", "no-rows", "no-text", "no-parquet",
        "text-in-parquet", "no-npy", "empty-npy"])
def test_a_file_that_is_no_table_of_numbers_is_refused(name, content, culprits, city_file):
    refused(city_file(f'file = "{name}"\n{UNIT}', files={name: content}), *culprits)


@pytest.mark.parametrize(("rows", "culprits"), [
    (wide(time=TIMES).iloc[[1, 0, *range(2, 231)]], ("2024-01-01 00:00:00 (row 2) comes after 2024-01-01 00:30:00", "sort")),
    (wide(time=TIMES).iloc[[0, 1, 1, *range(2, 231)]], ("2024-01-01 00:30:00 stands twice (row 3)",)),
    (wide(time=TIMES).drop(index=5), ("gap: 1 steps have no row (first: 2024-01-01 02:30:00)",)),
    (wide(time=TIMES).iloc[1:], ("gap: 1 steps have no row (first: 2024-01-01 00:00:00)",)),
    (wide(time=TIMES + pd.Timedelta("10min")), ("2024-01-01 00:10:00 is no step of the clock",)),
    (wide(time=TIMES - pd.Timedelta("1h")), ("2023-12-31 23:00:00 is no step of the clock, which starts at 2024-01-01",)),
    (wide(time="noon"), ("row 1 of column 'time' is 'noon'", "no time")),
    (wide(time=[*TIMES.astype(str)[:230], "2024-01-05 19:00:00Z"]), ("times with an offset and without one (row 231",)),
    (wide(), ("Unknown column of t.csv 'time'",)),
], ids=["unsorted", "repeated", "gap", "late-start", "off-step", "early", "no-time", "offset", "no-column"])
def test_times_that_do_not_follow_the_clock_are_refused(rows, culprits, city_file):
    refused(city_file(TIMED, files={"t.csv": rows}), *culprits)


@pytest.mark.parametrize(("rows", "culprits"), [
    (pd.concat([LONG, LONG[5:6]]), ("time 2024-01-01 00:30:00 of node '12' stands twice",)),
    (LONG[LONG["time"] != TIMES[9]], ("gap: 1 steps have no row (first: 2024-01-01 04:30:00)",)),
    (LONG.drop(index=5), ("lacks an entry 1 times (first: 2024-01-01 00:30:00, node '12')", 'missing = "nan"')),
    (LONG.replace({"node": {"13": "99"}}), ("Unknown node of t.csv '99'",)),
    (LONG.assign(value="x"), ("row 1 of column 'value' is 'x'",)),
    (LONG.rename(columns={"value": "vaule"}), ("Unknown column of t.csv 'value'", "Did you mean vaule?")),
], ids=["repeated-pair", "gap", "absent-pair", "unknown-node", "text-cell", "no-column"])
def test_a_long_table_with_wrong_rows_is_refused(rows, culprits, city_file):
    refused(city_file(LONG_TASK, files={"t.csv": rows}), *culprits)


def test_objects_in_an_npz_are_never_unpickled(city_file):
    toml = city_file(f'file = "t.npz"\nkey = "values"\n{UNIT}', files={"t.npz": np.array([[Trap()]], dtype=object)})
    refused(toml, "'values' of t.npz holds Python objects", "never unpickled")


@pytest.mark.parametrize(("parts", "culprits"), [
    ({"task": TASK + "mising = -1\n"}, ("Unknown key in [tasks.taxi_pick] of my-city.toml 'mising'", "Did you mean missing")),
    ({"nodes": NODES + 'latt = "x"\n'}, ("Unknown key in [nodes]", "Did you mean lat")),
    ({"clock": CLOCK + "intervall = 3\n"}, ("Unknown key in my-city.toml 'intervall'", "interval_minutes")),
    ({"task": 'file = "counts.npy"\n'}, ("[tasks.taxi_pick] of my-city.toml lacks `unit`",)),
    ({"task": UNIT}, ("lacks `file`",)),
    ({"task": TASK + 'missing = "none"\n'}, ("`missing` in [tasks.taxi_pick]", "'none'")),
    ({"task": TASK + 'count = "yes"\n'}, ("`count` in [tasks.taxi_pick]", "true or false")),
    ({"task": TASK + 'repeated_hour = "half"\n'}, ("`repeated_hour`", "'half'", '"halve", "unobserved", "keep"')),
    ({"task": TASK + 'layout = "tall"\n'}, ("`layout`", "'tall'", '"wide", "long"')),
    ({"task": TASK + 'layout = "long"\n'}, ("'counts.npy'", "ends in .csv, .parquet")),
    ({"task": TASK + 'key = "values"\n'}, ("`key` in [tasks.taxi_pick]", "does not apply to 'counts.npy'")),
    ({"task": f'file = "c.npz"\n{UNIT}'}, ("lacks `key`",)),
    ({"task": f'file = "c.npz"\nkey = "valeus"\n{UNIT}', "files": {"c.npz": GOOD}}, ("Unknown key of c.npz 'valeus'", "values")),
    ({"task": f'file = "c.pkl"\n{UNIT}'}, ("'c.pkl'", ".npy, .npz, .mat, .h5, .csv, .parquet")),
    ({"task": f'file = "gone.npy"\n{UNIT}'}, ("gone.npy does not exist",)),
    ({"task": TASK + 'nodes = ["4", "12"]\n'}, ("`nodes` names 2 nodes, but counts.npy holds 231×4",)),
    ({"task": TASK + 'subset = ["5"]\n'}, ("Unknown node of counts.npy '5'",)),
    ({"nodes": NODES + 'subset = ["4", "4"]\n'}, ("`subset` in [nodes]", "different")),
    ({"nodes": NODES + 'subset = ["99"]\n'}, ("Unknown node of the node table '99'",)),
    ({"nodes": NODES.replace('"lon"', '"long"')}, ("Unknown column of nodes.csv 'long'", "Did you mean lon")),
    ({"nodes": NODES, "files": {"nodes.csv": TABLE.assign(zone=["4", "", "13", "24"])}}, ("row 2 has no 'zone'",)),
    ({"nodes": NODES, "files": {"nodes.csv": TABLE.assign(zone="4")}}, ("'4' stands twice",)),
    ({"nodes": NODES, "files": {"nodes.csv": TABLE.assign(lat=[56, 56, "x", 56])}}, ("row 3 of column 'lat' is 'x'",)),
    ({"nodes": NODES + 'position = "p"\n', "files": {"nodes.csv": TABLE.assign(p=[1, 2, 3, 4])}}, ("'p' must hold each of 0…3",)),
    ({"more": '[adjacency]\nfile = "a.npy"\n', "files": {"a.npy": np.eye(3)}}, ("a.npy holds 3×3", "4×4")),
    ({"more": '[adjacency]\nfile = "a.npy"\n', "files": {"a.npy": -np.eye(4)}}, ("adjacency holds -1.0",)),
    ({"clock": CLOCK.replace("UTC", "Mars")}, ("Unknown time zone 'Mars'",)),
    ({"clock": CLOCK.replace("30", "7")}, ("interval_minutes = 7",)),
    ({"clock": CLOCK.replace("30", '"half"')}, ("`interval_minutes`", "'half'")),
    ({"clock": CLOCK.replace("start = 2024-01-01T00:00:00\n", "")}, ("`start` is not given",)),
    ({"clock": 'root = "${NO_SUCH_PLACE}"\n' + CLOCK}, ("NO_SUCH_PLACE is not set", "export")),
    ({"name": 'name = "My City"\n'}, ("'My City'", "lower-case")),
    ({"name": ""}, ("`name`", "None")),
    ({"more": '[tasks."../x"]\n'}, ("Task name '../x'",)),
    ({"more": "]"}, ("not valid TOML",)),
], ids=lambda part: str(part[0])[:40] if isinstance(part, tuple) else "")
def test_a_city_file_that_says_something_wrong_is_refused(parts, culprits, city_file):
    refused(city_file(**parts), *culprits)


def test_a_city_file_that_is_not_there_is_a_sentence(tmp_path):
    refused(tmp_path / "gone.toml", "gone.toml could not be read")


@pytest.mark.parametrize("target", ["numpy.save", "os.replace"])
def test_a_full_disk_is_a_sentence(target, city_file, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    toml = city_file()
    monkeypatch.setattr(target, full)
    refused(toml, "The disk is full")


def test_the_command_answers_bad_input_with_one_line_and_exit_code_2(city_file, monkeypatch, capsys):
    from benchmark.cli import main

    monkeypatch.setattr(sys, "argv", ["stbench", "data", "import", str(city_file(TASK + "mising = -1\n"))])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("stbench: Unknown key in [tasks.taxi_pick] of my-city.toml 'mising'. Did you mean missing")
    assert stored() == []
