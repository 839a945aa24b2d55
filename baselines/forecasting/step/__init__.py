"""STEP: a graph WaveNet over a learned graph, told of the days before its window by a Transformer that learnt to fill in masked series.

Shao, Zhang, Wang and Xu, "Pre-training Enhanced Spatial-temporal Graph Neural Network for Multivariate Time Series Forecasting", KDD 2022,
https://arxiv.org/abs/2206.09113. In: the window, and the days before it. Out: the next steps of all tasks of a city.

Open first: `method.py`, the two stages.

    `options.py`   everything that can be set
    `tsformer.py`  TSFormer, a masked auto-encoder of patches of one series (stage 1)
    `graph.py`     the learned graph, and the graph of alike nodes that guides it
    `network.py`   all of it as one network (stage 2)
    `contexts.py`  what a TSFormer that is at rest says of each window, computed once
"""
