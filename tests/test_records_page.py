"""docs/records.md explains every field of a record, and what it shows is published."""

import inspect
import json
import re
from dataclasses import fields

from made.pages import ROOT, blocks, links

from benchmark.execution import environment
from benchmark.metrics import METRICS
from benchmark.registry import registry
from benchmark.spec import Record, RunSpec

PAGE = ROOT / "docs" / "records.md"
SECTIONS = {head.partition(":")[0]: text for head, text in re.findall(r"^## ([^\n]*)\n(.*?)(?=^## |\Z)", PAGE.read_text(encoding="utf-8"),
                                                                     re.DOTALL | re.MULTILINE)}
PUBLISHED = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "results" / "runs").glob("*/*/*.json"))]


def explained(section):
    """The names in the first column of a section's tables."""
    return {name for cell in re.findall(r"^\| ([^|]*) \|", SECTIONS[section], re.MULTILINE) for name in re.findall(r"`(\w+)`", cell)}


def part_of(shown, whole):
    """Whether what is shown stands in the whole; lists whole."""
    return all(key in whole and part_of(shown[key], whole[key]) for key in shown) if isinstance(shown, dict) else shown == whole


def test_every_field_of_a_record_and_of_a_spec_is_explained_and_no_other():
    assert explained("The whole") == {"schema", "id", *(field.name for field in fields(Record))}
    assert explained("spec") == {field.name for field in fields(RunSpec)}


def test_every_metric_every_mask_and_every_sum_is_explained():
    section = explained("metrics, sums, days and floors")
    assert set(METRICS) <= section
    assert {metric.mask for metric in METRICS.values()} <= set(re.findall(r"`(\w+)`", SECTIONS["metrics, sums, days and floors"]))
    assert {name for one in PUBLISHED for masks in one["sums"].values() for sums in masks.values() for name in sums} <= section


def test_what_published_records_say_of_data_cost_and_notes_is_explained():
    tasks = {task for one in PUBLISHED for task in one["city"]["suite_tasks"]}  # those of cities that are not shipped too
    methods = set(registry().names())
    cost = explained("counts, timings and environment")
    assert len(PUBLISHED) > 200
    for one in PUBLISHED:
        counts = one["counts"]
        assert set(one["city"]) <= explained("city")
        assert set(counts) - tasks <= cost
        assert {name for task in set(counts) & tasks for name in counts[task]} <= cost
        assert set(one["timings"]) | set(one["environment"]) <= cost
    # the engine's own notes are in the records of many methods; what one family of methods says stands under its name
    saying = {}
    for one in PUBLISHED:
        for name in one["notes"]:
            saying.setdefault(name, set()).add(one["spec"]["method"])
    assert {name for name, those in saying.items() if len(those) > 2} - methods <= explained("notes")


def test_what_the_engine_may_say_of_a_machine_is_explained():
    said = set(re.findall(r'"([a-z_]+)":|\["([a-z_]+)"\]', inspect.getsource(environment)))
    named = {first or second for first, second in said}
    assert {"device_name", "device_peak_mb", "commit"} <= named
    assert named <= set(re.findall(r"`(\w+)`", SECTIONS["counts, timings and environment"]))


def test_what_the_page_shows_stands_in_the_published_record_that_it_names():
    (path,) = [target for target in links(PAGE) if target.endswith(".json")]
    record = json.loads((PAGE.parent / path).read_text(encoding="utf-8"))
    shown = [json.loads(text) for text in blocks(PAGE, "json")]
    assert len(shown) == 3
    assert all(part_of(one, record) for one in shown)
    late = record["sums"]["late"]["observed"]
    assert sum(late["absolute"]) / sum(late["count"]) == record["metrics"]["late"]["mae"]
    assert f"{sum(late['absolute']):,.1f} over {sum(late['count']):,.0f} entries" in PAGE.read_text(encoding="utf-8")
