"""The sources that come with stbench, as plain data: a source more is a module and an entry here."""

from benchmark.data.sources import Source

SOURCES = (
    Source("simulator", ("forecasting", "trajectory"), "a simulated city: series of trips, accidents and sensors, or GPS trips", "CC0-1.0",
           options="benchmark.data.simulate.source:Options", build="benchmark.data.simulate.source:build_simulated"),
    Source("cmust", ("forecasting",), "New York, Suzhou or Chicago from the windows that CMuST's authors cut", "not stated by the archive",
           options="benchmark.data.archives.cmust.build:Options", build="benchmark.data.archives.cmust.build:build_archive",
           files="a suite's folder, or the one above it (NYC, CHI, SIP): a folder a task with train.npz, val.npz, test.npz (x and y) and "
                 "perhaps prompt.pth"),
    Source("jgrm", ("trajectory",), "Chengdu or Xi'an from the matched taxi trips of JGRM or MVTraj", "not stated by the archive",
           options="benchmark.data.archives.jgrm.build:Options", build="benchmark.data.archives.jgrm.build:build_archive",
           files="a city's folder, or the one above it (chengdu, xian): edge_features.csv, edge_geometry.csv, line_graph_edge_idx.npy and "
                 "the trips as .pkl"),
    Source("pems", ("forecasting",), "PEMS03, PEMS04, PEMS07 or PEMS08: flow, occupancy and speed of detectors in California, 5 minutes",
           "not stated by the file; measured by Caltrans PeMS",
           options="benchmark.data.field.pems:Options", build="benchmark.data.field.pems:build_pems",
           files="PEMS08.npz (array data [step, node, channel]) and, beside it, perhaps PEMS08.csv (from, to, cost) and PEMS08.txt (ids)",
           downloads="benchmark.data.public.downloads:pems"),
    Source("metr_la", ("forecasting",), "METR-LA or PEMS-BAY: speeds of detectors in Los Angeles or the Bay Area, 5 minutes",
           "not stated by the file",
           options="benchmark.data.field.metr_la:Options", build="benchmark.data.field.metr_la:build_metr_la",
           files="metr-la.h5 or pems-bay.h5 (a table of pandas; needs h5py) and, beside it, perhaps adj_mx.pkl or adj_mx_bay.pkl, and "
                 "graph_sensor_locations.csv or graph_sensor_locations_bay.csv",
           downloads="benchmark.data.public.downloads:metr_la"),
    Source("libcity", ("forecasting",), "series on nodes from the atomic files of LibCity", "not stated by the files",
           options="benchmark.data.field.libcity:Options", build="benchmark.data.field.libcity:build_libcity",
           files="a data set's folder: one .geo, one .dyna, and perhaps a .rel and a config.json",
           downloads="benchmark.data.public.downloads:libcity"),
    Source("porto", ("trajectory",), "a year of taxi trips of Porto, 15 seconds between points",
           "trips: CC BY 4.0, says the UCI repository (not verified); roads: ODbL",
           options="benchmark.data.public.porto:Options", build="benchmark.data.public.porto:build_porto",
           files="a folder with train.csv (of UCI data set 339, or of Kaggle's pkdd-15-predict-taxi-service-trajectory-i) and an OSM "
                 "extract of Porto (.osm.pbf)",
           downloads="benchmark.data.public.downloads:porto"),
    Source("didi", ("trajectory",), "Chengdu or Xi'an from the taxi trips of DiDi GAIA, 3 seconds between points",
           "DiDi's own, for research by whom it was given; no longer given away",
           options="benchmark.data.public.didi:Options", build="benchmark.data.public.didi:build_didi",
           files="a folder with a file a day (gps_20161101: driver, order, unix seconds, lon, lat without a head) and an OSM extract of "
                 "the city (.osm.pbf, .osm), or its edges (.shp)",
           downloads="benchmark.data.public.downloads:didi"),
    Source("flights", ("forecasting",), "hourly flights and late flights of 100 airports of the United States, January to June 2001",
           'US Bureau of Transportation Statistics, collected under 14 CFR Part 234: "Data Collected Under U.S. DOT Regulatory '
           'Requirements - License Terms Not Explicitly Specified" (https://www.ecfr.gov/current/title-14/chapter-II/subchapter-A/'
           'part-234); airports: US government work (https://www.usa.gov/government-works)',
           options="benchmark.data.public.flights.build:Options", build="benchmark.data.public.flights.build:build_flights",
           files="flights-3m.parquet of the npm package vega-datasets 3.2.1, with its airports.csv beside it",
           downloads="benchmark.data.public.downloads:flights"),
    Source("chicago_bike", ("forecasting",), "Chicago's bike pick-ups, drop-offs and crash risk on a grid: the city chicago-bike",
           "Divvy Data License Agreement (trips); City of Chicago, terms of use of its data portal (crashes)",
           options="benchmark.data.public.chicago_bike:Options", build="benchmark.data.public.chicago_bike:build_chicago_bike",
           files="a folder of Divvy's months (202101-divvy-tripdata.zip or .csv) and a table of the city's traffic crashes, whose name "
                 "holds `crashes` (.csv or .csv.gz)",
           downloads="benchmark.data.public.downloads:chicago_bike"),
    Source("chicago", ("forecasting",), "Chicago's taxi pick-ups, drop-offs and crash risk on a grid, and bikes",
           "City of Chicago, terms of use of its data portal; Divvy Data License Agreement (bikes)",
           options="benchmark.data.public.chicago:Options", build="benchmark.data.public.chicago:build_chicago",
           files="a folder of the portal's exports Taxi Trips (its name holds `taxi`) and Traffic Crashes - Crashes, and perhaps - People "
                 "and Divvy's months (.csv, .csv.gz or .zip)",
           downloads="benchmark.data.public.downloads:chicago"),
    Source("nyc", ("forecasting",), "New York's yellow taxis, trips and persons, by taxi zone or on a grid, and bikes",
           "NYC open data, provided by the Taxi and Limousine Commission; Citi Bike Data Use Policy (bikes)",
           options="benchmark.data.public.nyc:Options", build="benchmark.data.public.nyc:build_nyc",
           files="a folder of TLC's months: Parquet (yellow_tripdata_2019-01.parquet) and, beside them, taxi_zones.shp or taxi_zones.csv "
                 "(LocationID, lon, lat); for --set edition=grid those with coordinates (yellow_tripdata_2016-01.csv, 2009 to June 2016), "
                 "and perhaps Citi Bike's months",
           downloads="benchmark.data.public.downloads:nyc"),
)
