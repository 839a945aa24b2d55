"""UniTime: one forecaster for all tasks, told by a sentence which of them a series is of (WWW 2024).

In: a `ForecastProblem` with the tasks of one city. Out: predictions of each task, by one network.

Open first: `network.py`, from a window to history and forecast as the paper's section 3 has it.

    `method.py`      what the engine calls: the draw of tasks, masks, loss, the choice of the epoch
    `options.py`     every hyper-parameter
    `language.py`    GPT-2's layers; the instruction is run once where that is exact
    `words.py`       the instruction of a task, and its tokens where no tokenizer is read
    `pretrained.py`  GPT-2's weights and tokenizer from a local folder
"""
