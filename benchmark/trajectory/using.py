"""A fitted encoder kept, made again without its trips, and used: a vector for each trip of a city of the same roads and cells."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import torch

from benchmark.contract import Fitted, RunContext
from benchmark.data.trajectory.city import TrajectoryCity
from benchmark.errors import UserError
from benchmark.trajectory.contract import TrajectoryEncoder
from benchmark.trajectory.cuts import TripTable, whole
from benchmark.trajectory.probes import vectors_of
from benchmark.trajectory.problem import Cells, CityProblem, Roads, TrajectoryProblem
from benchmark.trajectory.trips import Trips, TripView

SECONDS, DEGREES, NUMBER = torch.float32, torch.float64, torch.int64
VIEWS: Mapping[str, Mapping[str, torch.dtype]] = {
    "gps": {"time": SECONDS, "lon": DEGREES, "lat": DEGREES, "road": NUMBER, "cell": NUMBER, "step": NUMBER},
    "route": {"road": NUMBER, "time": SECONDS}, "grid": {"cell": NUMBER, "time": SECONDS}}


def places_fingerprint(card: Mapping[str, Any]) -> str:
    """16 hex characters over a city's roads, grid and zone: what gives the numbers of a trip their meaning."""
    files = {name: digest for name, digest in card["files"].items() if name.startswith("roads.")}
    return hashlib.sha256(json.dumps([files, card["grid"], card["zone"]], sort_keys=True).encode()).hexdigest()[:16]


def fitted_encoder(method: TrajectoryEncoder, cities: Sequence[TrajectoryCity], answers: Mapping[str, np.ndarray]) -> Fitted:
    """A fitted method as it is kept, with the roads and cells of its cities, and its probes' answers of the test trips and roads."""
    cards = {city.name: city.card for city in cities}
    facts: dict[str, Any] = {}
    tensors: dict[str, torch.Tensor] = {}
    for name, one in method.problem.cities.items():
        facts[name] = {"places": places_fingerprint(cards[name]), "rows": one.cells.rows, "columns": one.cells.columns,
                       "road_class": one.road_class is not None}
        parts = {f"{kind}/{part}": tensor for kind, holder in (("roads", one.roads), ("cells", one.cells))
                 for part, tensor in vars(holder).items() if isinstance(tensor, torch.Tensor)}
        if one.road_class is not None:
            parts["road_class"] = one.road_class
        tensors |= {f"{name}/{part}": tensor for part, tensor in parts.items()}
    return Fitted({"cities": facts}, tensors, dict(method.state_dict()), answers)


def rebuilt_problem(fitted: Fitted) -> TrajectoryProblem:
    """The problem of a kept encoder: roads and cells, without the trips that it learnt from and was stopped by."""
    def tensors(beginning: str) -> dict[str, torch.Tensor]:
        return {name.removeprefix(beginning): tensor for name, tensor in fitted.problem.items() if name.startswith(beginning)}

    def city(name: str, about: Mapping[str, Any]) -> CityProblem:
        cells = Cells(about["rows"], about["columns"], **tensors(f"{name}/cells/"))
        return CityProblem(name, Roads(**tensors(f"{name}/roads/")), cells, no_trips(name), no_trips(name),
                           fitted.problem[f"{name}/road_class"] if about["road_class"] else None)

    return TrajectoryProblem({name: city(name, about) for name, about in fitted.facts["cities"].items()})


def no_trips(city: str) -> Trips:
    """Trips of a city, of which there are none."""
    def view(dtypes: Mapping[str, torch.dtype]) -> TripView:
        return TripView(torch.zeros(1, dtype=torch.int64), {name: torch.zeros(0, dtype=dtype) for name, dtype in dtypes.items()})

    nothing = torch.zeros(0, dtype=torch.int64)
    return Trips(city, nothing, nothing, *(view(dtypes) for dtypes in VIEWS.values()))


@torch.no_grad()
def embed_trips(fitted: Fitted, method: TrajectoryEncoder, city: TrajectoryCity, run: RunContext) -> pd.DataFrame:
    """[trip, d] vectors of all trips of a city, whole and with all times, by trip id.

    Raises
    ------
    UserError: the roads or cells are not those of a city that the method was fitted to.
    """
    here = places_fingerprint(city.card)
    known = {about["places"]: name for name, about in fitted.facts["cities"].items()}
    if here not in known:
        raise UserError(f"City {city.name} (edition {city.edition}) has other roads or cells than {', '.join(known.values())}, which the "
                        f"method was fitted to (fingerprint {here} instead of {', '.join(known)}). Bring its trips on the same roads and "
                        "cells, or fit the method to this city with `stbench run`.")
    trips = replace(whole(TripTable(city), np.arange(len(city.trip_ids))), city=known[here])
    vectors = vectors_of(method, trips, run).numpy()
    return pd.DataFrame(vectors, index=pd.Index(city.trip_ids, name="trip_id"), columns=[f"v{k}" for k in range(vectors.shape[1])])
