"""Experiments as they are declared: what can be read is read, what cannot is one sentence."""

import sys
from pathlib import Path

import pytest

from benchmark import declared, lazy
from benchmark.declared import KINDS, ExperimentFile, Files, experiments, find_experiments, read
from benchmark.errors import UserError
from benchmark.execution.plan import Request, make_plan
from benchmark.families import FAMILIES
from benchmark.registry import registry
from benchmark.report.paper import paper_table
from benchmark.spec import PRESETS
from benchmark.suites.catalogue import built_in, pick_tasks
from benchmark.suites.cities import CityFinder

WHOLE = """
[fig1]
title = "Width"
kind = "sweep"
suites = ["nyc"]
methods = ["stid"]
sweeps = ["blocks"]
"""


@pytest.fixture
def declare(tmp_path, monkeypatch):
    """Writes an experiments.toml into a package that Python finds, and gives its entry."""
    def make(text, name="mine"):
        package = tmp_path / "their_package"
        package.mkdir(exist_ok=True)
        (package / "__init__.py").write_text("raise ImportError('a declaration is read without its package')")
        (package / "experiments.toml").write_text(text, encoding="utf-8")
        monkeypatch.syspath_prepend(str(tmp_path))
        return ExperimentFile(name, "their_package")

    yield make
    sys.modules.pop("their_package", None)


def test_every_table_and_figure_of_both_papers_is_declared():
    names = set(experiments())
    assert {"cmust/" + one for one in ("table1", "table2", "table3", "table5", "table6", "fig3", "fig4a", "fig4b", "fig6")} <= names
    assert {"smartraj2/" + one for one in ("table1", "table2", "table3", "table4", "table5", "table6", "table7", "fig3", "fig4", "fig5",
                                           "fig6")} <= names


@pytest.mark.parametrize("table", ["table1", "table4", "table7"])
def test_results_and_efficiency_are_asked_of_every_encoder(table):
    assert set(registry().names("trajectory")) <= set(experiments()[f"smartraj2/{table}"].methods)


@pytest.mark.parametrize("name", sorted(experiments()))
def test_what_is_declared_exists(name):
    one = experiments()[name]
    known = registry()
    imported = {path.stem for path in (Path(__file__).parents[1] / "cities").glob("*.toml")} | {"chengdu-xian-2018"}
    assert one.reference or not imported & set(one.suites)
    for suite in set(one.suites) - imported:
        family = FAMILIES[built_in()[suite].family]
        for scenario in one.scenarios:
            pick_tasks(built_in()[suite], one.tasks, scenario)
        assert set(one.scenarios) <= set(family.scenarios)
    for method in set(one.methods) & set(known.names()):
        cls = known.load(method)
        assert set(one.variants) <= set(cls.ablations), "ablations stand on the class"
        assert set(one.sweeps) <= set(cls.sweeps)
    if one.paper:
        said = {name for _, _, method, setting in paper_table(one.paper).values for name in (method, setting)}
        assert set(one.settings.values()) <= said
    assert lazy.load(f"benchmark.experiments.{one.kind}:KIND").sheets


def test_every_kind_is_a_module_of_its_own():
    folder = Path(declared.__file__).parent / "experiments"
    assert all((folder / f"{kind}.py").is_file() for kind in KINDS)
    assert len(KINDS) == 8


def test_a_file_of_another_package_is_read_without_importing_it(declare):
    (one,) = read(declare(WHOLE))
    assert (one.name, one.kind, one.suites, one.methods) == ("mine/fig1", "sweep", ("nyc",), ("stid",))
    assert (one.sweeps, one.seeds) == (("blocks",), 1)


@pytest.mark.parametrize(("text", "said"), [
    ("[fig1", "is no file of experiments"),
    ("[fig1]\ntitle = 'x'\nkind = 'grid'\n", "lacks fig1.suites"),
    ("[fig1]\ntitle = 'x'\nkind = 'heap'\nsuites = ['nyc']\n", "fig1.kind"),
    ("[fig1]\ntitle = 'x'\nkind = 'grid'\nsuites = ['nyc']\nseed = 3\n", "fig1.seed, which stbench does not know"),
    ("[fig1]\ntitle = 'x'\nkind = 'grid'\nsuites = 'nyc'\n", "fig1.suites"),
])
def test_a_declaration_that_says_what_it_cannot_is_one_sentence(declare, text, said):
    with pytest.raises(UserError, match=said.replace(".", r"\.")) as error:
        read(declare(text))
    assert "\n" not in str(error.value)


def test_a_package_that_is_not_there_or_holds_no_file_is_said(tmp_path, monkeypatch):
    with pytest.raises(UserError, match="There is no package nowhere_to_be_found"):
        read(ExperimentFile("mine", "nowhere_to_be_found"))
    (tmp_path / "empty_package").mkdir()
    (tmp_path / "empty_package" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UserError, match=r"holds no experiments\.toml"):
        read(ExperimentFile("mine", "empty_package"))


def test_a_file_that_cannot_be_read_is_left_out_and_said_when_it_is_asked_for(declare, make_catalogue, monkeypatch, caplog):
    broken = declare("[fig1", "broken")
    listed = Files((*declared.CATALOGUES, make_catalogue("EXPERIMENTS", "their_catalogue", broken)), "none")
    monkeypatch.setattr(declared, "files", lambda: listed)
    assert "cmust/table1" in experiments()
    assert "is no file of experiments" in caplog.text
    with pytest.raises(UserError, match="is no file of experiments"):
        find_experiments(("broken/fig1",))


def test_an_unknown_experiment_names_the_nearest():
    with pytest.raises(UserError, match="Did you mean cmust/table1"):
        find_experiments(("cmust/tabel1",))


def test_all_means_every_experiment_of_a_paper_and_no_campaign():
    found = [one.name for one in find_experiments(("all", "reference/nyc", "cmust/table1"))]
    assert found == [*(name for name in experiments() if not name.startswith("reference/")), "reference/nyc"]


def test_a_record_says_how_many_trials_chose_its_options():
    def tuning(method, preset, **overrides):
        plan = make_plan(Request((method,), "nyc", tasks=("taxi_pick",), preset=preset, edition="sim", device="cpu", floors=False,
                                 overrides=overrides), finder=CityFinder(builds=False))
        return plan.jobs[0].notes["tuning"]

    assert tuning("stid", "quick") == "8 trials"
    assert tuning("stid", "full") == "default"
    assert tuning("linear", "quick") == "default"
    assert tuning("stid", "quick", batch_size=4) == "by hand"


def test_what_a_class_says_of_its_trials_is_of_a_preset():
    for info in registry().all():
        assert set(registry().load(info.name).trials) <= set(PRESETS)
