"""What defines a run before it starts: protocol, preset, spec; and the record it leaves. All frozen, JSON both ways."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal

from benchmark.errors import unknown


@dataclass(frozen=True)
class Protocol:
    """The rules of measuring: split, scaler, masks, averaging, selection."""

    name: str
    version: int
    summary: str
    # steps a window shows and steps it asks for
    history: int = 12
    horizon: int = 12
    # what is cut in time order: the rows, with windows made inside each part; or the list of all windows, whose neighbours share rows
    cut: Literal["rows", "windows"] = "rows"
    # share of the rows or windows; validation lies between train and test
    train_share: float = 0.7
    test_share: float = 0.2
    # windows left out at the end of training and of validation (only where windows are cut)
    gap: int = 0
    # over which training values mean and standard deviation go: each row once, or as often as it stands in the inputs of the windows
    scaler: Literal["rows", "windows"] = "rows"
    # whether a zero counts in loss and selection
    zero_counts: bool = True
    # the columns its tables show, and whether they rank methods
    metrics: tuple[str, ...] = ("mae", "rmse", "mape", "wape", "recall_10")
    ranked: bool = True
    # epochs without a better validation loss before a stage ends, and the most epochs a stage may have
    patience: int = 30
    max_epochs: int = 100

    @property
    def window(self) -> int:
        """Steps of a window, shown and asked for."""
        return self.history + self.horizon

    def parts(self, steps: int) -> tuple[int, int, int]:
        """Rows of training, validation and test; where windows are cut, rows that the windows of a part touch.

        Rows are rounded down (0.7 · 90 is 62.99… in floating point, and means 63), windows to the nearest (Graph WaveNet's convention).
        """
        train, validation, test = self._sizes(steps if self.cut == "rows" else steps - self.window + 1)
        if self.cut == "rows":
            return train, validation, test
        return tuple(size + self.window - 1 if size > 0 else 0  # type: ignore[return-value]
                     for size in (train - self.gap, validation - self.gap, test))

    def rows(self, steps: int) -> tuple[slice, slice, slice]:
        """The rows of training, validation and test in a series of `steps` rows."""
        train, validation, test = self.parts(steps)
        first, second, _ = self._sizes(steps if self.cut == "rows" else steps - self.window + 1)
        return slice(0, train), slice(first, first + validation), slice(first + second, first + second + test)

    def _sizes(self, count: int) -> tuple[int, int, int]:
        """Rows or windows of the three parts, before any gap."""
        if self.cut == "rows":
            train, test = (math.floor(share * count + 1e-9) for share in (self.train_share, self.test_share))
        else:
            train, test = (round(share * count) for share in (self.train_share, self.test_share))
        return train, count - train - test, test


_PAPER = Protocol(
    "paper", 1,
    "as CMuST's authors compute: all windows cut 70/10/20, scaler on the inputs of the training windows, targets of exactly 0 left out of "
    "loss, selection and metrics, each metric the plain mean of its 12 horizons; for comparison with published numbers, never ranked",
    cut="windows", scaler="windows", zero_counts=False, ranked=False,
    metrics=("mae_mean12", "rmse_mean12", "mape_mean12", "mae", "recall_10"),
)
PROTOCOLS = {
    "strict": Protocol(
        "strict", 1,
        "rows cut first (70/10/20), scaler on observed training rows, observed entries count in loss, selection and metrics "
        "(a zero counts), pooled averages over all windows, horizons and nodes",
    ),
    "paper": _PAPER,
    "paper-gap23": replace(
        _PAPER, name="paper-gap23", gap=_PAPER.window - 1,
        summary="as `paper`, without the last 23 windows of training and of validation, so that no two parts share a row"),
}


@dataclass(frozen=True)
class Preset:
    """The budget of a run, in counts. None: no limit but the protocol's."""

    name: str
    summary: str
    # size of a simulated city (a real city is always whole)
    city_size: str
    # most epochs a stage
    epochs: int | None = None
    # training windows drawn an epoch
    epoch_windows: int | None = None
    # validation windows, evenly spaced
    validation_windows: int | None = None


PRESETS = {
    "smoke": Preset("smoke", "seconds, for tests", "smoke", epochs=2, epoch_windows=128, validation_windows=32),
    "quick": Preset("quick", "minutes on two cores", "quick", epochs=6, epoch_windows=1280, validation_windows=256),
    "full": Preset("full", "the method's whole recipe", "full"),
}


def find_protocol(name: str) -> Protocol:
    if name not in PROTOCOLS:
        raise unknown("protocol", name, PROTOCOLS)
    return PROTOCOLS[name]


def find_preset(name: str) -> Preset:
    if name not in PRESETS:
        raise unknown("preset", name, PRESETS)
    return PRESETS[name]


@dataclass(frozen=True)
class RunSpec:
    """One fit under one seed; its hash is the run's id."""

    method: str
    method_version: int
    # every option, resolved
    options: Mapping[str, Any]
    suite: str
    suite_version: int
    # the tasks this fit covers
    tasks: tuple[str, ...]
    edition: str
    # of the city's content
    fingerprint: str
    protocol: str
    protocol_version: int
    preset: str
    # the preset's counts, resolved: epochs, epoch_windows, validation_windows
    budget: Mapping[str, int | None]
    seed: int
    scenario: str = "standard"

    def __post_init__(self) -> None:
        object.__setattr__(self, "tasks", tuple(self.tasks))
        object.__setattr__(self, "options", json.loads(json.dumps(dict(self.options))))
        object.__setattr__(self, "budget", dict(self.budget))

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def id(self) -> str:
        """16 hex characters over the whole spec."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunSpec:
        return cls(**data)


@dataclass(frozen=True)
class Record:
    """What a run leaves. It explains itself without any other file."""

    spec: RunSpec
    # "done" or "failed"
    status: str
    # the city's card in short: title, source, licence, size
    city: Mapping[str, Any]
    # task -> the metrics' values
    metrics: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    # task -> mask -> sum name -> one float64 a horizon: any average can be made again from these
    sums: Mapping[str, Mapping[str, Mapping[str, list[float]]]] = field(default_factory=dict)
    # parameters, epochs, steps, windows
    counts: Mapping[str, Any] = field(default_factory=dict)
    # seconds: fit, predict, total
    timings: Mapping[str, float] = field(default_factory=dict)
    # versions, device, threads, memory
    environment: Mapping[str, Any] = field(default_factory=dict)
    # what the method and the engine want known: declared overrides, graph, frozen shares, warnings
    notes: Mapping[str, Any] = field(default_factory=dict)
    # kind, message, traceback tail of a failed run
    error: Mapping[str, str] | None = None

    def to_json(self) -> dict[str, Any]:
        data = {f.name: getattr(self, f.name) for f in fields(self)}
        return {"id": self.spec.id, **data, "spec": self.spec.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Record:
        rest = {key: value for key, value in data.items() if key not in ("id", "spec")}
        return cls(spec=RunSpec.from_json(data["spec"]), **rest)
