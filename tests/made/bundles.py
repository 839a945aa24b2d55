"""Bundles that are hostile in every way that was thought of, each made of the same good one by one small change."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import pickle
import shutil
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from benchmark.spec import RunSpec
from benchmark.store.managing import zipped
from benchmark.store.records import Store
from benchmark.submission.bundle import CARD, DESCRIPTION
from benchmark.submission.packing import About, pack

ROOT = Path(__file__).resolve().parents[2]
CODE = "https://example.org/somebody/stid"
Files = dict[str, bytes]


def good_bundle(folder: Path) -> Path:
    """The published records of one method on the data that ship, as their author would pack them: nothing of it is made up."""
    shutil.copytree(ROOT / "results" / "runs" / "flights" / "stid", folder / "local" / "flights" / "stid")
    pack("stid", About(CODE), Store(folder / "local"), folder / "good.zip", None, {}, presets=("quick",))
    return folder / "good.zip"


def files_of(bundle: Path) -> Files:
    with zipfile.ZipFile(bundle) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def records_of(files: Files) -> list[str]:
    return sorted(name for name in files if name.startswith("records/"))


def listed(files: Files) -> Files:
    """With a description that lists what there is, so that the next thing is looked at."""
    said = json.loads(files[DESCRIPTION])
    said["files"] = {name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
                     for name, content in files.items() if name != DESCRIPTION}
    return {**files, DESCRIPTION: (json.dumps(said, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()}


def layout(data: object) -> bytes:
    """As stbench writes a record."""
    from benchmark.store.records import _layout

    return (_layout(data, 0) + "\n").encode()


# what one change of a bundle gives: a whole file
Change = Callable[[Files], bytes]


def of_record(change: Callable[[dict], object], number: int = 0, write: Callable[[object], bytes] = layout) -> Change:
    """One record is another, under the name that it then has."""
    def made(files: Files) -> bytes:
        name = records_of(files)[number]
        data = copy.deepcopy(json.loads(files[name]))
        data = change(data) or data
        rest = {other: content for other, content in files.items() if other != name}
        return zipped(listed({**rest, renamed(name, data): write(data)}))
    return made


def renamed(name: str, data: dict) -> str:
    """The id is that of the spec, if the spec still is one."""
    try:
        data["id"] = RunSpec.from_json(data["spec"]).id
        return f"records/{data['spec']['suite']}/{data['spec']['method']}/{data['id']}.json"
    except TypeError:
        return name


def of_description(change: Callable[[dict], None]) -> Change:
    def made(files: Files) -> bytes:
        said = json.loads(files[DESCRIPTION])
        change(said)
        return zipped({**files, DESCRIPTION: (json.dumps(said, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()})
    return made


def of_files(change: Callable[[Files], object], *, lists: bool = True) -> Change:
    def made(files: Files) -> bytes:
        files = dict(files)
        change(files)
        return zipped(listed(files) if lists else files)
    return made


def of_text(name: str, change: Callable[[bytes], bytes]) -> Change:
    """The bytes of one member, or of the first record, are others."""
    def made(files: Files) -> bytes:
        name_ = name or records_of(files)[0]
        changed = {**files, name_: change(files[name_])}
        return zipped(changed if name_ == DESCRIPTION else listed(changed))
    return made


def of_member(name: str, content: bytes = b"x", packed: int = zipfile.ZIP_DEFLATED, **facts: object) -> Change:
    """One more member, with such a head."""
    def made(files: Files) -> bytes:
        buffer = io.BytesIO(zipped(listed({**files, name: content}) if name not in files else files))
        clean = zipfile.ZipFile(buffer)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for info in clean.infolist():
                if info.filename != name:
                    archive.writestr(info, clean.read(info.filename), zipfile.ZIP_DEFLATED)
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            for fact, value in facts.items():
                setattr(info, fact, value)
            archive.writestr(info, content, packed)
        return out.getvalue()
    return made


def put(*path: str, value: object) -> Callable[[dict], None]:
    """Sets, or removes where the value is ..., one value of nested data."""
    def change(data: dict) -> None:
        for key in path[:-1]:
            data = data[key]
        if value is ...:
            del data[path[-1]]
        else:
            data[path[-1]] = value
    return change


def better(data: dict) -> None:
    """A smaller error than the sums tell."""
    task = next(iter(data["metrics"]))
    data["metrics"][task]["mae"] *= 0.9


def easier(data: dict) -> None:
    """Fewer targets: the hardest tenth is left out of sums, days and metrics alike."""
    from benchmark.metrics import values

    for task, masks in data["sums"].items():
        for parts in masks.values():
            parts["count"] = [float(int(count * 0.9)) for count in parts["count"]]
        data["metrics"][task] = values(masks)
    del data["days"]


def copied_seed(files: Files) -> None:
    """Seed 1 is seed 0 under another number."""
    by_seed = {(data["spec"]["tasks"][0], data["spec"]["seed"]): (name, data) for name in records_of(files)
               for data in [json.loads(files[name])]}
    task = next(task for task, _ in by_seed)
    (name, _), (_, data) = by_seed[task, 1], by_seed[task, 0]
    del files[name]
    data["spec"]["seed"] = 1
    renamed_to = renamed("", data)
    files[renamed_to] = layout(data)


def shifted_seeds(files: Files) -> None:
    """Seed 0 of everything was not liked."""
    for name in records_of(files):
        if json.loads(files[name])["spec"]["seed"] == 0:
            del files[name]


def without_task(files: Files) -> None:
    for name in records_of(files):
        if json.loads(files[name])["spec"]["tasks"] == ["late"]:
            del files[name]


def as_text(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        assert old in content
        return content.replace(old, new, 1)
    return change


def pickled() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, a=np.array([{"a": 1}], dtype=object))
    return buffer.getvalue()


def predictions(files: Files, content: Callable[[str], bytes]) -> None:
    """Predictions of the first record. content: of its task."""
    data = json.loads(files[records_of(files)[0]])
    files[f"predictions/{data['id']}.safetensors"] = content(data["spec"]["tasks"][0])


def zeros(task: str) -> bytes:
    return save({f"{task}.predictions": np.random.default_rng(0).random((3, 12, 100), dtype=np.float32)})


def lying_size(files: Files) -> bytes:
    """The list says that a member is short; it is not."""
    content = bytearray(of_member("records/flights/stid/0123456789abcdef.json", b"0" * 20_000, zipfile.ZIP_DEFLATED)(files))
    entry = content.rindex(b"PK\x01\x02")
    struct.pack_into("<L", content, entry + 24, 100)
    return bytes(content)


def overlapping(files: Files) -> bytes:
    """Two members over the same bytes."""
    content = bytearray(zipped(files))
    first = content.index(b"PK\x01\x02")
    second = content.index(b"PK\x01\x02", first + 4)
    struct.pack_into("<L", content, second + 42, struct.unpack_from("<L", content, first + 42)[0])
    return bytes(content)


def twice(files: Files) -> bytes:
    buffer = io.BytesIO(zipped(files))
    with zipfile.ZipFile(buffer, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr(zipfile.ZipInfo(CARD), b"another")
    return buffer.getvalue()


def many(files: Files) -> bytes:
    return zipped({**files, **{f"records/flights/stid/{k:016x}.json": b"{}" for k in range(5001)}})


def zip64(files: Files) -> bytes:
    """The end says as many members as it can."""
    content = bytearray(zipped(files))
    struct.pack_into("<HH", content, len(content) - 14, 0xFFFF, 0xFFFF)
    return bytes(content)


def encrypted(files: Files) -> bytes:
    """Both heads of the card say that it is."""
    content = bytearray(zipped(files))
    for sign, length, flags in ((b"PK\x03\x04", 30, 6), (b"PK\x01\x02", 46, 8)):
        at = content.index(sign)
        while content[at + length :][: len(CARD)] != CARD.encode():
            at = content.index(sign, at + 4)
        struct.pack_into("<H", content, at + flags, 1)
    return bytes(content)


def in_utf_16(content: bytes) -> bytes:
    return content.decode().encode("utf-16")


FIRST = ""
DEEP = json.loads("[" * 40 + "]" * 40)
# what is wrong -> how it is made, and words of the sentence that refuses it
HOSTILE: dict[str, tuple[Change, str]] = {
    # the file
    "no zip": (lambda files: b"PK nothing", "does not end as a zip file"),
    "empty": (lambda files: b"", "does not end as a zip file"),
    "a comment at its end": (lambda files: zipped(files)[:-2] + b"\x04\x00evil", "does not end as a zip file"),
    "something before it": (lambda files: b"#!/bin/sh\n" + zipped(files), "bytes that belong to no member"),
    "too many members": (many, "lists more than 5,000 members"),
    "more members than it can say": (zip64, "lists more than 5,000 members"),
    "members over each other": (overlapping, r"\.json|no member"),
    "a member twice": (twice, r"card\.md is in the bundle 2 times"),
    # names of members
    "a path that leads out": (of_member("records/../../evil.json"), r"records/\.\./\.\./evil\.json has a name that leads out"),
    "an absolute path": (of_member("/etc/passwd"), "/etc/passwd has an absolute path"),
    "a drive": (of_member("C:evil.json"), "C:evil.json has an absolute path"),
    "a backslash": (of_member("records\\flights\\x.json"), "has a backslash in its name"),
    "capital letters": (of_member("CARD.md"), r"CARD\.md is no part of a bundle"),
    "a sign that turns text": (of_member("card\u202e.md"), "signs that are no plain letters"),
    "a file of its own": (of_member("run.sh"), r"run\.sh is no part of a bundle"),
    "an archive within": (of_member("records/more.zip"), r"records/more\.zip is an archive"),
    "a pickle in an npz": (of_member("predictions/0123456789abcdef.npz", pickled()), "may hold pickled objects"),
    "a pickle": (of_member("predictions/0123456789abcdef.pkl", pickle.dumps([1])), "may hold pickled objects"),
    # kinds of members
    "a link": (of_member(CARD, b"/etc/passwd", external_attr=(stat.S_IFLNK | 0o777) << 16), r"card\.md is a link"),
    "a device": (of_member(CARD, b"", external_attr=(stat.S_IFCHR | 0o600) << 16), r"card\.md is no plain file"),
    "a folder": (of_member("records/flights/", b"", external_attr=0x10), "records/flights/ is"),
    "encrypted": (encrypted, r"card\.md is encrypted"),
    "a bomb": (of_member(CARD, b" " * 60_000), r"card\.md is \d+ times as long as"),
    "a large member": (of_member(CARD, np.random.default_rng(0).bytes(70_000)), r"card\.md has 70,000 bytes"),
    "a member longer than it says": (lying_size, r"0123456789abcdef\.json"),
    "an extra field": (of_member(CARD, b"# a\n", extra=b"\xfe\xca\x02\x00hi"), r"card\.md has more in its head"),
    "a packing that is not read": (of_member(CARD, b"# a\n", zipfile.ZIP_BZIP2), r"card\.md is packed in a way"),
    # the list of members
    "a wrong hash": (of_files(lambda files: files.update({CARD: files[CARD].replace(b"#", b"-", 1)}), lists=False),
                     r"card\.md has another SHA-256"),
    "a wrong size": (of_files(lambda files: files.update({CARD: files[CARD] + b" "}), lists=False), r"card\.md has \d+ bytes, and \d+ by"),
    "a missing file": (of_files(lambda files: files.pop(records_of(files)[0]), lists=False), r"\.json is listed in bundle\.json, and"),
    "a file that is not listed": (of_files(lambda files: files.update({"records/flights/stid/0123456789abcdef.json": b"{}"}), lists=False),
                                  r"0123456789abcdef\.json is not listed"),
    "no card": (of_files(lambda files: files.pop(CARD)), r"card\.md is not in the bundle"),
    "no description": (of_files(lambda files: files.pop(DESCRIPTION), lists=False), r"bundle\.json is not in the bundle"),
    "no record": (of_files(lambda files: [files.pop(name) for name in records_of(files)]), "has no record"),
    # the description
    "a script in the method's name": (of_description(put("method", "name", value="<script>alert(1)</script>")), r"bundle\.json .*name"),
    "a script in the title": (of_description(put("title", value="<script>alert(1)</script>")), r"bundle\.json holds markup .* in title"),
    "code that is a script": (of_description(put("code", value="javascript:alert(1)")), r"bundle\.json says .* no https"),
    "code with a password": (of_description(put("code", value="https://me:secret@example.org/x")), r"bundle\.json says .* no https"),
    "signs that do not print": (of_description(put("title", value="a\u202eb")), r"bundle\.json says .* for title"),
    "an unknown field of the description": (of_description(put("rank", value=1)), r"bundle\.json says rank, which stbench does not know"),
    "another layout": (of_description(put("layout", value=2)), r"bundle\.json is of layout 2"),
    "a huge number": (of_description(put("method", "version", value=10**30)), r"bundle\.json says 1000.* for method\.version"),
    "another's name": (of_description(put("method", "summary", value="better")), r"bundle\.json says other facts of stid"),
    "an address in the description": (of_description(put("licence", value="ask me@example.org")), r"bundle\.json holds an e-mail address"),
    "keys twice": (of_text(DESCRIPTION, as_text(b'"title"', b'"title": "a",\n "title"')), r"bundle\.json says 'title' twice"),
    "a description in UTF-16": (of_text(DESCRIPTION, in_utf_16), r"bundle\.json is not UTF-8"),
    # the card
    "a script in the card": (of_text(CARD, lambda text: text + b"<script>alert(1)</script>"), r"card\.md holds markup"),
    "a link that is a script": (of_text(CARD, lambda text: text + b"[me](javascript:alert)"), r"card\.md holds markup"),
    "a user in the card": (of_text(CARD, lambda text: text + b"see /home/alice/stid"), r"card\.md holds a path of somebody's machine"),
    "a card in UTF-16": (of_text(CARD, in_utf_16), r"card\.md is not UTF-8"),
    "a card that moves the cursor": (of_text(CARD, lambda text: text + b"\x1b[2J"), r"card\.md holds a sign that does not print"),
    "an empty card": (of_text(CARD, lambda text: b" \n"), r"card\.md is empty"),
    # records, each alone
    "better numbers than the sums": (of_record(better), r"\.json says mae .* and its sums .*: it was edited"),
    "NaN": (of_text(FIRST, as_text(b'"seed": ', b'"x": NaN,\n  "seed": ')), r"\.json holds NaN"),
    "Infinity": (of_text(FIRST, as_text(b'"seed": ', b'"x": Infinity,\n  "seed": ')), r"\.json holds Infinity"),
    "a huge sum": (of_text(FIRST, as_text(b'"fit_s": ', b'"more_s": 1e200,\n  "fit_s": ')), r"\.json says 1e\+200 for timings"),
    "a number of many digits": (of_text(FIRST, as_text(b'"fit_s": ', b'"more_s": ' + b"9" * 6000 + b',\n  "fit_s": ')), r"\.json "),
    "keys of a record twice": (of_text(FIRST, as_text(b'"schema"', b'"status": "done",\n "schema"')), r"\.json says 'status' twice"),
    "deep": (of_record(put("notes", "deep", value=DEEP)), r"\.json is nested deeper"),
    "a mark of UTF-8": (of_text(FIRST, lambda text: b"\xef\xbb\xbf" + text), r"\.json is not readable JSON"),
    "other white space": (of_text(FIRST, lambda text: text.replace(b"\n", b"\r\n")), r"\.json is not written as stbench writes records"),
    "an unknown field of the spec": (of_record(put("spec", "trick", value=1)), r"\.json says spec\.trick"),
    "an unknown field of the record": (of_record(put("rank", value=1)), r"\.json says rank"),
    "a host name": (of_record(put("environment", "hostname", value="alice-pc")), r"\.json says environment\.hostname"),
    "a path in the notes": (of_record(put("notes", "read", value="/home/alice/flights.csv")), r"\.json holds a path .*/home/alice"),
    "a path of Windows": (of_record(put("notes", "read", value="C:\\Users\\alice")), r"\.json holds a path"),
    "an address in the notes": (of_record(put("notes", "by", value="alice@example.org")), r"\.json holds an e-mail address"),
    "a script in the notes": (of_record(put("notes", "by", value="<img src=x onerror=alert(1)>")), r"\.json holds markup"),
    "an unknown timing": (of_record(put("timings", "best_s", value=1.0)), r"\.json says timings\.best_s"),
    "a smoke run": (of_record(put("spec", "preset", value="smoke")), r"\.json is not published: a smoke run"),
    "a dirty checkout": (of_record(put("environment", "dirty", value=True)), r"\.json is not published: made from a checkout"),
    "a larger budget": (of_record(put("spec", "budget", "epochs", value=600)), r"\.json has the budget .* 600"),
    "another protocol": (of_record(put("spec", "protocol_version", value=9)), r"\.json is of protocol strict@9"),
    "another method": (of_record(put("spec", "method", value="linear")), r"\.json is of the method linear"),
    "another version of the method": (of_record(put("spec", "method_version", value=7)), r"\.json is of the version of the method 7"),
    "another name": (of_files(lambda files: files.update({"records/flights/stid/0123456789abcdef.json": files[records_of(files)[0]]})),
                     r"0123456789abcdef\.json is of another run than its name says"),
    "a failed run": (of_record(lambda data: data.update(status="failed", error={"kind": "A", "message": "b"})), r"\.json says 'failed'"),
    # records beside each other
    "a copied seed": (of_files(copied_seed), r"\.json has the very sums of records/.* under another seed"),
    "a seed left out": (of_files(shifted_seeds), r"under the seeds 1, 2 .* 0 to 1"),
    "a run left out": (of_files(lambda files: files.pop(records_of(files)[0])), r"every task has the seeds 0 to 2"),
    "a task left out": (of_files(without_task), r"\.json has no run of task late beside it"),
    "targets left out": (of_record(easier), r"\.json counts other targets"),
    "an unknown suite": (of_record(put("spec", "suite", value="my-town")), r"\.json is of the suite my-town"),
    "another suite": (of_record(put("spec", "suite_version", value=9)), r"\.json is of flights@9"),
    "other data": (of_record(put("spec", "fingerprint", value="0" * 16)), r"\.json is of data real with the fingerprint 0{16}"),
    "an edition of its own": (of_record(put("spec", "edition", value="own")), r"\.json is of data own .* nobody else"),
    # predictions
    "predictions of nothing": (of_files(lambda files: files.update({"predictions/0123456789abcdef.safetensors": zeros("late")})),
                               r"0123456789abcdef\.safetensors is of a run that has no record"),
    "a pickle that says it is none": (of_files(lambda files: predictions(files, lambda task: pickled())),
                                      r"\.safetensors is no safetensors file"),
    "predictions of another task": (of_files(lambda files: predictions(files, lambda task: zeros("risk"))),
                                    r"\.safetensors holds risk\.predictions, and not"),
    "predictions that are no numbers": (
        of_files(lambda files: predictions(files, lambda task: save({f"{task}.predictions": np.full((3, 12, 2), np.nan, np.float32)}))),
        r"\.safetensors holds a number in .* not finite"),
}
