"""Figures: the same records as tables, drawn. matplotlib is loaded when one is drawn (the extra `plot`).

In: the runs of one setting, and what lies beside their records. Out: figures whose bytes are the same for the same data.

Open first: `kinds/`, records → charts; then `charts/`, plain data → figures. `style.py` is the one style sheet, `picture.py` a chart with
its caption, `save.py` writes PDF, SVG and PNG. `kinds/variants.py` makes charts of ablations and sweeps.
"""
