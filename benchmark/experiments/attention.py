"""Kind `attention`: what the attention of a method looks at, stage by stage, in the arrays that its kept run leaves."""

from __future__ import annotations

from benchmark.experiments.kinds import Kind
from benchmark.experiments.lines import sheets
from benchmark.experiments.parts import as_it_is

KIND = Kind(sheets, vary=as_it_is, keeps=True)
