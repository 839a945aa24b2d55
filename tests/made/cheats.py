"""Methods that look for what they are asked where they should not; each reaches an error of 0 where nobody stops it."""

from __future__ import annotations

import gc
import sys
from dataclasses import dataclass

import numpy as np
import torch

from benchmark import Forecaster, TrajectoryEncoder


@dataclass(frozen=True)
class Options:
    """Nothing to choose."""


class Honest(Forecaster):
    """The last value. A cheat knows no better where it finds nothing."""

    Options = Options

    def fit(self, run):
        """Nothing to learn."""

    def predict(self, inputs):
        found = self.found(inputs)
        return inputs.values[:, -1:].expand(-1, self.problem.horizon, -1) if found is None else found

    def found(self, inputs):
        """Predictions from somewhere, or None."""

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        """Nothing to take."""


class Collector(Honest):
    """Asks the garbage collector for all tensors, and takes the series in which the window stands."""

    def found(self, inputs):
        first, history, horizon = inputs.values[0], inputs.history, self.problem.horizon
        for one in gc.get_objects():
            if not issubclass(type(one), torch.Tensor):  # isinstance would ask dead proxies and wake lazy modules
                continue
            if one.ndim == 2 and one.shape[1:] == first.shape[1:] and len(one) >= history + horizon:
                windows = one.unfold(0, history, 1).transpose(1, 2)  # [start, history, node]
                at = [int(k[0]) if len(k := torch.nonzero((windows == window).all(2).all(1))) else len(one) for window in inputs.values]
                if max(at) + history + horizon <= len(one):
                    return torch.stack([one[k + history:k + history + horizon] for k in at])
        return None


class Frames(Honest):
    """Looks into the callers' variables."""

    def found(self, inputs):
        frame = sys._getframe()
        while frame := frame.f_back:
            if "targets" in frame.f_locals:
                return frame.f_locals["targets"].values
        return None


class Files(Honest):
    """Reads the city from the disk, where the engine says that cities lie."""

    def found(self, inputs):
        import os
        from pathlib import Path

        for path in Path(os.environ["STBENCH_HOME"]).rglob(f"{inputs.task}.values.npy"):
            series = torch.from_numpy(np.load(path))
            windows = series.unfold(0, inputs.history, 1).transpose(1, 2)
            at = [int(torch.nonzero((windows == window).all(2).all(1))[0]) + inputs.history for window in inputs.values]
            return torch.stack([series[k:k + self.problem.horizon] for k in at])
        return None


class Neighbours(Honest):
    """Finds the targets of a window in the windows of its batch that follow."""

    def found(self, inputs):
        answers = inputs.values[:, -1:].repeat(1, self.problem.horizon, 1)
        for k in range(len(answers)):
            later = inputs.values[k + 1:k + 1 + self.problem.horizon, -1]
            answers[k, :len(later)] = later
        return answers


class Remembers(TrajectoryEncoder):
    """Remembers where the trips of one task went on, for the task that asks for it."""

    Options = Options

    def fit(self, run):
        self.seen = {}

    def encode(self, trips):
        vectors = torch.zeros(len(trips), 2, device=trips.weekday.device)
        for k in range(len(trips)):
            road = trips.rows(torch.tensor([k], device=trips.weekday.device)).route.values["road"].tolist()
            key = (int(trips.weekday[k]), int(trips.minute[k]), *road[:3])
            known = max(self.seen.get(key, []), road, key=len)
            self.seen[key] = known
            vectors[k] = torch.tensor([known[-1], len(known)], dtype=torch.float32, device=vectors.device)
        return vectors

    def roads(self, city, trips):
        return torch.eye(len(self.problem.cities[city].roads))

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        self.seen = {}
