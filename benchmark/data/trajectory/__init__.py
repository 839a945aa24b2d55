"""The canonical trajectory city, and nothing of where it comes from.

In: a road network, a grid of cells with points of interest, trips that are matched to the roads, and the part each trip is used for; from
`matching/build.py`, which real and simulated cities pass alike.
Out: one folder with roads, cells and three views of every trip (points, roads, cells) as values + offsets, and the object that opens it;
`benchmark.trajectory` poses its tasks from it.

Open first: `city.py`. It says which files the folder has, and what is checked before they are written.
`roads.py` and `trips.py` are the two things that a source gives: a directed network with its links, and raw and matched trips.
`splits.py` gives each trip its part, the same for everybody; `periods.py` divides the time: by local day, by hour, by share of the trips.
`poi.py` holds located points of interest; `cards.py` is a row of `stbench data list`; `statistics.py` and `profile.py` are what the arrays
tell, `stored.py` asks a city on disk for all that the format promises.

How values + offsets are cut, counted and spread stands in `benchmark/ragged.py`.
"""
