"""Toast: vectors of roads from walks and their traffic context, then a Transformer over trips and walks.

In: a city's roads, links and unlabelled trips. Out: a vector for each road (the token table) and for each trip.

Open first: `method.py`, the two stages; then `traffic_context.py`, the skip-gram of stage 1 with `pairs.py` (windows and noise roads), and
`network.py`, the Transformer of stage 2.
"""
