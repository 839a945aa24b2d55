"""What the README shows is true: its method passes the conformance check, its city imports and runs."""

import re
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from benchmark.registry import MethodInfo, Registry
from benchmark.testing import check_method, forecasting

README = (Path(__file__).resolve().parents[1] / "README.md").read_text()


def block(language, containing):
    (found,) = [text for text in re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL) if containing in text]
    return found


def test_the_method_of_the_readme_passes_the_conformance_check(monkeypatch, tmp_path):
    code = block("python", "class NLinear(")
    (tmp_path / "baselines_example.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    entry = block("python", "MethodInfo(name=").replace("baselines.forecasting.nlinear", "baselines_example")
    info = eval(entry.strip(), {"MethodInfo": MethodInfo})
    catalogue = types.ModuleType("readme_catalogue")
    catalogue.METHODS = [info]
    monkeypatch.setitem(sys.modules, "readme_catalogue", catalogue)
    for module in ("benchmark.testing", forecasting.__name__):
        monkeypatch.setattr(f"{module}.registry", lambda: Registry(("readme_catalogue",), "none"))
    assert len(check_method("nlinear", tmp_path / "cities")) == 12
    assert len(code.splitlines()) <= 45


def test_the_city_of_the_readme_imports_and_is_a_suite(tmp_path):
    from benchmark.data.own.series import import_city
    from benchmark.suites.catalogue import find_suite

    (tmp_path / "my-city.toml").write_text(block("toml", "my-city"))
    (tmp_path / "stations.csv").write_text("station,lon,lat\na,13.40,52.50\nb,13.41,52.50\nc,13.42,52.51\n")
    values = np.random.default_rng(0).poisson(5, (480, 3)).astype(np.int16)
    for task in ("bike_pick", "bike_drop"):
        np.savez(tmp_path / f"{task}.npz", values=values)
    import_city(tmp_path / "my-city.toml")
    assert find_suite("my-city").tasks == ("bike_pick", "bike_drop")


@pytest.mark.parametrize("command", re.findall(r"^stbench (\w+)", README, re.MULTILINE))
def test_every_command_of_the_readme_exists(command):
    from benchmark.cli.app import app

    known = {c.name for c in app.registered_commands} | {g.name for g in app.registered_groups}
    assert command in known


def test_the_python_of_the_readme_runs(tmp_path):
    exec(block("python", "import benchmark as stb"), {})
