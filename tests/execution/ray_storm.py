"""A storm over a Ray cluster: its workers and nodes are killed at random moments while a campaign runs, and new nodes join.

    python tests/execution/ray_storm.py KILLS [--methods linear,stid] [--seeds 5] [--seed 0]

The cluster is a head without cores and two nodes of one core, all on this machine; the head, where the command is given, is spared. A
campaign that ends with a sentence is asked for again, as its user would. Each campaign's records are held against those of this process.
Prints JSON, and ends with exit code 1 where something was lost, doubled or left lying.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# this project before its tests, whose folders have the names of its packages
sys.path += [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[1])]

SMALL = {"object_store_memory": 100_000_000}
# between two kills, at least and at most
SECONDS = 1.0, 6.0


@dataclass
class Storm:
    """What has happened so far."""

    workers: int = 0
    nodes: int = 0
    campaigns: int = 0
    # times that a campaign ended with a sentence and was asked for again
    again: int = 0
    # campaigns with other records than the undisturbed one, and what should not lie in their folders
    differences: list[str] = field(default_factory=list)
    litter: list[str] = field(default_factory=list)


def strike(cluster: Any, nodes: list[Any], storm: Storm, rng: random.Random) -> None:
    """Kill a worker at work, or a node, for which another joins."""
    at_work = [pid for node in nodes for pid in workers_of(node)]
    if at_work and storm.workers <= storm.nodes:
        os.kill(rng.choice(at_work), signal.SIGKILL)
        storm.workers += 1
    else:
        cluster.remove_node(nodes.pop(rng.randrange(len(nodes))), allow_graceful=False)
        storm.nodes += 1
        nodes.append(cluster.add_node(num_cpus=1, **SMALL))


def workers_of(node: Any) -> list[int]:
    """Processes of a node that do a task now."""
    (raylet,) = node.all_processes["raylet"]
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == raylet.process.pid and (folder / "cmdline").read_text().startswith("ray::do_pack"):
                found.append(int(folder.name))
        except (FileNotFoundError, ProcessLookupError):  # it just ended
            continue
    return found


def main(kills: int, methods: tuple[str, ...], seeds: int, seed: int, folder: Path) -> bool:
    """Disturb campaigns until so many workers and nodes were killed; whether nothing was lost, doubled or left."""
    os.environ["STBENCH_HOME"] = str(folder / "home")
    from execution.storm import litter_of
    from ray.cluster_utils import Cluster

    from benchmark.errors import UserError
    from benchmark.execution.campaign import run_plan
    from benchmark.execution.engines.ray import Ray
    from benchmark.execution.plan import Request, make_plan
    from benchmark.store.records import Store

    def told(root: Path) -> dict[str, Any]:
        return {one.spec.id: (one.metrics, one.sums, one.days, one.counts) for one in Store(root).records()}

    plan = make_plan(Request(methods, "nyc", tuple(range(seeds)), ("taxi_pick",), preset="smoke", device="cpu", edition="sim"))
    run_plan(plan, Store(folder / "undisturbed"), workers=1)
    storm, rng, began = Storm(), random.Random(seed), time.perf_counter()
    # hooks at its exit would be signals, which a thread that adds nodes may not set
    cluster = Cluster(initialize_head=True, shutdown_at_exit=False, head_node_args={"num_cpus": 0, "include_dashboard": False, **SMALL})
    nodes = [cluster.add_node(num_cpus=1, **SMALL) for _ in range(2)]

    def rage(over: threading.Event) -> None:
        while storm.workers + storm.nodes < kills and not over.wait(rng.uniform(*SECONDS)):
            strike(cluster, nodes, storm, rng)

    try:
        while storm.workers + storm.nodes < kills:
            root, over = folder / f"campaign-{storm.campaigns}", threading.Event()
            raging = threading.Thread(target=rage, args=(over,))
            raging.start()
            while True:
                try:
                    run_plan(plan, Store(root), engine=Ray(cluster.address))
                    break
                except UserError:
                    storm.again += 1
            over.set()
            raging.join()
            storm.campaigns += 1
            if told(root) != told(folder / "undisturbed"):
                storm.differences.append(root.name)
            storm.litter += [f"{root.name}/{path}" for path in litter_of(root)]
    finally:
        cluster.shutdown()
    print(json.dumps({"runs": len(plan.jobs) * storm.campaigns, **vars(storm), "seconds": round(time.perf_counter() - began, 1)}, indent=1))
    return not storm.differences and not storm.litter


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("kills", type=int)
    parser.add_argument("--methods", default="linear,stid")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        clear = main(given.kills, tuple(given.methods.split(",")), given.seeds, given.seed, Path(scratch))
    sys.exit(not clear)
