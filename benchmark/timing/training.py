"""Watches an ordinary fit, without changing it: an optimiser's steps by torch's own hook, epochs by the fit's progress.

The first epoch warms up, and with it whatever a method trains before its first stage. The next ones run as they always do: the clock is
read at their beginnings and at their last steps. In the one after them steps are timed one by one, for which the device is idle at their
ends, and one step is counted; there the fit ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from statistics import fmean
from typing import Any

from torch.optim.optimizer import register_optimizer_step_post_hook

from benchmark.contract import Progress
from benchmark.timing.arithmetic import Counting
from benchmark.timing.clock import CALLS, Clock, latency
from benchmark.timing.energy import LEAST_S, Energy
from benchmark.timing.figures import Arithmetic, Training

# epochs that are timed whole, after the first one; the one after them is for single steps
EPOCHS = 2
# epochs of a fit that is watched
WATCHED = 1 + EPOCHS + 1
# seconds after which the timed epochs are enough, be it one
ENOUGH_S = 60.0


class Enough(BaseException):
    """All is measured, and the fit may end: no `except Exception` of a method keeps it."""


class TrainingWatch:
    """Gathers the figures of the first stage of a fit."""

    def __init__(self, clock: Clock, energy: Energy) -> None:
        self._clock, self._energy = clock, energy
        # which stage is watched; None: its first epoch is not over
        self._stage: str | None = None
        # which epoch is at work, from 1, steps of it so far, steps of a whole one
        self._epoch, self._done, self._whole = 1, 0, 0
        # seconds and joules when the epoch began, and what the timed epochs took
        self._began: tuple[float, float | None] = (0.0, None)
        self._seconds: list[float] = []
        self._joules: list[float] = []
        # one step's operations, while they are counted and afterwards
        self._counting: Counting | None = None
        self._arithmetic: Arithmetic | None = None
        # when the step before ended, and seconds of single steps
        self._before: float | None = None
        self._steps: list[float] = []

    @contextmanager
    def watching(self) -> Iterator[None]:
        """The block is a fit, which ends early once all is measured."""
        hook = register_optimizer_step_post_hook(self._after_step)
        try:
            yield
        except Enough:
            pass
        finally:
            hook.remove()
            self._stop_counting()

    def epoch(self, progress: Progress, steps: int) -> None:
        """Called after every epoch of the fit, of so many steps.

        Raises
        ------
        Enough: the stage is over, or all of it is measured.
        """
        self._stop_counting()  # a step that did not end within its epoch is not counted
        self._stage, self._whole = progress.stage, steps
        if self._epoch == WATCHED or progress.epoch == progress.epochs:
            raise Enough
        self._epoch = WATCHED if sum(self._seconds) > ENOUGH_S else self._epoch + 1
        self._done, self._before = 0, None
        self._began = self._now()

    def figures(self, batch: int | None) -> Training | None:
        """What was seen; None: no stage of the training loop. batch: windows or trips a step."""
        if self._stage is None:
            return None
        joules = round(fmean(self._joules), 3) if self._joules and sum(self._seconds) >= LEAST_S else None
        return Training(batch, latency(self._steps) if self._steps else None, self._arithmetic, self._whole,
                        round(fmean(self._seconds), 4) if self._seconds else None, len(self._seconds), joules)

    def _after_step(self, *_: Any) -> None:
        if self._stage is None:
            return
        self._done += 1
        if self._epoch == WATCHED:
            self._single_step()
        elif self._done == self._whole:
            seconds, joules = self._now()
            self._seconds.append(seconds - self._began[0])
            if joules is not None and self._began[1] is not None:
                self._joules.append(joules - self._began[1])

    def _single_step(self) -> None:
        """The end of a step: it was timed, unless it was counted or had no step before it in its epoch."""
        now = self._clock.now()
        if self._counting:
            self._arithmetic, self._counting = self._counting.stop(), None
        elif self._before is not None:
            self._steps.append(now - self._before)
        if len(self._steps) == CALLS:
            raise Enough
        if self._arithmetic is None:
            self._counting = Counting().start()
        self._before = self._clock.now()

    def _stop_counting(self) -> None:
        if self._counting:
            self._counting.stop()
            self._counting = None

    def _now(self) -> tuple[float, float | None]:
        return self._clock.now(), self._energy.joules()
