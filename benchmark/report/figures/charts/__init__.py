"""The charts: each a small dataclass of plain data, and how it is drawn.

In: names, units and numbers, no record and no file, so that suites, experiments and tests can all fill a chart.
Out: matplotlib figures. The looks of a page's names may be given to `draw`, so that a method has one colour on the whole page.

Open first: `lines.py` (learning curves, error by step, by hour, by an option's value, series in time). Then `bars.py` (what each variant
changes), `nodes.py` (errors on the map), `ranks.py` (mean ranks, and who is not told apart), `cost.py` (error against cost),
`attention.py` (attention maps by stage and layer).
"""
