"""What a bundle's description, its card and each of its records are, each alone.

The parts of a record that are free for whoever runs it are closed here as far as the engine itself fills them; a method's own notes are
free, and are texts and numbers like all others.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchmark.families import find_family
from benchmark.plain_json import parse_json
from benchmark.registry import registry
from benchmark.shapes import amount, anything, fields_of, link, one_of, or_none, text, whole
from benchmark.spec import PRESETS, Record
from benchmark.store.check import decode
from benchmark.store.managing import unfit
from benchmark.store.records import dumps
from benchmark.submission.bundle import LAYOUT, RECORD, SHAPE, Bundle, facts_of, yes_or_no
from benchmark.submission.texts import problem_of, problems_of

ENVIRONMENT = fields_of(
    {"stbench": text, "python": text, "torch": text, "device": text, "threads": whole},
    {"system": text, "cores": whole, "processor": text, "device_name": text, "cuda": or_none(text), "commit": or_none(text),
     "dirty": or_none(yes_or_no), "process_peak_mb": amount, "device_peak_mb": amount})
CITY = fields_of({}, dict.fromkeys(("name", "edition", "title", "source", "licence", "notes", "nodes", "graph", "size", "suite_tasks",
                                    "tasks", "cities"), anything))
TIMINGS = fields_of({}, dict.fromkeys(("fit_s", "predict_s", "total_s"), amount))
STATUS = one_of(("done",))


def description(content: bytes) -> Bundle:
    """The description of a bundle.

    Raises
    ------
    ValueError: it is none; the message goes on from its name.
    """
    said = parse_json(content)
    SHAPE(said, "")
    if said["layout"] != LAYOUT:
        raise ValueError(f"is of layout {said['layout']}; this version of stbench reads layout {LAYOUT}")
    if problem := next(problems_of(said), None):
        raise ValueError(problem)
    link(said["code"], "code")
    bundle = Bundle(**{key: value for key, value in said.items() if key != "layout"})
    if bundle.dumps().encode() != content:
        raise ValueError("is not written as `stbench submit pack` writes it")
    _not_of_another(bundle)
    return bundle


def _not_of_another(bundle: Bundle) -> None:
    """A name that is known here means the method that is known by it."""
    name = str(bundle.method["name"])
    if name in registry() and name not in registry().broken and facts_of(registry().info(name)) != bundle.method:
        raise ValueError(f"says other facts of {name} than the method of this name says ({registry().place(name)})")


def card_problems(content: bytes) -> Iterator[str]:
    """What is wrong with a card; each goes on from its name."""
    try:
        said = content.decode()
    except UnicodeDecodeError:
        yield "is not UTF-8"
        return
    if not said.strip():
        yield "is empty"
    if problem := problem_of(said, card=True):
        yield f"holds {problem}"


def record_of(name: str, content: bytes, bundle: Bundle) -> Record:
    """The record of a member.

    Raises
    ------
    ValueError: it cannot be in this bundle; the message goes on from its name.
    """
    data = parse_json(content)
    record = decode(data)
    spec, named = record.spec, RECORD.fullmatch(name)
    assert named is not None
    if named.groups() != (spec.suite, spec.method, spec.id):
        raise ValueError(f"is of another run than its name says: records/{spec.suite}/{spec.method}/{spec.id}.json")
    STATUS(record.status, "status")
    counts = fields_of({}, dict.fromkeys(("parameters", "epochs", "steps", *spec.tasks), anything))
    for check, part in ((ENVIRONMENT, "environment"), (CITY, "city"), (TIMINGS, "timings"), (counts, "counts")):
        check(data[part], part)
    if problem := next(problems_of(data), None):
        raise ValueError(problem)
    if dumps(record).encode() != content:
        raise ValueError("is not written as stbench writes records")
    if reason := unfit(record):
        raise ValueError(f"is not published: {reason}")
    _fits(record, bundle)
    return record


def _fits(record: Record, bundle: Bundle) -> None:
    """A record is of the bundle's method, under the rules of this version."""
    spec, facts = record.spec, bundle.method
    family = find_family(spec.family)
    for what, its, expected in (("method", spec.method, facts["name"]), ("family", spec.family, facts["family"]),
                                ("version of the method", spec.method_version, facts["version"])):
        if its != expected:
            raise ValueError(f"is of the {what} {its}, and the bundle of {expected}")
    if spec.protocol_version != (version := family.protocol(spec.protocol).version):
        raise ValueError(f"is of protocol {spec.protocol}@{spec.protocol_version}; this version of stbench has {spec.protocol}@{version}")
    if spec.budget != (budget := PRESETS[spec.preset].budget(family.counts)):
        raise ValueError(f"has the budget {dict(spec.budget)}, and preset {spec.preset} has {budget}")
