"""The leaderboard: a folder of pages that open from the disk, made of the files under `results/` alone.

In: published records, what `results/submissions` says of outside methods, the registry. Out: HTML, and data as `.js` files that assign one
variable each, because a page from the disk may load a script and nothing else. What can be ranked depends on which rows are shown, so the
page ranks; it must find what `ranks.py` finds of the same rows.

Open first: `build.py`, results → the text of every file. Then:

    `board.py`      the tables of a suite as plain data, with one value a seed
    `method.py`     what a method's page says; `maps.py`: the nodes of a city that ships
    `text.py`       names as files, links that are safe to follow, data as scripts that close no tag
    `writing.py`    files → a folder, without what an earlier build left; `serving.py`: the folder on this machine
    `pages.py`      the templates, with escaping switched on; `templates/`: the pages, and that of a city's card
    `static/`       `ranks.js` and `cost.js` compute and know no page; `board.js`, `plot.js`, `record.js` show
    `vendor/`       Tabulator, which draws the tables
"""
