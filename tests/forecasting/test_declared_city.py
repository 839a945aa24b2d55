"""What a city declares and what it lacks: its own split is cut, and who reads places or a graph that nobody knows has no answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from benchmark.contract import Budget, RunContext
from benchmark.data.clock import Clock
from benchmark.data.folder import Origin
from benchmark.data.forecasting.city import ForecastingCity, Series, write_city
from benchmark.errors import TooSmall, UserError
from benchmark.families import FORECASTING, forecasting_protocol
from benchmark.forecasting.floors import floors
from benchmark.forecasting.measuring import MEASURER
from benchmark.forecasting.posing import held_out_windows, lacking, pose
from benchmark.registry import registry
from benchmark.spec import RunSpec

STRICT = forecasting_protocol("strict")
STEPS = 400


def city_of(folder, *, placed=False, graph=False, split=None, steps=STEPS) -> ForecastingCity:
    place = np.linspace(10, 11, 4) if placed else np.nan
    nodes = pd.DataFrame({"node_id": list("abcd"), "name": list("abcd"), "lon": place, "lat": place})
    values = np.random.default_rng(0).poisson(5, (steps, 4)).astype(np.float32)
    clock = Clock("2024-01-01T00:00:00", 60, "UTC")
    series = Series("taxi_pick", values, np.ones(values.shape, bool), np.arange(4), clock, "trips per hour")
    return write_city(folder / "city", "mine", "own", Origin("t", "s", "l"), nodes, [series], np.eye(4) if graph else None, split)


@pytest.mark.parametrize("protocol", ["strict", "paper"])
def test_a_declared_split_is_what_is_cut(protocol, tmp_path):
    protocol = forecasting_protocol(protocol)
    city = city_of(tmp_path, split=(6, 2, 2))
    task = pose(city, ["taxi_pick"], protocol).tasks["taxi_pick"]
    held_out = held_out_windows(city, "taxi_pick", protocol)
    if protocol.cut == "rows":
        assert (len(task.train), len(task.validation), len(held_out)) == (240 - 23, 80 - 23, 80 - 23)
    else:
        windows = STEPS - 23
        assert (len(task.train), len(held_out)) == (round(0.6 * windows), round(0.2 * windows))
        assert len(task.validation) == windows - round(0.6 * windows) - round(0.2 * windows)
    values = city.series("taxi_pick").values
    np.testing.assert_array_equal(held_out.values.numpy()[-1], values[-1])
    assert floors(city, "taxi_pick", protocol) == floors(city, "taxi_pick", protocol.cut_as((6, 2, 2)))


def test_a_split_of_the_protocols_own_shares_changes_nothing_but_the_fingerprint(tmp_path):
    plain, said = city_of(tmp_path / "a"), city_of(tmp_path / "b", split=(7, 1, 2))
    assert plain.fingerprint != said.fingerprint
    assert STRICT.cut_as((7, 1, 2)).parts(STEPS) == STRICT.parts(STEPS)
    assert STRICT.cut_as(None) is STRICT


def test_a_part_of_a_declared_split_that_holds_no_window_is_told_before_any_run(tmp_path):
    city = city_of(tmp_path, split=(6, 3, 1), steps=230)
    with pytest.raises(TooSmall, match="138 / 69 / 23"):
        MEASURER.check([city.card], ["taxi_pick"], STRICT, FORECASTING.scenario("standard"))


@pytest.mark.parametrize(("known", "inputs", "reason"), [
    ({}, ("value", "coordinates"), "the method reads coordinates, which this city does not have"),
    ({}, ("value", "graph"), "the method reads graph, which this city does not have"),
    ({}, ("graph", "coordinates"), "the method reads coordinates and graph, which this city does not have"),
    ({"graph": True}, ("value", "graph"), None), ({"graph": True}, ("coordinates",), "the method reads coordinates"),
    ({"placed": True}, ("value", "graph", "coordinates"), None), ({}, ("value", "time"), None),
])
def test_what_a_city_lacks_is_the_reason_of_who_reads_it(known, inputs, reason, tmp_path):
    found = lacking(city_of(tmp_path, **known), inputs)
    assert found is None if reason is None else found.startswith(reason)


def test_a_city_without_places_is_posed_without_any_invented(tmp_path):
    task = pose(city_of(tmp_path), ["taxi_pick"], STRICT).tasks["taxi_pick"]
    assert task.nodes == 4
    assert task.coordinates.isnan().all()
    assert torch.equal(task.graph, torch.eye(4))


def test_methods_that_read_places_leave_their_reason_and_others_are_measured(tmp_path):
    city = city_of(tmp_path)
    readers = [info.name for info in registry().all() if info.family == "forecasting" and "coordinates" in info.inputs]
    assert len(readers) >= 2
    for method in [*readers, "historical_average"]:
        spec = RunSpec("forecasting", method, 1, {}, "mine", 1, ("taxi_pick",), "own", "abc", "strict", 1, "smoke", {}, 0, "standard")
        run = RunContext(0, torch.device("cpu"), Budget(epochs=1, patience=30, epoch_windows=32, validation_windows=8))
        options = registry().load(method).Options()
        measured = MEASURER.measure(spec, [city], options, run)
        assert ("missing" in run.notes) == (method in readers)
        assert bool(measured.metrics) == (method not in readers)
        if method in readers:
            assert "coordinates" in run.notes["missing"]["taxi_pick"]
            with pytest.raises(UserError, match="has no answer here: the method reads coordinates"):
                MEASURER.try_out(spec, [city], options, run)
            with pytest.raises(UserError, match="has no answer here: the method reads coordinates"):
                MEASURER.workload(spec, [city], registry().load(method).asks(options), "taxi_pick")


def test_the_facts_of_a_record_say_the_split_and_that_places_are_unknown(tmp_path):
    spec = RunSpec("forecasting", "last_value", 1, {}, "mine", 1, ("taxi_pick",), "own", "abc", "strict", 1, "smoke", {}, 0, "standard")
    about, _ = MEASURER.facts(spec, [city_of(tmp_path, split=(6, 2, 2))])
    assert (about["split"], about["placed"], about["graph"]) == ([6, 2, 2], False, "none")
    about, _ = MEASURER.facts(spec, [city_of(tmp_path / "b", placed=True)])
    assert {"split", "placed"} & set(about) == set()
