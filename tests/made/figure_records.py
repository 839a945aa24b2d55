"""A store of records with what lies beside them: two methods on two tasks, three seeds."""

from dataclasses import replace

import numpy as np
from made.forecasting_records import record, sums

from benchmark.store.records import Store

TASKS, NODES, FINGERPRINT = ("taxi_pick", "taxi_drop"), 4, "abc"
ENVIRONMENT = {"stbench": "0.1.0", "torch": "2", "python": "3", "system": "Linux", "device": "cpu", "cores": 2, "threads": 1}


def fill(store: Store, fingerprint: str = FINGERPRINT, beside: bool = True) -> None:
    """stid, a fit a task, with errors 1 + seed; cmust, a fit of both tasks, with errors 2 + seed, which says when it trained what."""
    for seed in range(3):
        for task in TASKS:
            store.write(_timed(record("stid", seed, task, mae=1 + seed, preset="smoke", fingerprint=fingerprint), 2.0),
                        *((_history([task], 2), _nodes([task], 1 + seed)) if beside else ()))
        both = record("cmust", seed, TASKS[0], mae=2 + seed, preset="smoke", fingerprint=fingerprint)
        values = both.metrics[TASKS[0]]
        both = replace(both, spec=replace(both.spec, tasks=TASKS), metrics=dict.fromkeys(TASKS, values),
                       sums=dict.fromkeys(TASKS, sums(values)))
        store.write(_timed(both, 10.0), *((_history(TASKS, 3), _nodes(TASKS, 2 + seed)) if beside else ()))


def _timed(one, seconds):
    return replace(one, timings={"fit_s": seconds, "predict_s": 1.0, "total_s": seconds + 1}, environment=ENVIRONMENT)


def _history(tasks, epochs):
    """Each epoch takes a second, and the error falls, but for the last one."""
    return [{"stage": "fit", "task": task, "epoch": epoch, "train_loss": 1.0, "validation_loss": 10.0 - epoch + 5 * (epoch == epochs),
             "seconds": 1.0} for task in tasks for epoch in range(1, epochs + 1)]


def _nodes(tasks, error):
    """Node k has k + 1 times the error, and the last one no target; hour h has h times the error."""
    count = np.array([10.0] * (NODES - 1) + [0.0])
    each = {}
    for task in tasks:
        each |= {f"{task}.count": count, f"{task}.absolute": count * error * np.arange(1, NODES + 1),
                 f"{task}.hour_count": np.full(24, 5.0), f"{task}.hour_absolute": 5.0 * error * np.arange(24)}
    return each
