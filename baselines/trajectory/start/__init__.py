"""START: roads by a graph attention that sees how often one follows the other, trips by an attention that sees how far apart times lie.

In: routes with times. Out: tokens of a trip's roads, and one in front of them (CLS) that stands for the trip.

Open first: `method.py`, the losses; then `network.py`, a trip encoded.

    `options.py`        every number of it
    `city_facts.py`     features of roads; from the training trips, how often roads follow each other and how long they take
    `transfer_graph.py` graph attention over roads
    `visits.py`         the roads of trips with their times, as tokens are made of them
    `encoder.py`        the Transformer; `time_bias.py` what its attention adds for time
    `augmentation.py`   views of a trip to be told from other trips', and roads to be recovered
"""
