"""Suites of one and of several trajectory cities, and what a request over them becomes."""

import json

import pytest

from benchmark.data.folder import cities_home, join_fingerprints
from benchmark.errors import UserError
from benchmark.execution.plan import Request, make_plan
from benchmark.families import FORECASTING, TRAJECTORY
from benchmark.registry import MethodInfo, registry
from benchmark.suites.catalogue import declare, find_suite, pick_tasks, suites
from benchmark.suites.cities import CityFinder, locate
from benchmark.testing.tiny_trips import tiny_trajectory_city


@pytest.fixture
def cities():
    for seed, name in enumerate(("here", "there")):
        tiny_trajectory_city(cities_home() / name / "own", name, seed)
    declare("both", ["here", "there"], "trajectory")


def test_an_imported_trajectory_city_is_a_suite_of_its_four_tasks(cities):
    suite = find_suite("here")
    assert (suite.family, suite.cities, suite.editions) == ("trajectory", ("here",), ("own",))
    assert suite.tasks == tuple(TRAJECTORY.kinds) == ("road_label", "travel_time", "destination_road", "destination_grid")


def test_a_declared_suite_has_the_tasks_of_each_city_and_the_editions_that_all_have(cities):
    suite = find_suite("both")
    assert suite.tasks[:3] == ("here.road_label", "there.road_label", "here.travel_time")
    assert suite.tasks_of("there") == tuple(f"there.{kind}" for kind in TRAJECTORY.kinds)
    found = CityFinder().cities(suite, None, "quick")
    assert (found.edition, [locate(ref).parent.name for ref in found.refs]) == ("own", ["here", "there"])


def test_the_built_in_suites_are_the_papers_two_cities_alone_and_together():
    known = suites()
    assert [known[name].cities for name in ("chengdu", "xian", "chengdu-xian")] == [("chengdu",), ("xian",), ("chengdu", "xian")]
    assert all(known[name].editions == ("sim",) for name in ("chengdu", "xian", "chengdu-xian"))


def test_a_suite_whose_cities_are_not_all_prepared_says_which_one_is_missing(cities):
    declare("far", ["here", "nowhere"], "trajectory")
    with pytest.raises(UserError, match=r"needs the cities here, nowhere in one edition; nowhere is not prepared"):
        CityFinder().cities(find_suite("far"), None, "quick")


def test_a_name_that_is_taken_is_refused_and_a_declaration_is_changed_only_on_demand(cities):
    for name in ("nyc", "here"):
        with pytest.raises(UserError, match="is the name of a suite already"):
            declare(name, ["here", "there"], "trajectory")
    declare("both", ["here", "there"], "trajectory")
    with pytest.raises(UserError, match="already declared over here, there"):
        declare("both", ["there", "here"], "trajectory")
    declare("both", ["there", "here"], "trajectory", replace=True)
    assert find_suite("both").cities == ("there", "here")


def test_a_declaration_of_before_families_were_said_is_one_of_trips(cities, own_home):
    path = own_home / "suites" / "both.json"
    said = json.loads(path.read_text())
    del said["family"]
    path.write_text(json.dumps(said))
    assert find_suite("both").family == "trajectory"


def test_a_task_may_be_named_for_one_city_or_for_all(cities):
    suite = find_suite("both")
    assert pick_tasks(suite, ("road_label",)) == ("here.road_label", "there.road_label")
    assert pick_tasks(suite, ("there.travel_time",)) == ("there.travel_time",)
    with pytest.raises(UserError, match=r"Did you mean .*road_label"):
        pick_tasks(suite, ("road_labl",))


def test_the_harder_destination_asks_for_the_destinations_only(cities):
    assert pick_tasks(find_suite("here"), None, "keep-70") == ("destination_road", "destination_grid")
    with pytest.raises(UserError, match="in scenario keep-70"):
        pick_tasks(find_suite("here"), ("travel_time",), "keep-70")
    with pytest.raises(UserError, match="keep-70"):
        pick_tasks(find_suite("here"), None, "keep-80")
    assert set(TRAJECTORY.scenarios) & set(FORECASTING.scenarios) == {"standard"}


def test_the_entry_of_the_last_road_is_asked_for_where_times_are_hidden_alone(cities):
    plan = make_plan(Request(("word2vec",), "here", scenario="last-entry", device="cpu"))
    assert {run.tasks for run in plan.runs} == {("travel_time",)}
    with pytest.raises(UserError, match="give the answer away; take --protocol strict"):
        make_plan(Request(("word2vec",), "here", scenario="last-entry", protocol="paper", device="cpu"))


def test_scope_city_is_a_fit_a_city_and_the_floor_method_runs_beside(cities):
    plan = make_plan(Request(("word2vec",), "both", (0, 1), device="cpu"))
    assert [(run.method, run.tasks[0], run.seed) for run in plan.runs] == [
        (method, f"{city}.road_label", seed) for method in ("random", "word2vec") for seed in (0, 1) for city in ("here", "there")]
    assert all(len(run.tasks) == 4 for run in plan.runs)
    prints = [ref.fingerprint for ref in plan.jobs[0].cities]
    assert {run.fingerprint for run in plan.runs} == {join_fingerprints(prints)}
    assert join_fingerprints(prints[:1]) == prints[0] != join_fingerprints(prints)
    assert plan.runs[0].budget == {"epochs": 6, "unlabelled_trips": 6000, "labelled_trips": 4000}


def test_a_named_task_of_one_city_leaves_the_other_city_out(cities):
    plan = make_plan(Request(("random",), "both", (0,), ("there.road_label",), device="cpu"))
    assert [run.tasks for run in plan.runs] == [find_suite("both").tasks_of("there")]
    assert plan.settings[0].tasks == ("there.road_label",)


def test_a_users_options_are_those_of_the_named_method_not_of_the_floor(cities):
    plan = make_plan(Request(("word2vec",), "here", (0,), overrides={"window": "3"}, device="cpu"))
    by_method = {job.spec.method: job for job in plan}
    assert by_method["word2vec"].spec.options["window"] == 3
    assert "window" not in by_method["random"].spec.options
    assert [by_method[name].notes["user_overrides"] for name in ("random", "word2vec")] == [{}, {"window": "3"}]


def test_scope_cities_is_one_fit_over_all_cities(cities, monkeypatch):
    known = registry()
    monkeypatch.setattr(known, "info", lambda name: MethodInfo("random", "baselines.trajectory.random:Random", "s", "p", "l",
                                                               family="trajectory", scope="cities", inputs=("route",)))
    plan = make_plan(Request(("random",), "both", (0,), device="cpu"), known)
    assert [run.tasks for run in plan.runs] == [find_suite("both").tasks]


def test_a_forecaster_on_a_trajectory_suite_is_refused_with_the_methods_that_fit(cities):
    with pytest.raises(UserError, match=r"stid is a forecasting method; this suite needs trajectory methods: random, word2vec"):
        make_plan(Request(("stid",), "here", (0,), device="cpu"))


def test_the_protocols_of_trajectories_are_strict_and_paper(cities):
    assert make_plan(Request(("random",), "here", (0,), protocol="paper", device="cpu")).settings[0].protocol.ranked is False
    with pytest.raises(UserError, match="paper"):
        make_plan(Request(("random",), "here", (0,), protocol="paper-gap23", device="cpu"))


def test_an_encoder_is_fine_tuned_pretrained_or_from_its_first_weights_under_every_share_of_labels(cities):
    def ids(pretrain, scenario):
        request = Request(("transformer",), "here", tasks=("travel_time",), preset="smoke", device="cpu", floors=False, scenario=scenario,
                          overrides={"probe": "finetune", "pretrain": pretrain})
        return [spec.id for spec in make_plan(request).runs]

    shares = ("labels-10", "labels-25", "labels-50", "standard")
    every = [one for pretrain in ("true", "false") for share in shares for one in ids(pretrain, share)]
    assert len(set(every)) == 2 * len(shares)
