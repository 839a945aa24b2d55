"""What a method reaches for is named: other memory, files, the network, threads, generators."""

import ctypes
import gc
import inspect
import os
import random
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from made import cheats

from benchmark import Forecaster
from benchmark.registry import MethodInfo, registry
from benchmark.testing import check_method
from benchmark.testing.reach import Reach


@dataclass(frozen=True)
class Options:
    """Nothing to choose."""


class Does(Forecaster):
    """Does something as it learns."""

    Options = Options
    what = staticmethod(lambda: None)

    def fit(self, run):
        self.what()

    def predict(self, inputs):
        return inputs.values[:, -1:].expand(-1, self.problem.horizon, -1)

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        """Nothing to take."""


def asks_the_network():
    with socket.socket() as one:
        one.settimeout(0.01)
        try:
            one.connect(("127.0.0.1", 9))
        except OSError:
            return


def frame_of_a_fault():
    try:
        raise LookupError
    except LookupError as error:
        return error.__traceback__.tb_frame


@pytest.mark.parametrize(("act", "named"), [
    (lambda: gc.get_objects(), "the garbage collector's objects"), (lambda: gc.get_referrers(Options), "the garbage collector's referrers"),
    (lambda: sys._getframe(1), "the frames of its callers"), (lambda: inspect.stack(), "the frames of its callers"),
    (frame_of_a_fault, "the frames of its callers"), (asks_the_network, "the network"),
    (lambda: subprocess.run([sys.executable, "-c", ""], check=True), "another process"),
    (lambda: torch.manual_seed(0), "a global generator (torch.manual_seed)"),
    (lambda: np.random.seed(0), "a global generator (numpy.random.seed)"),  # noqa: NPY002
    (lambda: random.seed(0), "a global generator (random.seed)"), (lambda: torch.set_num_threads(2), "torch's threads (now 2, before 1)"),
    (lambda: os.environ.update(OMP_NUM_THREADS="9"), "the variable OMP_NUM_THREADS"),
], ids=lambda one: one if isinstance(one, str) else "")
def test_what_a_method_reaches_for_is_named_with_its_place(tmp_path, act, named):
    torch.set_num_threads(1)
    with Reach(Does, tmp_path) as reach:
        act()
    assert [name for name in reach.found] == [named]
    assert reach.found[named].startswith(("test_reach.py:", "in fit"))
    assert os.environ.get("OMP_NUM_THREADS") != "9"


def test_files_of_the_cities_and_files_that_are_written_are_named(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "values.npy").write_bytes(b"1")
    with Reach(Does, tmp_path / "data") as reach:
        (tmp_path / "data" / "values.npy").read_bytes()
        (tmp_path / "mine.txt").write_text("x", encoding="utf-8")
        Path(__file__).read_bytes()
    assert list(reach.found) == ["a file of the cities or the results (values.npy)", "a file that it writes (mine.txt)"]


def test_what_libraries_do_by_themselves_is_nobodys(tmp_path):
    """Torch looks at frames and the engine opens cities: neither is on behalf of a method."""
    with Reach(cheats.Honest, tmp_path) as reach:
        torch.optim.Adam([torch.zeros(1, requires_grad=True)]).step()
        gc.get_objects()
        sys._getframe()
        torch.manual_seed(0)
        (tmp_path / "x").write_bytes(b"")
        ctypes.CDLL(None)
    assert not reach.found


@pytest.mark.parametrize(("name", "target", "facts", "sentence"), [
    ("collector", "Collector", {}, r"reaches for the garbage collector's objects \(cheats\.py:\d+\)"),
    ("frames", "Frames", {}, r"reaches for the frames of its callers \(cheats\.py:\d+\)"),
    ("files", "Files", {}, r"reaches for a file of the cities or the results \(taxi_pick\.values\.npy\) \(cheats\.py:\d+\)"),
    ("neighbours", "Neighbours", {}, "predictions depend on the batch size"),
    ("remembers", "Remembers", {"family": "trajectory", "scope": "city", "inputs": ("route",)}, "remembers what it was shown before")])
def test_the_conformance_check_names_what_each_cheat_reached(tmp_path, monkeypatch, name, target, facts, sentence):
    monkeypatch.setitem(registry()._infos, name, MethodInfo(name, f"made.cheats:{target}", "a cheat", "nobody", "none", deterministic=True,
                                                            **facts))
    monkeypatch.setitem(registry()._places, name, "here")
    with pytest.raises(AssertionError, match=sentence):
        check_method(name, tmp_path)
