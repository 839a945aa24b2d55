"""Forecasters with one fault each, or with a fault that they own up to."""

from __future__ import annotations

import math
from typing import ClassVar

from made.cheats import Honest


class NotANumber(Honest):
    """Knows nothing of the first node."""

    def predict(self, inputs):
        predicted = super().predict(inputs).clone()
        predicted[:, :, 0] = math.nan
        return predicted


class Raises(Honest):
    """Comes to no end."""

    def fit(self, run):
        print("learning")
        raise LookupError("no such\x1b[31m node")


class OwnsUp(Honest):
    """Learns nothing, and says so; and says of a check that it fails, which it passes."""

    expected_failures: ClassVar = {"check_learns": "it is a floor", "check_reach": "it kept a file once"}

    def predict(self, inputs):
        return 0 * super().predict(inputs)


class Misspelt(Honest):
    """Expects that a check fails which there is not."""

    expected_failures: ClassVar = {"check_lerns": "it is a floor"}
