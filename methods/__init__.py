"""The methods the project was made for: CMuST, a forecaster of several tasks, and SMARTraj2, an encoder of trips of several cities.

In: the public names of `benchmark`, layers of `baselines/layers`, and the parts that SMARTraj2 shares with a baseline.
Out: two classes of methods, told to the registry by `catalogue.py` as plain data with lazy targets, with their presets and ablations.

Open first: `cmust/roada.py`, which reads as the paper's algorithm, or `smartraj2/network.py`. Then, in each room:

    `cmust/method.py`, `smartraj2/method.py`    what the engine calls
    `cmust/options.py`, `smartraj2/options.py`  every hyper-parameter with its source

`catalogue.py` is what `stbench list` shows.

Where paper and authors' code disagree, the option's comment says what each has, and `DEVIATION:` marks what is done otherwise.
"""
