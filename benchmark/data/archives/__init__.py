"""Archives that authors gave away, as the edition ``archive`` of the suites that come with stbench.

In: the user's own copy. Out: a canonical city. `cmust`: windows of series as CMuST's authors cut them; `jgrm`: matched trips of JGRM and
MVTraj. Open `build.py` of each first (the source: options, building, card); `layout.py` reads its files.
"""

# the edition of every city from such an archive
ARCHIVE = "archive"
