"""A user's own city becomes a suite: its kind is looked up, and a name that is taken is refused before anything is written."""

import numpy as np
import pytest
from made.lattice_city import TOML, write_lattice
from made.raw_city import stored

from benchmark.errors import UserError
from benchmark.suites.catalogue import built_in, find_suite
from benchmark.suites.importing import import_own

SERIES = """{head}zone = "UTC"
start = 2024-01-01T00:00:00
interval_minutes = 30
nodes = {{ file = "nodes.csv", id = "id", lon = "lon", lat = "lat" }}
tasks.taxi_pick = {{ file = "values.npy", unit = "trips" }}
"""


@pytest.fixture
def series(tmp_path):
    """Writes a city file of series that begins with some lines."""
    def write(head='name = "town"\n'):
        (tmp_path / "nodes.csv").write_text("id,lon,lat\na,10.0,56.0\nb,10.1,56.0\n")
        np.save(tmp_path / "values.npy", np.arange(480).reshape(240, 2))
        (tmp_path / "town.toml").write_text(SERIES.format(head=head))
        return tmp_path / "town.toml"
    return write


@pytest.mark.parametrize("head", ['name = "town"\n', 'kind = "series"\nname = "town"\n'], ids=["no kind", "kind"])
def test_a_file_of_series_becomes_a_suite_and_says_what_to_do_next(series, head):
    lines = import_own(series(head)).lines
    assert lines[0].startswith("town (own): taxi_pick; 2 nodes; 240 steps; fingerprint ")
    assert "carries no times" in lines[1]
    assert lines[2].startswith("It lies in ")
    assert lines[3:] == ("Next: stbench run --method historical_average --suite town",)
    assert find_suite("town").tasks == ("taxi_pick",)


def test_an_unknown_kind_of_city_is_a_sentence_with_the_nearest_names(series):
    with pytest.raises(UserError, match=r"Unknown kind of city in town\.toml 'trajectory'\. Did you mean trajectories\?"):
        import_own(series('kind = "trajectory"\nname = "town"\n'))
    assert stored() == []


@pytest.mark.parametrize("name", sorted(built_in()))
def test_a_city_of_series_cannot_take_the_name_of_a_built_in_suite(series, name):
    with pytest.raises(UserError, match=f"'{name}' is a suite that comes with stbench; give this city another name, such as my-{name}"):
        import_own(series(f'name = "{name}"\n'))
    assert stored() == []


@pytest.mark.parametrize("name", ["chengdu", "chengdu-xian"])
def test_a_city_of_trips_cannot_take_the_name_of_a_built_in_suite(tmp_path, name):
    write_lattice(tmp_path)
    (tmp_path / "lattice.toml").write_text(TOML.replace('"lattice"', f'"{name}"'))
    with pytest.raises(UserError, match="comes with stbench"):
        import_own(tmp_path / "lattice.toml")
    assert stored() == []
