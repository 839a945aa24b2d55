"""Tables and statistics over records, and what the terminal shows of lists.

In: records of the local and the published store, and the papers' own numbers in results/paper.
Out: tables of cells with n, mean and deviation, as text for the terminal, markdown, LaTeX, CSV, HTML and JSON. Nothing is measured here.

Open first: `table.py`, records → tables: which records share a table, and what is ranked against what. Then:

    `choice.py`, `rows.py`  which records are shown, and what becomes of them; `paper.py` holds the papers' numbers, never ranked
    `comparison.py`         each row against the best of its task; `statistics/` holds the formulas, `signs.py` says it under the table
    `ranks.py`, `long.py`   methods across tasks; steps of the horizon side by side
    `rescore.py`, `rescore_kept.py`, `selection.py`  numbers made again, without training: of sums, of kept predictions, of which targets
    `ablation.py`           the table of a method's variants; `experiment_sheet.py`, `gaps.py`: rows beside the paper's numbers
    `labels.py`             what tells rows of one method, and tables of one heading, apart
    `sheet.py`              the one kind of table; `suite.py` and `ablation_sheet.py` make sheets, `render.py` gives them in every format,
                            by `terminal.py`, `markdown.py`, `latex.py` and `page.py` (HTML)
    `visible.py`            how text of files, options and exceptions is shown; each format's `escape` goes on from it
    `tidy.py`, `frames.py`  tables as tidy rows for CSV and JSON; records and tables as pandas frames; `timing.py`: timings as sheets
    `figures/`              the same records as charts; `plot.py` is one of them for Python; `outputs.py` writes frames to files
    `report_parts.py`       what a report of a suite is made of; `report_page.py` puts the parts on one HTML page
    `all_tables.py`         all tables of suites as files; `card/`: the card of a city, `told.py`: its statistics beside a paper's
    `advice.py`, `absent.py`  what to type where there is no record, at all or of a method that was named
    `listing.py`            what `stbench list` and `stbench show` tell, as data; `listing_text.py` as the terminal shows it
    `status.py`, `pace.py`  campaigns in words, and how long one still takes; `console.py` fits all of it to the terminal

No torch: a table is there at once. Only a picture loads it, to read what a run kept.
"""
