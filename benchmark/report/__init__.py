"""Tables and statistics over records, and what the terminal shows of lists.

In: records of the local and the published store, and the papers' own numbers in results/paper.
Out: tables of cells with n, mean and deviation, as text for the terminal, markdown, LaTeX, CSV, HTML and JSON. Nothing is measured here.

Open first: `table.py`, records → tables: which records share a table, and what is ranked against what. Then:

    `ablation.py`  the table of an ablation, its runs found by id
    `words.py`     heads, names, cells and notes in words
    `render.py`    tables as text; `sheet.py` writes plain tables in every format
    `paper.py`     the papers' numbers, in a column of their own, never ranked
    `listing.py`   what `stbench list` and `stbench show` tell
    `status.py`    campaigns in words; `console.py` fits all of it to the terminal

No torch: a table is there at once.
"""
