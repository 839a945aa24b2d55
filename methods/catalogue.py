"""The methods as plain data: what `stbench list` shows. Adding one is a module and an entry here."""

from __future__ import annotations

from benchmark.registry import MethodInfo

METHODS: tuple[MethodInfo, ...] = ()
