"""Where the providers' files lie, on which terms, and what has no address that is known for certain and is got by hand.

None of these addresses could be tried where they were written down: they are as the providers and their pages state them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from benchmark.data.fetching.offer import Download, Offer
from benchmark.data.public.rides.months import check_months
from benchmark.errors import UserError

if TYPE_CHECKING:
    from benchmark.data.field.libcity import Options as LibcityOptions
    from benchmark.data.field.metr_la import Options as MetrLaOptions
    from benchmark.data.field.pems import Options as PemsOptions
    from benchmark.data.public.chicago import Options as ChicagoOptions
    from benchmark.data.public.chicago_bike import Options as ChicagoBikeOptions
    from benchmark.data.public.didi import Options as DidiOptions
    from benchmark.data.public.flights.build import Options as FlightsOptions
    from benchmark.data.public.nyc import Options as NycOptions
    from benchmark.data.public.porto import Options as PortoOptions

# fetched where no months are named
NYC_MONTHS, NYC_GRID_MONTHS, CHICAGO_MONTHS = ("2019-01", "2019-02"), ("2010-01", "2010-02"), ("2021-01", "2021-02")
# TLC's Parquet files have coordinates until this month
TLC_PLACES_UNTIL = "2010-12"
# the last month of the portal's first table of taxi trips, and the tables
PORTAL_UNTIL, PORTAL_TABLES = "2023-12", ("wrvz-psew", "ajtu-isnz")
# the month from which on Divvy's trips have places
DIVVY_SINCE = "2020-04"
TLC = "https://d37ci6vzurychx.cloudfront.net"
DIVVY = "https://divvy-tripdata.s3.amazonaws.com"
CHICAGO = "https://data.cityofchicago.org"
DCRNN = "https://raw.githubusercontent.com/liyaguang/DCRNN/master/data/sensor_graph"
# one package on two networks: the same bytes
VEGA = ("https://cdn.jsdelivr.net/npm/vega-datasets@3.2.1/data", "https://unpkg.com/vega-datasets@3.2.1/data")
OSM = "OpenStreetMap: anybody, for anything, under the ODbL, naming its contributors"


def nyc(options: NycOptions) -> Offer:
    """TLC's months, with its taxi zones or with coordinates."""
    said = ("anybody; the city gives them as they are and answers for nothing",
            "https://www.nyc.gov/site/tlc/about/tlc-trip-record-data.page")
    if options.edition == "grid":
        return Offer(tuple(_yellow(month) if month <= TLC_PLACES_UNTIL else Download(
            f"yellow_tripdata_{month}.csv", by_hand="TLC's first release with coordinates, which it has withdrawn: only who has it has it")
            for month in _months(options.months, NYC_GRID_MONTHS)), *said)
    zones = Download("taxi_zones.zip", (f"{TLC}/misc/taxi_zones.zip",), 1_000_000,
                     holds=("taxi_zones.shp", "taxi_zones.shx", "taxi_zones.dbf", "taxi_zones.prj"))
    return Offer((*map(_yellow, _months(options.months, NYC_MONTHS)), zones), *said)


def _yellow(month: str) -> Download:
    return Download(f"yellow_tripdata_{month}.parquet", (f"{TLC}/trip-data/yellow_tripdata_{month}.parquet",), 100_000_000)


def chicago_bike(options: ChicagoBikeOptions) -> Offer:
    """Divvy's months, and the city's whole table of crashes."""
    months = _months(options.months, CHICAGO_MONTHS)
    if early := [month for month in months if month < DIVVY_SINCE]:
        raise UserError(f"months has {early[0]}; Divvy's trips have places since {DIVVY_SINCE}.")
    trips = [f"{month.replace('-', '')}-divvy-tripdata.zip" for month in months]
    return Offer(
        (*(Download(name, (f"{DIVVY}/{name}",), 20_000_000) for name in trips),
         Download("Traffic_Crashes_-_Crashes.csv", (f"{CHICAGO}/api/views/85ca-t3if/rows.csv?accessType=DOWNLOAD",), 500_000_000)),
        "trips: anybody, for any lawful purpose, but not to offer them as a data set of one's own nor to find out who rode; crashes: "
        "anybody, and the city answers for nothing",
        "https://divvybikes.com/data-license-agreement and https://www.chicago.gov/city/en/narr/foia/data_disclaimer.html")


def chicago(options: ChicagoOptions) -> Offer:
    """The portal's taxi trips, a file a month, and its tables of crashes and their persons."""
    def trips(month: str) -> Download:
        year, number = map(int, month.split("-"))
        behind = f"{year + number // 12}-{number % 12 + 1:02d}"
        asked = quote(f"trip_start_timestamp >= '{month}-01' and trip_start_timestamp < '{behind}-01'")
        table = PORTAL_TABLES[month > PORTAL_UNTIL]
        return Download(f"taxi_trips_{month}.csv", (f"{CHICAGO}/resource/{table}.csv?$where={asked}&$limit=50000000",), 250_000_000)

    tables = {"Crashes": ("85ca-t3if", 500_000_000), "People": ("u6pd-qa9d", 900_000_000)}
    return Offer(
        (*map(trips, _months(options.months, ())),
         *(Download(f"Traffic_Crashes_-_{name}.csv", (f"{CHICAGO}/api/views/{table}/rows.csv?accessType=DOWNLOAD",), size)
           for name, (table, size) in tables.items())),
        "anybody, and the city answers for nothing", "https://www.chicago.gov/city/en/narr/foia/data_disclaimer.html")


def porto(options: PortoOptions) -> Offer:
    """The taxis of UCI's data set 339, and the roads of Portugal."""
    return Offer(
        (Download("train.csv.zip", ("https://archive.ics.uci.edu/ml/machine-learning-databases/00339/train.csv.zip",), 500_000_000,
                  holds=("train.csv",)),
         Download("portugal-latest.osm.pbf", ("https://download.geofabrik.de/europe/portugal-latest.osm.pbf",), 350_000_000)),
        f"trips: anybody, naming the source, under CC BY 4.0 (says UCI); roads: {OSM}",
        "https://archive.ics.uci.edu/dataset/339 and https://www.openstreetmap.org/copyright")


def flights(options: FlightsOptions) -> Offer:
    """Two files of the package vega-datasets, known to the byte."""
    sizes = {"flights-3m.parquet": (13_493_022, "dbeb920c90f59b6ccaff823dcc3d08f25a97fa1ce128d93f40be4e931f5900b0"),
             "airports.csv": (210_365, "903c7169e6d558eefb95295fe2947ec8503135fbb855ea5c737cf4a90ea603ad")}
    return Offer(
        tuple(Download(name, tuple(f"{one}/{name}" for one in VEGA), size, digest) for name, (size, digest) in sizes.items()),
        "anybody; the city made of them ships with stbench", "https://www.ecfr.gov/current/title-14/chapter-II/subchapter-A/part-234",
        opens="flights-3m.parquet")


def metr_la(options: MetrLaOptions) -> Offer:
    """DCRNN's graph and places; its speeds lie where only a browser gets them."""
    name = options.name or "metr-la"
    beside = {"metr-la": ("adj_mx.pkl", "graph_sensor_locations.csv"), "pems-bay": ("adj_mx_bay.pkl", "graph_sensor_locations_bay.csv")}
    if name not in beside:
        raise UserError(f"Source metr_la is metr-la or pems-bay, not {name}.")
    return Offer(
        (*(Download(file, (f"{DCRNN}/{file}",)) for file in beside[name]),
         Download(f"{name}.h5", by_hand="from the folder that the README of https://github.com/liyaguang/DCRNN links to")),
        "not stated by the authors; studies use them freely and cite DCRNN (ICLR 2018)", "https://github.com/liyaguang/DCRNN",
        opens=f"{name}.h5")


def pems(options: PemsOptions) -> Offer:
    """PEMS03, 04, 07 and 08, of which only pages are known."""
    return Offer(
        (Download("PEMS08.npz", by_hand="or PEMS03, PEMS04, PEMS07, from where https://github.com/guoshnBJTU/ASTGNN or "
                                        "https://github.com/Davidham3/STSGCN says"),),
        "not stated by the authors; measured by Caltrans PeMS", "https://pems.dot.ca.gov")


def libcity(options: LibcityOptions) -> Offer:
    """LibCity's atomic files, of which only the page is known."""
    return Offer(
        (Download("a data set's folder", by_hand="from the drives that https://github.com/LibCity/Bigscity-LibCity links to"),),
        "as the provider of each data set says", "https://github.com/LibCity/Bigscity-LibCity")


def didi(options: DidiOptions) -> Offer:
    """GAIA's taxis, which are given away no more."""
    return Offer(
        (Download("gps_20161101 and further days", by_hand="from DiDi, which has closed GAIA: only who was given them has them"),
         Download("an OSM extract of the city", by_hand="from https://download.geofabrik.de/asia/china.html")),
        f"trips: for research, by whom DiDi gave them to; roads: {OSM}", "https://www.openstreetmap.org/copyright")


def _months(given: tuple[str, ...], usual: tuple[str, ...]) -> tuple[str, ...]:
    check_months(given)
    return tuple(sorted(set(given or usual)))
