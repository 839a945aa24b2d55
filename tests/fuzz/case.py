"""One case in a process of its own kind: mangle, read, compare; under a limit of memory and an alarm.

``python -m fuzz.case FIXTURES WORK SEED`` answers each number on its stdin by one line of JSON on its stdout.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

import numpy as np

# seconds that a reader may take
SECONDS = 5
# bytes that it may take beside what the process has before its first case
MEMORY = 1_000_000_000


class Hang(BaseException):
    """No Exception, so that nothing that catches those takes it for a damaged file."""


def main(fixtures: Path, work: Path, seed: int) -> None:
    os.environ["STBENCH_HOME"] = str(work / "home")
    tempfile.tempdir = str(work)
    from fuzz.targets import targets

    # answers have a channel of their own, whatever a library prints
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    found = targets(fixtures)
    for name in {one.name.split("/")[0] for one in found.values()}:
        shutil.copytree(fixtures / name, work / name)
    baseline = peak()
    now = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, resource.RLIM_INFINITY))
    signal.signal(signal.SIGALRM, _ring)
    for line in sys.stdin:
        index = int(line)
        rng = np.random.default_rng([seed, max(index, 0)])
        names = list(found)
        if index < 0:  # -1, -2, …: the sound fixtures, one after the other
            target, mangled = found[names[-1 - index]], None
        else:
            weights = np.array([found[name].weight for name in names], float)
            target = found[names[rng.choice(len(names), p=weights / weights.sum())]]
            mangled = target.files[rng.integers(len(target.files))]
        started = time.monotonic()
        answer = {"index": index, "reader": target.name, "file": mangled, **run(target, mangled, fixtures, work, rng)}
        print(json.dumps({**answer, "seconds": time.monotonic() - started, "peak": peak() - baseline}), file=answers, flush=True)


def run(target, mangled: str | None, fixtures: Path, work: Path, rng: np.random.Generator) -> dict[str, str]:
    """What became of one case: accepted, refused, or a fault and its kind."""
    from fuzz.mutate import mangle

    from benchmark.errors import UserError

    folder = work / target.name.split("/")[0]
    if mangled is not None:
        sources = sorted(path for path in (fixtures / folder.name).iterdir() if path.is_file())
        other = sources[rng.integers(len(sources))].read_bytes()
        (folder / mangled).write_bytes(mangle((fixtures / folder.name / mangled).read_bytes(), mangled, other, rng))
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        value = target.read(folder)
        signal.setitimer(signal.ITIMER_REAL, 0)
        return _compared(target, folder, value)
    except UserError as error:
        said = str(error)
        if "\n" in said or len(said) > 2000:
            return {"outcome": "fault", "kind": "sentence", "detail": said[:2000]}
        return {"outcome": "refused", "detail": said[:300]}
    except Hang:
        return {"outcome": "fault", "kind": "hang", "detail": traceback.format_exc()[-2000:]}
    except BaseException:
        return {"outcome": "fault", "kind": "traceback", "detail": traceback.format_exc()[-2000:]}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        if mangled is not None:
            shutil.copyfile(folder / mangled, work / "last")
            shutil.copyfile(fixtures / folder.name / mangled, folder / mangled)


def _compared(target, folder: Path, value) -> dict[str, str]:
    """An input that was accepted, held against the plain reading; what that cannot read is a difference too."""
    try:
        wrong = target.differs(folder, value)
    except Exception as error:
        wrong = f"the plain reading ends in {type(error).__name__}: {str(error)[:500]}"
    return {"outcome": "fault", "kind": "difference", "detail": wrong[:2000]} if wrong else {"outcome": "accepted", "detail": ""}


def peak() -> int:
    """The most bytes of memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _ring(*_: object) -> None:
    raise Hang


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
