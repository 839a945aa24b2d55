"""What encoders of several views share: the parts that JGRM, MVTraj and SMARTraj2 are built of.

In: trips with points, roads and cells, and the options of `StreamOptions` (JGRM) or `MultiViewOptions`.
Out: up to four streams of a trip (points by road, points by cell, roads, cells), each with a pooled vector and the tokens of its units,
before and after they attend to one another.

Open first: `streams.py`, the words; then `views.py`, a trip encoded in every view, and `joint_extractor.py`, all streams together.

    `encoder.py`         options, and how road tables may begin; all three methods derive from it
    `trip_features.py`   trips as numbers: units with their times, points with eight channels
    `road_graph.py`      graph attention over roads; `time_embedding.py` times of units
    `view_encoder.py`    roads or cells by self-attention; `gps_encoder.py` points by GRUs
    `unit_recovery.py`   the loss of masked units; `matching.py` the loss of views that belong together
"""
