"""Tables and statistics over records, and what the terminal shows of lists.

In: records of the local and the published store, and the papers' own numbers in results/paper.
Out: tables of cells with n, mean and deviation, as text for the terminal, markdown, LaTeX, CSV, HTML and JSON. Nothing is measured here.

Open first: `table.py`, records → tables: which records share a table, and what is ranked against what. Then:

    `choice.py`, `rows.py`  which records are shown, and what becomes of them; `paper.py` holds the papers' numbers, never ranked
    `ablation.py`           the table of an ablation, its runs found by id
    `sheet.py`              the one kind of table; `suite.py` and `ablation_sheet.py` make sheets, `render.py` gives them in every format
    `frames.py`             records and tables as pandas frames
    `plot.py`               pictures for Python; `outputs.py` writes frames to files
    `listing.py`   what `stbench list` and `stbench show` tell
    `status.py`    campaigns in words; `console.py` fits all of it to the terminal

No torch: a table is there at once. Only a picture loads it, to read what a run kept.
"""
