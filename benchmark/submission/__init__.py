"""Records of a method that come from somebody else: packed, checked, run again, listed.

In: finished records of one method. Out: a bundle, one zip file; what is wrong with one; whether a record can be made again; and the
published store, to which a bundle's records are copied once some of them were made again.

Open first: `bundle.py`, what a bundle is. Then in the order in which one is looked at, each deeper than the one before:

    `archive.py`      the zip file: its members are named, plain, small, and all there is; read with a limit, never unpacked
    `texts.py`        what no text of a bundle may hold: paths, addresses, markup, signs that do not print
    `contents.py`     its description, the card and each record alone
    `together.py`     the records beside each other and beside the published ones: seeds, tasks, copies, targets
    `data.py`         suites and data: those that everybody can have
    `predictions.py`  predictions, scored again against the city's own truth
    `checking.py`     all of these, as one list of sentences

`packing.py` makes a bundle, `verifying.py` runs a record again, `listing.py` takes a bundle in. Nothing of a bundle is executed or
unpickled. A bundle that passes is consistent, not true: only `verifying.py` tells, and it runs the method's code.
"""
