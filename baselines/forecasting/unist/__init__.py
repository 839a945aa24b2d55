"""UniST: a masked auto-encoder of space and time, pre-trained on all tasks of a city, then told by prompts what is to come.

Yuan, Ding, Feng, Jin and Li, "UniST: A Prompt-Empowered Universal Model for Urban Spatio-Temporal Prediction", KDD 2024,
https://arxiv.org/abs/2402.11838. Written from the paper and from facts about the authors' code (no licence), none of which is copied.

In: the windows of all tasks, their clocks, the coordinates of their nodes, and the three days before each window.
Out: one network, trained in two stages, that forecasts each task in its own unit.

Open first: `method.py`, the two stages; then `network.py`, the auto-encoder.

    `options.py`     its sizes and its training          `layout.py`    nodes → cells of a grid
    `embedding.py`   frames → tokens, clock, positions   `masks.py`     what pre-training hides
    `prompts.py`     what the forecast's tokens are told of space, of the window, and of earlier days
"""
