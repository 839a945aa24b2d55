"""Results → the text of every file of the site. The same results give the same bytes."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmark.errors import UserError
from benchmark.plain_json import BadFile, leave_out, read_json
from benchmark.report.report_parts import city_cards, environments
from benchmark.report.site.board import board, groups_of, leaders, metric_facts, opening
from benchmark.report.site.maps import maps_of
from benchmark.report.site.method import method_page
from benchmark.report.site.pages import HERE, templates
from benchmark.report.site.text import file_name, safe_link, script
from benchmark.report.table import Table, make_tables
from benchmark.spec import Record
from benchmark.store.records import Store
from benchmark.store.submissions import submissions
from benchmark.suites.catalogue import built_in

# what must be one in a ranking → what its choice is called
CHOICES = {"version": "suite version", "edition": "data", "protocol": "protocol", "preset": "preset", "scenario": "scenario",
           "differs": "budget"}
# what lies beside a record whose epochs are published
HISTORY = ".history.json"


def site_files(results: Path, docs: str = "") -> Iterator[tuple[str, bytes]]:
    """(path, content) of every file of the site of a folder of results: its `runs`, and its `submissions` if there are any.

    Parameters
    ----------
    docs: where the documentation lies, relative to the site; empty: it is not beside it.

    Raises
    ------
    UserError: jinja2 is missing, or there is no record. A broken record is named on stderr and left out.
    """
    pages, store = templates(), Store(results / "runs")
    tables, submitted = make_tables(store, None), {name: asdict(one) for name, one in submissions(results).items()}
    if not tables:
        raise UserError(f"There are no records in {store.root}; a leaderboard is made of published ones. `stbench results promote` "
                        "publishes those of this checkout.")
    records: dict[str, dict[str, Record]] = defaultdict(dict)
    for table in tables:
        for row in table.rows:
            records[table.suite_name] |= {record.spec.id: record for record in row.runs}
    suites = [_about(suite, [table for table in tables if table.suite_name == suite], list(own.values()))
              for suite, own in sorted(records.items())]
    methods = sorted({record.spec.method for own in records.values() for record in own.values()})
    named = [{"name": name, "page": file_name(name)} for name in methods]

    def page(template: str, root: str, here: str = "", **given: Any) -> bytes:
        """Of a template; root: the way to the index, here: the suite whose page it is."""
        return (pages.get_template(template).render(root=root, suites=suites, here=here, **given).rstrip() + "\n").encode()

    yield "index.html", page("index.html", "", docs=docs.strip("/"), records=sum(map(len, records.values())), methods=named)
    yield "record.html", page("record.html", "")
    for suite in suites:
        yield f"suites/{suite['page']}.html", page("suite.html", "../", suite=suite, here=suite["page"], choices=CHOICES.items(),
                                                   **_data(list(records[suite["name"]].values())))
        yield f"data/{suite['page']}.js", _suite_script(suite, tables, submitted)
    for name in methods:
        yield f"methods/{file_name(name)}.html", page("method.html", "../", method=method_page(name, tables, submitted.get(name)))
    yield "data/metrics.js", ("window.stbench = {};\n" + script("stbench.metrics", metric_facts())).encode()
    yield from _record_files(store, [record for own in records.values() for record in own.values()], submitted)
    for path in sorted([*(HERE / "static").iterdir(), *(HERE / "vendor").glob("*.*")]):
        yield f"static/{path.name}" if path.suffix != ".md" else "static/tabulator.md", path.read_bytes()


def _about(suite: str, tables: Sequence[Table], records: Sequence[Record]) -> dict[str, Any]:
    """What the list of suites says of one."""
    groups, known = groups_of(tables), built_in()
    first = groups[opening(groups)]
    title = known[suite].title if suite in known else "A suite that does not come with stbench."
    return {"name": suite, "page": file_name(suite), "title": title,
            "records": len(records), "methods": len({record.spec.method for record in records}),
            "setting": first[0].title.partition(" · ")[2], "leaders": leaders(first)}


def _data(records: Sequence[Record]) -> dict[str, Any]:
    """Cards, maps and environments of a suite."""
    cards = city_cards(records)
    maps, unmapped = maps_of(cards)
    return {"cards": cards, "maps": maps, "unmapped": unmapped, "environments": environments(records)}


def _suite_script(suite: Mapping[str, Any], tables: Sequence[Table], submitted: Mapping[str, Mapping[str, Any]]) -> bytes:
    own = [table for table in tables if table.suite_name == suite["name"]]
    methods = {row.method for table in own for row in table.rows}
    listed = {method: {"code": safe_link(one.get("code")), "author_verified": safe_link(one.get("author_verified")),
                       "reproduced": one.get("reproduced") or {}} for method, one in submitted.items() if method in methods}
    return "".join([script("stbench.suite", {"name": suite["name"], "page": suite["page"]}), script("stbench.board", board(own)),
                    script("stbench.submitted", listed)]).encode()


def _record_files(store: Store, records: Sequence[Record], submitted: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, bytes]]:
    """Every record as it lies in the store, and those of a suite and method together as a script."""
    together: dict[str, dict[str, Any]] = defaultdict(dict)
    for record in sorted(records, key=lambda one: (one.spec.suite, one.spec.method, one.spec.id)):
        path, spec = store.path(record.spec), record.spec
        content = path.read_bytes()
        place = f"records/{file_name(spec.suite)}/{file_name(spec.method)}"
        yield f"{place}/{spec.id}.json", content
        again = (submitted.get(spec.method, {}).get("reproduced") or {}).get(spec.id)
        together[place][spec.id] = {"record": json.loads(content), "history": _history(path.with_suffix(HISTORY)), "reproduced": again}
    for place, own in together.items():
        yield f"{place}.js", script("stbench.records", own).encode()


def _history(path: Path) -> dict[str, list[float]] | None:
    """Task → validation error of every epoch; None: it is not published."""
    try:
        entries = read_json(path)
    except FileNotFoundError:
        return None
    except BadFile as error:
        leave_out(error)
        return None
    curves: dict[str, list[float]] = defaultdict(list)
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(loss := entry.get("validation_loss"), int | float):
            curves[str(entry.get("task", "whole fit"))].append(loss)
    return dict(curves) or None
