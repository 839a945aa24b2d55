"""Coordinate frames: the Chinese shift and back, great circles, local metres."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.data.frames import Projection, gcj02_to_wgs84, great_circle_m, in_china, to_wgs84, wgs84_to_gcj02
from benchmark.errors import UserError

# mainland China with its islands, well inside the formula's box
LON, LAT = st.floats(73.5, 135.1), st.floats(3.5, 53.6)


def shifted(lon, lat):
    """The closed formula as it circulates, one point at a time."""
    x, y, pi = lon - 105.0, lat - 35.0, math.pi
    d_lat = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    d_lat += (20.0 * math.sin(6.0 * x * pi) + 20.0 * math.sin(2.0 * x * pi)) * 2.0 / 3.0
    d_lat += (20.0 * math.sin(y * pi) + 40.0 * math.sin(y / 3.0 * pi)) * 2.0 / 3.0
    d_lat += (160.0 * math.sin(y / 12.0 * pi) + 320 * math.sin(y * pi / 30.0)) * 2.0 / 3.0
    d_lon = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    d_lon += (20.0 * math.sin(6.0 * x * pi) + 20.0 * math.sin(2.0 * x * pi)) * 2.0 / 3.0
    d_lon += (20.0 * math.sin(x * pi) + 40.0 * math.sin(x / 3.0 * pi)) * 2.0 / 3.0
    d_lon += (150.0 * math.sin(x / 12.0 * pi) + 300.0 * math.sin(x / 30.0 * pi)) * 2.0 / 3.0
    a, ee = 6378245.0, 0.00669342162296594
    magic = 1 - ee * math.sin(lat / 180.0 * pi) ** 2
    d_lat = d_lat * 180.0 / (a * (1 - ee) / (magic * math.sqrt(magic)) * pi)
    d_lon = d_lon * 180.0 / (a / math.sqrt(magic) * math.cos(lat / 180.0 * pi) * pi)
    return lon + d_lon, lat + d_lat


@given(LON, LAT)
def test_a_point_shifted_and_back_is_within_a_centimetre(lon, lat):
    assert great_circle_m(*gcj02_to_wgs84(*wgs84_to_gcj02(lon, lat)), lon, lat) < 0.01
    assert great_circle_m(*wgs84_to_gcj02(*gcj02_to_wgs84(lon, lat)), lon, lat) < 0.01


@given(LON, LAT)
def test_the_shift_equals_the_scalar_formula(lon, lat):
    assert np.allclose(wgs84_to_gcj02(lon, lat), shifted(lon, lat), rtol=0, atol=1e-11)


@pytest.mark.parametrize(("true", "moved"), [
    ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
    ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
    ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597))], ids=["Beijing", "Shenzhen", "Shanghai"])
def test_published_pairs_are_met(true, moved):
    # from the tests of the open-source library eviltransform
    assert np.allclose(wgs84_to_gcj02(*true), moved, rtol=0, atol=1e-11)
    assert np.allclose(to_wgs84(*moved, "gcj02"), true, rtol=0, atol=1e-9)


def test_points_outside_china_stay_where_they_are():
    lon, lat = np.array([24.94, -73.98, 139.7]), np.array([60.17, 40.75, 35.7])
    assert not in_china(lon, lat).any()
    for there in (wgs84_to_gcj02, gcj02_to_wgs84):
        assert np.array_equal(there(lon, lat), [lon, lat])


def test_the_inputs_are_not_changed_and_arrays_are_shifted_point_by_point():
    lon, lat = np.linspace(80, 130, 7), np.linspace(20, 50, 7)
    before = lon.copy(), lat.copy()
    moved = np.transpose(wgs84_to_gcj02(lon, lat))
    assert np.allclose(moved, [shifted(*point) for point in zip(lon, lat, strict=True)], rtol=0, atol=1e-11)
    assert np.array_equal(lon, before[0])
    assert np.array_equal(lat, before[1])


def test_wgs84_is_kept_and_an_unknown_frame_is_an_error_with_the_known_ones():
    assert np.array_equal(to_wgs84(np.array([104.0]), np.array([30.0]), "wgs84"), [[104.0], [30.0]])
    with pytest.raises(UserError, match=r"Unknown frame 'gcj2'.*gcj02.*wgs84"):
        to_wgs84(np.array([104.0]), np.array([30.0]), "gcj2")


def test_chinas_frame_is_refused_where_most_points_lie_elsewhere():
    with pytest.raises(UserError, match=r'frame = "gcj02", but 2 of 3 points lie outside China \(first: lon 13\.4, lat 52\.5\)'):
        to_wgs84(np.array([104.0, 13.4, 13.5]), np.array([30.0, 52.5, 52.5]), "gcj02", "trips.csv")
    assert np.array_equal(to_wgs84(np.array([104.0, 105.0, 13.4]), np.array([30.0, 31.0, 52.5]), "gcj02")[0][2], 13.4)
    assert to_wgs84(np.empty(0), np.empty(0), "gcj02")[0].size == 0


def test_a_degree_of_a_meridian_is_111195_metres_and_of_the_sixtieth_parallel_half():
    assert great_circle_m(0.0, 0.0, 0.0, 1.0) == pytest.approx(111195.08, abs=0.01)
    assert Projection(10.0, 60.0).metres_per_degree == pytest.approx((111195.08 / 2, 111195.08), abs=0.01)


@given(LON, LAT, st.floats(-0.1, 0.1), st.floats(-0.1, 0.1))
def test_local_metres_come_back_and_are_great_circles_to_half_a_percent(lon, lat, east, north):
    plane = Projection(lon, lat)
    x, y = plane.to_metres(lon + east, lat + north)
    assert np.allclose(plane.to_degrees(x, y), [lon + east, lat + north], rtol=0, atol=1e-12)
    assert math.hypot(x, y) == pytest.approx(float(great_circle_m(lon, lat, lon + east, lat + north)), rel=5e-3, abs=0.01)


@given(st.floats(-179, 179), st.floats(-84, 84))
def test_metres_of_web_mercator_become_the_degrees_that_they_were_made_of(lon, lat):
    x, y = 6378137 * math.radians(lon), 6378137 * math.log(math.tan(math.pi / 4 + math.radians(lat) / 2))
    assert np.allclose(to_wgs84(np.array([x]), np.array([y]), "epsg3857"), [[lon], [lat]], rtol=0, atol=1e-9)
