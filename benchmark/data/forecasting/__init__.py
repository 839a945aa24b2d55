"""The canonical forecasting city, and nothing of where it comes from.

In: series of one or more tasks, float32 [step, node], with what was observed, a clock each, and one node table; from `own/`, `archives/`
or `simulate/`.
Out: one folder of memory-mapped series with a card, and the object that opens it; `benchmark.forecasting` cuts its problems from it.

Open first: `city.py`. It says which files the folder has, writes them all or none, and opens them without reading a value.
`graph.py` makes the graph of the nodes: the city's own adjacency, or distances between coordinates.
`cards.py` is a row of `stbench data list`; `totals.py` reads a series once, block by block, for `statistics.py` and
`profile.py`; `stored.py` asks a city on disk for all that the format promises.

Zero is a value; what is missing is stored as 0 with `observed` false. Nothing is scaled, split or windowed here.
"""
