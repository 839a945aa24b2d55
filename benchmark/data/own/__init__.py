"""A city of one's own: a TOML file says what the files are, and the city is built like any other.

In: the TOML file, and the tables, roads, trips and points of interest that it names, relative to it.
Out: a canonical city of edition `own` in the cache; `benchmark.suites` offers it as a suite of its name.

Open first: `city_file.py`, all that a forecasting city may declare, with every check that needs no array; or `trajectory_file.py`, the
same for a city of trips. Then:

    `series.py`        a city file → series on a clock and a node table. `layouts.py` reads the files of a task (`files.py`),
                       `clocks.py` puts their rows on steps, `missing.py` finds the markers, `counts.py` says what is only true of
                       counts, `windows.py` lays windows back into rows; `node_file.py` and `graph_file.py` read what stands beside them
    `trip_file.py`     one file of GPS points, as a trajectory file describes it
    `trajectories.py`  a trajectory file → roads, trips and points of interest, then `matching/build.py`

An error names the file, the key or the row, what is allowed, and what to write instead. Nothing is written unless all is right.
"""
