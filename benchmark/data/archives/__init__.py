"""The data that authors of methods gave away → a suite's edition `archive`.

In: the folder of an unpacked archive, as published.
Out: a canonical city, with what was found, repaired and dropped in its card's notes.

Open first: `cmust/build.py` for pre-cut windows of series on nodes, or `jgrm/build.py` for pickled tables of matched trips: the way from
archive to city, step by step. `cmust/layout.py` and `jgrm/layout.py` say what an archive looks like, and refuse what does not.

Archives differ from what their papers say. What a reader cannot know from the files is asked of the suite (clock, zone, units), and
whatever contradicts it is an error, not a guess. Pickles are read by `readers/restricted_pickle.py`, which runs nothing of them.
"""

# the edition of every city from such an archive
ARCHIVE = "archive"
