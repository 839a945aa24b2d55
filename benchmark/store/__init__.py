"""Records on disk: one small JSON file a run, written once and never changed.

In: a `Record` (`benchmark/spec.py`), and the arrays that stand beside it and are not published.
Out: records by id, all records of a store, copies promoted to the published store, and how far campaigns are.

Open first: `records.py`. The local store takes what this checkout measures; the published one is read only. Then:

    `check.py`      whether a record is whole and fits together, once, for everybody who reads one
    `reading.py`    records as tables read them: of the folders that are asked for, remembered between two commands
    `claims.py`     who is at work on a run: a file beside its record with owner, heartbeat and progress, so that many processes and
                    machines share a store and a dead worker's run is taken over
    `managing.py`   what a user does with records as files: publish, remove, export
    `costs.py`      what runs of a kind took
    `kept.py`       fitted methods beside their records, for whoever asked to keep them
    `campaigns.py`  what was asked of a store, and how far it is: the data behind `stbench status`

No torch: tables and lists read stores.
"""
