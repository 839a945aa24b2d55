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
    Source("flights", ("forecasting",), "hourly flights and late flights of 100 airports of the United States, January to June 2001",
           'US Bureau of Transportation Statistics, collected under 14 CFR Part 234: "Data Collected Under U.S. DOT Regulatory '
           'Requirements - License Terms Not Explicitly Specified" (https://www.ecfr.gov/current/title-14/chapter-II/subchapter-A/'
           'part-234); airports: US government work (https://www.usa.gov/government-works)',
           options="benchmark.data.public.flights.build:Options", build="benchmark.data.public.flights.build:build_flights",
           files="flights-3m.parquet of the npm package vega-datasets 3.2.1, with its airports.csv beside it"),
)
