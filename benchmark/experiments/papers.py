"""Every declared experiment at once: its runs, then its tables and its pictures as files.

    python -m benchmark.experiments.papers --preset smoke --seeds 1 --out results/local/papers
"""

from __future__ import annotations

import argparse
import logging
import time
from pathlib import Path

from benchmark.declared import ALL, Experiment, find_experiments
from benchmark.execution.plan import Request
from benchmark.experiments.doing import request_of, resolve, run_experiments
from benchmark.experiments.kinds import kind_of
from benchmark.files import write_atomic
from benchmark.report.figures.save import figure_bytes
from benchmark.report.render import render
from benchmark.spec import seeds_of

# ending of a file -> format of `render`
TABLES = {".md": "markdown", ".tex": "latex", ".csv": "csv"}
PICTURES = (".pdf", ".png")


def write(experiment: Experiment, request: Request, folder: Path, results: Path | None) -> list[Path]:
    """The files of one experiment: its tables in three formats, and its pictures, if its kind has some."""
    resolved, written = resolve(experiment, request, results), []
    kind, stem = kind_of(experiment), experiment.name.replace("/", "-")
    sheets = kind.sheets(resolved)
    contents: dict[str, str | bytes] = {suffix: render(sheets, format) for suffix, format in TABLES.items()}
    for picture in kind.pictures(resolved) if kind.pictures else ():
        figure = picture.chart.draw()
        contents |= {f"-{picture.name}{suffix}": figure_bytes(figure, suffix) for suffix in PICTURES}
    for ending, content in contents.items():
        path = folder / f"{stem}{ending}"
        write_atomic(path, content)
        written.append(path)
    return written


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiment", default=ALL)
    parser.add_argument("--preset", default="smoke")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--data", default="sim")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--results", type=Path)
    given = parser.parse_args()
    logging.basicConfig(format="%(message)s")
    logging.getLogger("stbench").setLevel(logging.INFO)
    found = find_experiments(tuple(given.experiment.split(",")))
    request = request_of(seeds_of(given.seeds), given.preset, edition=given.data)
    for one in found:
        began = time.monotonic()
        results = run_experiments([one], request, given.results)
        files = write(one, request, given.out, given.results)
        runs = sum(result.done for result in results)
        print(f"{one.name}: {runs} runs, {time.monotonic() - began:.0f} s, {', '.join(path.name for path in files)}", flush=True)
        for record in (record for result in results for record in result.failed):
            assert record.error is not None
            print(f"  failed: {record.spec.method} on {record.spec.suite}: {record.error['message']}", flush=True)


if __name__ == "__main__":
    main()
