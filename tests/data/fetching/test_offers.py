"""What the sources that come with stbench offer, and how a city is built from what was fetched."""

import re
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.cli.fetch import Bar
from benchmark.data.fetching.fetch import in_bytes
from benchmark.data.fetching.fetched import downloaded
from benchmark.data.fetching.offer import Download
from benchmark.data.public.flights.build import PACKAGE
from benchmark.data.sources import build_city, offer_of, sources
from benchmark.errors import UserError
from benchmark.options import resolve

OFFERING = [source.name for source in sources().all() if source.downloads]


def offer(source, **given):
    return offer_of(source, resolve(sources().options(source), given, source))


def test_the_sources_that_offer_something_are_seen():
    assert {"nyc", "chicago", "chicago_bike", "porto", "flights", "metr_la", "pems", "libcity", "didi"} <= set(OFFERING)


@pytest.mark.parametrize("name", OFFERING)
def test_an_offer_says_terms_and_each_file_an_encrypted_address_or_where_it_is_got_by_hand(name):
    found = offer(name)
    assert found.use
    assert found.terms.startswith("https://")
    assert len({file.name for file in found.files}) == len(found.files)
    assert not found.opens or found.opens in {file.name for file in found.files}
    for file in found.files:
        assert bool(file.urls) != bool(file.by_hand), file
        assert all(urlsplit(url).scheme == "https" and "/" not in file.name for url in file.urls)
        assert re.fullmatch(r"([0-9a-f]{64})?", file.sha256)
        assert not file.holds or file.name.endswith(".zip")


def test_months_that_are_asked_for_are_offered_once_and_in_their_order():
    names = [file.name for file in offer("nyc", months="2019-03,2019-02,2019-03").fetched]
    assert names[:2] == ["yellow_tripdata_2019-02.parquet", "yellow_tripdata_2019-03.parquet"]
    assert [file.name for file in offer("chicago_bike", months="2023-06").fetched][0] == "202306-divvy-tripdata.zip"  # noqa: RUF015


def test_a_month_of_the_portals_taxis_ends_where_the_next_begins_and_comes_from_the_table_of_its_years():
    urls = [file.urls[0] for file in offer("chicago", months="2023-12,2024-01").fetched[:2]]
    assert "/wrvz-psew.csv?" in urls[0]
    assert "%272023-12-01%27" in urls[0]
    assert "%272024-01-01%27" in urls[0]
    assert "/ajtu-isnz.csv?" in urls[1]


def test_what_has_coordinates_no_more_is_got_by_hand():
    found = offer("nyc", edition="grid", months="2010-12,2015-01")
    assert [file.name for file in found.fetched] == ["yellow_tripdata_2010-12.parquet"]
    assert [file.name for file in found.by_hand] == ["yellow_tripdata_2015-01.csv"]


@pytest.mark.parametrize(("name", "given", "sentence"), [
    ("nyc", {"months": "2019-13"}, "months has '2019-13'; write year and month, such as 2021-01"),
    ("chicago_bike", {"months": "2019-12"}, "months has 2019-12; Divvy's trips have places since 2020-04"),
    ("metr_la", {"name": "metr"}, "Source metr_la is metr-la or pems-bay, not metr"),
])
def test_options_of_which_there_is_no_file_are_a_sentence(name, given, sentence):
    with pytest.raises(UserError, match=re.escape(sentence)):
        offer(name, **given)


def test_the_flights_come_from_the_package_that_their_builder_knows():
    assert all(PACKAGE.split(" (")[0].replace(" ", "@") in url for file in offer("flights").fetched for url in file.urls)


@pytest.mark.parametrize(("name", "sentence"), [
    ("nowhere", r"Unknown source 'nowhere'"),
    ("simulator", r"There is nothing to fetch for source simulator; it needs no files\. Type: stbench data build simulator\."),
    ("cmust", r"There is nothing to fetch for source cmust; it is made from files: .* --from PATH\."),
    ("pems", r"No address of the files of source pems is known for certain\. Get them by hand: PEMS08\.npz, .* --from PATH\."),
])
def test_a_source_without_an_address_says_where_its_files_come_from(name, sentence, own_home):
    result = CliRunner().invoke(app, ["data", "fetch", name])
    assert isinstance(result.exception, UserError), result.output
    assert re.match(sentence, str(result.exception)), result.exception
    assert not own_home.exists()


def test_a_source_is_built_from_what_was_fetched(server, offered, fetch_mine, folder):
    server.content["/a"] = b"rows"
    offered(Download("a.csv", (f"{server.address}/a",)), opens="a.csv")
    with pytest.raises(UserError, match=r"Type where they lie: .* --from PATH\. Or see what can be fetched: stbench data fetch mine"):
        build_city("mine", None, {})
    fetch_mine()
    assert build_city("mine", None, {}) == folder / "a.csv"
    (folder / "a.csv").unlink()
    assert downloaded("mine") == folder


def test_a_source_is_not_built_from_half_of_what_was_wanted(server, offered, fetch_mine, folder):
    server.content["/a"] = b"rows"
    offered(Download("a.csv", (f"{server.address}/a",)), Download("b.csv", (f"{server.address}/none",)))
    with pytest.raises(UserError, match=r"b\.csv was not fetched"):
        fetch_mine()
    sentence = rf"{folder} lacks b\.csv, which was to be fetched\. Type `stbench data fetch mine` again .* --from {folder}"
    with pytest.raises(UserError, match=sentence):
        build_city("mine", None, {})
    offered(Download("a.csv", (f"{server.address}/a",)))  # as with other months
    fetch_mine()
    assert build_city("mine", None, {}) == folder


def test_the_command_prints_terms_and_files_and_nothing_else_off_a_terminal(server, offered, tmp_path):
    server.content["/a"] = b"rows"
    offered(Download("a.csv", (f"{server.address}/a",)))
    result = CliRunner().invoke(app, ["data", "fetch", "mine", "--set", "word=x", "--to", str(tmp_path / "own")])
    assert result.exit_code == 0, result.output
    words = [line.split()[0] for line in result.output.splitlines()]
    assert words == ["mine:", "licence", "use", "terms", "size", "a.csv", "a.csv:", "Next:"]
    assert result.output.endswith(f"Next: stbench data build mine --from {tmp_path / 'own'} --set word=x\n")


def test_a_source_is_shown_with_its_addresses_and_what_is_got_by_hand():
    from benchmark.report.listing import describe

    shown = describe("metr_la")["fetched"]
    assert shown["files"]["adj_mx.pkl"].endswith("/adj_mx.pkl  (address not verified)")
    assert shown["files"]["metr-la.h5"].startswith("by hand, from ")
    assert "fetched" not in describe("simulator")


def test_the_bar_is_of_the_file_that_comes():
    bar = Bar()
    bar.watch("a.csv", 10, 100)
    bar.watch("b.csv", 5, None)
    (task,) = bar.progress.tasks
    assert (task.description, task.completed, task.total) == ("b.csv", 5, None)


@pytest.mark.parametrize(("size", "said"), [(None, "size not known"), (0, "0 bytes"), (999, "999 bytes"), (210_365, "210 kB"),
                                            (13_493_022, "13.5 MB"), (2e9, "2 GB")])
def test_sizes_are_said_in_round_numbers(size, said):
    assert in_bytes(size) == said
