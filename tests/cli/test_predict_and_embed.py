"""`run --keep`, `predict` and `embed` as a user meets them: files and tables out, one sentence and exit code 2 where it cannot be."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import benchmark as stb

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Runs commands in a folder with a kept forecaster and a kept encoder; `kept.ids` by method."""
    folder = tmp_path_factory.mktemp("kept")
    own = {"STBENCH_HOME": str(folder / "home"), "STBENCH_RESULTS": str(folder / "results")}

    def call(*arguments, code=0):
        done = subprocess.run([sys.executable, "-m", "benchmark", *arguments], capture_output=True, text=True, check=False, cwd=folder,
                              env={**os.environ, "PYTHONPATH": str(ROOT), **own})
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr if code else done.stdout

    call.folder, call.environment, call.ids = folder, own, {}
    smoke = ("--preset", "smoke", "--data", "sim", "--keep", "--device", "cpu", "--workers", "1")
    for method, suite, task in (("last_value", "nyc", "taxi_pick,taxi_drop"), ("random", "xian", "travel_time")):
        out = call("run", "--method", method, "--suite", suite, "--task", task, *smoke)
        call.ids[method] = re.findall(rf"kept ([0-9a-f]{{16}})  {method} ", out)
    return call


@pytest.fixture
def at_home(kept, monkeypatch):
    """This process reads the same folders."""
    for name, value in kept.environment.items():
        monkeypatch.setenv(name, value)


def test_run_says_which_fits_are_kept(kept):
    assert [len(kept.ids["last_value"]), len(kept.ids["random"])] == [2, 1]


def test_a_finished_run_whose_fit_is_not_kept_is_said_to_be_done_again(kept):
    command = ("run", "--method", "last_value", "--suite", "nyc", "--task", "crowd_in", "--preset", "smoke", "--data", "sim",
               "--device", "cpu")
    assert "1 runs: 0 done, 1 to do" in kept(*command)
    assert "1 runs: 1 done, 0 to do" in kept(*command)
    assert "1 runs: 0 done, 1 to do" in kept(*command, "--keep")
    assert "1 runs: 1 done, 0 to do" in kept(*command, "--keep")


def test_predict_writes_a_row_a_step_and_node_and_python_gives_the_same(kept, at_home):
    run = kept.ids["last_value"][0]
    city = stb.load_city("nyc", size="smoke")
    frame = stb.forecast(run, city)
    assert len(frame) == 12 * len(city.nodes)
    pd.testing.assert_frame_equal(stb.forecast(run, "nyc"), frame)
    pd.testing.assert_frame_equal(stb.forecast(run[:6], city.folder), frame)
    for name in ("forecasts.csv", "forecasts.npz", "forecasts.parquet"):
        assert f"{len(frame)} forecasts written to {name}" in kept("predict", run, "--city", "nyc", "--out", name)
    pd.testing.assert_frame_equal(pd.read_parquet(kept.folder / "forecasts.parquet"), frame, check_dtype=False)
    printed = kept("predict", run, "--city", str(city.folder))
    assert printed == (kept.folder / "forecasts.csv").read_text()
    assert printed.splitlines()[0] == "task,step,time,node,forecast,unit"
    with np.load(kept.folder / "forecasts.npz", allow_pickle=False) as arrays:
        assert arrays["forecast"].tolist() == frame["forecast"].tolist()
        assert arrays["time"][0] == str(frame["time"].iloc[0])


def test_embed_writes_a_vector_a_trip_and_python_gives_the_same(kept, at_home):
    (run,) = kept.ids["random"]
    frame = stb.embed(run, "xian")
    assert frame.index.tolist() == stb.load_city("xian", size="smoke").trip_ids.tolist()
    for name in ("vectors.npz", "vectors.parquet"):
        assert f"{len(frame)} vectors of 128 numbers written to {name}" in kept("embed", run, "--trips", "xian", "--out", name)
    with np.load(kept.folder / "vectors.npz", allow_pickle=False) as arrays:
        assert arrays["trip_id"].tolist() == frame.index.tolist()
        assert np.array_equal(arrays["vectors"], frame.to_numpy())
    pd.testing.assert_frame_equal(pd.read_parquet(kept.folder / "vectors.parquet"), frame, check_index_type=False)


REFUSED = {
    ("predict", "last_value", "--city", "chicago"): "has other nodes than the method was fitted to",
    ("predict", "last_value", "--city", "nyc", "--task", "crowd_in"): "Unknown task of the run 'crowd_in'",
    ("predict", "last_value", "--city", "nyc", "--edition", "real"): "has no edition 'real' here",
    ("predict", "last_value", "--city", "nyc", "--out", "forecasts.xls"): "ends in '.xls'",
    ("predict", "last_value", "--city", "xian"): "xian is a trajectory city",
    ("predict", "random", "--city", "xian"): "The run is of an encoder of trips, which forecasts no series; `stbench embed`",
    ("embed", "random", "--trips", "chengdu"): "has other roads or cells than xian, which the method was fitted to",
    ("embed", "last_value", "--trips", "nyc"): "The run is of a forecaster, which encodes no trips; `stbench predict`",
}


@pytest.mark.parametrize("case", REFUSED, ids=" ".join)
def test_what_does_not_fit_is_one_sentence_and_exit_code_2(kept, case):
    command, method, *rest = case
    said = kept(command, kept.ids[method][0], *rest, code=2)
    assert REFUSED[case] in said
    assert said.startswith("stbench: ")
    assert not (kept.folder / "forecasts.xls").exists()


def test_a_changed_state_and_an_unknown_run_are_refused(kept):
    run = kept.ids["last_value"][1]
    (state,) = (kept.folder / "results").rglob(f"{run}.state.safetensors")
    before = state.read_bytes()
    state.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    assert "has changed since it was kept (SHA-256 differs)" in kept("predict", run, "--city", "nyc", code=2)
    state.write_bytes(before)
    kept("predict", run, "--city", "nyc")
    assert "No run 'nothing'" in kept("predict", "nothing", "--city", "nyc", code=2)


@pytest.mark.parametrize(("command", "method", "option"), [("predict", "last_value", "--city"), ("embed", "random", "--trips")])
def test_a_raw_file_is_not_taken_for_a_city(kept, command, method, option):
    (kept.folder / "raw.csv").write_text("trip,lon,lat\n")
    said = kept(command, kept.ids[method][0], option, "raw.csv", code=2)
    assert "raw.csv is a file, not a prepared city. Bring it with `stbench data import`" in said


def test_using_a_method_leaves_the_callers_random_numbers_alone(kept, at_home):
    import torch

    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    stb.forecast(kept.ids["last_value"][0], "nyc")
    assert torch.equal(torch.rand(2), expected)
