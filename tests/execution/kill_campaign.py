"""Kills a small campaign again and again; a script of test_survival, in a process of its own so that it may fork.

    python kill_campaign.py FOLDER KILLS

Prints JSON: the kills that met a run at work and those in the middle of a fit, and the final tables of the killed campaigns and of an
undisturbed one.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import torch

from benchmark.execution.campaign import run_plan
from benchmark.execution.plan import Request, make_plan
from benchmark.report.render import render
from benchmark.report.suite import suite_sheets
from benchmark.report.table import make_tables
from benchmark.store.records import Store


def warm_up():
    """Import here what torch imports at the first step of an optimiser, so that no child spends its life on it."""
    weight = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.Adam([weight])
    weight.sum().backward()
    optimiser.step()


def start(plan, root):
    """The campaign in a child that begins where the imports are over; its process id."""
    child = os.fork()
    if child == 0:
        run_plan(plan, Store(root), workers=1)
        os._exit(0)
    return child


def kill_until_done(plan, root, moments):
    """Start the campaign, kill it at a random moment, start it again, … until it ends; (kills, kills at work, kills inside a fit).

    Every other moment is counted from the first checkpoint on, however slow the machine is just now.
    """
    kills = at_work = inside = 0
    while True:
        child = start(plan, root)
        pause = next(moments, None)
        if pause is None:
            assert os.waitpid(child, 0)[1] == 0
            return kills, at_work, inside
        ended, status = os.waitpid(child, os.WNOHANG)
        while kills % 2 and not ended and not any(root.rglob("*.pt")):
            time.sleep(0.01)
            ended, status = os.waitpid(child, os.WNOHANG)
        if not ended:
            time.sleep(pause)
            ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            assert status == 0
            return kills, at_work, inside
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        kills += 1
        at_work += any(root.rglob("*.claim"))
        inside += any(root.rglob("*.pt"))


def tables(root):
    return render(suite_sheets(make_tables(Store(root), None)), "csv")


def main(folder: Path, wanted: int) -> None:
    plan = make_plan(Request(("historical_average", "stid", "cmust"), "chicago", (0,), preset="smoke", device="cpu"))
    warm_up()
    began = time.perf_counter()
    os.waitpid(start(plan, folder / "undisturbed"), 0)
    length = time.perf_counter() - began
    rng = random.Random(0)
    total, found = [0, 0, 0], []
    for campaign in range(100):
        if total[0] >= wanted:
            break
        root = folder / f"killed-{campaign}"
        counts = kill_until_done(plan, root, (rng.uniform(0, 0.35 * length) for _ in range(wanted - total[0])))
        total = [a + b for a, b in zip(total, counts, strict=True)]
        left = [str(path.relative_to(root)) for path in root.rglob("*") if path.suffix in (".claim", ".pt") or path.name.startswith(".20")]
        found.append({"tables": tables(root), "left over": left})
    print(json.dumps({"kills": total[0], "at work": total[1], "inside a fit": total[2], "seconds": length,
                      "undisturbed": tables(folder / "undisturbed"), "killed": found}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
