"""Kind `curves`: how a method learns, as it is and in variants, along its epochs and with more and more labels."""

from __future__ import annotations

from benchmark.experiments.ablation import vary
from benchmark.experiments.kinds import Kind
from benchmark.experiments.lines import sheets

KIND = Kind(sheets, vary=vary)
