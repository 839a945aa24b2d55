"""Archives of matched trips, one folder a city: tables of edges, pickled frames of trips → a trajectory city.

In: the folder; each row of a frame is a trip, each cell a list. A map matching is published with the trips.
Out: a trajectory city of edition `archive` on the archive's own roads, whose trips keep the published matching.

Open first: `build.py`, the way from folder to city in one page. Then:

    `layout.py`  the folder's files, the road network, and the published matching as a matcher
    `trips.py`   one table of trips → points and paths, cleaned, with counts of all that was dropped or set right

Trips that an archive holds twice are counted once; the card says how many of each kind there were.
"""
