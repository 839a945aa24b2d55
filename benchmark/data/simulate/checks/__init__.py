"""How near the simulated cities are to real ones. Nothing imports this room; it is run by hand and by the tests of the simulator.

In: a simulated city, and `facts.toml`: statistics of real samples and of the papers' tables.
Out: a table of both side by side, and how far each number is off.

Open first: `series.py` (``python -m benchmark.data.simulate.checks.series --city nyc --size full``) for cities of series, `trips.py` for
cities of trips. Then:

    `statistics.py`  the numbers, computed as they were for the real samples
    `ridge.py`       whether tasks inform each other, which is what learning several of them together lives on
"""
