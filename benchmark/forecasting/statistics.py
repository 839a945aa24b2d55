"""What a forecasting city is in numbers, by task, as papers tabulate it."""

from __future__ import annotations

from benchmark.data.forecasting.city import ForecastingCity

# units of what raw trips were counted to
OF_TRIPS = ("trips", "persons")


def data_statistics(city: ForecastingCity) -> dict[str, dict[str, float | str]]:
    """Task → records_thousands (where the card counts the raw trips), time_span, regions, time_steps, time_interval_minutes, and the mean
    and the share of zeros of its observed entries."""
    found: dict[str, dict[str, float | str]] = {}
    for task, card in city.card["tasks"].items():
        series = city.series(task)
        seen = series.values[series.observed]
        trips = city.card["notes"].get("trips") if card["unit"].startswith(OF_TRIPS) else None
        first, last = (moment[:10] for moment in card["span"].split("/"))
        found[task] = {**({} if trips is None else {"records_thousands": trips / 1000}), "time_span": f"{first}/{last}",
                       "regions": series.values.shape[1], "time_steps": series.steps,
                       "time_interval_minutes": series.clock.interval_minutes,
                       **({"mean_value": float(seen.mean(dtype="float64")), "zero_share": float((seen == 0).mean())} if seen.size else {})}
    return found
