"""README and docs are true: commands parse, links resolve, every key of the TOML files is explained, and what can run does."""

import re
import shutil
import sys
import tomllib
import types
from dataclasses import fields

import numpy as np
import pytest
from made.lattice_city import write_lattice
from made.pages import DOCS, PAGES, README, ROOT, block, blocks, commands, links, mentions
from typer.main import get_command
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.data.own import city_file, trajectory_file
from benchmark.data.trajectory.splits import Split
from benchmark.data.trajectory.trips import Limits
from benchmark.errors import UserError
from benchmark.families import FAMILIES
from benchmark.method_files import named
from benchmark.registry import MethodInfo, Registry, registry
from benchmark.spec import PRESETS
from benchmark.suites.catalogue import built_in, find_suite
from benchmark.suites.importing import import_own

# what the pages themselves make, and words that stand for a name
OWN_METHODS, OWN_SUITES = {"nlinear", "all", "NAME", "my_method", "nlinear.py:NLinear", "my.py:Mine"}, {"my-city"}
DATA, ADD, RUNNING, SUBMIT = (next(page for page in DOCS if page.name == name)
                              for name in ("data.md", "add-a-method.md", "running.md", "submit.md"))


def parsed(words):
    """The parameters of a command line, as its parser reads them; nothing is run."""
    command, words = get_command(app), list(words)
    while hasattr(command, "commands"):
        while words and words[0] in ("--debug", "--help"):
            words.pop(0)
        if not words:
            return {}
        command = command.commands[words.pop(0)]
    return command.make_context("stbench", words).params


def ids(page):
    return page.name


def test_the_file_of_the_readme_is_a_quick_try_as_it_stands(tmp_path):
    (tmp_path / "nlinear.py").write_text(block(README, "python", "class NLinear("))
    methods = Registry((), "none")
    assert named([f"{tmp_path}/nlinear.py:NLinear"], methods) == ["n_linear"]
    assert methods.info("n_linear").parameters == 156


def test_there_are_pages_and_commands_to_check():
    assert len(DOCS) >= 9
    assert sum(len(commands(page)) for page in PAGES) >= 30
    assert sum(len(mentions(page)) for page in PAGES) >= 15


@pytest.mark.parametrize(("page", "words"), [(page, words) for page in PAGES for words in commands(page)],
                         ids=lambda part: part.stem if part in PAGES else " ".join(part))
def test_every_command_parses_and_names_what_exists(page, words):
    given = parsed(words)
    for key, known in {"method": {*registry().names(), *OWN_METHODS}, "suite": {*built_in(), *OWN_SUITES}, "preset": set(PRESETS),
                       "protocol": {name for family in FAMILIES.values() for name in family.protocols},
                       "scenario": {name for family in FAMILIES.values() for name in family.scenarios}}.items():
        if given.get(key):
            assert set(given[key].split(",")) <= known, words


@pytest.mark.parametrize(("page", "words"), [(page, words) for page in PAGES for words in mentions(page)],
                         ids=lambda part: part.stem if part in PAGES else " ".join(part))
def test_every_command_that_the_prose_mentions_parses_or_lacks_only_what_it_needs(page, words):
    try:
        parsed(words)
    except Exception as error:
        if type(error).__name__ != "MissingParameter":
            raise


@pytest.mark.parametrize("line", ["stbench ablate", "stbench runs --method stid --suite nyc",
                                  "stbench run --method stid --suite nyc --sed 5", "stbench list", "stbench data buld x"])
def test_the_parser_sees_a_wrong_command(line):
    with pytest.raises(Exception, match=r"runs|buld|Missing|No such option"):
        parsed(line.split()[1:])


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_link_leads_to_a_file_and_a_heading(page):
    for target in links(page):
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), target
        headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE) if anchor else []
        assert not anchor or anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}, target


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_lines_wrap_at_120_outside_tables_and_code(page):
    code = False
    for number, line in enumerate(page.read_text().splitlines(), start=1):
        code ^= line.startswith("```")
        assert code or line.startswith(("|", "```")) or len(line) <= 120, f"{page.name}:{number}"


def test_every_page_is_linked_from_the_readme_or_stands_in_the_contents_of_the_site():
    """What is in the contents and not there, and what is there and not in the contents, is a warning of the site's build."""
    contents = re.findall(r"^(?:.*<)?([\w-]+)>?$", (README.parent / "docs" / "index.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert {page.name for page in DOCS} <= {"index.md", *(target.removeprefix("docs/") for target in links(README)),
                                            *(f"{name}.md" for name in contents)}


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_toml_block_is_toml(page):
    for text in blocks(page, "toml"):
        assert tomllib.loads(text)


def test_the_page_on_running_explains_every_preset():
    assert re.findall(r"^\| `(\w+)` \|", RUNNING.read_text(encoding="utf-8"), re.MULTILINE) == list(PRESETS)


def test_the_page_on_data_explains_every_key_of_both_kinds_of_city_file():
    series = {"kind", *(one.name for kind in (city_file.CityFile, city_file.NodeFile, city_file.AdjacencyFile, city_file.TaskFile)
                        for one in fields(kind))}
    trips = {*trajectory_file.KEYS, *trajectory_file.WORDS, "cell_size_m",
             *(one.name for kind in (trajectory_file.TripFile, trajectory_file.PoiFile, Limits, Split) for one in fields(kind))}
    named = set(re.findall(r"[\w]+", " ".join(re.findall(r"`[^`]*`", DATA.read_text()))))
    assert not (series | trips) - named


@pytest.mark.docs
def test_the_city_of_the_page_on_data_imports_and_is_a_suite(tmp_path):
    (tmp_path / "my-city.toml").write_text(block(DATA, "toml", 'name = "my-city"'))
    (tmp_path / "stations.csv").write_text("station,lon,lat\na,13.40,52.50\nb,13.41,52.50\nc,13.42,52.51\n")
    values = np.random.default_rng(0).poisson(5, (480, 3)).astype(np.int16)
    for task in ("bike_pick", "bike_drop"):
        np.savez(tmp_path / f"{task}.npz", values=values)
    import_own(tmp_path / "my-city.toml")
    assert find_suite("my-city").tasks == ("bike_pick", "bike_drop")


@pytest.mark.docs
def test_the_trips_of_the_page_on_data_import_and_join_a_suite_of_cities_that_are_there(tmp_path):
    write_lattice(tmp_path)
    text, more = block(DATA, "toml", 'name = "my-trips"'), block(DATA, "toml", "mine-and-chengdu")
    (tmp_path / "lattice.toml").write_text(text + more)
    with pytest.raises(UserError, match=r"Unknown city in \[suites\] of lattice\.toml 'chengdu-2018'"):
        import_own(tmp_path / "lattice.toml")
    (tmp_path / "other.toml").write_text(text.replace('"my-trips"', '"chengdu-2018"'))
    import_own(tmp_path / "other.toml")
    import_own(tmp_path / "lattice.toml")
    assert find_suite("mine-and-chengdu").editions == ("own",)


@pytest.mark.docs
def test_the_method_of_the_page_on_methods_passes_the_conformance_check(monkeypatch, tmp_path):
    from benchmark.testing import check_method

    code = block(ADD, "python", "class NLinear(")
    (tmp_path / "baselines_example.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    entry = block(ADD, "python", "MethodInfo(name=").replace("baselines.forecasting.nlinear", "baselines_example")
    catalogue = types.ModuleType("docs_catalogue")
    catalogue.METHODS = [eval(entry.strip(), {"MethodInfo": MethodInfo})]
    monkeypatch.setitem(sys.modules, "docs_catalogue", catalogue)
    monkeypatch.setattr("benchmark.registry._registry", Registry(("docs_catalogue",), "none"))
    assert len(check_method("nlinear", tmp_path / "cities")) == 16
    assert len(code.splitlines()) <= 45


@pytest.mark.docs
def test_the_commands_of_the_page_on_submissions_pack_check_verify_and_list(tmp_path, monkeypatch):
    """A published method stands for the reader's own, whose runs are there; the sample is really made again."""
    shutil.copytree(ROOT / "results" / "runs" / "flights" / "last_value", tmp_path / "results" / "flights" / "last_value")
    (tmp_path / "checkout" / "results").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    said = {}
    for words in commands(SUBMIT)[1:]:
        with monkeypatch.context() as patch:
            if words[0] != "verify":  # published for nobody yet
                patch.setattr("benchmark.store.records.checkout", lambda: tmp_path / "checkout")
            done = CliRunner().invoke(app, [word.replace("nlinear", "last_value") for word in words])
        assert done.exit_code == 0, done.output
        said[" ".join(words[:2])] = done.output
    assert "8 records packed to last_value.zip" in said["submit pack"]
    assert "The bundle passes: 8 records of last_value" in said["submit check"]
    assert said["verify 101e1787a9ceb2f2"] in block(SUBMIT, "", "$ stbench verify")
    assert said["submit list"].count("reproduced, bit for bit") == 2
    assert "9 files written" in said["submit list"]


@pytest.mark.docs
def test_every_python_block_of_the_docs_is_run_by_a_test_here_or_by_the_notebooks():
    assert [page.name for page in DOCS for _ in blocks(page, "python")] == ["add-a-method.md"] * 2 + ["notebook.md"] * 10
