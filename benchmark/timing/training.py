"""Watches an ordinary fit, without changing it: an optimiser's steps by torch's own hook, epochs by the fit's progress.

The first epoch warms up. In it one step is counted and others are timed one by one, for which the device is idle at their ends. The
epochs after it run as they always do; the clock is read at their beginnings and at their last steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from statistics import fmean
from typing import Any

from torch.optim.optimizer import register_optimizer_step_post_hook

from benchmark.contract import Progress
from benchmark.timing.arithmetic import Counting
from benchmark.timing.clock import CALLS, WARM_UP, Clock, latency
from benchmark.timing.energy import LEAST_S, Energy
from benchmark.timing.figures import Arithmetic, Training

# epochs that are timed, after the first one
EPOCHS = 2


class Enough(BaseException):
    """All is measured, and the fit may end: no `except Exception` of a method keeps it."""


class TrainingWatch:
    """Gathers the figures of the first stage of a fit."""

    def __init__(self, clock: Clock, energy: Energy) -> None:
        self._clock, self._energy = clock, energy
        self._arithmetic: Arithmetic | None = None
        self._counting: Counting | None = None
        # seconds of single steps of the first epoch, and when the step before ended
        self._steps: list[float] = []
        self._before: float | None = None
        # which epoch is at work, from 1, steps of it so far, steps of a whole one
        self._epoch, self._done, self._whole = 1, 0, 0
        # (seconds, joules) at the beginning of the epoch, and what the measured epochs took
        self._began: tuple[float, float | None] = (0.0, None)
        self._seconds: list[float] = []
        self._joules: list[float] = []
        self._stage: str | None = None

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

    def epoch(self, progress: Progress) -> None:
        """Called after every epoch of the fit.

        Raises
        ------
        Enough: all is measured, or another stage begins.
        """
        self._stop_counting()  # a step that did not end within its epoch is not counted
        if self._stage not in (None, progress.stage):
            raise Enough
        self._stage = progress.stage
        if self._epoch == 1:
            self._whole = self._done
        if len(self._seconds) == EPOCHS or progress.epoch == progress.epochs:
            raise Enough
        self._epoch, self._done, self._before = self._epoch + 1, 0, None
        self._began = self._now()

    def figures(self, batch: int | None) -> Training | None:
        """What was seen; None: no stage of the training loop. batch: windows or trips a step."""
        if self._stage is None or not self._whole:
            return None
        joules = round(fmean(self._joules), 3) if self._joules and sum(self._seconds) >= LEAST_S else None
        return Training(batch, latency(self._steps) if self._steps else None, self._arithmetic, self._whole,
                        round(fmean(self._seconds), 4) if self._seconds else None, len(self._seconds), joules)

    def _after_step(self, *_: Any) -> None:
        self._done += 1
        if self._epoch == 1:
            self._first_epoch()
        elif self._done == self._whole:
            seconds, joules = self._now()
            self._seconds.append(seconds - self._began[0])
            if joules is not None and self._began[1] is not None:
                self._joules.append(joules - self._began[1])

    def _first_epoch(self) -> None:
        now = self._clock.now()
        if self._counting:
            self._arithmetic = self._counting.stop()
            self._counting = None
        elif self._arithmetic is None:  # the first step warms up; the next one is counted
            self._counting = Counting().start()
        elif self._before is not None and self._done > WARM_UP and len(self._steps) < CALLS:
            self._steps.append(now - self._before)
        self._before = now

    def _stop_counting(self) -> None:
        if self._counting:
            self._counting.stop()
            self._counting = None

    def _now(self) -> tuple[float, float | None]:
        return self._clock.now(), self._energy.joules()
