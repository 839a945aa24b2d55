"""The command line: one small module a command; each parses and calls one function of the Python API.

In: the words that a user typed. Out: text or JSON on stdout, progress and errors on stderr, exit code 0, or 2 with one sentence; 1 of a
method that fails a check.

Open first: `app.py`, all commands put together; then the module of the command's name:

    `run.py`, `ablate.py`, `sweep.py`   train, score and table
    `time.py`                           measure what methods cost
    `predict.py`, `embed.py`            use what a run with --keep fitted
    `table.py`, `results.py`            tables from records, and the two stores
    `rescore.py`                        numbers made again, without training
    `compare.py`                        kept runs against one of them, answer by answer
    `new.py`, `check.py`                the skeleton of a method, and what every method must do
    `submit.py`, `verify.py`            records from others: packed, checked, made again, listed
    `data.py`, `fetch.py`               cities: listed, shown, built from a source, imported, verified; a source's files fetched
    `listing.py`, `show.py`, `status.py`    what there is, and how far campaigns are

`options.py` holds the options that several commands share, `parse.py` turns text into values, `streams.py` prints lines, `saying.py` and
`progress.py` show a campaign before its first epoch and as it runs. `stbench --help`, lists and tables never import torch, so modules that
need it are imported inside the commands.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from benchmark.errors import UserError
from benchmark.files import disk_error


def main() -> None:
    """Entry point of `stbench`: a UserError, or what the system answers about a file, becomes one sentence on stderr and exit code 2."""
    from benchmark.cli.app import app
    from benchmark.cli.streams import prepare, say

    prepare()
    try:
        app()
    except (UserError, OSError) as error:
        if "--debug" in sys.argv:
            raise
        said = disk_error(error, Path(os.fsdecode(error.filename or "a file")), "used") if isinstance(error, OSError) else error
        say(f"stbench: {said}", err=True)
        raise SystemExit(2) from None
