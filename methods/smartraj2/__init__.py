"""SMARTraj2 (NeurIPS 2025): trajectory vectors for several cities, of three views, invariant and specific.

In: a `TrajectoryProblem` of one or more cities. Out: a vector for each trip and each road, of what all cities share and what is one's own.

Open first: `network.py`: view encoders, gates, and two joint extractors, in the order of the paper's method section.

    `method.py`         what the engine calls
    `options.py`        every hyper-parameter, with what was decided where paper and code disagree
    `gates.py`          the two gates in front of the joint extractors: by city, then by trip
    `city_features.py`  a city in 25 numbers, which the first gate reads
    `losses.py`         recovery, matching, and what keeps invariant and specific apart

The views themselves, and what is shared with MVTraj, stand in `baselines/trajectory/multi_view/`.
"""
