"""Files that providers publish → canonical cities.

In: a provider's own files, as downloaded.
Out: a canonical city whose card says what was counted, shifted and left out.

Open first: `flights/build.py`, flights of 2001 between airports of the United States → series of each airport;
`nyc.py` and `chicago.py`, taxis (and `bikes.py`, `crashes.py`, `chicago_grid.py`) → series of zones or cells, counted by `rides/`;
`porto.py` and `didi.py`, taxi trips → routes on roads, with what they share in `on_roads.py`.
"""
