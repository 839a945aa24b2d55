"""Lazy targets: what is named as "module:attribute" and imported when it is used."""

from __future__ import annotations

import importlib
from typing import Any


def load(target: str) -> Any:
    """The object that a target names.

    >>> load("benchmark.errors:UserError").__name__
    'UserError'
    """
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)
