"""The trajectory archives: points, paths and times come back bit for bit, and whatever is wrong is one sentence and writes nothing."""

from __future__ import annotations

import os
import pickle

import numpy as np
import pandas as pd
import pytest
from made.raw_city import stored
from made.trajectory_archive_files import PITCH, SOUTH, WEST, build, refused, save, save_roads, streets, table, with_grid
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.data.archives.jgrm.layout import PublishedMatching, read_trajectory_archive
from benchmark.data.frames import wgs84_to_gcj02
from benchmark.data.trajectory.trips import RawTrips
from benchmark.errors import UserError

FRAME = table()


def changed(row: int, **cells: object) -> pd.DataFrame:
    """The table with other cells in one row, counted from 0."""
    frame = FRAME.copy()
    for column, cell in cells.items():
        frame[column] = pd.Series([cell if k == row else old for k, old in enumerate(frame[column])], dtype=object)
    return frame


def longer(row: int, column: str, *more: object) -> pd.DataFrame:
    return changed(row, **{column: [*FRAME[column][row], *more]})


def repaired(city) -> dict[str, int]:
    return city.card["notes"]["repaired"]


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_points_paths_and_entry_times_of_an_archive_come_back_bit_for_bit(protocol, raw):
    city = build(save(raw, protocol=protocol))
    fid = city.network.table["road_id"].astype(int).to_numpy()
    gps, route = city.view("gps"), city.view("route")
    assert city.trip_ids.tolist() == [f"chengdu_train-{row}" for row in range(1, len(FRAME) + 1)]
    for trip, row in enumerate(FRAME.to_dict("records")):
        points, roads = gps.trip(trip), route.trip(trip)
        assert points["time"].tolist() == row["tm_list"]
        assert points["lon"].tolist() == row["lng_list"]
        assert points["lat"].tolist() == row["lat_list"]
        assert fid[points["road"]].tolist() == row["opath_list"]
        assert fid[roads["road"]].tolist() == row["cpath_list"]
        assert roads["entry"].tolist() == row["road_timestamp"][:-1]


def test_roads_links_and_lines_are_those_of_the_edge_tables(raw):
    network, made = build(save(raw)).network, streets()
    assert network.table["road_id"].tolist() == made.fid.astype(str).tolist()
    assert set(network.table["highway"]) == {"primary", "residential"}
    assert network.table["length_m"].eq(200.5).all()
    assert network.table["lanes"].eq(2).all()
    assert not network.table["oneway"].any()
    np.testing.assert_array_equal(network.lon[::2], WEST + PITCH * (made.start % 8))
    np.testing.assert_array_equal(network.lat[1::2], SOUTH + PITCH * (made.end // 8))
    assert network.links.tolist() == [[road, after] for road in range(len(made.fid)) for after in sorted(made.leaving(made.end[road]))]


def test_the_card_says_what_was_used_and_what_was_not(raw):
    card = build(save(raw, with_grid(FRAME))).card
    notes = card["notes"]
    assert (card["name"], card["edition"], card["zone"]) == ("chengdu", "archive", "Asia/Shanghai")
    assert notes["matching"] == {"matcher": "published", "version": 1}
    assert notes["split"]["days"]["test"] == ["2016-11-15", "2016-11-15"]
    assert notes["split"]["trips"] == {"unlabelled": 210, "labelled": 50, "validation": 20, "test": 20}
    assert "own cell ids carry no geometry and were not used" in notes["cells"]
    assert notes["points_of_interest"].startswith("none: the archive's grid_fea")
    assert notes["median_road_distance_m"] < 5
    assert sorted(notes["raw_files"]) == ["chengdu_train.pkl", "edge_features.csv", "edge_geometry.csv", "line_graph_edge_idx.npy"]
    assert str(raw) not in str(card)


def test_cells_are_laid_over_the_roads_in_the_citys_size_or_a_given_one(raw):
    def metres(city) -> float:
        return city.grid.pitch[1] * 111_195

    save(raw / "chengdu")
    save(raw / "xian", name="xian_train.pkl")
    assert metres(build(raw)) == pytest.approx(160, rel=1e-3)
    assert metres(build(raw, "xian")) == pytest.approx(90, rel=1e-3)
    assert metres(build(raw, cell_size_m=120.0, replace=True)) == pytest.approx(120, rel=1e-3)


def test_a_table_of_points_of_interest_fills_the_cells(raw):
    (raw / "poi.csv").write_text(f"lon,lat,category\n{WEST},{SOUTH},dining\n{WEST},{SOUTH},sports\n1,1,sports\n")
    city = build(save(raw / "a"), poi=raw / "poi.csv")
    assert city.poi[city.grid.locate(WEST, SOUTH)[()]].sum() == city.poi.sum() == 2
    assert city.card["notes"]["points_of_interest"].startswith("the table poi.csv")


def test_arrays_in_cells_and_texts_of_the_edge_table_are_read_alike(raw):
    plain = build(save(raw / "a"))
    arrays = FRAME.assign(**{name: [np.array(one) for one in FRAME[name]] for name in ("cpath_list", "tm_list", "lng_list")})
    frame = arrays.assign(road_timestamp=[[np.float64(one) for one in row] for row in arrays["road_timestamp"]])
    again = build(save(raw / "b", frame, protocol=5), replace=True)
    for name in ("gps.lon.npy", "gps.time.npy", "route.road.npy", "route.entry.npy"):
        assert again.card["files"][name] == plain.card["files"][name]


def test_lines_are_joined_to_roads_by_fid_where_both_tables_have_it(raw):
    plain = build(save(raw))
    lines = pd.read_csv(raw / "edge_geometry.csv").assign(fid=streets().fid)
    lines.sample(frac=1, random_state=0).to_csv(raw / "edge_geometry.csv", index=False)
    assert build(raw, replace=True).card["files"]["roads.lon.npy"] == plain.card["files"]["roads.lon.npy"]
    lines[1:].to_csv(raw / "edge_geometry.csv", index=False)
    with pytest.raises(UserError, match=f"no line for road {streets().fid[0]}"):
        build(raw)


# ---- trips

def test_several_tables_are_joined_and_trips_given_again_are_dropped_and_counted(raw):
    save(raw, FRAME[:250])
    pd.concat([FRAME[240:], FRAME[299:]]).to_pickle(raw / "chengdu_eval.pkl", protocol=5)
    city = build(raw)
    assert city.trip_ids.tolist() == [*(f"chengdu_eval-{row}" for row in range(1, 61)), *(f"chengdu_train-{row}" for row in range(1, 241))]
    assert repaired(city) == {"trips given again with the same points, dropped": 11}
    route, fid = city.view("route"), city.network.table["road_id"].astype(int).to_numpy()
    assert fid[route.trip(0)["road"]].tolist() == FRAME["cpath_list"][240]
    assert fid[route.trip(60)["road"]].tolist() == FRAME["cpath_list"][0]


def test_points_without_time_or_place_are_dropped_with_their_roads_and_unordered_ones_sorted(raw):
    times, lon = list(FRAME["tm_list"][0]), list(FRAME["lng_list"][0])
    times[3] = float("nan")
    times[5], times[6] = times[6], times[5]
    times[9] = times[8]
    lon[12] = None
    lon[13] = 200.0
    frame = changed(0, tm_list=times, lng_list=lon)
    frame = frame.assign(tm_list=[[0.5 + one for one in row] if k == 1 else row for k, row in enumerate(frame["tm_list"])])
    city = build(save(raw, frame))
    assert repaired(city) == {
        "points without a time, dropped": 1, "points without a place on earth, dropped": 2,
        "points at the time of the one before, dropped": 1, "trips whose points were not in time order, sorted": 1,
        "points whose time was cut to whole seconds": len(FRAME["tm_list"][1])}
    points = city.view("gps").trip(0)
    fid = city.network.table["road_id"].astype(int).to_numpy()
    kept = sorted((k for k in range(len(times)) if k not in (3, 9, 12, 13)), key=times.__getitem__)
    assert points["lon"].tolist() == [FRAME["lng_list"][0][k] for k in kept]
    assert fid[points["road"]].tolist() == [FRAME["opath_list"][0][k] for k in kept]
    assert city.view("gps").trip(1)["time"].tolist() == FRAME["tm_list"][1]


def test_a_trip_of_one_point_is_dropped_and_counted(raw):
    short = {name: FRAME[name][7][:1] for name in ("opath_list", "tm_list", "lng_list", "lat_list")}
    city = build(save(raw, changed(7, **short)))
    assert repaired(city) == {"trips of fewer than 2 points, dropped": 1}
    assert "chengdu_train-8" not in city.trip_ids


def test_falling_entry_times_are_raised_to_the_latest_before_and_counted(raw):
    entered = list(FRAME["road_timestamp"][4])
    entered[2], entered[3] = entered[3], entered[1]
    city = build(save(raw, changed(4, road_timestamp=entered)))
    assert repaired(city) == {"entries of roads before that of the road before, set to it": 1}
    expected = np.maximum.accumulate(entered[:-1]).tolist()
    assert city.view("route").trip(4)["entry"].tolist() == expected
    assert city.view("route").trip(5)["entry"].tolist() == FRAME["road_timestamp"][5][:-1]


def test_a_path_with_a_missing_link_or_an_entry_without_time_costs_its_trip_alone(raw):
    path, entered = list(FRAME["cpath_list"][2]), list(FRAME["road_timestamp"][3])
    del path[4]
    entered[5] = float("nan")
    frame = changed(2, cpath_list=path, road_timestamp=FRAME["road_timestamp"][2][:-1])
    frame = frame.assign(road_timestamp=[entered if k == 3 else old for k, old in enumerate(frame["road_timestamp"])])
    frame = frame.assign(cpath_list=[[] if k == 6 else old for k, old in enumerate(frame["cpath_list"])],
                         road_timestamp=[[1] if k == 6 else old for k, old in enumerate(frame["road_timestamp"])])
    city = build(save(raw, frame))
    assert city.card["notes"]["dropped"] == {"no connected path": 2, "no entry time": 1}
    assert not {"chengdu_train-3", "chengdu_train-4", "chengdu_train-7"} & set(city.trip_ids)
    assert len(city.trip_ids) == len(FRAME) - 3


def test_the_published_matching_answers_for_any_choice_of_its_trips_and_knows_no_others(raw):
    archive = read_trajectory_archive(save(raw, FRAME[:9]))
    matcher = PublishedMatching(archive.trips, archive.published)
    chosen = archive.trips.part(np.arange(9) % 4 == 1)
    found = matcher.match(archive.network, chosen)
    fid = archive.network.table["road_id"].astype(int).to_numpy()
    assert fid[found.path].tolist() == [*FRAME["cpath_list"][1], *FRAME["cpath_list"][5]]
    assert fid[found.point_road].tolist() == [*FRAME["opath_list"][1], *FRAME["opath_list"][5]]
    ids = np.array(["no", archive.trips.trip_id[0]])
    strange = RawTrips(ids, np.array(["", ""]), np.array([0, 2, 4]), np.arange(4), np.zeros(4), np.zeros(4))
    none = matcher.match(archive.network, strange)
    assert none.reason.tolist() == ["no published path"] * 2
    assert none.point_road.tolist() == [-1] * 4
    assert none.path_offsets.tolist() == [0, 0, 0]


def test_points_in_the_chinese_frame_are_moved_when_asked_and_warned_of_when_not(raw, caplog):
    moved = [wgs84_to_gcj02(np.array(lon), np.array(lat)) for lon, lat in zip(FRAME["lng_list"], FRAME["lat_list"], strict=True)]
    frame = FRAME.assign(lng_list=[lon.tolist() for lon, _ in moved], lat_list=[lat.tolist() for _, lat in moved])
    city = build(save(raw, frame), frame="gcj02")
    assert "beside its roads" not in caplog.text
    np.testing.assert_allclose(city.view("gps").trip(0)["lon"], FRAME["lng_list"][0], atol=1e-8)
    with pytest.raises(UserError):
        build(raw)
    assert "--set frame=gcj02 looks right" in caplog.text


# ---- refused

@pytest.mark.parametrize("name", ["edge_features.csv", "edge_geometry.csv", "line_graph_edge_idx.npy", "*.pkl"])
def test_a_missing_file_is_named(name, raw):
    save(raw)
    for path in raw.glob(name):
        path.unlink()
    refused(raw, f"lacks {name}")
    refused(raw / "nowhere", "is no folder", "edge_features.csv")


@pytest.mark.parametrize(("features", "culprits"), [
    ({"highway": None}, ("edge_features.csv has no column highway", "it has fid")),
    ({"fid": None, "length": None}, ("no column fid, length",)), ({"length": -1}, ("has length -1",)), ({"length": "long"}, ("'long'",)),
    ({"fid": 7}, ("road 7 twice in column fid",)), ({"fid": 0.5}, ("no whole number",)),
    ({"fid": np.arange(224)}, ("line_graph_edge_idx.npy names road", "edge_features.csv lacks")),
])
def test_an_edge_table_that_is_wrong_is_a_sentence(features, culprits, raw):
    save(raw)
    save_roads(raw, **features)
    refused(raw, *culprits)


@pytest.mark.parametrize(("line", "culprit"), [
    ("LINESTRING (30.67 104.05, 30.68 104.05)", "lon and lat are swapped"), ("POINT (1 2)", "is 'POINT (1 2)'"), ("", "is 'nan'"),
    ("LINESTRING (1 2, 3)", "LINESTRING (104.1 30.6"), ("LINESTRING (1 2, 3 x)", "LINESTRING (104.1 30.6"),
    ("LINESTRING (1 2)", "fewer than two vertices"), ("LINESTRING (1 nan, 1 2)", "LINESTRING (104.1 30.6"),
])
def test_a_line_that_is_wrong_is_a_sentence(line, culprit, raw):
    save(raw)
    lines = pd.read_csv(raw / "edge_geometry.csv")
    lines.loc[3, "geometry"] = line
    lines.to_csv(raw / "edge_geometry.csv", index=False)
    refused(raw, "edge_geometry.csv", culprit)


def test_other_numbers_of_lines_or_links_of_another_shape_are_sentences(raw):
    save(raw)
    lines = pd.read_csv(raw / "edge_geometry.csv")
    lines[:-1].to_csv(raw / "edge_geometry.csv", index=False)
    refused(raw, "edge_geometry.csv has 223 lines, but edge_features.csv has 224 roads")
    lines.drop(columns="geometry").assign(wkt="").to_csv(raw / "edge_geometry.csv", index=False)
    refused(raw, "edge_geometry.csv has no column geometry")
    save_roads(raw)
    links = np.load(raw / "line_graph_edge_idx.npy")
    np.save(raw / "line_graph_edge_idx.npy", links.T)
    refused(raw, "line_graph_edge_idx.npy has shape (808, 2)", "[2, link]")
    np.save(raw / "line_graph_edge_idx.npy", links.astype(object), allow_pickle=True)
    refused(raw, "never unpickled")


@pytest.mark.parametrize(("frame", "culprits"), [
    (FRAME.drop(columns="opath_list"), ("Unknown column of chengdu_train.pkl 'opath_list'", "cpath_list")),
    (longer(4, "lng_list", 104.0), ("row 5", "lng_list", "tm_list", "as long")),
    (longer(4, "opath_list", 5), ("row 5", "opath_list", "tm_list")),
    (longer(299, "road_timestamp", 5), ("row 300", "road_timestamp", "cpath_list", "one longer")),
    (changed(8, cpath_list=[6, *FRAME["cpath_list"][8][1:]]), ("row 9 names road 6 in cpath_list", "column fid")),
    (changed(8, opath_list=[*FRAME["opath_list"][8][:-1], -1]), ("row 9 names road -1 in opath_list",)),
    (changed(8, opath_list=[*FRAME["opath_list"][8][:-1], None]), ("row 9 names road nan in opath_list",)),
    (changed(1, lat_list=30.6), ("column lat_list holds '30.6' in row 2", "list of numbers")),
    (changed(1, lat_list=None), ("column lat_list holds 'None' in row 2",)),
    (changed(1, lat_list=["30.6"] * len(FRAME["lat_list"][1])), ("column lat_list holds more than numbers in row 2", "30.6")),
    (changed(1, lat_list=[[30.6]] * len(FRAME["lat_list"][1])), ("column lat_list holds more than numbers in row 2",)),
    (FRAME.rename(columns={"lng_list": "lat_list", "lat_list": "lng_list"}), ("lon and lat are swapped",)),
    (FRAME.assign(tm_list=[[1000 * one for one in row] for row in FRAME["tm_list"]]), ("not milliseconds",)),
    (FRAME[:0], ("No trip of chengdu_train.pkl is left", "the tables are empty")),
    (FRAME.assign(tm_list=[[float("nan")] * len(row) for row in FRAME["tm_list"]]), ("No trip", "300 trips of fewer than 2 points")),
    (FRAME.assign(lng_list=[[one + 1 for one in row] for row in FRAME["lng_list"]]), ("None of 300 trips lies inside the box",)),
    (FRAME[::3], ("part", "needs at least 10")),
], ids=range(17))
def test_a_trip_table_that_is_wrong_is_a_sentence(frame, culprits, raw):
    refused(save(raw, frame), *culprits)


def test_another_citys_table_in_the_folder_is_refused(raw):
    save(raw)
    (raw / "xian_data_seq_evaluation.pkl").write_bytes(b"")
    refused(raw, "xian_data_seq_evaluation.pkl", "of xian", "--set suite=xian")


def test_a_trip_table_that_would_run_code_is_refused_by_name_and_never_run(raw):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(raw / "sprung"),)

    save(raw, changed(3, speed=[Trap()]))
    refused(raw, "chengdu_train.pkl names 'posix.mkdir'", "nothing of it was run")
    assert not (raw / "sprung").exists()


def test_what_the_reader_does_not_need_is_not_opened(raw):
    save(raw)
    (raw / "init_w2v_road_emb.pt").write_bytes(pickle.dumps(os.getcwd))
    (raw / "transition_prob_mat.npy").write_bytes(b"nonsense")
    assert len(build(raw).trip_ids) == len(FRAME)


@pytest.mark.parametrize(("options", "culprits"), [
    ({"frame": "bd09"}, ("Unknown frame", "gcj02, wgs84")), ({"cell_size_m": 0.0}, ("cell size is 0", "--set cell_size_m=100")),
    ({"suite": "chengd"}, ("Unknown suite", "Did you mean chengdu"))])
def test_a_wrong_option_is_a_sentence(options, culprits, raw):
    refused(save(raw), *culprits, **options)


# ---- again, and by the command

def test_the_same_archive_twice_writes_nothing_and_another_needs_replace(raw, caplog):
    first = build(save(raw))
    before = {path: path.stat().st_mtime_ns for path in stored()}
    assert build(raw).fingerprint == first.fingerprint
    assert "already prepared from the same data" in caplog.text
    save(raw, FRAME[:299])
    with pytest.raises(UserError, match=f"stbench data build jgrm --from {raw} --set suite=chengdu --replace"):
        build(raw)
    assert {path: path.stat().st_mtime_ns for path in stored()} == before
    assert build(raw, replace=True).fingerprint != first.fingerprint


def test_an_archive_is_imported_shown_and_verified_by_the_commands(raw):
    call = CliRunner().invoke
    save(raw / "chengdu")
    out = call(app, ["data", "build", "jgrm", "--from", str(raw), "--set", "suite=chengdu", "--set", "cell_size_m=150"])
    assert "chengdu (archive): 300 of 300 trips, " in out.output, out.output
    assert "unlabelled 210, labelled 50, validation 20, test 20" in out.output
    assert "Repaired: none.\nDropped: none." in out.output
    assert "chengdu/archive: ok" in call(app, ["data", "verify", "chengdu"]).output
    assert '"published"' in call(app, ["data", "show", "chengdu", "--json"]).output


@pytest.mark.parametrize(("arguments", "culprits"), [
    (["jgrm", "--set", "suite=chengdu", "--set", "task_map=A=b"], ("Unknown option of jgrm 'task_map'", "cell_size_m, frame, poi, suite")),
    (["jgrm", "--set", "suite=xian", "--set", "start=2016-01-01"], ("Unknown option of jgrm 'start'",)),
    (["jgrm", "--set", "suite=xian", "--set", "nodes=a.csv"], ("Unknown option of jgrm 'nodes'",)),
    (["cmust", "--set", "suite=nyc", "--set", "frame=gcj02"], ("Unknown option of cmust 'frame'", "nodes, start, suite, task_map")),
    (["cmust", "--set", "suite=nyc", "--set", "cell_size_m=100"], ("Unknown option of cmust 'cell_size_m'",)),
    (["cmust", "--set", "suite=sip", "--set", "poi=a.csv"], ("Unknown option of cmust 'poi'",)),
    (["jgrm", "--set", "suite=chengd"], ("Unknown suite of source jgrm 'chengd'", "Did you mean chengdu", "chengdu, xian")),
    (["jgrm", "--set", "suite=nyc"], ("Unknown suite of source jgrm 'nyc'",)),
    (["cmust"], ("Source cmust needs its option suite, one of nyc, chicago, sip", "--set suite=nyc")),
    (["jgrm", "--set", "suite=xian", "--set", "cell_size_m=wide"], ("jgrm.cell_size_m is of type float",)),
])
def test_options_of_the_other_source_and_unknown_suites_are_refused(arguments, culprits, raw):
    result = CliRunner().invoke(app, ["data", "build", *arguments, "--from", str(raw)])
    assert isinstance(result.exception, UserError)
    assert all(culprit in str(result.exception) for culprit in culprits), result.exception
    assert stored() == []
