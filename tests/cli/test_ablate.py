"""`stbench ablate` on a method of an outside package, in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import fmean

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = """
from benchmark import MethodInfo

PARTS, NO_SUITE, WRONG, TAKEN = (MethodInfo(name.lower(), f"ablatable_methods:{name}", "s", "p", "l")
                                 for name in ("Parts", "No_suite", "Wrong", "Taken"))
WHOLE = MethodInfo("whole", "baselines.forecasting.last_value:LastValue", "s", "p", "l", deterministic=True)
"""
METHODS = """
from baselines.forecasting.stid import STID


class Parts(STID):
    presets = {"smoke": {"series_width": 8, "node_width": 8}}
    ablations = {"no_depth": {"blocks": 1}, "no_identity": {"node_width": 1, "time_width": 1}}
    ablation_suite = "chicago"


class No_suite(STID):
    ablations = {"no_depth": {"blocks": 1}, "diverges": {"learning_rate": 1e30}}


class Wrong(STID):
    ablations, ablation_suite = {"typo": {"block": 1}}, "chicago"


class Taken(STID):
    ablations, ablation_suite = {"full": {"blocks": 1}}, "chicago"
"""


@pytest.fixture(scope="module")
def stbench(tmp_path_factory):
    """Runs `python -m benchmark …` where an outside package with ablations is installed."""
    home, results, site = (tmp_path_factory.mktemp(name) for name in ("home", "results", "site"))
    (site / "ablatable.py").write_text(PACKAGE)
    (site / "ablatable_methods.py").write_text(METHODS)
    facts = site / "ablatable-1.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: ablatable\nVersion: 1\n")
    names = ("parts", "no_suite", "wrong", "taken", "whole")
    (facts / "entry_points.txt").write_text("\n".join(["[stbench.methods]", *(f"{n} = ablatable:{n.upper()}" for n in names)]))

    def call(*arguments, code=0, **environment):
        done = subprocess.run([sys.executable, "-m", "benchmark", *arguments], capture_output=True, text=True, check=False, cwd=home,
                              env={**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{ROOT}", "STBENCH_HOME": str(home),
                                   "STBENCH_RESULTS": str(results), "COLUMNS": "100", **environment})
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    call.results = results
    return call


SMOKE = ("--preset", "smoke", "--data", "sim", "--workers", "1")


def errors(results, suite, method, task):
    """(blocks, node_width, time_width, seed) → MAE, read from the files themselves."""
    found = {}
    for path in Path(results).glob(f"{suite}/{method}/*.json"):
        if path.name.count(".") == 1:
            record = json.loads(path.read_text())
            if record["spec"]["tasks"] == [task]:
                options = [record["spec"]["options"][key] for key in ("blocks", "node_width", "time_width")]
                found[*options, record["spec"]["seed"]] = record["metrics"][task]["mae"]
    return found


def test_the_full_method_and_each_ablation_are_measured_and_compared(stbench):
    done = stbench("ablate", "parts", *SMOKE, "--json")
    table = json.loads(done.stdout)  # nothing but the table
    assert "parts (full, no_depth, no_identity) on chicago@1 · data sim" in done.stderr
    assert "18 runs: 0 done, 18 to do" in done.stderr
    assert list(table["rows"]) == ["full", "no_depth", "no_identity"]
    for task in ("taxi_pick", "taxi_drop", "risk"):
        maes = errors(stbench.results, "chicago", "parts", task)
        assert len(maes) == 6
        # options: defaults, then the preset's declared overrides (node_width=8), then the ablation's
        means = {name: fmean(maes[*options, seed] for seed in (0, 1))
                 for name, options in (("full", (3, 8, 32)), ("no_depth", (1, 8, 32)), ("no_identity", (3, 1, 1)))}
        for name, mean in means.items():
            cell = table["rows"][name][task]
            assert cell["n"] == 2
            assert cell["error"]["mean"] == pytest.approx(mean)
            assert cell["change_percent"] == (None if name == "full" else pytest.approx(100 * (mean / means["full"] - 1)))


def test_an_ablation_run_is_the_run_of_the_same_options(stbench, tmp_path):
    results = ("--results", str(tmp_path))
    stbench("run", "--method", "parts", "--suite", "nyc", "--task", "taxi_pick", "--seeds", "2", "--set", "blocks=1", *SMOKE, *results)
    ids = {path.stem for path in tmp_path.glob("nyc/parts/*.json") if path.name.count(".") == 1}
    plan = stbench("ablate", "parts", "--suite", "nyc", "--task", "taxi_pick", "--dry-run", *SMOKE, *results).stdout
    assert "6 runs: 2 done, 4 to do" in plan
    lines = [line.split() for line in plan.splitlines() if line.startswith("  ")]
    assert {line[0] for line in lines if line[1] == "done"} == ids
    assert {line[2] for line in lines if line[1] == "done"} == {"no_depth:"}
    assert not list(tmp_path.glob("nyc/parts/*.error-*"))
    # the records of the run above note no ablation; their options are enough
    made = json.loads(stbench("ablate", "parts", "--suite", "nyc", "--task", "taxi_pick", "--json", *SMOKE, *results).stdout)
    maes = errors(tmp_path, "nyc", "parts", "taxi_pick")
    assert made["rows"]["no_depth"]["taxi_pick"]["error"]["mean"] == pytest.approx(fmean(maes[1, 8, 32, seed] for seed in (0, 1)))
    # and in the ordinary table they are ordinary rows
    shown = stbench("table", "--suite", "nyc", "--format", "markdown", *results).stdout
    assert all(name in shown for name in ("| parts |", "| parts (blocks=1) |", "| parts (node_width=1, time_width=1) |"))


def test_a_failed_variant_leaves_its_cells_empty_and_exit_is_1(stbench, tmp_path):
    done = stbench("ablate", "no_suite", "--suite", "nyc", "--task", "taxi_pick", "--format", "csv", *SMOKE,
                   "--results", str(tmp_path), code=1)
    rows = [line.split(",") for line in done.stdout.splitlines()]
    n, mean, change = (rows[0].index(name) for name in ("n", "mean", "change_percent"))
    by_name = {row[rows[0].index("variant")]: row for row in rows[1:]}
    assert by_name["diverges"][n:mean + 1] == ["0", "MAE", "trips per 30 min", ""]
    assert by_name["diverges"][change] == ""
    assert float(by_name["no_depth"][mean]) > 0
    assert "2 runs failed" in done.stderr


def test_an_option_that_no_ablation_sets_is_set_in_every_variant(stbench, tmp_path):
    plan = stbench("ablate", "parts", "--dry-run", "--set", "series_width=4", *SMOKE, "--results", str(tmp_path)).stdout
    assert "18 runs: 0 done, 18 to do" in plan
    assert not any(tmp_path.iterdir())


def test_show_lists_the_ablations(stbench):
    shown = json.loads(stbench("show", "parts", "--json").stdout)
    assert shown["ablations"] == {"no_depth": {"blocks": 1}, "no_identity": {"node_width": 1, "time_width": 1}}
    assert shown["ablation_suite"] == "chicago"


@pytest.mark.parametrize(("arguments", "sentence"), [
    (("whole",), "whole declares no ablations and no sweeps. `stbench show METHOD` says what a method has."),
    (("whole", "--suite", "nyc"), "whole declares no ablations."),
    (("no_suite",), "no_suite names no suite for its ablations and sweeps; name one: --suite nyc"),
    (("parts", "--set", "time_width=4"), "--set time_width would undo ablation no_identity"),
    (("parts", "--set", "blokcs=4"), "Unknown option of parts 'blokcs'. Did you mean blocks"),
    (("wrong", "--preset", "smoke", "--data", "sim"), "Ablation typo of wrong: Unknown option of wrong 'block'. Did you mean blocks"),
    (("taken",), "taken calls an ablation 'full'"),
    (("partss",), "Did you mean parts"),
    (("parts", "--suite", "chicgo"), "Did you mean chicago"),
    (("parts", "--format", "pdf"), "Unknown format 'pdf'"),
    (("parts", "--task", "crowd_in"), "Unknown task of suite chicago 'crowd_in'"),
    (("parts", "--seeds", "0,0"), "--seeds takes"),
])
def test_a_wrong_request_is_one_sentence_exit_2_and_nothing_written(stbench, tmp_path, arguments, sentence):
    err = stbench("ablate", *arguments, code=2, STBENCH_RESULTS=str(tmp_path / "none")).stderr
    assert sentence in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "none").exists()
