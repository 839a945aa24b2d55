"""The reference campaigns: every method on every suite, at the budget at which results are published."""

from __future__ import annotations

from benchmark.declared import ExperimentFile

EXPERIMENTS = (ExperimentFile("reference", "benchmark.experiments.reference"),)
