"""What a forecasting city is in numbers, by task, as papers tabulate it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmark.data.forecasting.totals import Totals

# units of what raw trips were counted to
OF_TRIPS = ("trips", "persons")


def data_statistics(card: Mapping[str, Any], totals: Mapping[str, Totals]) -> dict[str, dict[str, float | str]]:
    """Task → records_thousands (where the card counts the raw trips), time_span, regions, time_steps, time_interval_minutes, and the mean
    and the share of zeros of its observed entries; totals: of each task."""
    found: dict[str, dict[str, float | str]] = {}
    for task, about in card["tasks"].items():
        total, seen = totals[task], int(totals[task].step_counts.sum())
        trips = card["notes"].get("trips") if about["unit"].startswith(OF_TRIPS) else None
        # rows that no rule of cleaning left out
        trips = trips.get("kept") if isinstance(trips, Mapping) else trips
        first, last = (moment[:10] for moment in about["span"].split("/"))
        found[task] = {**({} if trips is None else {"records_thousands": trips / 1000}), "time_span": f"{first}/{last}",
                       "regions": len(total.node_sums), "time_steps": len(total.step_sums),
                       "time_interval_minutes": about["clock"]["interval_minutes"],
                       **({"mean_value": float(total.step_sums.sum() / seen), "zero_share": total.zeros / seen} if seen else {})}
    return found
