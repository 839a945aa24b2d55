"""Points of interest in the 13 categories of the trajectory suite, from OpenStreetMap tags or a table. Light: numpy and pandas."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.data.frames import to_wgs84
from benchmark.data.readers.roads_osm import osmium_of, reading_osm
from benchmark.data.readers.tables import numbers, read_frame
from benchmark.data.trajectory.city import POI_CATEGORIES
from benchmark.data.trajectory.poi import PointsOfInterest
from benchmark.errors import UserError, unknown

# (OSM key, values, category), the first that fits counts; "*" is any value but "no" and "vacant"
TAG_RULES = [
    ("amenity", "restaurant fast_food cafe bar pub food_court ice_cream biergarten", "dining"),
    ("tourism", "hotel hostel guest_house motel apartment chalet", "accommodation"),
    ("tourism", "attraction museum viewpoint zoo theme_park gallery aquarium artwork", "scenery"),
    ("historic", "*", "scenery"),
    ("leisure", "park garden nature_reserve", "scenery"),
    ("amenity", "place_of_worship monastery", "scenery"),
    ("amenity", "school kindergarten college university language_school music_school driving_school library", "education"),
    ("office", "research educational_institution", "education"),
    ("amenity", "bank atm bureau_de_change", "finance"),
    ("office", "insurance financial", "finance"),
    ("amenity", "hospital clinic doctors dentist pharmacy nursing_home veterinary", "healthcare"),
    ("healthcare", "*", "healthcare"),
    ("amenity", "police fire_station courthouse townhall embassy public_building", "government"),
    ("office", "government diplomatic political_party", "government"),
    ("leisure", "pitch sports_centre stadium swimming_pool fitness_centre track golf_course ice_rink", "sports"),
    ("amenity", "bus_station ferry_terminal taxi fuel charging_station parking car_rental bicycle_rental", "transportation"),
    ("railway", "station halt tram_stop subway_entrance", "transportation"),
    ("highway", "bus_stop", "transportation"),
    ("aeroway", "aerodrome terminal helipad", "transportation"),
    ("shop", "hairdresser beauty massage laundry dry_cleaning travel_agency ticket copyshop optician funeral_directors", "life services"),
    ("amenity", "post_office car_wash cinema theatre nightclub karaoke_box internet_cafe arts_centre events_venue", "life services"),
    ("craft", "*", "life services"),
    ("shop", "*", "shopping"),
    ("amenity", "marketplace", "shopping"),
    ("amenity", "toilets drinking_water shelter community_centre social_facility public_bath fountain", "public facilities"),
    ("leisure", "playground", "public facilities"),
    ("landuse", "residential", "residential"),
    ("building", "apartments residential dormitory", "residential"),
]


def category_of(tags: Mapping[str, str]) -> int:
    """The category of an object by `TAG_RULES`, -1 for none."""
    for key, values, category in TAG_RULES:
        value = tags.get(key)
        if value is not None and (value not in ("no", "vacant") if values == "*" else value in values.split()):
            return POI_CATEGORIES.index(category)
    return -1


def read_osm_poi(path: Path) -> PointsOfInterest:
    """The nodes and ways of an .osm or .pbf file that `TAG_RULES` name; a way lies at the mean of its corners, relations are left out."""
    osmium = osmium_of(path)
    found: list[tuple[float, float, int]] = []
    with reading_osm(path):
        reader = osmium.FileProcessor(str(path)).with_locations()
        for one in reader.with_filter(osmium.filter.KeyFilter(*sorted({key for key, _, _ in TAG_RULES}))):
            category = -1 if one.is_relation() else category_of(dict(one.tags))
            place = _place(one) if category >= 0 else None
            if place is not None:
                found.append((*place, category))
    if not found:
        raise UserError(f"{path.name} has no point of interest; check that its amenities, shops and other tags were not filtered out.")
    lon, lat, number = zip(*found, strict=True)
    return PointsOfInterest(np.array(lon), np.array(lat), np.array(number, dtype=np.int64))


def read_poi_table(path: Path, frame: str = "wgs84") -> PointsOfInterest:
    """A .csv or .parquet of lon, lat and category, one of `POI_CATEGORIES` by name.

    Parameters
    ----------
    frame: "wgs84" or "gcj02", the degrees the table is in.
    """
    table = read_frame(path, text=["category"])
    for column in ("lon", "lat"):
        if column not in table:
            raise unknown(f"column of {path.name}", column, map(str, table.columns))
    place = numbers(table[["lon", "lat"]], path.name).astype(np.float64)
    outside = ~((np.abs(place[:, 0]) <= 180) & (np.abs(place[:, 1]) <= 90))
    if outside.any():
        row = int(np.argmax(outside))
        raise UserError(f"{path.name}: row {row + 1} lies at lon {place[row, 0]}, lat {place[row, 1]}, which are no degrees (swapped?).")
    number = {name: k for k, name in enumerate(POI_CATEGORIES)}
    for name in table["category"].unique():
        if name not in number:
            raise unknown(f"category of {path.name}", str(name), POI_CATEGORIES)
    lon, lat = to_wgs84(place[:, 0], place[:, 1], frame, path.name)
    return PointsOfInterest(lon, lat, table["category"].map(number).to_numpy(np.int64))


def _place(one: Any) -> tuple[float, float] | None:
    """Longitude and latitude of an OSM node or way, None where the file lacks them."""
    if one.is_node():
        return (one.lon, one.lat) if one.location.valid() else None
    # a closed way names its first node again at the end
    corners = [node for node in list(one.nodes)[int(one.is_closed()):] if node.location.valid()]
    if not corners:
        return None
    return sum(node.location.lon for node in corners) / len(corners), sum(node.location.lat for node in corners) / len(corners)
