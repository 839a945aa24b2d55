"""Whether a record can be made again: to bits here, within 1e-3 elsewhere, and a tampered one not at all."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.errors import UserError
from benchmark.execution.campaign import run_plan
from benchmark.execution.plan import Request, make_plan
from benchmark.metrics import values
from benchmark.plain_json import parse_json
from benchmark.spec import Record
from benchmark.store.check import decode, read_record
from benchmark.store.kept import find_kept, unpack_predictions
from benchmark.store.records import Store, dumps
from benchmark.submission.predictions import packed, prediction_problem
from benchmark.submission.verifying import Difference, find_record, judged, plan_of, rescore, verify


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """(store, record) of one small run whose predictions are kept, and the home that its city lies in."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STBENCH_HOME", str(folder / "home"))
        store = Store(folder / "local")
        plan = make_plan(Request(("linear",), "nyc", tasks=("taxi_pick",), overrides={"ridge": 2.0}, preset="smoke", edition="sim",
                                 device="cpu", floors=False))
        run_plan(plan, store, workers=1, keep=True)
        yield store, store.read(plan.jobs[0].spec)


@pytest.fixture
def here(run, monkeypatch):
    """The run, where its city is."""
    monkeypatch.setenv("STBENCH_HOME", str(run[0].root.parent / "home"))
    monkeypatch.setattr("benchmark.store.records.checkout", lambda: run[0].root.parent / "checkout")
    return run


def tampered(record, share=0.9):
    """Smaller errors, in sums, days and metrics alike: a record that passes every check."""
    sums = {task: {mask: {name: [share * one for one in part] if name != "count" else part for name, part in parts.items()}
                   for mask, parts in masks.items()} for task, masks in record.sums.items()}
    made = replace(record, sums=sums, days={}, metrics={task: values(one) for task, one in sums.items()})
    assert decode(parse_json(dumps(made).encode())).metrics == made.metrics
    return made


def elsewhere(record):
    return replace(record, environment={**record.environment, "processor": "another"})


def test_a_run_is_made_again_bit_for_bit_and_leaves_nothing_behind(here):
    store, record = here
    before = sorted(store.root.rglob("*"))
    verdict = verify(record)
    assert (verdict.how, verdict.bits_asked, verdict.differences) == ("bits", True, ())
    assert verdict.environment["processor"] == record.environment["processor"]
    assert sorted(store.root.rglob("*")) == before


def test_a_tampered_record_is_not_made_again_here_nor_elsewhere(here):
    _, record = here
    for one in (tampered(record), elsewhere(tampered(record))):
        verdict = verify(one)
        assert verdict.how is None
        worst = max(verdict.differences, key=lambda difference: difference.relative)
        assert worst.relative == pytest.approx(1 / 0.9 - 1)


def test_a_difference_of_rounding_is_near_enough_elsewhere_and_not_on_an_equal_machine(here):
    _, record = here
    near = tampered(record, 1 + 5e-4)
    assert judged(record, near, bits_asked=False).how == "within 1e-3"
    assert judged(record, near, bits_asked=True).how is None
    assert judged(record, tampered(record, 1 + 2e-3), bits_asked=False).how is None
    assert judged(record, record, bits_asked=False).how == "bits"


def test_a_task_or_a_metric_that_only_one_has_is_a_difference(here):
    _, record = here
    without = replace(record, metrics={}, sums={})
    for one, other in ((record, without), (without, record)):
        verdict = judged(one, other, bits_asked=False)
        assert verdict.how is None
        assert all(math.isinf(difference.relative) for difference in verdict.differences)
    assert Difference("a", "mae", 0.0, 0.0).relative == 0


def test_a_metric_younger_than_the_record_is_no_difference(here):
    _, record = here
    older = replace(record, metrics={task: {"mae": said["mae"]} for task, said in record.metrics.items()})
    assert judged(older, record, bits_asked=True).how == "bits"


@pytest.mark.parametrize(("change", "words"), [
    ({"method_version": 9}, "is of version 9 of linear, and version 1 is installed"), ({"suite_version": 9}, "its suite_version is 9"),
    ({"fingerprint": "0" * 16}, "is of data with the fingerprint 0000000000000000, and those of nyc"), ({"method": "no_such"}, "no_such"),
    ({"options": {"riddle": 1}}, "riddle"), ({"budget": {"epochs": 7}}, "its budget is"), ({"seed": 3}, "its seed is 3"),
    ({"edition": "zones"}, "zones")])
def test_what_cannot_be_the_same_run_here_is_a_sentence(here, change, words):
    _, record = here
    with pytest.raises(UserError, match=words):
        plan_of(replace(record, spec=replace(record.spec, **change)))


def test_a_run_that_fails_here_does_not_reproduce(here, monkeypatch):
    from benchmark.registry import registry

    def fall(self, run):
        raise ValueError("not today")

    monkeypatch.setattr(registry().load("linear"), "fit", fall)
    verdict = verify(here[1])
    assert (verdict.how, verdict.error) == (None, "ValueError: not today")


def test_kept_predictions_are_scored_again_against_the_citys_truth(here):
    store, record = here
    assert rescore(record, store).how == "bits"
    assert rescore(tampered(record), store).how is None


def test_packed_predictions_that_do_not_give_the_metrics_are_named(here):
    store, record = here
    arrays = unpack_predictions(find_kept(store, record.spec.id))
    assert prediction_problem(packed(arrays, record), record) == (None, True)
    others = {name: array + 1 if name.endswith(".predictions") else array for name, array in arrays.items()}
    problem, done = prediction_problem(packed(others, record), record)
    assert done
    assert problem.startswith("gives mae ")
    fewer = {name: array[1:] for name, array in arrays.items()}
    assert "windows were predicted, and" in prediction_problem(packed(fewer, record), record)[0]
    foreign = replace(record, spec=replace(record.spec, fingerprint="0" * 16))
    assert prediction_problem(packed(arrays, record), foreign) == (None, False)


def test_the_truth_beside_kept_predictions_is_not_packed(here):
    store, record = here
    arrays = unpack_predictions(find_kept(store, record.spec.id))
    assert {name.rpartition(".")[2] for name in arrays} > {"predictions", "truth"}
    assert len(packed(arrays, record)) < 300 + sum(np.float32().nbytes * array.size for name, array in arrays.items()
                                                  if name.endswith(".predictions"))


def test_a_record_is_found_by_the_beginning_of_its_id_or_its_path(here, tmp_path):
    store, record = here
    assert find_record(record.spec.id[:8], (None, store)) == record
    (tmp_path / "any-name.json").write_text(dumps(record), encoding="utf-8")
    assert find_record(str(tmp_path / "any-name.json"), ()) == record
    (tmp_path / "broken.json").write_text("{}", encoding="utf-8")
    for given, words in (("0" * 16, "No record"), (str(tmp_path / "broken.json"), "lacks")):
        with pytest.raises(UserError, match=words):
            find_record(given, (store,))
    failed = Record(record.spec, "failed", record.city, error={"kind": "A", "message": "b"}, notes=record.notes)
    (tmp_path / "failed.json").write_text(dumps(failed), encoding="utf-8")
    with pytest.raises(UserError, match="failed run"):
        find_record(str(tmp_path / "failed.json"), ())


def test_the_command_ends_with_0_1_or_2(here, tmp_path):
    store, record = here
    (tmp_path / "tampered.json").write_text(dumps(tampered(record)), encoding="utf-8")
    other = replace(record, spec=replace(record.spec, fingerprint="0" * 16))
    (tmp_path / "other.json").write_text(dumps(other), encoding="utf-8")
    said = {}
    for name, words in {"good": [record.spec.id], "rescored": [record.spec.id, "--rescore"], "tampered": [str(tmp_path / "tampered.json")],
                        "other": [str(tmp_path / "other.json")]}.items():
        said[name] = CliRunner().invoke(app, ["verify", *words, "--results", str(store.root)])
    assert "reproduced, bit for bit." in said["good"].output
    assert "reproduced, bit for bit." in said["rescored"].output
    assert [said[name].exit_code for name in ("good", "rescored", "tampered")] == [0, 0, 1]
    assert "does not reproduce, on an equal machine, where bits are promised." in said["tampered"].output
    assert "taxi_pick mae: record " in said["tampered"].output
    assert isinstance(said["other"].exception, UserError)
    assert read_record(store.path(record.spec)) == record
    assert json.loads(dumps(record))["environment"]["processor"]
