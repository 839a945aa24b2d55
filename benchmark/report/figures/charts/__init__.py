"""The charts: each a small dataclass of plain data (names, units, numbers) and how it is drawn.

A chart reads no record and no file, so that suites, experiments and tests can all fill it. `draw()` gives a matplotlib figure; the looks
of a page's names may be given, so that a method has one colour on the whole page.

    `lines.py`      learning curves, error by step, by hour, by an option's value, series in time
    `bars.py`       what each variant changes against the full method
    `nodes.py`      errors on the map
    `ranks.py`      mean ranks, and who is not told apart
    `cost.py`       error against cost
    `attention.py`  attention maps by stage and layer
"""
