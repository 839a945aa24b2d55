"""A campaign of stbench's own has its budget, takes every method, and does not measure again what is published."""

from dataclasses import replace

import pytest

from benchmark.declared import Experiment, find_experiments
from benchmark.execution.engines import Watcher
from benchmark.experiments import doing
from benchmark.experiments.doing import asked, plan_experiment, request_of, run_experiments
from benchmark.registry import registry
from benchmark.store.merging import merge
from benchmark.store.records import Store
from benchmark.suites.cities import CityFinder

SMALL = Experiment("mine/small", "Two floors", "grid", ("nyc",), ("last_value", "last_week"), ("taxi_pick",), preset="smoke", edition="sim",
                   reference=True)


def test_a_campaign_says_its_budget_and_the_user_may_say_another():
    (nyc,) = find_experiments(("reference/nyc",))
    said, other = asked(nyc, request_of()), asked(nyc, request_of((5,), "smoke", edition="archive"))
    assert (said.seeds, said.preset, said.edition) == ((0, 1, 2), "quick", "sim")
    assert (other.seeds, other.preset, other.edition) == ((5,), "smoke", "archive")


@pytest.mark.parametrize(("name", "family"), [("reference/sip_and_chicago", "forecasting"), ("reference/chengdu_xian", "trajectory")])
def test_a_campaign_is_of_every_method_of_its_family(name, family):
    (one,) = find_experiments((name,))
    planned = plan_experiment(one, request_of(), CityFinder(builds=False))
    assert {part.method for part in planned.parts} == set(registry().names(family))
    assert {part.suite for part in planned.parts} == set(one.suites)


@pytest.mark.parametrize(("one", "runs"), [(SMALL, 1), (replace(SMALL, reference=False), 2)], ids=["campaign", "of a paper"])
def test_what_is_published_counts_as_done_in_a_campaign_alone(tmp_path, monkeypatch, one, runs):
    published, here = Store(tmp_path / "published"), Store(tmp_path / "here")
    monkeypatch.setattr(doing, "published_root", lambda: published.root)
    run_experiments([one], request_of(), here.root, workers=1)
    both = list(here.records())
    merge([(here, record) for record in both if record.spec.method == "last_week"], published)
    (result,) = run_experiments([one], request_of(), tmp_path / "fresh", workers=1)
    assert result.done == runs
    assert [record.spec for record in Store(tmp_path / "fresh").records()] == [record.spec for record in both]


def test_a_dry_run_of_a_campaign_says_what_is_published_and_writes_nothing(tmp_path, monkeypatch):
    published, planned = Store(tmp_path / "published"), []
    monkeypatch.setattr(doing, "published_root", lambda: published.root)
    run_experiments([SMALL], request_of(), published.root, workers=1)

    class Heard(Watcher):
        def planned(self, plan, todo):
            planned.append((len(plan.jobs), len(todo)))

    for force in (False, True):
        run_experiments([SMALL], request_of(), tmp_path / "fresh", dry_run=True, force=force, watcher=Heard())
    assert planned == [(2, 0), (2, 2)]
    assert not list(Store(tmp_path / "fresh").records())
