"""What is said of hardware, memory and energy, with stand-ins for what this machine lacks."""

import subprocess
import sys
import types

import pytest
import torch

from benchmark.timing import energy, machine, memory
from benchmark.timing.clock import Clock
from benchmark.timing.energy import Energy
from benchmark.timing.memory import DevicePeak, ResidentGrowth

CUDA = torch.device("cuda:0")


def test_the_block_holds_hardware_and_versions_and_neither_host_nor_path():
    import platform

    block = machine.machine(torch.device("cpu"))
    assert {"processor", "cores", "threads", "memory_gb", "system", "torch", "stbench", "python", "device"} == set(block)
    assert block["threads"] == 1
    assert platform.node() not in block.values()
    assert not any("/" in value for value in block.values() if isinstance(value, str))


def test_the_driver_is_read_from_the_kernel_module(tmp_path, monkeypatch):
    said = tmp_path / "version"
    monkeypatch.setattr(machine, "DRIVER", said)
    assert machine.driver_version() is None
    for line in ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024",
                 "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.15  Release Build"):
        said.write_text(f"{line}\nGCC version:  gcc version 12.2.0\n")
        assert machine.driver_version() == "550.54.15"


@pytest.mark.skipif(not memory.RESET.exists(), reason="this system does not tell its peaks")
def test_growth_is_what_was_held_at_most_also_after_it_was_given_back():
    # a process of its own, as when methods are timed: in this one other tests give memory back meanwhile
    code = ("import numpy as np\nfrom benchmark.timing.memory import ResidentGrowth\ngrowth = ResidentGrowth()\n"
            "held = np.ones(40_000_000, dtype=np.uint8)\ndel held\nprint(growth.mb())")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 39 <= float(done.stdout) < 400


def test_what_the_system_does_not_tell_is_unknown(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "STATUS", tmp_path / "nothing")
    monkeypatch.setattr(memory, "RESET", tmp_path / "no" / "thing")
    assert ResidentGrowth().mb() is None
    assert DevicePeak(torch.device("cpu")).mb() is None


class Counter:
    """A GPU that takes 100 W, by its driver; time passes as it is read."""

    def __init__(self, monkeypatch, *, counts=True):
        self.time = 0.0
        failure = type("NVMLError", (Exception,), {})

        def total(handle):
            if not counts:
                raise failure
            return int(1000 * 100 * self.time)

        fake = types.SimpleNamespace(NVMLError=failure, nvmlInit=lambda: None, nvmlDeviceGetHandleByUUID=lambda name: name,
                                     nvmlDeviceGetTotalEnergyConsumption=total)
        monkeypatch.setitem(sys.modules, "pynvml", fake)
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: types.SimpleNamespace(uuid="abc"))

    def clock(self, monkeypatch):
        monkeypatch.setattr("benchmark.timing.clock.time.perf_counter", lambda: self.time)
        return Clock(lambda: None)

    def work(self, seconds):
        self.time += seconds


def test_joules_of_a_call_are_the_mean_of_calls_that_last_long_enough(monkeypatch):
    counter, seen = Counter(monkeypatch), []
    found = Energy(CUDA).a_call(lambda batch: (seen.append(batch), counter.work(batch)), 0.01, counter.clock(monkeypatch))
    assert found == pytest.approx(1.0)
    assert len(seen) * 0.01 >= energy.LEAST_S


def test_without_a_counter_nothing_is_called_and_nothing_is_said(monkeypatch):
    for prepare in (lambda: monkeypatch.setitem(sys.modules, "pynvml", None), lambda: Counter(monkeypatch, counts=False)):
        prepare()
        assert Energy(CUDA).joules() is None
        assert Energy(CUDA).a_call(lambda batch: pytest.fail("called"), 0, Clock(lambda: None)) is None
    assert Energy(torch.device("cpu")).joules() is None
