"""Input is bounded: what is too large, too deep or no file at all is refused in one sentence, before anything is allocated."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import time
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.data import bounds
from benchmark.data.archives.cmust.windows import read_part
from benchmark.data.clock import Clock
from benchmark.data.grid import Grid
from benchmark.data.own.city_file import read_toml
from benchmark.data.readers.poi import read_osm_poi, read_poi_table
from benchmark.data.readers.restricted_pickle import read_pickled_frame
from benchmark.data.readers.roads_files import read_roads
from benchmark.data.readers.tables import load_array, read_frame
from benchmark.data.readers.trip_files import read_trips
from benchmark.errors import UserError

READERS = {
    "t.csv": read_frame, "t.parquet": read_frame, "a.npy": load_array, "a.npz": lambda path: load_array(path, "x"),
    "trips.csv": lambda path: read_trips(path, "wgs84"), "trips.csv.gz": lambda path: read_trips(path, "wgs84"),
    "trips.parquet": lambda path: read_trips(path, "wgs84"), "trips.pkl": read_pickled_frame, "city.osm": read_roads,
    "places.osm": read_osm_poi, "places.csv": read_poi_table, "city.graphml": read_roads, "city.geojson": read_roads,
    "city.json": read_roads, "city.shp": read_roads, "city.toml": read_toml, "train.npz": read_part}


def refused(reader, *given: object) -> str:
    """The sentence of a refusal, which is one line of a length that one may read."""
    with pytest.raises(UserError) as caught:
        reader(*given)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert len(sentence) < 1000, sentence
    return sentence


def header(shape: str, dtype: str = "'<f4'", order: str = "False") -> bytes:
    """The head of a .npy that says so."""
    text = f"{{'descr': {dtype}, 'fortran_order': {order}, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode("latin1")


@pytest.mark.parametrize("name", READERS)
def test_a_pipe_a_device_or_a_folder_is_no_file(name, tmp_path):
    os.mkfifo(tmp_path / name)
    assert "is not a regular file" in refused(READERS[name], tmp_path / name)
    (tmp_path / name).unlink()
    (tmp_path / name).symlink_to("/dev/zero")
    assert "is not a regular file" in refused(READERS[name], tmp_path / name)
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    assert "is not a regular file" in refused(READERS[name], tmp_path / name)


@pytest.mark.parametrize("name", READERS)
def test_an_absent_file_and_one_of_an_impossible_name_are_sentences(name, tmp_path):
    assert name in refused(READERS[name], tmp_path / name)
    assert "NUL" in refused(READERS[name], tmp_path / f"nul\0{name}")
    refused(READERS[name], tmp_path / f"{'n' * 300}{name}")
    (tmp_path / name).symlink_to(tmp_path / name)
    assert name in refused(READERS[name], tmp_path / name)


@pytest.mark.parametrize("name", READERS)
def test_a_file_beyond_the_limit_is_not_opened(name, tmp_path):
    with (tmp_path / name).open("wb") as file:
        file.truncate(bounds.LARGEST_FILE + 1)  # a hole: nothing is written
    assert "bytes" in refused(READERS[name], tmp_path / name)


@pytest.mark.parametrize("head", [
    header("(1000000000000, 4)"), header("(4, -1)"), header("(True,)"), header("(2.0,)"), header("'ab'"), header("(1, 2"),
    header("((1, 2), 3)"), header("(3,)", "'<f4"), header("(3,)", "[('a', '<f4')]"), header("(3,)", "'|O'"), header("(3,)", order="7"),
    header("(" * 60), header("(3,)", "None"), b"\x93NUMPY\x01\x00", b"\x93NUMPY\x09\x00aa", b"\x93NUM", b"", header("(3,)")[:40],
    b"\x93NUMPY\x03\x00\xff\xff\xff\xff", header("(3,)").replace(b"{", b"\xff"), header("(3,)").replace(b"'shape'", b"'sh\nape'"),
    header("(0x3,)"), header("(3,)").replace(b"}", b" "), header("(9999999999999999999999999,)"), header("(0, 9999999999999999999999)")])
def test_a_mangled_head_of_an_array_is_one_sentence_before_anything_is_allocated(head, tmp_path):
    (tmp_path / "a.npy").write_bytes(head + bytes(8))
    assert "a.npy" in refused(load_array, tmp_path / "a.npy")
    for name, key, reader in (("a.npz", "x", lambda path: load_array(path, "x")), ("train.npz", "x", read_part)):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(f"{key}.npy", head + bytes(8))
        assert name in refused(reader, tmp_path / name)


def test_an_array_that_decompresses_beyond_the_limit_is_refused_by_its_head(tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "LARGEST_ARRAY", 10_000)
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros(1250), y=np.zeros(1251))
    assert load_array(tmp_path / "a.npz", "x").shape == (1250,)
    assert "10,008 bytes" in refused(load_array, tmp_path / "a.npz", "y")


def test_a_zip_that_lies_about_a_length_is_refused(tmp_path):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", header("(1000000000, )") + bytes(1000))
    real, said = (header("(1000000000, )") + bytes(1000)), 128 + 4_000_000_000
    (tmp_path / "a.npz").write_bytes(content.getvalue().replace(len(real).to_bytes(4, "little"), said.to_bytes(4, "little")))
    started = time.monotonic()
    refused(load_array, tmp_path / "a.npz", "x")
    assert time.monotonic() - started < 2


def test_a_table_of_too_many_columns_is_refused_and_thirty_thousand_are_read_at_once(tmp_path):
    columns = 30_000
    (tmp_path / "t.csv").write_text("\n".join([",".join(map(str, range(columns))), ",".join(["1"] * columns)]))
    started = time.monotonic()
    assert read_frame(tmp_path / "t.csv").shape == (1, columns)
    assert time.monotonic() - started < 10
    columns = bounds.MOST_COLUMNS + 1
    (tmp_path / "t.csv").write_text("\n".join([",".join(map(str, range(columns))), ",".join(["1"] * columns)]))
    assert f"{columns:,} columns" in refused(read_frame, tmp_path / "t.csv")
    pd.DataFrame(np.zeros((1, 9)), columns=list("abcdefghi")).to_parquet(tmp_path / "t.parquet")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bounds, "MOST_COLUMNS", 8)
        assert "9 columns" in refused(read_frame, tmp_path / "t.parquet")


def test_a_column_that_stands_twice_among_many_is_found_at_once(tmp_path):
    (tmp_path / "t.csv").write_text(",".join(map(str, [*range(30_000), 7])))
    started = time.monotonic()
    assert "two columns '7'" in refused(read_frame, tmp_path / "t.csv")
    assert time.monotonic() - started < 2


def test_a_compressed_table_is_read_up_to_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "LARGEST_FILE", 100_000)
    with gzip.open(tmp_path / "trips.csv.gz", "wt") as file:
        file.write("trip_id,unix_time,lon,lat\n" + "a,1,10,50\n" * 20_000)
    assert "100,000 bytes" in refused(read_trips, tmp_path / "trips.csv.gz", "wgs84")


def test_one_long_id_does_not_make_all_ids_long(tmp_path):
    (tmp_path / "trips.csv").write_text("trip_id,unix_time,lon,lat\n" + "a,1,10,50\n" * 1000 + f"{'b' * 10**6},1,10,50\n")
    assert "column 'trip_id' has an id of 1,000,000 characters" in refused(read_trips, tmp_path / "trips.csv", "wgs84")


@pytest.mark.parametrize("moment", [-10**18, 10**18, 1_500_000_000_000])
def test_a_time_beyond_the_clocks_is_refused(moment, tmp_path):
    (tmp_path / "trips.csv").write_text(f"trip_id,unix_time,lon,lat\na,1500000000,10,50\na,{moment},10,50\n")
    assert f"column 'unix_time': row 2 is '{moment}'" in refused(read_trips, tmp_path / "trips.csv", "wgs84")


@pytest.mark.parametrize("name", ["city.geojson", "city.json", "city.toml"])
@pytest.mark.parametrize("levels", [40, 900, 100_000])
def test_deep_nesting_is_a_sentence(name, levels, tmp_path):
    text = "[" * levels + "]" * levels
    (tmp_path / name).write_text(f"a = {text}" if name.endswith("toml") else f'{{"features": [{{"properties": {{"length": {text}}}}}]}}')
    if name != "city.toml" or levels > 40:  # 40 levels of TOML are no fault of the reader
        refused(READERS[name], tmp_path / name)


def test_half_a_character_in_geojson_is_a_sentence(tmp_path):
    (tmp_path / "city.geojson").write_text(
        '{"type": "FeatureCollection", "features": [{"properties": {"u": "\\ud800", "v": 2, "highway": "primary"}, '
        '"geometry": {"type": "LineString", "coordinates": [[10, 50], [10.001, 50]]}}]}')
    assert "half a character" in refused(read_roads, tmp_path / "city.geojson")


def test_a_road_that_ends_at_the_antipode_is_refused_by_its_name(tmp_path):
    rows = ["u,v,highway,geometry", *[f"{k},{k + 1},primary,\"LINESTRING (10.0{k} 50, 10.0{k + 1} 50)\"" for k in range(5)],
            '9,1,primary,"LINESTRING (10.01 50, -170 -50)"']
    (tmp_path / "city.csv").write_text("\n".join(rows))
    said = refused(read_roads, tmp_path / "city.csv")
    assert "'9-1-0'" in said
    assert "km" in said


@pytest.mark.parametrize("cell", [np.inf, np.nan, 0, -1, 1e-300, 0.001])
def test_a_grid_of_no_or_too_many_cells_is_refused(cell):
    assert "cell" in refused(Grid.of_size, 10.0, 11.0, 50.0, 51.0, cell)


@pytest.mark.parametrize("start", ["9999-12-31T00:00:00", "0001-01-01T00:00:00", "1899-12-31T00:00:00", "2200-01-01T00:00:00"])
def test_a_clock_starts_within_three_centuries(start):
    assert "1900" in refused(Clock, start, 60, "UTC")


def test_a_clock_that_runs_too_far_is_refused():
    assert "2200" in refused(Clock("2000-01-01T00:00:00", 1440, "UTC").exists, 100_000)
    assert "steps" in refused(Clock("2000-01-01T00:00:00", 1, "UTC").exists, bounds_of_steps() + 1)


def bounds_of_steps() -> int:
    from benchmark.data.clock import MOST_STEPS

    return MOST_STEPS


def test_a_small_pickle_that_asks_for_much_memory_is_refused(tmp_path):
    # LONG_BINPUT: remember this under the number 2^30
    (tmp_path / "t.pkl").write_bytes(b"\x80\x04]r\x00\x00\x00\x40.")
    assert "t.pkl" in refused(read_pickled_frame, tmp_path / "t.pkl")
    (tmp_path / "t.pkl").write_bytes(b"\x80\x04\x8e" + (2**40).to_bytes(8, "little"))
    assert "t.pkl" in refused(read_pickled_frame, tmp_path / "t.pkl")


def test_a_pickle_within_the_memory_is_read(tmp_path):
    pd.DataFrame({"a": [[1, 2], [3]], "b": [1.5, 2.5]}).to_pickle(tmp_path / "t.pkl", protocol=pickle.HIGHEST_PROTOCOL)
    assert read_pickled_frame(tmp_path / "t.pkl")["a"].tolist() == [[1, 2], [3]]


def test_the_sentence_about_a_damaged_file_is_one_line(tmp_path):
    for name in ("t.parquet", "city.graphml", "city.geojson"):
        Path(tmp_path / name).write_text("a\nb\n\n<c>\r\nd")
        refused(READERS[name], tmp_path / name)


def test_a_carriage_return_that_makes_pandas_lose_a_cell_is_refused(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"a,b,c\n1,2,3\n\r,,5\n")
    assert "line 3" in refused(read_frame, tmp_path / "t.csv")


def test_a_long_table_of_text_is_quoted_shortly(tmp_path):
    (tmp_path / "places.csv").write_text(f"lon,lat,category\n10,50,{'x' * 100_000}\n")
    refused(read_poi_table, tmp_path / "places.csv")
