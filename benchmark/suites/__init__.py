"""What is measured: suites of tasks over cities, and where their cities are.

In: `suites.toml` with the built-in suites, the cities that a user imported, and the suites of several cities that a file declared.
Out: a `Suite` by name (family, cities, tasks, editions, version), and for a suite, edition and size the cities themselves by fingerprint.

Open first: `catalogue.py`, all suites by name; it needs no array. `cities.py` finds a suite's cities below STBENCH_HOME, verifies them
once a campaign, and simulates those that are missing.

A suite shows a method only its own cities. Its version is raised when what is measured changes, and records of another version are not
ranked beside it. What is predicted and how it is scored is not here: the kinds of task stand in `benchmark/families.py`.
"""
