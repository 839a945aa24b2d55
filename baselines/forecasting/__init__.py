"""The forecasting baselines: plain guesses, linear maps, and networks with and without a graph.

In: a `ForecastProblem` to fit, with windows, scaler and graph; then the inputs of a window.
Out: [window, horizon, node] in the task's unit.

Open first: `last_value.py`, the shortest method there is, then `stid.py`, a network with its options; `catalogue.py` lists all.

    guesses   `last_value.py`, `historical_average.py`, `last_week.py` (with the means of `averages.py`)
    linear    `linear.py` in closed form, `dlinear.py` trained
    networks  `stid.py` knows node and time, `stgcn.py` and `gwnet.py` mix over the graph

A network derives from `benchmark.NeuralForecaster`: loop, seeds, early stopping and saving are the engine's.
"""
