"""The matcher against published matchings of real trips. Its options were not fitted to them (FMM's candidates, radius and bound)."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmark.data.matching import HiddenMarkovMatcher
from benchmark.data.readers.roads_files import read_roads
from benchmark.data.trajectory.trips import RawTrips

pytestmark = [pytest.mark.samples, pytest.mark.slow]


def trips_of(ids, lengths, time, lon, lat):
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return RawTrips(np.asarray(ids, dtype=str), np.full(len(ids), ""), offsets, np.asarray(time, dtype=np.int64),
                    np.asarray(lon, dtype=float), np.asarray(lat, dtype=float))


def test_nine_tenths_of_xians_points_get_the_published_road_unmatched_trips_as_misses(samples):
    network = read_roads(samples / "xian" / "network" / "edges.shp")
    published = [trip for trip in json.loads((samples / "xian" / "matched_100.json").read_text()) if trip["edge_path"]]
    assert len(published) == 85
    points = np.concatenate([np.array(trip["points_wgs84"]) for trip in published])
    lengths = [len(trip["points_wgs84"]) for trip in published]
    time = np.concatenate([3 * np.arange(length) for length in lengths])
    matched = HiddenMarkovMatcher().match(network, trips_of(range(85), lengths, time, points[:, 0], points[:, 1]))
    ids = network.table["road_id"].to_numpy(str)
    expected = np.concatenate([np.array(trip["edge_of_point"]) for trip in published]).astype(str)
    found = np.where(matched.point_road >= 0, ids[matched.point_road], "")
    assert (found == expected).mean() >= 0.90


def test_on_chengdus_segments_points_matched_by_both_get_the_published_road(samples):
    network = read_roads(samples / "chengdu" / "roads.json")
    rows = pd.read_csv(samples / "chengdu" / "trips.csv.gz", dtype={"matched_road": str})
    code, ids = pd.factorize(rows["trip_id"])
    rows, code = rows[code < 1500], code[code < 1500]
    matched = HiddenMarkovMatcher().match(
        network, trips_of(ids[:1500].astype(str), np.bincount(code), rows["unix_time"], rows["lon"], rows["lat"]))
    published = rows["matched_road"].fillna("").to_numpy(str)
    both = (matched.point_road >= 0) & (published != "")
    assert both.mean() > 0.5
    assert (network.table["road_id"].to_numpy(str)[matched.point_road] == published)[both].mean() >= 0.85
    without = pd.Series(matched.reason).value_counts(normalize=True)
    assert without["no connected path"] < 0.35  # the published segments do not all join
