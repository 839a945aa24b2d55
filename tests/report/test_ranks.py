"""Ranks across the tasks of a suite: each task counts once, and only methods and tasks that can be compared take part."""

import csv
import io
import json
from dataclasses import replace

import pytest
from made.forecasting_records import TASKS, record, sums
from made.trajectory_records import record as trips_record

from benchmark.errors import UserError
from benchmark.report.choice import Filter
from benchmark.report.ranks import make_ranks, rank_sheets
from benchmark.report.render import render
from benchmark.report.table import make_tables

pytest.importorskip("scikit_posthocs")
MAES = {"stid": (1.0, 1.0), "gwnet": (2.0, 3.0), "stgcn": (3.0, 2.0)}


def records(maes=MAES, **spec):
    return [record(name, task=task, mae=mae, **spec) for name, each in maes.items() for task, mae in zip(TASKS, each, strict=True)]


def test_methods_stand_by_their_mean_rank_with_the_share_of_others_that_they_beat(stores):
    ranks = make_ranks(make_tables(*stores(records())))
    assert (ranks.names, ranks.tasks, ranks.ranks) == (("stid", "stgcn", "gwnet"), tuple(TASKS), ((1, 3, 2), (1, 2, 3)))
    assert ranks.mean_ranks == (1.0, 2.5, 2.5)
    assert ranks.win_rates == (1.0, 0.25, 0.25)
    assert ranks.critical_difference == pytest.approx(2.3437 * (3 * 4 / 12) ** 0.5, abs=1e-3)
    assert ranks.p[0][0] == 1.0


def test_the_cities_of_a_task_count_as_one_task(stores):
    made = [trips_record(name, value=value) for name, value in (("word2vec", 0.4), ("node2vec", 0.5), ("transformer", 0.6))]
    ranks = make_ranks(make_tables(*stores(made)))
    assert ranks.tasks == ("road_label", "travel_time", "destination_road")
    assert ranks.metrics == ("micro_f1", "mae", "acc_1")
    assert ranks.left_out_tasks == ("destination_grid",)
    # the best score is the worst time
    assert dict(zip(ranks.names, zip(*ranks.ranks, strict=True), strict=True)) == {
        "transformer": (1, 3, 1), "node2vec": (2, 2, 2), "word2vec": (3, 1, 3)}


def test_variants_and_methods_without_a_ranked_result_in_some_task_take_no_part(stores):
    late = record("mtgnn", task="taxi_pick", mae=0.5, preset="medium", notes={"training": {"best_epoch": 20, "epochs": 20}})
    changed = replace(record("stid", mae=0.1, options={"hidden": 64}, preset="medium"), notes={"user_overrides": {"hidden": 64}})
    ranks = make_ranks(make_tables(*stores([*records(preset="medium"), late, record("mtgnn", task="taxi_drop", mae=0.5, preset="medium"),
                                            changed])))
    assert set(ranks.names) == set(MAES)
    assert ranks.left_out == ("mtgnn",)


@pytest.mark.parametrize("maes", [{"stid": (1.0, 1.0), "gwnet": (2.0, 3.0)}, {name: each[:1] for name, each in MAES.items()}])
def test_two_methods_or_one_task_are_not_ranked(stores, maes):
    made = stores([record(name, task=task, mae=mae) for name, each in maes.items() for task, mae in zip(TASKS, each, strict=False)])
    assert make_ranks(make_tables(*made)) is None
    with pytest.raises(UserError, match="need 3 methods with a result in each of 2 tasks"):
        rank_sheets(*made, Filter())
    assert rank_sheets(*stores(), Filter(suites=("sip",))) == []


def test_a_protocol_that_does_not_rank_has_no_ranks(stores):
    values = {"mae_mean12": 1.0, "mae": 1.0}
    made = [replace(one, metrics=dict.fromkeys(one.metrics, values), sums=dict.fromkeys(one.metrics, sums(values)))
            for one in records(protocol="paper")]
    assert make_ranks(make_tables(*stores(made))) is None


MARKDOWN = """\
**nyc@1 · data sim · protocol strict@1 · preset quick · ranks across tasks**

| method | taxi_pick | taxi_drop | mean rank ↓ | win rate % ↑ | first ↑ |
|---|---:|---:|---:|---:|---:|
| stid | 1 | 1 | **1.00** | 100 | 2 |
| stgcn | 3 | 2 | <ins>2.50</ins> ≈ | 25 | 0 |
| gwnet | 2 | 3 | <ins>2.50</ins> ≈ | 25 | 0 |

Best bold, second underlined.
Ranks by MAE (taxi_pick, taxi_drop); 1 is the best, ties share. Cities of one task count as one. Win rate: the share of the others that \
a method beats, over all tasks.
Friedman's test over 2 tasks: p = 0.22. Critical difference of mean ranks (Nemenyi, at 0.05): 2.34; ≈: not told apart from the first. \
Tasks of one suite share places and days, so they are no independent trials.
"""


def test_the_sheet_of_ranks_in_words_and_as_data(stores):
    sheets = rank_sheets(*stores(records()), Filter())
    assert render(sheets, "markdown") == MARKDOWN
    lines = list(csv.DictReader(io.StringIO(render(sheets, "csv"))))
    assert [(line["method"], line["mean_rank"], line["win_rate"], line["firsts"]) for line in lines] == [
        ("stid", "1.0", "100.0", "2"), ("stgcn", "2.5", "25.0", "0"), ("gwnet", "2.5", "25.0", "0")]
    (whole,) = json.loads(render(sheets, "json"))
    assert (whole["names"], whole["setting"]["suite"]) == (["stid", "stgcn", "gwnet"], "nyc@1")
