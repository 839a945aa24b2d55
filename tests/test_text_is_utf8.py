"""Text is UTF-8 whatever the locale: no file of the project opens it otherwise, and what a terminal cannot show degrades."""

import ast
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from made.forecasting_records import failed, record

from benchmark.store.campaigns import announce
from benchmark.store.records import Store

ROOT = Path(__file__).resolve().parents[1]
# what a zip file is called: its members open as bytes
PACKED = {"archive"}
READ, RUN = {"read_text", "write_text"}, {"run", "Popen", "check_output"}


def opens_text_by_the_locale(code):
    """Lines of calls that open, read or write text, or run a program for its text, and name no encoding."""
    found = []
    for call in (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        keywords = {one.arg: one.value for one in call.keywords}
        texts = [one.value for one in (*call.args, keywords.get("mode")) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        binary = any(re.fullmatch(r"[rwax+]*b[rwax+]*", text) for text in texts)
        opens = name in ("open", "fdopen") and not binary and getattr(getattr(call.func, "value", None), "id", "") not in PACKED
        program = name in RUN and {"text", "universal_newlines"} & set(keywords)
        if (name in READ or opens or program) and "encoding" not in keywords:
            found.append(call.lineno)
    return found


@pytest.mark.parametrize("room", ["benchmark", "baselines", "methods"])
def test_text_is_opened_with_an_encoding_that_is_named(room):
    found = {path: opens_text_by_the_locale(path.read_text(encoding="utf-8")) for path in sorted((ROOT / room).rglob("*.py"))}
    assert found
    assert {str(path.relative_to(ROOT)): lines for path, lines in found.items() if lines} == {}


def test_a_text_opened_by_the_locale_is_noticed():
    bad = 'open(a)\nopen(a, "w")\np.read_text()\np.write_text(x)\np.open(newline="")\nsubprocess.run(a, text=True)\n'
    assert opens_text_by_the_locale(bad) == [1, 2, 3, 4, 5, 6]
    good = 'open(a, "rb")\np.open("wb")\np.read_text(encoding="utf-8")\nopen(a, encoding="ascii")\nrun(spec)\narchive.open(name)\n'
    assert opens_text_by_the_locale(good) == []


TOWN = """
name = "small-town"
title = "Zürich ± 北京"
zone = "Europe/Berlin"
start = 2024-01-01T00:00:00
interval_minutes = 30
nodes = { file = "stations.csv", id = "station", name = "ort", lon = "lon", lat = "lat" }
tasks.bike_pick = { file = "bike.csv", unit = "Fahrten je ½ h" }
"""
UTF8 = {"LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}
# a C locale that nothing coerces to UTF-8, and an encoding that knows a few signs more
LOCALES = {"ascii": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}}
LOCALES["latin-1"] = {**LOCALES["ascii"], "PYTHONIOENCODING": "latin-1:strict"}


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A home with a city, a store with a record and an error, whose titles, units and messages are not ASCII."""
    home = tmp_path_factory.mktemp("home")
    (home / "town.toml").write_text(TOWN, encoding="utf-8")
    (home / "stations.csv").write_text("station,ort,lon,lat\nä,Hauptstraße,13.4,52.5\nb,北,13.41,52.51\n", encoding="utf-8")
    (home / "bike.csv").write_text("ä,b\n" + "".join(f"{k % 7},{k % 5}\n" for k in range(480)), encoding="utf-8")
    store = Store(home / "results")
    tasks = {"taxi_pick": {"nodes": 6, "steps": 9, "unit": "½ h ±"}}
    city = {"name": "nyc", "title": "Zürich", "suite_tasks": ["taxi_pick"], "tasks": tasks}
    runs = [replace(record("stid", seed, notes={"user_overrides": {"note": "größer"}}), city=city) for seed in range(3)]
    for one in runs:
        store.write(one)
    store.write(failed(replace(runs[0].spec, seed=7), "Diverged", "Der Verlust ist größer."))
    announce(store, "stid on Zürich · data sim", {one.spec: one.notes for one in runs} | {replace(runs[0].spec, seed=7): {}})
    return home


DATA = ["table --json", "data list --json", "data show small-town --json", "list methods --json", "show cmust --json", "status --json"]
TEXTS = ["table", "table --format csv", "table --format markdown", "table --format latex", "table --format html", "status", "list methods",
         "data list", "data show small-town", "show stid", "run --method linear --suite nyc --preset smoke --dry-run", "--help"]
END = b"=== end of a command ===\n"
CODE = f"""
import sys
from benchmark.cli import main
for words in sys.argv[1:]:
    sys.argv = ["stbench", *words.split()]
    try:
        main()
    except SystemExit as ended:
        assert not ended.code, words
    sys.stdout.flush()
    sys.stdout.buffer.write({END})
"""


def stbench(home, locale, *commands):
    """What each of several commands prints, in one process of a locale."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG", "PYTHON"))}
    done = subprocess.run([sys.executable, "-c", CODE, *commands], capture_output=True, check=False, cwd=home, env={
        **kept, "PYTHONPATH": str(ROOT), "STBENCH_HOME": str(home), "STBENCH_RESULTS": str(home / "results"), "COLUMNS": "120", **locale})
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"left out" not in done.stderr, "a sound file is called broken"
    return dict(zip(commands, done.stdout.split(END), strict=False))


@pytest.fixture(scope="module")
def whole(places):
    """The data under UTF-8."""
    return {words: json.loads(text) for words, text in stbench(places, UTF8, "data import town.toml", *DATA).items() if words in DATA}


@pytest.mark.parametrize("name", LOCALES)
def test_sound_files_are_read_and_shown_under_any_locale(name, places, whole):
    shown = stbench(places, LOCALES[name], "data import town.toml", *DATA, *TEXTS)
    assert {words: json.loads(shown[words].decode("ascii")) for words in DATA} == whole
    for words in TEXTS:
        assert shown[words].decode("latin-1" if name == "latin-1" else "ascii").strip(), words
    if name != "latin-1":
        assert b"1.00 +- 0.00" in shown["table"]
        assert b"MAE v" in shown["table"]
        assert rb"gr\xf6\xdfer" in shown["status"]
        assert rb"Z\xfcrich +- \u5317\u4eac" in shown["data show small-town"]
    else:
        assert "größer".encode("latin-1") in shown["status"]
