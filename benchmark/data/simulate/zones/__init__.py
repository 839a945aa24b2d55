"""Cities of series on nodes: taxi trips between the zones of a grid, or vehicles that pass sensors.

In: the parameters of `nyc.toml`, `chicago.toml` or `sip.toml`, a size, a seed.
Out: a forecasting city; trips are drawn one by one and go through the same tallies as real ones.

Open first: `taxi_city.py` or `sensor_city.py`, each a whole city in one page. Then in the order of the work:

    `parameters.py`    what a city is made of, with units
    `demand.py`        who wants to go where and when; `shocks.py` is the noise that zones share
    `trips.py`         single trips, a day at a time; `rides.py` gives them coordinates
    `accidents.py`     drawn from exposure, weather and night
    `sensor_roads.py`  roads with sensors and the ways through them; `sensors.py` what a sensor reports
"""
