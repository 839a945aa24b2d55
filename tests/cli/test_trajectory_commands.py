"""The commands on trajectory cities: import and declared suites, lists, runs and tables."""

import json

import pytest
from made.lattice_city import TOML, TRIPS, write_lattice
from made.trajectory_records import record
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.errors import UserError
from benchmark.store.records import Store
from benchmark.suites.catalogue import declare, find_suite, suites

TWO = '[suites]\ntwo = ["lattice", "other"]\n'


@pytest.fixture
def stbench(monkeypatch):
    """Runs a command in this process; an error of the user is raised."""
    def call(*arguments, width=80):
        monkeypatch.setenv("COLUMNS", str(width))
        done = CliRunner().invoke(app, [str(one) for one in arguments])
        if done.exception:
            raise done.exception
        return done.output
    return call


@pytest.fixture
def city(tmp_path):
    """Writes the lattice under a name, with further lines at the end of its file."""
    def write(name="lattice", more=""):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        write_lattice(folder)
        (folder / "lattice.toml").write_text(TOML.replace('"lattice"', f'"{name}"') + more)
        return folder / "lattice.toml"
    return write


def written(tmp_path):
    return sorted(str(path.relative_to(tmp_path / "home")) for path in (tmp_path / "home").rglob("*.json"))


def test_an_import_declares_the_suites_of_its_file_and_says_what_to_do_next(stbench, city):
    first = stbench("data", "import", city())
    assert f"lattice (own): {TRIPS} of {TRIPS + 1} trips" in first
    assert first.endswith("Next: stbench run --method random,word2vec --suite lattice\n")
    second = stbench("data", "import", city("other", TWO))
    assert "Suite two of lattice, other is declared; its editions: own." in second
    assert find_suite("two").tasks[:2] == ("lattice.road_label", "other.road_label")
    shown = json.loads(stbench("show", "two", "--json"))
    assert shown["cities"] == ["lattice", "other"]
    assert shown["editions"]["own"]["other"]["trips"] == TRIPS
    assert json.loads(stbench("show", "lattice", "--json"))["editions"]["own"]["roads"] == 120
    assert "fingerprint" in stbench("show", "two")
    (row,) = [row for row in json.loads(stbench("list", "suites", "--json")) if row["suite"] == "two"]
    assert (row["cities"], row["editions"], row["family"]) == (["lattice", "other"], ["own"], "trajectory")


def test_an_import_without_suites_declares_none(stbench, city, tmp_path):
    assert "is declared" not in stbench("data", "import", city())
    assert written(tmp_path) == ["cities/lattice/own/card.json"]


@pytest.mark.parametrize(("more", "sentence"), [
    ('[suites]\nxian = ["lattice", "other"]\n', "'?xian'?"),
    ('[suites]\nlattice = ["lattice", "other"]\n', "'lattice' is the name of the city itself"),
    ('[suites]\ntaken = ["lattice", "third"]\n', "'taken' is already declared over lattice, other; add --replace"),
])
def test_a_suite_whose_name_is_taken_is_refused_before_the_city_is_written(stbench, city, tmp_path, more, sentence):
    declare("taken", ("lattice", "other"), "trajectory")
    with pytest.raises(UserError, match=sentence):
        stbench("data", "import", city(more=more))
    assert written(tmp_path) == ["suites/taken.json"]


def test_a_city_cannot_take_the_name_of_a_declared_suite(stbench, city, tmp_path):
    declare("taken", ("lattice", "other"), "trajectory")
    with pytest.raises(UserError, match="'taken' is the name of a suite of the cities lattice, other; give this city another name"):
        stbench("data", "import", city("taken"))
    assert written(tmp_path) == ["suites/taken.json"]


def test_a_suite_is_declared_anew_with_replace(stbench, city):
    declare("two", ("lattice", "third"), "trajectory")
    stbench("data", "import", city("other"))
    stbench("data", "import", city(more=TWO), "--replace")
    assert suites()["two"].cities == ("lattice", "other")


def test_a_suite_of_a_city_that_is_not_imported_is_refused_with_the_nearest_name_and_nothing_is_written(stbench, city, tmp_path):
    stbench("data", "import", city("other"))
    sentence = r"Unknown city in \[suites\] of lattice\.toml 'othr'\. Did you mean other\?.*Import othr first"
    with pytest.raises(UserError, match=sentence):
        stbench("data", "import", city(more='[suites]\ntwo = ["lattice", "othr"]\n'))
    assert written(tmp_path) == ["cities/other/own/card.json"]


def test_the_list_of_cities_gives_a_trajectory_citys_size_and_fits_the_terminal(stbench, city):
    stbench("data", "import", city())
    text = stbench("data", "list")
    assert max(map(len, text.splitlines())) <= 80
    assert f"{TRIPS} trips" in text
    assert f"{TRIPS} trips, 120 roads, 168 cells" in stbench("data", "list", width=120)
    assert "2018-10-20 … 2018-10-29" in stbench("data", "list", width=120)
    (row,) = [row for row in json.loads(stbench("data", "list", "--json")) if row["name"] == "lattice"]
    assert (row["kind"], row["nodes"], row["steps"], row["size"]) == ("trajectory", None, None, f"{TRIPS} trips, 120 roads, 168 cells")
    assert (row["trips"], row["roads"], row["cells"], row["tasks"]) == (TRIPS, 120, 168, [])
    shown = stbench("data", "show", "lattice")
    for fact in ("zone: Asia/Shanghai", f"trips: {TRIPS}", "leaves the box", "2018-10-29"):
        assert fact in shown


def test_lists_know_both_families(stbench):
    def rows(what):
        return json.loads(stbench("list", what, "--json"))

    assert {(row["protocol"], row["family"], row["horizon"]) for row in rows("protocols")} >= {
        ("strict", "forecasting", 12), ("strict", "trajectory", None), ("paper", "trajectory", None)}
    metrics = {(row["suite"], row["task"]): row["metrics"] for row in rows("tasks")}
    assert metrics["xian", "road_label"] == ["micro_f1", "macro_f1"]
    assert metrics["chengdu-xian", "chengdu.travel_time"] == ["mae", "rmse"]
    assert metrics["chengdu-xian", "xian.destination_grid"] == ["acc_1", "acc_5"]
    assert metrics["nyc", "taxi_pick"] == ["mae", "rmse", "mape", "wape"]
    assert metrics["chicago", "risk"][-1] == "recall_10"
    assert "recall@10%" in stbench("list", "tasks")
    assert "MAPE (y≥1), WAPE" in stbench("list", "tasks")
    assert {row["scenario"]: row["tasks"] for row in rows("scenarios")}["keep-70"] == ["destination_road", "destination_grid"]
    assert all(row["meaning"] for row in rows("scenarios"))
    (quick,) = [row for row in rows("presets") if row["preset"] == "quick"]
    assert (quick["unlabelled_trips"], quick["labelled_trips"]) == (6000, 4000)


@pytest.mark.parametrize("what", ["methods", "suites", "tasks", "scenarios", "presets", "protocols", "sources"])
@pytest.mark.parametrize("width", [80, 160])
def test_lists_fit_the_terminal_and_cut_nothing(stbench, what, width):
    text = stbench("list", what, width=width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert all(str(next(iter(row.values()))) in text for row in json.loads(stbench("list", what, "--json")))


@pytest.mark.parametrize("width", [160, 80, 50, 30])
def test_words_of_a_list_are_broken_at_no_width(stbench, width):
    assert "destination_road," in stbench("list", "suites", width=width)


def test_a_table_is_chosen_by_scenario_and_by_protocol_of_any_family(stbench, tmp_path):
    store = Store(tmp_path / "results")
    for one in (record(), record(scenario="keep-70", only=("xian",)), record(protocol="paper")):
        store.write(one)

    def titles(*arguments):
        found = json.loads(stbench("table", "--suite", "chengdu-xian", "--json", *arguments))
        return {(table["scenario"], table["protocol"]) for table in found}

    assert titles() == {("standard", "strict@1"), ("keep-70", "strict@1"), ("standard", "paper@1")}
    assert titles("--scenario", "keep-70") == {("keep-70", "strict@1")}
    assert titles("--protocol", "paper") == {("standard", "paper@1")}
    assert titles("--protocol", "paper-gap23") == set()  # a name of the other family is a name
    assert "travel_time hides the route's times" in " ".join(stbench("table", "--protocol", "paper", "--suite", "chengdu-xian").split())
    for option, name, near in (("--scenario", "keep-7", "keep-70"), ("--protocol", "stric", "strict")):
        with pytest.raises(UserError, match=f"Did you mean {near}"):
            stbench("table", option, name)


def test_a_run_prints_the_table_of_its_scenario_with_floors_and_missing_views(stbench, city):
    stbench("data", "import", city())
    out = stbench("run", "--method", "random", "--suite", "lattice", "--preset", "smoke", "--workers", "1")
    assert "random on lattice@1 · data own" in out
    assert "majority class" in out
    assert "✕: the method does not read the view grid." in out
    assert "No records match" not in out
    plan = stbench("run", "--method", "random", "--suite", "lattice", "--preset", "smoke", "--scenario", "keep-70", "--dry-run")
    assert "· scenario keep-70 ·" in plan.replace("\n", " ")
    with pytest.raises(UserError, match=r"Unknown scenario of the trajectory suites 'keep-7'\. Did you mean keep-70"):
        stbench("run", "--method", "random", "--suite", "lattice", "--preset", "smoke", "--scenario", "keep-7")
