"""Centroids of taxi zones out of TLC's own shapefile: its feet, its holes, and its zones that share a LocationID."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmark.data.public.taxi_zones import centroid, zone_table
from benchmark.errors import UserError

shapefile = pytest.importorskip("shapefile")

# the text of TLC's own taxi_zones.prj
NEW_YORK_FEET = (
    'PROJCS["NAD_1983_StatePlane_New_York_Long_Island_FIPS_3104_Feet",GEOGCS["GCS_North_American_1983",DATUM["D_North_American_1983",'
    'SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],'
    'PROJECTION["Lambert_Conformal_Conic"],PARAMETER["False_Easting",984250.0],PARAMETER["False_Northing",0.0],'
    'PARAMETER["Central_Meridian",-74.0],PARAMETER["Standard_Parallel_1",40.66666666666666],'
    'PARAMETER["Standard_Parallel_2",41.03333333333333],PARAMETER["Latitude_Of_Origin",40.16666666666666],UNIT["Foot_US",0.3048006096012192]]')


def square(x, y, side, *, hole=False):
    corners = [[x, y], [x, y + side], [x + side, y + side], [x + side, y], [x, y]]
    return corners[::-1] if hole else corners


def write_zones(path, zones, projection=None):
    """zones: (OBJECTID, LocationID, name, rings)."""
    with shapefile.Writer(str(path), shapeType=shapefile.POLYGON) as writer:
        for name in ("OBJECTID", "LocationID"):
            writer.field(name, "N", 9)
        writer.field("zone", "C", 40)
        for number, location, name, rings in zones:
            writer.poly(rings)
            writer.record(number, location, name)
    if projection:
        path.with_suffix(".prj").write_text(projection, encoding="utf-8")


def test_a_centroid_is_that_of_the_area_without_its_holes():
    whole = [square(0, 0, 4), square(2, 1, 2, hole=True)]
    # 16 parts at (2, 2) less 4 at (3, 2)
    assert centroid([point for ring in whole for point in ring], [0, 5]) == pytest.approx(((32 - 12) / 12, 2))
    far = [[x + 1e6, y + 2e5] for x, y in square(0, 0, 1)]
    assert centroid(far, [0]) == pytest.approx((1e6 + 0.5, 2e5 + 0.5), rel=1e-12)
    assert np.isnan(centroid([[0, 0], [1, 1], [0, 0]], [0])).all()


def test_zones_that_share_a_location_are_told_apart_by_their_object(tmp_path):
    write_zones(tmp_path / "taxi_zones.shp", [(4, 4, "Alphabet City", [square(-74, 40, 1)]), (56, 56, "Corona", [square(-73, 40, 1)]),
                                             (57, 56, "Corona", [square(-72, 40, 1)])])
    table = zone_table(tmp_path / "taxi_zones.shp", (57, 4, 56))
    pd.testing.assert_frame_equal(table, pd.DataFrame({
        "node_id": ["4", "56", "57"], "name": ["Alphabet City", "Corona", "Corona"], "lon": [-73.5, -72.5, -71.5], "lat": 40.5}))
    with pytest.raises(UserError, match="lacks the zone 12"):
        zone_table(tmp_path / "taxi_zones.shp", (12,))


def test_feet_of_new_york_become_degrees(tmp_path):
    pytest.importorskip("pyproj")
    # the origin of the projection is 74° west, 40°10' north, and a point a degree of latitude on is 364,317 survey feet north of it
    write_zones(tmp_path / "taxi_zones.shp", [(1, 1, "origin", [square(984_249, -1, 2)]), (2, 2, "north", [square(984_249, 212_516, 2)])],
                NEW_YORK_FEET)
    table = zone_table(tmp_path / "taxi_zones.shp", (1, 2))
    assert table["lon"].tolist() == pytest.approx([-74, -74], abs=1e-6)
    assert table["lat"].tolist() == pytest.approx([40 + 1 / 6, 40.75], abs=2e-4)


def test_what_is_wrong_with_the_shapefile_is_a_sentence(tmp_path):
    write_zones(tmp_path / "a.shp", [(1, 1, "a", [square(0, 0, 1)])], "PROJCS[nonsense]")
    with pytest.raises(UserError, match=r"(a\.prj is no projection that is known|needs the library pyproj)"):
        zone_table(tmp_path / "a.shp", (1,))
    with pytest.raises(UserError, match=r"no\.shp"):
        zone_table(tmp_path / "no.shp", (1,))
