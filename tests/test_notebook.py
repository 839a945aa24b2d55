"""docs/notebook.md runs, cell after cell, in one namespace."""

import importlib.util
import re
import time
from pathlib import Path

import pytest

import benchmark as stb

CELLS = re.findall(r"```python\n(.*?)```", (Path(__file__).resolve().parents[1] / "docs" / "notebook.md").read_text(), re.DOTALL)


def test_the_notebook_has_ten_short_cells():
    assert len(CELLS) == 10
    assert max(len(cell.splitlines()) for cell in CELLS) <= 5
    assert max(len(line) for cell in CELLS for line in cell.splitlines()) <= 120


def test_all_cells_run_in_order_in_under_a_minute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    drawn = importlib.util.find_spec("matplotlib") is not None
    monkeypatch.setenv("MPLBACKEND", "Agg")
    namespace, began = {}, time.process_time()
    for cell in CELLS:
        if "axes" in cell and not drawn:
            with pytest.raises(stb.UserError, match=r"pip install 'stbench\[plot\]'"):
                exec(cell, namespace)
            break
        exec(cell, namespace)
    assert time.process_time() - began < 60
    assert (tmp_path / "late.png").is_file() or not drawn
