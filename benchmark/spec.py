"""What defines a run before it starts: preset and spec; and the record it leaves. All frozen, JSON both ways."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from benchmark.errors import UserError, unknown

# of the records' layout; it never enters an id
SCHEMA = 2
# name of the mark on a field that was born later: what the code did before the field existed
AS_BEFORE = "as_before"
# seeds of one request, and the largest one that every generator takes
MOST_SEEDS = 1000
LARGEST_SEED = 2**32 - 1


def born_later(default: Any, as_before: Any) -> Any:
    """A field of options, of a preset or of `RunSpec` that was added after records were published.

    It leaves the hash wherever it equals `as_before`, which is what the code did before the field existed and never changes, whatever
    becomes of its default. So a new field orphans no record. default: a value, or what `ranged` of a value gives.

    >>> @dataclass(frozen=True)
    ... class Options:
    ...     width: int = 64
    ...     # weight of a loss that older runs did not have
    ...     weight: float = born_later(0.5, as_before=0.0)
    >>> without_unborn(Options, {"width": 64, "weight": 0.0})
    {'width': 64}
    """
    given = default if isinstance(default, dataclasses.Field) else field(default=default)
    return field(default=given.default, metadata={**given.metadata, AS_BEFORE: as_before})


def without_unborn(cls: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values without the later-born fields of a dataclass that equal what was done before."""
    before = as_before(cls)
    return {key: value for key, value in values.items() if not (key in before and _plain(value) == _plain(before[key]))}


def as_before(cls: type) -> dict[str, Any]:
    """Later-born field → what the code did before it existed."""
    return {f.name: f.metadata[AS_BEFORE] for f in dataclasses.fields(cls) if AS_BEFORE in f.metadata}


def _plain(value: Any) -> str:
    """Equal text for what is equal in JSON: tuples are lists."""
    return json.dumps(value, sort_keys=True)


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
    # trips of a city that an encoder learns from, and labelled ones that a probe learns from
    unlabelled_trips: int | None = None
    labelled_trips: int | None = None

    def budget(self, counts: Sequence[str]) -> dict[str, int | None]:
        """The epochs, and the other counts that bind a family's methods."""
        return without_unborn(type(self), {count: getattr(self, count) for count in ("epochs", *counts)})


PRESETS = {
    "smoke": Preset("smoke", "seconds, for tests", "smoke", epochs=2, epoch_windows=128, validation_windows=32, unlabelled_trips=200,
                    labelled_trips=100),
    "quick": Preset("quick", "minutes on two cores", "quick", epochs=6, epoch_windows=1280, validation_windows=256,
                    unlabelled_trips=6000, labelled_trips=4000),
    # for a method of GWNET's cost 800 steps of 64 windows a task: 20 to 30 minutes a seed and suite on one core
    "medium": Preset("medium", "20 to 60 minutes a seed and suite on one core, for conclusions", "medium", epochs=20, epoch_windows=2560,
                     validation_windows=512, unlabelled_trips=10_000, labelled_trips=12_000),
    "full": Preset("full", "the method's whole recipe", "full"),
}


def find_preset(name: str) -> Preset:
    """A preset by name."""
    if name not in PRESETS:
        raise unknown("preset", name, PRESETS)
    return PRESETS[name]


def seeds_of(given: int | Sequence[int], name: str = "seeds") -> tuple[int, ...]:
    """A number of seeds (5: 0 to 4), or the seeds themselves.

    Raises
    ------
    UserError: none, too many, a seed twice, or one that is no whole number from 0 to `LARGEST_SEED`; nothing of that size is made.
    """
    count = given if isinstance(given, int) else len(given)
    seeds = tuple(range(given) if isinstance(given, int) else given) if 0 < count <= MOST_SEEDS else ()
    if not seeds or len(set(seeds)) < count or not all(isinstance(one, int) and 0 <= one <= LARGEST_SEED for one in seeds):
        said = str(given) if isinstance(given, int) else ",".join(map(str, given[:8])) + ",…" * (count > 8)
        raise UserError(f"{name} takes a number (5 means 0 to 4) or a list of different seeds from 0 to {LARGEST_SEED} (0,3,7), at most "
                        f"{MOST_SEEDS} of them, got '{said}'.")
    return seeds


@dataclass(frozen=True)
class RunSpec:
    """One fit under one seed; its hash is the run's id."""

    # of the method; the method's name says as much, so it never enters the hash
    family: str
    method: str
    method_version: int
    # every option, resolved; one that was born later is absent where it equals what was done before
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
    # the preset's counts for the suite's family
    budget: Mapping[str, int | None]
    seed: int
    scenario: str = "standard"
    # SHA-256 of the file that holds the method's class, where it is of no package
    file: str = born_later("", as_before="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "tasks", tuple(self.tasks))
        object.__setattr__(self, "options", json.loads(json.dumps(dict(self.options))))
        object.__setattr__(self, "budget", dict(self.budget))

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def id(self) -> str:
        """16 hex characters over all that can change a result."""
        said = without_unborn(type(self), {key: value for key, value in asdict(self).items() if key != "family"})
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        return without_unborn(type(self), asdict(self))

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
    # task -> the metrics' values; a task that the method cannot do is absent
    metrics: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    # task -> mask -> sum name -> one float64 a horizon: any average can be made again from these
    sums: Mapping[str, Mapping[str, Mapping[str, list[float]]]] = field(default_factory=dict)
    # task -> {first, hours, sums}: (sum, count) by local day of the targets, or by start hour of the trips (`benchmark.days`); a later-born
    # field, absent from the text of a record that has none
    days: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, metadata={AS_BEFORE: {}})
    # task -> floor -> the metrics' values: what knows nothing of the method's inputs reaches on the same test part
    floors: Mapping[str, Mapping[str, Mapping[str, float | None]]] = field(default_factory=dict)
    # parameters, epochs, steps, windows
    counts: Mapping[str, Any] = field(default_factory=dict)
    # seconds: fit, predict, total
    timings: Mapping[str, float] = field(default_factory=dict)
    # versions, commit, device, threads, memory
    environment: Mapping[str, Any] = field(default_factory=dict)
    # what the method and the engine want known: declared overrides, graph, frozen shares, warnings
    notes: Mapping[str, Any] = field(default_factory=dict)
    # kind, message, traceback tail of a failed run
    error: Mapping[str, str] | None = None

    def to_json(self) -> dict[str, Any]:
        data = without_unborn(type(self), {f.name: getattr(self, f.name) for f in fields(self)})
        return {"schema": SCHEMA, "id": self.spec.id, **data, "spec": self.spec.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Record:
        if isinstance(data, Mapping) and "spec" in data and (schema := data.get("schema", 1)) != SCHEMA:
            raise UserError(f"The record is of layout {schema}; this version of stbench reads layout {SCHEMA}.")
        rest = {key: value for key, value in data.items() if key not in ("schema", "id", "spec")}
        return cls(spec=RunSpec.from_json(data["spec"]), **rest)
