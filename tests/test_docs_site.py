"""The documentation as a site: it builds without a warning, says all that the code knows, and asks nobody else for anything."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote

import pytest
from made.pages import DOCS, ROOT
from typer.main import get_command

import benchmark
from benchmark.cli.app import app
from benchmark.registry import registry
from benchmark.suites.catalogue import built_in

LACKS = [name for name in ("sphinx", "furo", "myst_parser") if find_spec(name) is None]
pytestmark = [pytest.mark.docs, pytest.mark.skipif(bool(LACKS), reason=f"{', '.join(LACKS)} is not installed (extra docs)")]


class Page(HTMLParser):
    """What a page links to, what it loads by itself, and where one can jump."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loads, self.anchors, self.text = set(), set(), set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.anchors |= {given[key] for key in ("id", "name") if given.get(key)}
        if tag == "a" and given.get("href"):
            self.links.add(given["href"])
        elif tag == "link" and given.get("rel") not in ("canonical",):
            self.loads.add(given["href"])
        elif given.get("src"):
            self.loads.add(given["src"])

    def handle_data(self, data):
        self.text.append(data)

    def says(self, words):
        return words in " ".join(" ".join(self.text).split())


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("docs")
    done = subprocess.run([sys.executable, ROOT / "docs" / "_ext", out], capture_output=True, encoding="utf-8", cwd=out, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return {path.relative_to(out).as_posix(): Page(path) for path in out.rglob("*.html")}, out


def test_every_page_of_docs_every_method_and_every_suite_is_there(site):
    pages, _ = site
    assert {path.stem for path in DOCS} - {"search"} <= {name.removesuffix(".html") for name in pages}
    assert pages["how-quick-was-chosen.html"].says("How quick and medium were chosen")
    ours = [name for name in registry().names() if not registry().is_outside(name)]
    assert len(ours) > 30
    for name in ours:
        page = pages[f"method/{name}.html"]
        assert page.says(registry().info(name).paper)
        assert "options" in page.anchors
    assert all(pages["all-lists.html"].says(suite) for suite in built_in())


def test_every_command_has_a_section_with_all_its_options(site):
    pages, _ = site
    page, seen = pages["all-commands.html"], []

    def look(command, name):
        seen.append(name)
        assert re.sub(r"\W+", "-", name) in page.anchors
        assert all(page.says(option) for one in command.params for option in one.opts if one.name != "help")
        for key, below in getattr(command, "commands", {}).items():
            look(below, f"{name} {key}")

    look(get_command(app), "stbench")
    assert len(seen) > 20


def test_every_public_name_is_in_the_api(site):
    pages, _ = site
    names = {name for name in benchmark.__all__ if not name.startswith("__")}
    assert len(names) > 40
    assert {name for name in names if pages["api.html"].says(f"benchmark. {name}")} == names


def test_every_link_within_the_site_leads_somewhere(site):
    pages, out = site
    for name, page in pages.items():
        for link in page.links | page.loads:
            if re.match(r"[a-z]+:", link):
                continue
            target, _, anchor = unquote(link.partition("?")[0]).partition("#")
            path = ((out / name).parent / target).resolve() if target else out / name
            assert path.is_file(), f"{name}: {link}"
            if anchor and path.suffix == ".html":
                assert anchor in pages[path.relative_to(out.resolve()).as_posix()].anchors, f"{name}: {link}"


def test_no_page_loads_anything_from_elsewhere(site):
    pages, out = site
    assert not {load for page in pages.values() for load in page.loads if re.match(r"(?:[a-z]+:)?//", load)}
    for sheet in out.rglob("*.css"):
        assert not re.findall(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//[^)\"']*", sheet.read_text(encoding="utf-8")), sheet.name
    for script in out.rglob("*.js"):
        assert not re.findall(r"(?:fetch|importScripts|import)\(\s*[\"'`]https?:", script.read_text(encoding="utf-8")), script.name


def test_nothing_of_this_machine_stands_on_a_page(site):
    pages, out = site
    for name in pages:
        text = Path(out, name).read_text(encoding="utf-8")
        assert str(ROOT) not in text
        assert str(Path.home()) + "/" not in text
