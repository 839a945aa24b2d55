"""The reference campaigns: every method on every suite, at the budget at which results are published.

In: `experiments.toml`, a campaign a table: suites, tasks, preset, edition and seeds.
Out: experiments `reference/…`, which count published runs as done, and which `--experiment all` leaves out.

Open first: `experiments.toml`. What a declaration may say is in `benchmark/declared.py`, what becomes of it in `doing.py`.
"""

from __future__ import annotations

from benchmark.declared import ExperimentFile

EXPERIMENTS = (ExperimentFile("reference", "benchmark.experiments.reference"),)
