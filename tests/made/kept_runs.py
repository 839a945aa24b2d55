"""A kept run of one task, made by hand."""

import numpy as np

from benchmark.contract import Fitted
from benchmark.execution.packing import pack
from benchmark.spec import Record, RunSpec
from benchmark.store.kept import write_kept
from benchmark.store.records import Store

WINDOWS, HORIZON, NODES = 40, 3, ["a", "b"]
SPEC = RunSpec("forecasting", "stid", 1, {}, "nyc", 1, ("taxi_pick",), "sim", "abc", "strict", 1, "smoke", {"epochs": 6}, 0)


def keep_run(folder, nodes):
    """A kept run, whose predictions are 1000 × step ahead + window, and whose truth is the row, 100 higher at the second node."""
    rows = WINDOWS + HORIZON - 1
    truth = np.arange(rows)[:, None] + np.array([0, 100])
    predictions = np.arange(WINDOWS)[:, None, None] + 1000 * np.arange(1, HORIZON + 1)[None, :, None] + np.array([0, 100])
    times = [str(np.datetime64("2016-01-04T00:00:00") + np.timedelta64(30 * k, "m")) for k in range(rows)]
    arrays = {"taxi_pick.predictions": predictions.astype(np.float32), "taxi_pick.truth": truth.astype(np.float32),
              "taxi_pick.times": np.array(times), "taxi_pick.nodes": np.array(nodes)}
    write_kept(Store(folder), Record(SPEC, "done", city={}), pack(Fitted({}, {}, {}, arrays)))
    return folder
