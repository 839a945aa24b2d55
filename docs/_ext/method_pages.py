"""A page a registered method, and the page that lists them."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from marks import code, line, options_table, prose, said, table

from benchmark.families import FAMILIES
from benchmark.registry import registry
from benchmark.report.listing import describe
from benchmark.report.listing import methods as rows

FACTS = ("paper", "family", "scope", "inputs", "parameters", "deterministic", "licence", "version", "registered in")
SHORT = ("parameters", "paper")

METHODS = Path(__file__).resolve().parents[1] / "methods.md"

HEAD = """# All methods

Made from the registry, as `stbench list methods` and `stbench show METHOD` tell it: one page a method, with every option. Where paper and
code disagree, and what a part is worth: [methods and their papers](methods.md).
"""


def pages() -> Iterator[tuple[str, str]]:
    """Those of the methods that come with stbench."""
    known = registry()
    ours = [row for row in rows() if not row["broken"] and not known.is_outside(row["method"])]
    parts = [HEAD]
    for family in FAMILIES:
        own = [row for row in ours if row["family"] == family]
        parts += [f"## {family.capitalize()}\n", table(("method", "what it is", *SHORT), (
            (f"[{row['method']}](method/{row['method']}.md)", line(row["summary"]), *(said(row[key]) for key in SHORT)) for row in own))]
    names = "\n".join(f"method/{row['method']}" for row in ours)
    yield "all-methods.md", "\n".join([*parts, f"```{{toctree}}\n:hidden:\n\n{names}\n```\n"])
    for row in ours:
        yield f"method/{row['method']}.md", _page(row["method"])


def _page(name: str) -> str:
    facts, cls = describe(name), registry().load(name)
    parts = [f"# {name}\n", f"{line(facts['summary'][:1].upper() + facts['summary'][1:])}.\n",
             "\n".join(f":{key}: {said(facts[key])}" for key in FACTS) + "\n",
             prose(inspect.getdoc(sys.modules[cls.__module__]) or ""), *_more(name),
             f"## Options\n\n`stbench run --method {name} --set OPTION=VALUE …`\n",
             options_table(facts["options"])]
    for what, meaning in (("presets", "What a budget changes, declared and in the record"),
                          ("ablations", "Parts that can be taken away, by `stbench ablate`"),
                          ("sweeps", "Options that are worth a sweep, by `stbench sweep`")):
        if what in facts:
            parts += [f"## {what.capitalize()}\n\n{meaning}.\n", table(("name", "options"), (
                (f"`{one}`", _values(given)) for one, given in facts[what].items()))]
    return "\n".join(parts)


def _more(name: str) -> list[str]:
    """Where the page on papers and code has a section on a method."""
    headings = re.findall(r"^## (.*)$", METHODS.read_text(encoding="utf-8"), re.MULTILINE)
    return [f"More: [{heading}, where paper and code disagree](../methods.md#{name})\n" for heading in headings if heading.lower() == name]


def _values(given: Mapping[str, Any] | list[Any]) -> str:
    """Overrides, or the values of one option."""
    if isinstance(given, Mapping):
        return ", ".join(f"`{key}={re.sub('`', '', code(value))}`" for key, value in given.items()) or "–"
    return ", ".join(map(code, given))
