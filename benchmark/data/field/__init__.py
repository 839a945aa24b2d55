"""The files that papers share, each a source of its own: what every paper knows of them stands here, so that one command builds a city.

In: a file or folder as it is passed around.
Out: a canonical city of edition `real`, built like a user's own: each module writes the description that a city file would hold.

Open first: `build.py`, what they share; then `pems.py`, `metr_la.py` or `libcity.py`.
"""
