"""Fuzz every reader of users' files: ``make fuzz``, or with PYTHONPATH=tests, ``python -m fuzz --count 10000 --seed 0``.

Sound little files of every kind are mangled by a seeded generator (`mutate.py`) and read (`targets.py`) in processes with an alarm of 5 s
and 1 GB of memory (`case.py`, `campaign.py`). Each case is accepted, refused by a sentence of one line, or a fault: a traceback, a hang,
too much memory, or, for tables, TOML, GeoJSON and numpy's arrays, a value other than the plain reading (`plain.py`) gives. A count by
reader is printed; the input of each fault is kept; the exit code is 1 if there was any. A case is one number under one seed: the same
everywhere (``--only NUMBER`` runs it again).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from fuzz.campaign import run_cases


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description="Mangled inputs against every reader.")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--only", type=int)
    parser.add_argument("--folder", type=Path, help="where fixtures and the inputs of faults go; default: a temporary folder")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="stbench-fuzz-"))
    indices = [given.only] if given.only is not None else range(given.first, given.first + given.count)
    counts: Counter[tuple[str, str]] = Counter()
    started, peak, slowest = time.monotonic(), 0, 0.0
    for found in run_cases(indices, given.seed, folder, given.workers):
        counts[found["reader"], found["outcome"]] += 1
        peak, slowest = max(peak, found["peak"]), max(slowest, found.get("seconds", 0.0))
        if found["outcome"] == "fault":
            print(f"FAULT {found['index']} {found['reader']} {found['file']} {found['kind']}: {found['detail'][-300:]}", flush=True)
        elif given.only is not None:
            print(found)
    print(f"{'reader':24} accepted  refused   faults")
    for reader in sorted({reader for reader, _ in counts}):
        print(f"{reader:24} " + " ".join(f"{counts[reader, outcome]:8}" for outcome in ("accepted", "refused", "fault")))
    total = {outcome: sum(n for (_, one), n in counts.items() if one == outcome) for outcome in ("accepted", "refused", "fault")}
    print(f"{'all':24} " + " ".join(f"{n:8}" for n in total.values()))
    print(f"seed {given.seed}, {time.monotonic() - started:.0f} s, slowest case {slowest:.1f} s, peak {peak / 1e6:.0f} MB "
          "above the start of a process"
          + (f"; the inputs of faults lie in {folder / 'faults'}" if total["fault"] else ""))
    return 1 if total["fault"] else 0


if __name__ == "__main__":
    sys.exit(main())
