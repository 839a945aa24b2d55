"""Points of interest: which tags mean what, where ways lie, and tables."""

import numpy as np
import pytest

from benchmark.data.frames import wgs84_to_gcj02
from benchmark.data.readers.poi import TAG_RULES, category_of, read_osm_poi, read_poi_table
from benchmark.data.trajectory.city import POI_CATEGORIES
from benchmark.errors import UserError

OSM = """<osm version="0.6">
<node id="1" version="1" lon="104.0" lat="30.0"><tag k="amenity" v="cafe"/></node>
<node id="2" version="1" lon="104.2" lat="30.0"/><node id="3" version="1" lon="104.2" lat="30.2"/>
<node id="4" version="1" lon="104.0" lat="30.2"><tag k="amenity" v="bench"/></node>
<way id="5" version="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="1"/><tag k="leisure" v="park"/></way>
<way id="6" version="1"><nd ref="98"/><nd ref="99"/><tag k="shop" v="mall"/></way>
<way id="7" version="1"><nd ref="2"/><nd ref="3"/><tag k="highway" v="primary"/></way>
<relation id="8" version="1"><member type="way" ref="5" role="outer"/><tag k="leisure" v="park"/></relation>
</osm>"""


@pytest.mark.parametrize(("tags", "category"), [
    ({"amenity": "restaurant", "building": "yes"}, "dining"), ({"shop": "supermarket"}, "shopping"),
    ({"shop": "hairdresser"}, "life services"), ({"highway": "bus_stop"}, "transportation"), ({"tourism": "hotel"}, "accommodation"),
    ({"amenity": "hospital", "healthcare": "hospital"}, "healthcare"), ({"landuse": "residential"}, "residential")])
def test_tags_have_the_category_of_the_first_rule_that_fits(tags, category):
    assert POI_CATEGORIES[category_of(tags)] == category


def test_other_tags_have_no_category():
    assert [category_of(tags) for tags in ({}, {"highway": "primary"}, {"shop": "vacant"}, {"building": "yes"})] == [-1] * 4


def test_the_rules_reach_every_category_and_no_other():
    assert {category for _, _, category in TAG_RULES} == set(POI_CATEGORIES)
    assert len(POI_CATEGORIES) == 13


def test_osm_gives_nodes_and_the_middle_of_ways_but_no_relations(tmp_path):
    path = tmp_path / "a.osm"
    path.write_text(OSM)
    poi = read_osm_poi(path)
    assert [POI_CATEGORIES[k] for k in poi.category] == ["dining", "scenery"]
    assert np.allclose([poi.lon, poi.lat], [[104.0, 104.1], [30.0, 30.1]])


def test_a_table_is_read_in_either_frame(tmp_path):
    path = tmp_path / "poi.csv"
    lon, lat = wgs84_to_gcj02(np.array([104.0, 108.9]), np.array([30.6, 34.2]))
    path.write_text(f"lon,lat,category\n{lon[0]},{lat[0]},finance\n{lon[1]},{lat[1]},public facilities\n")
    assert np.allclose([read_poi_table(path).lon, read_poi_table(path).lat], [lon, lat])
    poi = read_poi_table(path, "gcj02")
    assert np.allclose([poi.lon, poi.lat], [[104.0, 108.9], [30.6, 34.2]], rtol=0, atol=1e-7)
    assert poi.category.tolist() == [6, 2]


@pytest.mark.parametrize(("text", "message"), [
    ("lon,lat,category\n104,30,finanse\n", "Unknown category of poi.csv 'finanse'. Did you mean finance"),
    ("lon,lat\n104,30\n", "Unknown column of poi.csv 'category'"),
    ("lng,lat,category\n104,30,finance\n", "Unknown column of poi.csv 'lon'"),
    ("lon,lat,category\n104,x,finance\n", "row 1 of column 'lat' is 'x'"),
    ("lon,lat,category\n104,30,finance\n30,104,finance\n", r"row 2 lies at lon 30.0, lat 104.0, which are no degrees \(swapped\?\)")])
def test_a_broken_table_gives_one_sentence(tmp_path, text, message):
    path = tmp_path / "poi.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        read_poi_table(path)


def test_an_osm_file_without_points_of_interest_is_an_error(tmp_path):
    path = tmp_path / "a.osm"
    path.write_text('<osm version="0.6"><node id="1" version="1" lon="104" lat="30"/></osm>')
    with pytest.raises(UserError, match="no point of interest"):
        read_osm_poi(path)


@pytest.mark.samples
def test_chengdu_has_points_of_every_category(samples):
    poi = read_osm_poi(samples / "chengdu/chengdu.osm")
    assert set(poi.category) == set(range(13))
    assert len(poi) > 900
