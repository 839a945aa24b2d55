"""Records that are broken in every way that was met, each made of the same good one."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path

from made.forecasting_records import record

from benchmark.store.records import dumps

BAD = record("stid", 7, mae=77.0)


def changed(*path: str, value: object) -> str:
    """The text of the bad record with one value replaced, or removed where the value is ..."""
    data = copy.deepcopy(json.loads(dumps(BAD)))
    place = data
    for key in path[:-1]:
        place = place[key]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return json.dumps(data)


SUMS = ("sums", "taxi_pick", "observed")
BROKEN: dict[str, str | bytes] = {
    "empty": "", "half": dumps(BAD)[:500], "null": "null", "a list": "[]", "a number": "7", "an empty object": "{}",
    "deep": "[" * 100_000, "deep notes": changed("notes", "a", value=json.loads("[" * 50 + "]" * 50)), "not UTF-8": b'{"id": "\xff"}',
    "half a character": changed("notes", "a", value="\ud800"), "twice": dumps(BAD).replace('"status"', '"id": "x", "status"'),
    "long": dumps(BAD) + " " * 5_000_000,
    "many digits": changed("counts", "steps", value=0).replace('"steps": 0', f'"steps": {"9" * 6000}'),
    "no spec": changed("spec", value=...), "spec a list": changed("spec", value=[]), "no tasks": changed("spec", "tasks", value=[]),
    "no status": changed("status", value=...), "another status": changed("status", value="perhaps"),
    "a failed one": changed("status", value="failed"), "an error": changed("error", value={"kind": "a", "message": "b"}),
    "another seed": changed("spec", "seed", value=8), "a seed of text": changed("spec", "seed", value="7"),
    "another id": changed("id", value="0" * 16), "an id of a list": changed("id", value=[]), "another layout": changed("schema", value=1),
    "an unknown field": changed("more", value=1), "an unknown spec": changed("spec", "more", value=1),
    "an unknown family": changed("spec", "family", value="cooking"), "an unknown protocol": changed("spec", "protocol", value="lax"),
    "metrics a list": changed("metrics", value=[]), "a metric of text": changed("metrics", "taxi_pick", "mae", value="0"),
    "no error at all": changed("metrics", "taxi_pick", "mae", value=0.0), "NaN": changed("metrics", "taxi_pick", "mae", value=math.nan),
    "infinite": changed("metrics", "taxi_pick", "mae", value=1).replace('"mae": 1,', '"mae": 1e999,'),
    "no metric": changed("metrics", "taxi_pick", value={}), "an unknown metric": changed("metrics", "taxi_pick", "best", value=1.0),
    "another task": changed("metrics", "risk", value={"mae": 1.0}), "no sums": changed("sums", value={}),
    "no count": changed(*SUMS, "count", value=...), "a short sum": changed(*SUMS, "absolute", value=[1.0]),
    "negative": changed(*SUMS, "count", value=[-1.0] * 12), "sums of text": changed(*SUMS, "count", value="12"),
    "huge": changed(*SUMS, "count", value=[10**400] * 12),
    "more at least 1 than 0": changed("sums", "taxi_pick", "nonzero", value={**BAD.sums["taxi_pick"]["observed"], "count": [1.0] * 12}),
    "an impossible count": changed("counts", "taxi_pick", value={"test_windows": 1, "nodes": 60}),
    "days of a list": changed("days", value=[]),
    "days that do not add up": changed("days", value={"taxi_pick": {"first": "2016-01-01T00:00", "hours": 24,
                                                                         "sums": {"observed": {"count": [1]}}}}),
    "floors of numbers": changed("floors", value={"taxi_pick": 1}), "a city without tasks": changed("city", "tasks", value={}),
    "no unit": changed("city", "tasks", "taxi_pick", value={}), "a city of text": changed("city", value="nyc"),
    "asks of text": changed("notes", "asks", value="all"), "overrides of a list": changed("notes", "user_overrides", value=[1]),
    "a time of text": changed("timings", "total_s", value="long"),
}


def write(path: Path, content: str | bytes) -> None:
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
