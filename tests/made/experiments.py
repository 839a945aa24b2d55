"""Records of the runs of an experiment, made by hand."""

from __future__ import annotations

from dataclasses import replace

from made.forecasting_records import finished

from benchmark.experiments.doing import plan_experiment
from benchmark.suites.cities import CityFinder


def measured(store, experiment, asked, mae, *, seeds=(0, 1, 2), method=None, **about):
    """Records of an experiment's runs: mae(spec) each."""
    planned = plan_experiment(experiment, replace(asked, seeds=seeds), CityFinder(builds=False))
    for part in planned.parts:
        for job in part.jobs if method in (None, part.method) else ():
            value = mae(part, job.spec)
            spec = replace(job.spec, **{"fingerprint": job.spec.fingerprint or "f00d", **about})
            store.write(finished(spec, {"mae": value, "mae_nonzero": value, "mape_nonzero": value / 100}))
