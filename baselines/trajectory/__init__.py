"""The baseline encoders of trips: tables of road vectors, and pre-trained networks.

In: a `TrajectoryProblem` to fit, with unlabelled trips, roads and cells; then trips as a task shows them.
Out: a vector for each trip, and a vector for each road.

Open first: `road_table.py`, then `random.py`: an encoder that is a table. `catalogue.py` lists all.

    tables       `random.py`, `word2vec.py`, `node2vec.py`
    pre-trained  `transformer.py` and `bert.py` over routes, `toast/` over routes and walks, `mvtraj.py` over points, routes and cells

What the pre-trained ones share: `pretraining.py` (options, schedule, vectors of roads from tokens), `masking.py` (which units are hidden,
and how badly they are recovered), `initialisation.py` (first weights). `multi_view/` holds what encoders of several views share.
"""
