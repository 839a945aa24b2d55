"""Kind `scenarios`: methods in changed suites: fewer nodes, longer intervals, more and more tasks."""

from __future__ import annotations

from benchmark.experiments.kinds import Kind
from benchmark.experiments.lines import sheets
from benchmark.experiments.parts import as_it_is

KIND = Kind(sheets, vary=as_it_is)
