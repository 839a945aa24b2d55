"""The command line as a user meets it: in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def stbench(tmp_path_factory):
    """Runs `python -m benchmark …` from another folder, with a home that this module shares (its city is made once)."""
    home = tmp_path_factory.mktemp("home")
    results = tmp_path_factory.mktemp("results")

    def call(*arguments, code=0, **environment):
        done = subprocess.run([sys.executable, "-m", "benchmark", *arguments], capture_output=True, text=True, check=False, cwd=home,
                              env={**os.environ, "PYTHONPATH": str(ROOT), "STBENCH_HOME": str(home), "STBENCH_RESULTS": str(results),
                                   "COLUMNS": "100", **environment})
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr if code else done.stdout

    call.results, call.home = results, home
    return call


def finished(results, method, task):
    """The record files of a method's finished runs on one task."""
    files = [p for p in sorted((results / "nyc" / method).glob("*.json")) if p.name.count(".") == 1]
    return [p for p in files if json.loads(p.read_text())["spec"]["tasks"] == [task]]


SMOKE = ("--suite", "nyc", "--preset", "smoke", "--data", "sim")


def test_run_trains_scores_and_tables_and_skips_what_is_done(stbench):
    first = stbench("run", "--method", "stid,last_value", *SMOKE, "--seeds", "2", "--task", "taxi_pick,taxi_drop")
    assert "stid, last_value on nyc@1 · data sim" in first
    assert "6 runs: 0 done, 6 to do" in first  # stid: 2 tasks × 2 seeds; last_value is deterministic: 2 tasks
    assert "taxi_pick" in first
    assert "crowd_in" not in first.split("runs:")[1]
    again = stbench("run", "--method", "stid,last_value", *SMOKE, "--seeds", "3", "--task", "taxi_pick,taxi_drop", "--dry-run")
    assert "8 runs: 6 done, 2 to do" in again


def test_the_first_line_says_what_was_resolved(stbench):
    command = ("--method", "last_value", "--suite", "nyc", "--preset", "smoke", "--task", "taxi_pick")
    stbench("run", *command)
    line = stbench("run", *command, "--dry-run").splitlines()[0]
    assert "(resolved: data, device)" in line
    assert "13 nodes" in line


@pytest.mark.parametrize("command", [("run", "--method", "last_value", "--suite", "nyc"), ("ablate", "cmust")])
def test_a_dry_run_builds_no_city_and_says_that_ids_come_with_it(stbench, tmp_path, command):
    home = tmp_path / "bare"
    out = stbench(*command, "--preset", "smoke", "--dry-run", STBENCH_HOME=str(home))
    assert "not made yet" in out
    assert "id after simulating  to do" in out
    assert not home.exists()


def test_forcing_a_finished_run_gives_the_same_metrics_bit_for_bit(stbench):
    command = ("run", "--method", "stid", *SMOKE, "--task", "crowd_in", "--workers", "1")
    stbench(*command)
    (path,) = finished(stbench.results, "stid", "crowd_in")
    before = json.loads(path.read_text())
    stbench(*command, "--force")
    after = json.loads(path.read_text())
    assert (after["metrics"], after["sums"]) == (before["metrics"], before["sums"])
    assert path.with_suffix(".superseded-1.json").is_file()


def test_workers_and_one_process_give_the_same_bits(stbench, tmp_path):
    for workers in ("1", "2"):
        stbench("run", "--method", "dlinear", *SMOKE, "--task", "taxi_pick", "--seeds", "2", "--workers", workers,
                "--results", str(tmp_path / workers))
    one, two = ({p.name: json.loads(p.read_text())["sums"] for p in finished(tmp_path / w, "dlinear", "taxi_pick")} for w in ("1", "2"))
    assert len(one) == 2
    assert one == two


def test_a_record_explains_itself(stbench):
    stbench("run", "--method", "last_value", *SMOKE, "--task", "taxi_pick")
    (path,) = finished(stbench.results, "last_value", "taxi_pick")
    record = json.loads(path.read_text())
    assert path.stem == record["id"]
    assert record["spec"]["edition"] == "sim"
    assert record["city"]["tasks"]["taxi_pick"]["unit"] == "trips per 30 min"
    assert record["counts"]["taxi_pick"]["test_windows"] > 0
    assert record["environment"]["threads"] == 1
    assert len(record["sums"]["taxi_pick"]["observed"]["absolute"]) == 12
    assert len(path.read_bytes()) < 48 * 1024
    assert set(record["floors"]["taxi_pick"]) == {"last value", "time-of-week mean", "last week"}
    assert record["floors"]["taxi_pick"]["last value"] == pytest.approx(record["metrics"]["taxi_pick"], rel=1e-9)
    days = record["days"]["taxi_pick"]
    assert (days["hours"], sum(days["sums"]["observed"]["count"])) == (24, sum(record["sums"]["taxi_pick"]["observed"]["count"]))
    assert str(Path.home()) not in path.read_text()
    assert str(ROOT) not in path.read_text()


def test_a_failed_run_leaves_an_error_record_the_campaign_goes_on_and_exit_is_1(stbench):
    err = stbench("run", "--method", "stid", *SMOKE, "--task", "taxi_drop", "--seeds", "7,8", "--set", "learning_rate=1e30", code=1)
    assert "2 runs failed" in err
    assert "epoch 1" in err
    assert "taxi_drop" in err
    (first, *_), errors = sorted(stbench.results.glob("nyc/stid/*.error-1.json")), list(stbench.results.glob("nyc/stid/*.error-1.json"))
    assert len(errors) == 2
    assert json.loads(first.read_text())["error"]["kind"] == "Diverged"


@pytest.mark.parametrize(("arguments", "sentence"), [
    (("run", "--method", "stidd", "--suite", "nyc"), "Unknown method 'stidd'. Did you mean stid"),
    (("run", "--method", "stid", "--suite", "nycc"), "Unknown suite 'nycc'. Did you mean nyc"),
    (("run", "--method", "stid", *SMOKE, "--task", "taxi_pik"), "Did you mean taxi_pick"),
    (("run", "--method", "stid", *SMOKE, "--set", "hiden=3"), "Unknown option of stid 'hiden'"),
    (("run", "--method", "stid", *SMOKE, "--set", "batch_size=big"), "stid.batch_size is of type int"),
    (("run", "--method", "stid", "--suite", "nyc", "--preset", "quik"), "Did you mean quick"),
    (("run", "--method", "stid", *SMOKE, "--protocol", "stric"), "Did you mean strict"),
    (("run", "--method", "stid", *SMOKE, "--set", "batch_size=0"), "stid.batch_size is a whole number at least 1"),
    (("run", "--method", "stid", *SMOKE, "--seeds", "0,0"), "--seeds takes"),
    (("run", "--method", "", *SMOKE), "--method '' has an empty name"),
    (("run", "--method", "stid", "--suite", "nyc", "--preset", "smoke", "--data", "zones"), "no edition 'zones'"),
    (("run", "--method", "stid", *SMOKE, "--device", "tpu"), "not available"),
    (("table", "--format", "pdf"), "Unknown format 'pdf'"),
    (("table", "--metric", "maee"), "Did you mean mae"),
    (("table", "--long", "--ranks"), "--long and --ranks show different tables"),
    (("table", "--suite", "nyc", "--against", "cmst"), "Did you mean cmust"),
    (("list", "method"), "Did you mean methods"),
    (("show", "gwnett"), "Did you mean gwnet"),
])
def test_a_wrong_name_is_one_sentence_exit_2_and_nothing_written(stbench, tmp_path, arguments, sentence):
    err = stbench(*arguments, code=2, STBENCH_RESULTS=str(tmp_path / "none"))
    assert sentence in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("what", ["methods", "suites", "tasks", "scenarios", "presets", "protocols", "sources"])
def test_lists_print_as_tables_and_as_json(stbench, what):
    rows = json.loads(stbench("list", what, "--json"))
    assert rows
    shown = stbench("list", what, COLUMNS="300")
    assert all(row[what.removesuffix("s")] in shown for row in rows)


@pytest.mark.parametrize("what", ["methods", "suites", "tasks", "scenarios", "presets", "protocols", "sources"])
def test_the_data_of_a_list_are_names_numbers_and_lists_of_names(stbench, what):
    for row in json.loads(stbench("list", what, "--json")):
        sentences = {"title", "meaning", "summary", "paper", "licence", "files", "broken"}
        for key, value in row.items():
            assert key.replace("_", "").isalpha(), "a key is one word"
            values = value if isinstance(value, list) else [value]
            if key not in sentences:
                assert all(one is None or isinstance(one, int) or not set(" ,@") & set(one) for one in values), key
    versions = {row["version"] for row in json.loads(stbench("list", "suites", "--json"))}
    assert versions == {1, 2}


def test_the_list_of_methods_has_a_line_a_method_at_eighty_columns_and_names_what_it_leaves_out(stbench):
    names = [row["method"] for row in json.loads(stbench("list", "methods", "--json"))]
    lines = stbench("list", "methods", COLUMNS="80").splitlines()
    starts = [line.split()[0] for line in lines if line.split() and line.split()[0] in names]
    assert sorted(starts) == sorted(names)
    filled = [line for line in lines if line.strip()]
    assert len(filled) == len(names) + 2 + 2 + 1, "heads, rule, two families, what is left out"
    assert lines[-1].strip() == "Wider terminals show as well: licence, inputs."
    assert max(map(len, lines)) <= 80
    assert "Yi et al., NeurIPS 2024" in "\n".join(lines)
    wide = stbench("list", "methods", COLUMNS="200")
    assert "value, time, calendar, coordinates" in wide
    assert "Wider" not in wide


def test_long_meanings_stand_below_their_rows(stbench):
    lines = stbench("list", "protocols", COLUMNS="80").splitlines()
    row = next(k for k, line in enumerate(lines) if line.startswith(" strict "))
    assert lines[row + 1].startswith("   rows cut first (70/10/20), scaler")
    assert not any(line.endswith(" ") for line in lines)
    assert max(map(len, lines)) <= 80


def test_on_a_very_narrow_terminal_a_list_gives_a_line_a_fact(stbench):
    assert "windows an epoch: 1,280" in stbench("list", "presets", COLUMNS="40").splitlines()


def test_show_aligns_the_options_of_a_method_and_names_their_choices(stbench):
    text = stbench("show", "cmust", COLUMNS="80")
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    options = lines[lines.index("options:") + 1: lines.index("presets:")]
    columns = {line.index(word) for line, word in ((line, word) for line in options for word in ("windows or trips", "the optimiser's step",
                                                                                                "Adam's step size")) if word in line}
    assert len(columns) == 1
    assert "[time_first, space_first]" in " ".join(text.split())
    shown = json.loads(stbench("show", "cmust", "--json"))["options"]
    assert shown["profile"]["choices"] == ["code", "text"]
    assert "choices" not in shown["batch_size"]


def test_show_tells_a_methods_options_and_a_suites_editions(stbench):
    shown = json.loads(stbench("show", "gwnet", "--json"))
    assert shown["options"]["learning_rate"]["meaning"]
    assert "IJCAI" in shown["paper"]
    assert "learning_rate" in stbench("show", "gwnet")
    assert json.loads(stbench("show", "nyc", "--json"))["tasks"] == ["crowd_in", "crowd_out", "taxi_pick", "taxi_drop"]


def test_a_changed_file_of_a_city_is_noticed_before_any_training(stbench):
    stbench("run", "--method", "last_value", "--suite", "chicago", "--preset", "smoke", "--task", "risk")
    (values,) = stbench.home.glob("cities/chicago/sim-*/risk.values.npy")
    content = values.read_bytes()
    values.write_bytes(content[:-4] + b"\0\0\0\1")
    err = stbench("run", "--method", "last_value", "--suite", "chicago", "--preset", "smoke", code=2)
    assert "risk.values.npy has changed" in err
    values.write_bytes(content)


def test_the_ranking_metric_of_risk_is_tabled(stbench):
    stbench("run", "--method", "historical_average", "--suite", "chicago", "--preset", "smoke", "--task", "risk")
    assert "recall@10%" in stbench("table", "--suite", "chicago", "--format", "markdown")


def test_tables_by_step_of_ranks_and_against_a_method(stbench, tmp_path):
    def table(*arguments):
        return stbench("table", "--suite", "nyc", "--format", "markdown", *arguments, STBENCH_RESULTS=str(tmp_path))

    assert "step 12 MAE ↓" in table("--long")
    assert "told apart from cmust" in table("--against", "cmust")
    pytest.importorskip("scikit_posthocs")
    assert "mean rank ↓" in table("--ranks")
