"""Numbers made again: equal to the record's own where the same is asked, and to plain sums where less counts."""

import io
from dataclasses import replace

import numpy as np
import pytest
from made.forecasting_records import record
from made.trajectory_records import record as trajectory_record
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.errors import UserError
from benchmark.metrics import METRICS, error_sums, masks, recall_sums, values
from benchmark.report.choice import Filter
from benchmark.report.render import FORMATS
from benchmark.report.rescore import rescore_kept, rescore_records
from benchmark.report.selection import Selection
from benchmark.spec import Record
from benchmark.store.kept import write_kept
from benchmark.store.records import Store

# 4 February 2016 was a Thursday; steps of 6 hours
FIRST, STEPS, WINDOWS, NODES = np.datetime64("2016-02-04T18:00:00"), 12, 40, ("a", "b", "c", "d", "e")
TIMES = FIRST + np.arange(WINDOWS + STEPS - 1) * np.timedelta64(6, "h")
RNG = np.random.default_rng(0)
TRUTH = RNG.integers(0, 20, (len(TIMES), len(NODES))).astype(np.float32)
TRUTH[RNG.random(TRUTH.shape) < 0.1] = np.nan
PREDICTED = RNG.gamma(4, 2, (WINDOWS, STEPS, len(NODES))).astype(np.float32)


def scored(task="risk"):
    """A run of these predictions, scored in one go: its record, with sums by day, and the arrays that it keeps."""
    rows = np.arange(WINDOWS)[:, None] + np.arange(STEPS)
    truth = TRUTH[rows]
    observed, day = np.isfinite(truth), (TIMES.astype("datetime64[D]") - TIMES[0].astype("datetime64[D]")).astype(int)[rows]
    truth = np.where(observed, truth, 0)
    parts = {name: error_sums(PREDICTED, truth, mask) for name, mask in masks(truth, observed).items()}
    parts["ranking"] = recall_sums(PREDICTED, truth, observed)
    sums = {mask: {name: np.add.accumulate(part)[-1].tolist() for name, part in one.items()} for mask, one in parts.items()}
    days = {mask: {name: np.bincount(day.ravel(), part.ravel()).tolist() for name, part in one.items()} for mask, one in parts.items()}
    base = record("stid", task=task)
    city = {**base.city, "suite_tasks": [task], "tasks": {task: {"nodes": 5, "steps": 2016, "unit": "accidents"}}}
    made = Record(base.spec, "done", city, {task: values(sums)}, {task: sums},
                  {task: {"first": "2016-02-04T00:00", "hours": 24, "sums": days}}, notes={"user_overrides": {}})
    return made, {f"{task}.predictions": PREDICTED, f"{task}.truth": TRUTH, f"{task}.times": TIMES.astype(str),
                  f"{task}.nodes": np.array(NODES)}


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A store with a kept run, and its id."""
    monkeypatch.setattr("benchmark.report.choice.published_root", lambda: None)
    store, (made, arrays) = Store(tmp_path / "results"), scored()
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    store.write(made)
    write_kept(store, made, {".predictions.npz": buffer.getvalue()})
    return store, made


def told(sheets):
    """metric → mean of the only row, as fractions."""
    (sheet,) = sheets
    (row,) = [row for row in sheet.whole["rows"] if not row["floor"]]
    return {metric: cell["mean"] / (100 if METRICS[metric].percent else 1) for metric, cell in row["cells"].items()}


def plain(takes_time=None, at_least=None, nodes=NODES, step=None):
    """MAE, RMSE and MAPE by loops: nothing shared with the code."""
    errors, shares = [], []
    for window in range(WINDOWS):
        for h in range(STEPS) if step is None else [step - 1]:
            moment = TIMES[window + h].item()
            for node in nodes:
                y, predicted = float(TRUTH[window + h, NODES.index(node)]), float(PREDICTED[window, h, NODES.index(node)])
                if np.isnan(y) or (takes_time and not takes_time(moment)) or (at_least is not None and y < at_least):
                    continue
                errors.append(abs(predicted - y))
                if y >= 1:
                    shares.append(abs(predicted - y) / y)
    return {"mae": np.mean(errors), "rmse": np.sqrt(np.mean(np.square(errors))), "mape": np.mean(shares)}


def test_without_a_choice_both_ways_give_the_records_own_numbers_to_the_last_bit(kept):
    store, made = kept
    every = tuple(made.metrics["risk"])
    for sheets in (rescore_records(store, None, Filter(metrics=every), Selection()),
                   rescore_kept(store, [made.spec.id], Filter(metrics=every), Selection())):
        (sheet,) = sheets
        assert sheet.whole["rows"][0]["cells"].keys() == made.metrics["risk"].keys()
        for metric, cell in sheet.whole["rows"][0]["cells"].items():
            assert cell["mean"] == made.metrics["risk"][metric] * (100 if METRICS[metric].percent else 1)


@pytest.mark.parametrize(("chosen", "takes"), [
    ({"days": "weekend"}, lambda moment: moment.weekday() > 4),
    ({"days": "weekdays"}, lambda moment: moment.weekday() < 5),
    ({"days": "2016-02-05:2016-02-08"}, lambda moment: 5 <= moment.day <= 8),
    ({"days": "2016-02-06"}, lambda moment: moment.day == 6),
])
def test_days_from_the_sums_and_from_predictions_equal_loops_over_the_targets(kept, chosen, takes):
    store, made = kept
    expected = plain(takes)
    from_sums = told(rescore_records(store, None, Filter(), Selection(**chosen)))
    from_predictions = told(rescore_kept(store, [made.spec.id[:6]], Filter(), Selection(**chosen)))
    for metric, value in expected.items():
        assert from_sums[metric] == pytest.approx(value, rel=1e-9)
        assert from_predictions[metric] == pytest.approx(value, rel=1e-9)
    assert from_sums["recall_10"] == pytest.approx(from_predictions["recall_10"], rel=1e-12)


@pytest.mark.parametrize(("chosen", "loops"), [
    (Selection(hours="6-12"), {"takes_time": lambda moment: 6 <= moment.hour < 12}),
    (Selection(hours="18-6"), {"takes_time": lambda moment: moment.hour >= 18 or moment.hour < 6}),
    (Selection(hours="0-1,12-24"), {"takes_time": lambda moment: moment.hour in (0, 12, 18)}),
    (Selection(at_least=5), {"at_least": 5}),
    (Selection(nodes=("d", "b")), {"nodes": ("b", "d")}),
    (Selection("weekend", "0-7", 2, ("a", "e")), {"takes_time": lambda moment: moment.weekday() > 4 and moment.hour < 7, "at_least": 2,
                                                  "nodes": ("a", "e")}),
], ids=lambda one: one.words if isinstance(one, Selection) else "")
@pytest.mark.parametrize("step", [None, 3])
def test_hours_sizes_and_nodes_from_predictions_equal_loops_over_the_targets(kept, chosen, loops, step):
    store, made = kept
    found = told(rescore_kept(store, [made.spec.id], Filter(horizon=step), chosen))
    for metric, value in plain(**loops, step=step).items():
        assert found[metric] == pytest.approx(value, rel=1e-9)


def by_hour():
    """A run of one task whose answers were counted by the hour in which a trip begins."""
    count, hits = [float(hour) for hour in range(1, 25)], [float(hour // 2) for hour in range(24)]
    made = trajectory_record(cities=("xian",))
    sums = {"trips": {"count": [sum(count)], "hits_1": [sum(hits)], "hits_5": [sum(hits)]}}
    days = {"first": "2016-11-15T00:00", "hours": 1, "sums": {"trips": {"count": count, "hits_1": hits}}}
    return replace(made, spec=replace(made.spec, tasks=("destination_road",)), metrics={"destination_road": values(sums)},
                   sums={"destination_road": sums}, days={"destination_road": days}, floors={})


def test_trips_count_by_the_hour_in_which_they_begin_and_what_hours_do_not_tell_has_no_column(stores):
    (sheet,) = rescore_records(*stores([by_hour()]), Filter(), Selection(hours="7-9"))
    assert sheet.whole["metrics"] == ["acc_1"]
    assert told([sheet])["acc_1"] == pytest.approx((7 // 2 + 8 // 2) / (8 + 9))


def test_a_record_without_days_is_left_out_and_that_is_said(stores):
    made, _ = scored("taxi_pick")
    (sheet,) = rescore_records(*stores([made, record("gwnet")]), Filter(), Selection("weekend"))
    assert [row["method"] for row in sheet.whole["rows"]] == ["stid"]
    assert "Left out: 1 run: their records hold no sums by day" in " ".join(sheet.notes)


def test_what_is_of_the_whole_test_part_is_not_shown_beside_a_part_of_it(stores):
    made, _ = scored("taxi_pick")
    gwnet = replace(made, spec=replace(made.spec, method="gwnet"), floors={"taxi_pick": {"nothing": {"mae": 1.0}}})
    whole, part = (rescore_records(*stores([gwnet]), Filter(), chosen)[0].whole["rows"] for chosen in (Selection(), Selection("weekend")))
    assert [(row["floor"], row["paper"]) for row in whole] == [(True, None), (False, 7.0701)]
    assert [(row["floor"], row["paper"]) for row in part] == [(False, None)]


@pytest.mark.parametrize(("words", "said"), [
    (("--days", "monday"), "--days takes weekdays"), (("--days", "2016-02-09:2016-02-08"), "write 2016-02-08:2016-02-09"),
    (("--hours", "7-31"), "--hours takes"), (("--hours", "7"), "--hours takes"), (("--metric", "maee"), "Did you mean mae"),
    (("--at-least", "5"), "made with --keep"), (("--nodes", "a"), "made with --keep"), (("--hours", "7-9"), "by day, not by hour"),
    (("--days", "weekend", "--horizon", "3"), "made with --keep"), (("--days", "2012-01-01"), "2016-02-04 to 2016-02-17"),
    (("--days", "weekend", "--metric", "mae_mean12"), "does not tell it"),
    (("{id}", "--nodes", "z"), "Unknown node 'z'"), (("{id}", "--days", "2012-01-01"), "no target of risk that is 2012-01-01"),
    (("{id}", "--at-least", "500"), "no target of risk that is y≥500"), (("{id}", "--task", "taxi_pick"), "none of taxi_pick"),
    (("{id}", "--suite", "nyc"), "leave these filters out"), (("00000000", "--days", "weekend"), "No run '00000000'"),
    (("--format", "word"), "Unknown format"), (("--suite", "nowhere"), None)])
def test_what_cannot_be_told_is_one_sentence(kept, words, said):
    store, made = kept
    done = CliRunner().invoke(app, ["rescore", *(word.format(id=made.spec.id) for word in words), "--results", str(store.root)])
    if said is None:
        assert done.output.startswith("No records match. Unknown suite 'nowhere'")
    else:
        assert isinstance(done.exception, UserError)
        assert said in str(done.exception)


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_says_what_was_chosen(kept, format):
    store, made = kept
    done = CliRunner().invoke(app, ["rescore", made.spec.id, "--days", "weekend", "--format", format, "--results", str(store.root)])
    assert done.exit_code == 0
    assert "weekend" in done.output
