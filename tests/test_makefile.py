"""What make says."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not here")
def test_make_run_ends_by_saying_how_to_go_on():
    done = subprocess.run(["make", "--no-print-directory", "--dry-run", "run"], cwd=ROOT, capture_output=True, text=True, check=True)
    last = done.stdout.splitlines()[-1]
    assert last.startswith("echo ")
    assert ".venv/bin/stbench list methods" in last
    assert "source .venv/bin/activate" in last
