"""Predictions of a bundle, scored again: against the truth of the city itself, as the run was scored."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from benchmark import lazy
from benchmark.errors import UserError
from benchmark.families import find_family
from benchmark.metrics import METRICS
from benchmark.spec import Record
from benchmark.store.check import METRIC_TOLERANCE
from benchmark.submission.data import cities_of
from benchmark.submission.texts import shown
from benchmark.suites.catalogue import built_in, suites
from benchmark.suites.cities import locate

if TYPE_CHECKING:
    import numpy as np

    from benchmark.contract import Measured, Measurer

END = ".predictions"


def packed(arrays: Mapping[str, np.ndarray], record: Record) -> bytes:
    """The predictions of a run as a member.

    Raises
    ------
    UserError: it keeps no forecasts.
    """
    import numpy as np
    from safetensors.numpy import save

    kept = {name: np.ascontiguousarray(array, np.float32) for name, array in sorted(arrays.items()) if name.endswith(END)}
    if set(kept) != {f"{task}{END}" for task in record.metrics}:
        raise UserError(f"Run {record.spec.id} keeps no forecasts of its tasks; leave --predictions out.")
    return save(kept)


def unpacked(content: bytes, record: Record) -> dict[str, np.ndarray]:
    """Task → [window, horizon, node].

    Raises
    ------
    ValueError: they are not those of the record's tasks; the message goes on from a name.
    """
    import numpy as np
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = load(content)
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise ValueError(f"is no safetensors file ({error})") from None
    if set(arrays) != {f"{task}{END}" for task in record.metrics}:
        raise ValueError(f"holds {', '.join(map(shown, sorted(arrays)[:8])) or 'nothing'}, and not the predictions of "
                         f"{', '.join(record.metrics)}")
    for name, array in arrays.items():
        if array.dtype != np.float32 or array.ndim != 3:
            raise ValueError(f"holds {name} as {array.dtype} of {array.ndim} dimensions, and not as float32 [window, horizon, node]")
        if not np.isfinite(array).all():
            raise ValueError(f"holds a number in {name} that is not finite")
    return {name.removesuffix(END): array for name, array in arrays.items()}


def rescored(record: Record, predicted: Mapping[str, np.ndarray], *, ours: bool = True) -> Measured | None:
    """What predictions are worth on the test part of the run's own data; None: the data are not here.

    ours: only data of suites that come with stbench.

    Raises
    ------
    UserError, BadPrediction: they are no forecasts, or are not those that the run was asked for.
    """
    spec = record.spec
    suite = (built_in() if ours else suites()).get(spec.suite)
    cities = cities_of(suite, spec) if suite is not None else None
    if cities is None:
        return None
    measurer: Measurer = lazy.load(find_family(spec.family).measurer)
    return measurer.rescore(spec, [measurer.open_city(locate(ref)) for ref in cities.refs], predicted)


def prediction_problem(content: bytes, record: Record) -> tuple[str | None, bool]:
    """(why predictions are not those of a record, going on from a name; whether they were scored again)."""
    try:
        predicted = unpacked(content, record)
    except ValueError as error:
        return str(error), True
    from benchmark.contract import BadPrediction

    try:
        made = rescored(record, predicted)
    except (BadPrediction, UserError) as error:
        return f"is not what the run was asked for: {str(error).rstrip('.')}", True
    if made is None:
        return None, False
    for task, values in record.metrics.items():
        for metric, said in values.items():
            told = made.metrics[task].get(metric)
            if metric in METRICS and not same(said, told):
                return f"gives {metric} {told} of {task}, and the record says {said}", True
    return None, True


def same(one: float | None, other: float | None) -> bool:
    """Whether two values of a metric are equal but for rounding."""
    return one == other or (one is not None and other is not None and math.isclose(one, other, rel_tol=METRIC_TOLERANCE))
