"""Points of interest with their categories, located."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PointsOfInterest:
    """Located points: lon, lat are float64 [point] WGS84 degrees, category int64 [point] numbers in `POI_CATEGORIES`."""

    lon: np.ndarray
    lat: np.ndarray
    category: np.ndarray

    def __len__(self) -> int:
        return len(self.category)
