"""JCLRNT (CIKM 2022): roads and trips, each contrasted with itself and with one another.

In: routes and the links of roads. Out: a vector for each road, and one for each trip.

Open first: `method.py`: options, network, and the three losses.

    `contrast.py`     one loss: pairs that belong together against all others
    `transitions.py`  roads that follow one another in trips: the second graph of the multi-view form

Graph attention stands in `baselines/trajectory/multi_view/road_graph.py`.
"""
