"""All that needs a CUDA machine, within so many minutes: ``make gpu MINUTES=20``, or with PYTHONPATH=tests, ``python -m gpu --minutes 20``.

In this order: the tests marked gpu, CPU and CUDA with the same weights, and at once, on the CPU, the simulated cities; `stbench time` of
all methods at batch 1 and at the suites' batch; then CMuST on nyc and SMARTraj2 on chengdu-xian at `full`, as far as the time allows.
Called again, it goes on: what is timed is not timed again, and a fit goes on at its last epoch. Records lie below RESULTS, ready for
`stbench results promote`; logs below RESULTS/gpu. Without a CUDA device it says so, and ends with exit code 2.
"""

from __future__ import annotations

import argparse
import signal
import sys
from importlib.util import find_spec
from pathlib import Path

import torch
from gpu.stages import FAILED, Stage, Stages

import benchmark
from benchmark.execution.environment import code_state
from benchmark.registry import registry
from benchmark.suites.catalogue import find_suite

ROOT = Path(__file__).resolve().parents[2]
# suite → its cities, and the method that is fitted to it whole
SUITES = {"nyc": ("nyc",), "chengdu-xian": ("chengdu", "xian")}
FITS = {"nyc": "cmust", "chengdu-xian": "smartraj2"}
# whose library may be absent where torch alone is
BY_GENSIM = ("word2vec", "node2vec")


def stages(results: Path, preset: str, *, gensim: bool) -> list[Stage]:
    """All stages, with the shares of the time that they may take."""
    stbench = [sys.executable, "-m", "benchmark"]
    where = ["--data", "sim", "--device", "cuda", "--results", str(results)]
    left_out = () if gensim else BY_GENSIM
    tests = [sys.executable, "-m", "pytest", "-o", "addopts=", "-p", "no:cacheprovider", "-q", "-m", "gpu",
             *(["-k", " and ".join(f"not {name}" for name in left_out)] if left_out else []), *map(str, marked())]
    cities = {f"city-{city}-{size}": [sys.executable, "-c", f"import benchmark; benchmark.load_city({city!r}, 'sim', size={size!r})"]
              for size in dict.fromkeys((preset, "full")) for suite in SUITES for city in SUITES[suite]}
    first = Stage({"tests": tests, "agreement": [sys.executable, "-m", "gpu.agreement"], **cities}, share=0.6, once=("tests", "agreement"))
    timings = [Stage({f"time-{suite}": [*stbench, "time", "--method", ",".join(_methods(suite, left_out)), "--suite", suite,
                                        "--preset", preset, *where]}, share=0.6) for suite in SUITES]
    fits = [Stage({f"fit-{suite}": [*stbench, "run", "--method", method, "--suite", suite, "--preset", "full", *where]},
                  share=0.5 if suite == "nyc" else 1.0) for suite, method in FITS.items()]
    return [first, *timings, *fits]


def marked() -> list[Path]:
    """The files that hold tests of a GPU."""
    return sorted(path for path in (ROOT / "tests").rglob("test_*.py") if "\n@pytest.mark.gpu\n" in path.read_text(encoding="utf-8"))


def _methods(suite: str, left_out: tuple[str, ...]) -> list[str]:
    return [name for name in registry().names(find_suite(suite).family) if name not in left_out]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m gpu", description="All that needs a CUDA machine, within so many minutes.")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--results", type=Path, default=ROOT / "results" / "local", help="folder of the records")
    parser.add_argument("--preset", default="full", help="of the timings")
    given = parser.parse_args()
    if not torch.cuda.is_available():
        print("make gpu needs a CUDA device, and torch sees none here; everything else runs with `make test` and `stbench time`.",
              file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # whoever ends this ends the commands too
    results = given.results.resolve()
    gensim = find_spec("gensim") is not None
    if not gensim:
        print(f"gensim is not installed; left out: {', '.join(BY_GENSIM)}.", flush=True)
    origin = f"{benchmark.__version__} {torch.__version__} {torch.cuda.get_device_name()} {code_state()['commit']}"
    runner = Stages(results / "gpu", origin, {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}, lambda line: print(line, flush=True))
    became = runner.run(stages(results, given.preset, gensim=gensim), 60 * given.minutes)
    print(f"Records and timings lie in {results}. Type the same again to go on; publish with: stbench results promote --results {results}")
    return int(FAILED in became.values())


if __name__ == "__main__":
    sys.exit(main())
