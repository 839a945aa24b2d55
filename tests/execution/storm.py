"""A storm of kills: workers share one folder of results, die at random moments and in the middle of their writes, and are started again.

    python tests/execution/storm.py KILLS [--methods last_value,linear,stid] [--workers 2] [--seed 0]

A campaign is done by several workers at once, as on the machines of a cluster; it is over when each of them has come to its end. Then it
is asked for once more, undisturbed, and its table is held against that of a campaign that nobody disturbed. Half of the kills are aimed:
the worker kills itself in the middle of a write of a checkpoint or of a record. The others come from outside at a random moment.

A worker is forked from this process, where the imports are over, so a kill costs milliseconds. Prints JSON, and ends with exit code 1
where a table differs or litter is left.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

# this project before its tests, whose folders have the names of its packages
sys.path += [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[1])]

from made.killing import die_at

# writes of checkpoints and records, and what is tidied up after a record
AIM = r"\.pt\b|\.checkpoint\b|/\.?[0-9a-f]{16}\.(?!claim)"
# aimed steps of a life, and seconds of it, at most
STEPS, SECONDS = 20, 0.6
# all that a finished campaign leaves in its folder
LEFT = re.compile(r"[a-z]+/[a-z0-9_]+/[0-9a-f]{16}\.(json|history\.json|nodes\.npz)|campaigns/[0-9a-f]{16}\.json|\.claims\.lock")

# what a worker does in a folder of results, from its first to its last breath
Life = Callable[[Path], object]


@dataclass
class Storm:
    """What has happened so far."""

    kills: int = 0
    aimed: int = 0
    # kills of a worker that held a run, and of one whose run had kept an epoch
    at_work: int = 0
    inside_a_fit: int = 0
    # workers that were started
    lives: int = 0
    campaigns: int = 0
    # campaigns whose table is another than the undisturbed one's, and what should not lie in their folders
    differences: list[str] = field(default_factory=list)
    litter: list[str] = field(default_factory=list)


def rage(life: Life, table: Callable[[Path], str], folder: Path, *, kills: int, workers: int, seed: int) -> Storm:
    """Disturb campaigns, one after the other, until so many workers were killed; a life must leave the same table however it is broken off.

    Raises
    ------
    RuntimeError: a worker failed by itself.
    """
    storm, rng = Storm(), random.Random(seed)
    _wait(_start(life, folder / "undisturbed"))
    right = table(folder / "undisturbed")
    while storm.kills < kills:
        root = folder / f"campaign-{storm.campaigns}"
        _disturb(life, root, storm, rng, kills, workers)
        _wait(_start(life, root))
        storm.campaigns += 1
        if table(root) != right:
            storm.differences.append(root.name)
        storm.litter += [f"{root.name}/{path}" for path in litter_of(root)]
    return storm


def _disturb(life: Life, root: Path, storm: Storm, rng: random.Random, kills: int, workers: int) -> None:
    """One campaign, until each worker has come to its end: one that is killed is started again, one that ends is not."""
    # process → the moment of its death, infinite where it dies by itself; None: it is left alone
    running: dict[int, float | None] = {}

    def start() -> None:
        doomed = sum(death is not None for death in running.values())
        aimed = storm.aimed + sum(death == float("inf") for death in running.values())
        storm.lives += 1
        if storm.kills + doomed >= kills:
            running[_start(life, root)] = None
        elif 2 * aimed <= storm.kills + doomed:
            running[_start(life, root, rng.randrange(STEPS))] = float("inf")
        else:
            running[_start(life, root)] = time.monotonic() + rng.uniform(0, SECONDS)

    for _ in range(workers):
        start()
    while running:
        for child, death in list(running.items()):
            if death is not None and time.monotonic() > death:
                os.kill(child, signal.SIGKILL)
            ended, status = os.waitpid(child, os.WNOHANG)
            if not ended:
                continue
            del running[child]
            if status == signal.SIGKILL:
                storm.kills += 1
                storm.aimed += death == float("inf")
                _look(root, child, storm)
                start()
            elif status:
                raise RuntimeError(f"A worker ended with the status {status}.")
        time.sleep(0.002)


def _look(root: Path, child: int, storm: Storm) -> None:
    """What a dead worker was at."""
    for path in root.glob("*/*/*.claim"):
        try:
            mine = json.loads(path.read_text())["pid"] == child
        except FileNotFoundError:  # another one just ended its run
            continue
        storm.at_work += mine
        storm.inside_a_fit += mine and path.with_suffix(".checkpoint").is_dir()


def _start(life: Life, root: Path, step: int | None = None) -> int:
    """A worker that begins where the imports are over; its process."""
    child = os.fork()
    if child == 0:
        try:
            if step is not None:
                die_at(step, AIM)
            life(root)
            os._exit(0)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(1)
    return child


def _wait(child: int) -> None:
    if status := os.waitpid(child, 0)[1]:
        raise RuntimeError(f"An undisturbed worker ended with the status {status}.")


def litter_of(root: Path) -> list[str]:
    """What should not lie in the folder of a finished campaign."""
    files = [str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir() or path.suffix == ".checkpoint"]
    return [path for path in files if not LEFT.fullmatch(path)]


def main(kills: int, methods: tuple[str, ...], suite: str, workers: int, seed: int, folder: Path) -> bool:
    """Disturb campaigns of `stbench run` in a folder of this storm's own, cities included; whether nothing was lost or left."""
    os.environ["STBENCH_HOME"] = str(folder / "home")
    import torch

    from benchmark.execution.campaign import run_plan
    from benchmark.execution.environment import code_state
    from benchmark.execution.plan import Request, make_plan
    from benchmark.report.render import render
    from benchmark.report.suite import suite_sheets
    from benchmark.report.table import make_tables
    from benchmark.store.records import Store

    plan = make_plan(Request(methods, suite, (0,), preset="smoke", device="cpu", edition="sim"))
    # here is imported and asked what else every child would spend its life on
    weight = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.Adam([weight])
    weight.sum().backward()
    optimiser.step()
    code_state()
    began = time.perf_counter()
    storm = rage(lambda root: run_plan(plan, Store(root), workers=1),
                 lambda root: render(suite_sheets(make_tables(Store(root), None)), "csv"), folder, kills=kills, workers=workers, seed=seed)
    print(json.dumps({"runs": len(plan.jobs) * storm.campaigns, **vars(storm), "seconds": round(time.perf_counter() - began, 1)}, indent=1))
    return not storm.differences and not storm.litter


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("kills", type=int)
    parser.add_argument("--methods", default="last_value,linear,stid")
    parser.add_argument("--suite", default="nyc")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        clear = main(given.kills, tuple(given.methods.split(",")), given.suite, given.workers, given.seed, Path(scratch))
    sys.exit(not clear)
