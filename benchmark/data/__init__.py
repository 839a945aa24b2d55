"""From raw files to canonical cities: arrays, node or road table, card and fingerprint.

In: whatever a source has: authors' archives, a user's own files, or the tables of a simulated city.
Out: a folder below STBENCH_HOME that nothing writes to again: a card, the arrays, the SHA-256 of each file and one fingerprint over all
that can change a number. Suites find cities by that fingerprint.

Open first: `folder.py`, what every city's folder is; then the canonical format that you need, `forecasting/city.py` or
`trajectory/city.py`. The other rooms are asked "what kind of thing comes in?":

    readers/    single files: tables, roads, points of interest, trips, pickles
    own/        a city of one's own, declared in a TOML file
    archives/   what the authors of methods gave away
    public/     what providers publish
    fetching/   the files of public sources, from their providers
    field/      the files that papers share: PEMS, METR-LA, LibCity
    embedded/   real cities that ship with stbench
    simulate/   the simulated cities, made here
    matching/   GPS trips and roads → routes

`frames.py`, `clock.py` and `grid.py` are what they share: degrees and metres, steps of a time zone, cells of a box. `cards.py` tells what
is here, and holds it to its card; `profile.py` is what arrays tell at a glance, `stored.py` how they are read with care; `recipes.py` is
what makes a city where it is missing, simulated or unpacked.
"""
