"""SMARTraj2: a training step against the plain form, trip by trip and run by run. `make bench`; not part of the normal run.

Both forms have the same weights, trips, masks, loss and optimiser; their numbers are compared in tests/methods.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from made.measuring import seconds, status_mb, threads
from made.trips import made_city, made_problem
from plain.smartraj2 import plain_loss

from benchmark.fitting import keep_large_blocks
from methods.smartraj2.method import SMARTraj2
from methods.smartraj2.options import SMARTraj2Options

ROOT = Path(__file__).resolve().parents[2]
# 64 trips; roads, cells and lengths of the card's two cities (§3.6: quartiles 12/16/19 roads and 27/35/46 cells, 12/15/18 and 13/17/22)
CITIES = {"xian": {"roads": 4996, "cells": 10_098, "links": 11_864, "road_steps": (10, 22), "cell_steps": (20, 54), "points": (100, 200)},
          "chengdu": {"roads": 6450, "cells": 9369, "links": 16_398, "road_steps": (10, 20), "cell_steps": (10, 24), "points": (90, 180)}}
BATCH, ROUNDS = 64, 2


def steps_of_both():
    """A training step of each city in both forms: city -> form -> function."""
    torch.manual_seed(0)
    problem = made_problem(*(made_city(name, count=BATCH, seed=seed, **sizes) for seed, (name, sizes) in enumerate(CITIES.items())))
    method = SMARTraj2(SMARTraj2Options(), problem)
    network = method.network.train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-4, weight_decay=1e-6)

    def step(loss, city):
        def once():
            optimiser.zero_grad(set_to_none=True)
            loss(problem.cities[city].unlabelled).backward()
            optimiser.step()

        return once

    def fast(trips):
        return sum(method.losses(trips).values())

    with torch.no_grad():  # times and masks are given to the plain form
        given = {name: network.encode(city.unlabelled, masking=True)[0] for name, city in problem.cities.items()}

    def plain(trips):
        return plain_loss(network, trips, given[trips.city])

    return {city: {"fast": step(fast, city), "plain": step(plain, city)} for city in CITIES}


@pytest.fixture
def one_thread():
    with threads(1):
        yield


@pytest.mark.usefixtures("one_thread")
def test_a_step_of_both_cities_is_at_least_three_times_as_fast_as_the_plain_form(benchmark):
    """B = 64, default options, one thread; the best of some rounds in turn."""
    steps = steps_of_both()
    best = {form: 0.0 for form in ("fast", "plain")}
    for city, forms in steps.items():
        forms["fast"]()
        rounds = [{form: seconds(step) for form, step in forms.items()} for _ in range(ROUNDS)]
        for form in best:
            fastest = min(times[form] for times in rounds)
            best[form] += fastest
            benchmark.extra_info[f"{city}_{form}_s"] = fastest
    benchmark.extra_info["ratio"] = best["plain"] / best["fast"]
    benchmark.pedantic(steps["chengdu"]["fast"], rounds=1)
    print("\n", benchmark.extra_info)
    assert best["plain"] >= 3 * best["fast"]


@pytest.mark.parametrize("form", ["fast", "plain"])
def test_the_memory_of_a_step_is_reported(benchmark, form):
    """Largest resident size over two steps of each city less the size before them, each form in a process of its own."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}

    def growth_mb():
        done = subprocess.run([sys.executable, __file__, form], check=True, capture_output=True, text=True, cwd=ROOT, env=environment)
        return float(done.stdout)

    benchmark.extra_info[f"{form}_mb"] = benchmark.pedantic(growth_mb, rounds=1)
    print("\n", benchmark.extra_info)
    assert benchmark.extra_info[f"{form}_mb"] < 4096


if __name__ == "__main__":
    keep_large_blocks()
    made = steps_of_both()
    before = status_mb("VmRSS")
    for _ in range(2):
        for forms in made.values():
            forms[sys.argv[1]]()
    print(status_mb("VmHWM") - before)
