"""CMuST: continuous multi-task spatio-temporal learning (NeurIPS 2024).

In: a `ForecastProblem` with the tasks of one city. Out: predictions of each task, by a network that was refined for it.

Open first: `roada.py`, the rolling adaptation as the paper's algorithm 1, stage by stage; then `msti.py`, the network that all tasks share.

    `method.py`     what the engine calls: prompts, RoAda, one network a task
    `options.py`    every hyper-parameter; profile `code` or `text`
    `network.py`    MSTI and the little that is a task's own
    `embedding.py`  what MSTI reads; `layers.py` its one layer; `heads.py` from there to the horizon
    `prompts.py`    what prompts are before training
    `freezing.py`   which weights are common knowledge, and how they are held
    `losses.py`     the training loss that the paper names
    `attention.py`  what the layers attend to after each stage
"""
