"""Archives of pre-cut windows, one folder a task, a file for each of its parts → a forecasting city.

In: the folder; windows [window, step, node, channel] that overlap, apart for training, validation and test.
Out: a forecasting city of edition `archive`, whose series are these windows laid back into rows.

Open first: `build.py`, the way from folder to city in one page. Then in the order of the work:

    `layout.py`   which folders and arrays there are, and what is refused
    `windows.py`  one part: windows laid back into the rows they were cut from, in one pass over the file
    `series.py`   a task: its three parts held against the clock, and joined
    `places.py`   where the nodes lie, and what graph that leaves
"""
