"""The family of forecasters: series on nodes, a window in, a horizon out.

In: a forecasting city (`data/forecasting/`), a protocol, tasks, and the class of a method with its options.
Out: the sums of errors of each task under each mask and horizon, and the floors; `measuring.py` gives them to `benchmark.execution`.

Open first: `contract.py`, what a forecaster is, then `problem.py`, what it sees: training and validation windows, scaler, graph, never
the test part. Then in the order of a run:

    `protocol.py`   the rules: split, scaler, masks, averaging, selection; light, `benchmark/families.py` reads it
    `posing.py`     a city and a protocol → the problem, and apart from it the held-out windows
    `neural.py`     a forecaster that is a network; `training.py` trains it by the one loop
    `scoring.py`    predictions and truth → sums, by step of the horizon and by local day, streamed
    `floors.py`     what is reached without any model
    `measuring.py`  all of it for one run
    `using.py`      what is kept of a fitted method, and what it says of data that nobody scored
"""
