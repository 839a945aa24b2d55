"""The same weights on two devices: how far the answers of every method lie apart.

    PYTHONPATH=tests python -m gpu.agreement [--device cuda]

Each method of each family is fitted shortly on both devices, on tiny simulated cities; then the second one takes the first one's weights,
and both answer the same validation inputs. Printed is the largest difference, relative to the largest answer. Exit code 1 where one is
above the tolerance; a method that cannot be fitted here is named and passed over.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass

import torch

from benchmark import lazy
from benchmark.contract import Measurer, RunContext
from benchmark.execution.plan import Request, make_plan
from benchmark.execution.work import budget, options_of
from benchmark.families import FAMILIES
from benchmark.fitting import seed_everything
from benchmark.registry import registry
from benchmark.suites.catalogue import suites
from benchmark.suites.cities import locate
from benchmark.timing.measure import shortened, spread

# convolutions run in TF32 on CUDA by torch's default, which keeps ten bits
TOLERANCE = 5e-3
# windows or trips that both are asked about
SHOWN = 16


@dataclass(frozen=True)
class Agreement:
    """Of one method."""

    method: str
    # largest difference over the largest answer; None: it cannot be fitted here; NaN: it failed
    apart: float | None
    # why
    reason: str = ""

    def line(self) -> str:
        return f"{self.method:24} {self.reason or f'{self.apart:.2e}'}"


def agree(name: str, device: str) -> Agreement:
    """How far apart a method's answers are on CPU and on a device."""
    family = registry().info(name).family
    suite = next(one for one in suites().values() if one.family == family and "sim" in one.editions)
    # the trips of one city are enough
    (job, *_) = make_plan(Request((name,), suite.name, preset="smoke", edition="sim", device=device, floors=False)).jobs
    measurer: Measurer = lazy.load(FAMILIES[family].measurer)
    cls, options, spec = registry().load(name), options_of(job.spec), shortened(job.spec)
    work = measurer.workload(spec, [measurer.open_city(locate(ref)) for ref in job.cities], cls.asks(options), job.spec.tasks[0])

    def fitted(where: torch.device):
        seed_everything(spec.seed)
        method = cls(options, work.problem)
        method.fit(RunContext(spec.seed, where, budget(spec)))
        return method

    cpu, other = torch.device("cpu"), torch.device(device)
    here, there = fitted(cpu), fitted(other)
    there.load_state_dict({key: tensor.to(other) for key, tensor in here.state_dict().items()})
    (rows,) = spread(work.shown, SHOWN, 1)
    with torch.no_grad():
        first, second = work.answer(here, work.batch(rows, cpu)), work.answer(there, work.batch(rows, other)).cpu()
    return Agreement(name, float((first - second).abs().max() / first.abs().max().clamp(min=1e-12)))


def tried(name: str, device: str) -> Agreement:
    """The same of a method that may fail."""
    try:
        return agree(name, device)
    except ModuleNotFoundError as error:
        return Agreement(name, None, str(error))
    except Exception as error:  # a method may raise anything
        return Agreement(name, math.nan, f"{type(error).__name__}: {error}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m gpu.agreement", description="The same weights on two devices.")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--method", action="append", help="default: all")
    given = parser.parse_args()
    found = []
    for name in given.method or registry().names():
        found.append(tried(name, given.device))
        print(found[-1].line(), flush=True)
    return int(any(one.apart is not None and not one.apart <= TOLERANCE for one in found))


if __name__ == "__main__":
    sys.exit(main())
