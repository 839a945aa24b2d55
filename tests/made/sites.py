"""A leaderboard of records made by hand, and the browser that looks at it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made.forecasting_records import TASKS, record

from benchmark.report.site.build import site_files
from benchmark.report.site.writing import write_site
from benchmark.spec import Record
from benchmark.store.records import Store

# whichever is on the path; a code host's machines have the last one
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# a method whose name is markup, and fits a file name
HOSTILE = "\"><img src=x onerror=alert(1)> ' &lt;"
# method -> task -> MAE of each seed
MAES = {"stid": {"taxi_pick": (1.0, 1.1, 1.2), "taxi_drop": (2.0, 2.1, 2.2)}, "gwnet": {"taxi_pick": (2.0,), "taxi_drop": (3.0,)},
        "stgcn": {"taxi_pick": (3.0,), "taxi_drop": (2.5,)}, HOSTILE: {"taxi_pick": (4.0,), "taxi_drop": (4.0,)}}


def records(maes: Mapping[str, Mapping[str, Iterable[float]]] = MAES, **spec: Any) -> list[Record]:
    """A record a method, task and seed; its task is hostile as well where its options are."""
    made = [record(method, seed, task, mae, **spec) for method, tasks in maes.items() for task, values in tasks.items()
            for seed, mae in enumerate(values)]
    return [replace(one, city={**one.city, "tasks": TASKS, "size": "60 nodes × 2,016 steps"}) for one in made]


def build(folder: Path, found: Iterable[Record], submissions: Mapping[str, Any] | None = None) -> Path:
    """The site of these records, in a folder beside their results."""
    store = Store(folder / "results" / "runs")
    for one in found:
        store.write(one)
    for method, said in (submissions or {}).items():
        (folder / "results" / "submissions").mkdir(exist_ok=True)
        (folder / "results" / "submissions" / f"{method}.json").write_text(json.dumps(said), encoding="utf-8")
    write_site(folder / "site", site_files(folder / "results"))
    return folder / "site"


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless browser; skips with a reason where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser: pip install 'stbench[test]'")
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser is installed ({', '.join(BROWSERS)}); on Debian: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        # the tests' own pages are all that it opens; its sandbox needs what a container lacks
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()
