"""Memory: a run that will not fit is refused before it starts, with the number."""

from dataclasses import replace

import pytest

from benchmark.errors import UserError
from benchmark.execution import memory
from benchmark.execution.campaign import run_plan
from benchmark.execution.memory import check_memory, free_bytes
from benchmark.execution.plan import Request, make_plan
from benchmark.footprint import Footprint
from benchmark.registry import registry
from benchmark.store.records import Store


@pytest.fixture
def free(monkeypatch, tmp_path):
    """The system says so many megabytes."""
    def say(megabytes, limit="max", held=0, cached=0):
        for name, text in (("MEMORY", f"MemTotal: 9 kB\nMemAvailable: {megabytes * 1000**2 // 1024} kB\n"), ("LIMIT", f"{limit}\n"),
                           ("HELD", f"{held}\n"), ("PARTS", f"anon 7\nactive_file 0\ninactive_file {cached}\n")):
            (tmp_path / name).write_text(text, encoding="utf-8")
            monkeypatch.setattr(memory, name, tmp_path / name)

    return say


def plan(methods=("stid",), **changes):
    return make_plan(Request(**{"methods": methods, "suite": "nyc", "tasks": ("taxi_pick",), "preset": "smoke", "edition": "sim",
                                "device": "cpu", "floors": False, **changes}))


@pytest.fixture
def hungry(monkeypatch):
    """STID declares a gigabyte a window of 18 nodes."""
    entry = registry().info("stid")
    nodes = plan().settings[0].cities.cards[0]["nodes"]
    monkeypatch.setitem(registry()._infos, "stid", replace(entry, footprint=Footprint(node=1e9 / nodes)))


def test_a_run_that_does_not_fit_is_refused_with_the_number_and_nothing_is_written(free, hungry, tmp_path):
    free(10_000)
    store = Store(tmp_path / "store")
    with pytest.raises(UserError, match=r"stid on nyc \(taxi_pick\) needs about 64\.\d GB of memory, and 10\.0 GB are free.*"
                                        r"batch_size=32"):
        run_plan(plan(), store)
    assert not (tmp_path / "store").exists() or not list((tmp_path / "store").rglob("stid/*.json"))


def test_a_smaller_batch_fits(free, hungry):
    free(10_000)
    made = plan(overrides={"batch_size": "8"})
    check_memory(made, made.jobs, 1)


def test_so_many_runs_at_once_must_fit_together(free):
    free(600)
    made = plan(seeds=(0, 1, 2))
    check_memory(made, made.jobs, 1)
    with pytest.raises(UserError, match=r"3 runs at once need about 1\.\d GB.*--workers 1\."):
        check_memory(made, made.jobs, 3)


def test_what_a_method_declares_does_not_hold_for_a_network_of_other_sizes(free, hungry):
    free(10_000)
    made = plan(overrides={"series_width": "4"})
    check_memory(made, made.jobs, 1)


def test_a_device_s_memory_and_a_system_that_says_nothing_are_not_checked(free, hungry, monkeypatch, tmp_path):
    made = plan()
    free(10)
    check_memory(replace(made, device="cuda"), made.jobs, 1)
    monkeypatch.setattr(memory, "MEMORY", tmp_path / "absent")
    assert free_bytes() is None
    check_memory(made, made.jobs, 1)


def test_a_container_s_limit_counts(free):
    free(1000, limit=500 * 10**6, held=300 * 10**6)
    assert free_bytes() == 200e6
    # what the system keeps of files it gives back
    free(1000, limit=500 * 10**6, held=300 * 10**6, cached=100 * 10**6)
    assert free_bytes() == 300e6


def test_the_terms_of_a_footprint_add_up():
    assert Footprint(node=2, window_pair=3, pair=5).bytes(10, 4) == 4 * 10 * 2 + 4 * 100 * 3 + 100 * 5
