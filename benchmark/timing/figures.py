"""A timing as plain data: what one method costs on one machine, and all that explains the figures. Light: no torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from benchmark.spec import RunSpec

# of the files' layout, and of what is measured: timings of different schemas are never compared
SCHEMA = 2
# fp32
BYTES = 4


@dataclass(frozen=True)
class Latency:
    """How long calls took, in milliseconds."""

    median_ms: float
    p95_ms: float
    mean_ms: float
    # calls that were timed; those before, to warm up, are not among them
    n: int


@dataclass(frozen=True)
class Arithmetic:
    """The floating-point operations that torch counts: matrix products, convolutions, attention; a multiplication and an addition are 2."""

    flops: int
    # operator that computes and is not in the count -> how often it was called; elementwise ones are never in it
    not_counted: Mapping[str, int]


@dataclass(frozen=True)
class Training:
    """The first stage of an ordinary fit; a method without such stages has none."""

    # windows or trips a step: the method's own option
    batch: int | None
    # from the end of one step to the end of the next, one epoch after the timed ones; None: the stage has too few epochs or steps
    step: Latency | None
    # of one whole step: batch, forward, backward, clipping, optimiser
    arithmetic: Arithmetic | None
    steps_an_epoch: int
    # mean seconds of all steps of an epoch, without validation, over `epochs` epochs after the first one; None: there is none
    epoch_s: float | None
    epochs: int
    # mean joules of such an epoch; None: nothing counts them here, or the epochs were too short
    epoch_j: float | None


@dataclass(frozen=True)
class Inference:
    """Predicting, or encoding, batches of one size; inputs lie on the device."""

    batch: int
    call: Latency
    arithmetic: Arithmetic
    # mean joules of a call; None as in `Training`
    call_j: float | None

    @property
    def per_s(self) -> float:
        """Windows or trips a second."""
        return 1000 * self.batch / self.call.mean_ms


@dataclass(frozen=True)
class Memory:
    """Peaks in MB (1e6 bytes); None: not counted here."""

    # resident, of all that was measured, data included, beyond an idle process that has torch loaded
    cpu_mb: float | None
    # allocated on the device by torch
    device_training_mb: float | None
    device_inference_mb: float | None


@dataclass(frozen=True)
class Timing:
    """What one method costs. It explains itself without any other file."""

    # the run whose fit was timed
    spec: RunSpec
    # of its tasks, the one whose inputs were shown, and what its inputs are: windows or trips
    task: str
    unit: str
    # hardware and versions: what differs in it is never ranked together
    machine: Mapping[str, Any]
    # the commit that it was measured with, and whether a file differed from it; not in the id
    code: Mapping[str, Any]
    # what a large matrix product reaches on this machine, right before the fit: 1e9 operations a second
    product_gflops: float
    parameters: int
    # the fitted state as `--keep` stores it
    checkpoint_mb: float
    training: Training | None
    # seconds of a fit that has no stages; None: it has
    fit_s: float | None
    # in the order of the asked batch sizes
    inference: tuple[Inference, ...]
    memory: Memory

    @property
    def parameter_mb(self) -> float:
        """The parameters as fp32, in MB (1e6 bytes)."""
        return BYTES * self.parameters / 1e6

    @property
    def product_share(self) -> float | None:
        """Of a training step's counted operations, as a share of what a large product does in the same time; None: no step was timed."""
        trained = self.training
        if not (trained and trained.step and trained.arithmetic and trained.step.median_ms):
            return None
        return trained.arithmetic.flops / (1e6 * trained.step.median_ms * self.product_gflops)

    @property
    def id(self) -> str:
        return timing_id(self.spec, self.task, self.machine, tuple(one.batch for one in self.inference))

    def to_json(self) -> dict[str, Any]:
        return {"schema": SCHEMA, "id": self.id, **asdict(self), "spec": self.spec.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Timing:
        """Of data that `files.TIMING` has checked."""
        rest = {key: value for key, value in data.items() if key not in ("schema", "id")}
        trained = rest["training"]
        return cls(**{
            **rest, "spec": RunSpec.from_json(rest["spec"]), "memory": Memory(**rest["memory"]),
            "training": trained and Training(**{**trained, "step": trained["step"] and Latency(**trained["step"]),
                                                "arithmetic": trained["arithmetic"] and Arithmetic(**trained["arithmetic"])}),
            "inference": tuple(Inference(**{**one, "call": Latency(**one["call"]), "arithmetic": Arithmetic(**one["arithmetic"])})
                               for one in rest["inference"])})


def timing_id(spec: RunSpec, task: str, machine: Mapping[str, Any], batches: tuple[int, ...]) -> str:
    """16 hex characters over all that defines a timing: the run, what is asked, hardware and versions."""
    said = json.dumps([SCHEMA, spec.id, task, dict(machine), batches], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]
