"""US flights of the first half of 2001 → hourly series of the 100 busiest airports: the city `flights`, edition `real`.

In: `flights-3m.parquet` and `airports.csv` of the npm package vega-datasets: three million flights with date, arrival delay, origin and
destination, and where airports are. `zones.csv` here: the time zone of every airport in the file.
Out: a canonical city, and the arrays of it that ship with stbench (`benchmark/data/embedded`).

Open first: `build.py`, the way from file to city. `times.py` says when a flight left: on which day, and in which hour of the one clock.
`counts.py` counts flights by hour and airport, chooses the airports and makes the graph, both from the training rows alone.

No count goes to an hour that is not certain: such flights are left out, and the card says how many.
"""
