"""Cities of trips on streets: a drawn road network, journeys along it, and GPS points with the faults of real ones.

In: the parameters of `chengdu.toml` or `xian.toml`, a size, a seed.
Out: raw roads, trips and points of interest, which `matching/build.py` turns into a trajectory city as it does real ones.

Open first: `city.py`, the whole city in one page. Then in the order of the work:

    `parameters.py`  what a city is made of, with units
    `lattice.py`     junctions and streets; `network.py` draws them as directed roads
    `traffic.py`     how fast a road is, by class, place, hour and day
    `land_use.py`    why trips begin and end where they do, and the points of interest
    `journeys.py`    who drives where, when and on which roads
    `gps.py`         when a car is where, and what its receiver notes down
"""
