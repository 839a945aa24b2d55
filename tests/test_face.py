"""The face of the package: `import benchmark as stb`."""

import doctest

import pytest

import benchmark as stb
from benchmark.experiments import running
from benchmark.report import frames

SHOWN = ["Asks", "Forecaster", "MethodInfo", "NeuralEncoder", "NeuralForecaster", "Stage", "TrajectoryEncoder", "UserError", "check_method",
         "embed", "forecast", "load_city", "make_method", "plot", "records", "run", "run_stage", "table"]


def test_dir_shows_eighteen_names_and_every_one_says_what_it_is():
    assert dir(stb) == SHOWN
    assert len(SHOWN) == 18
    assert all((getattr(stb, name).__doc__ or "").strip() for name in SHOWN)
    assert set(SHOWN) <= set(stb.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'tabel'"):
        stb.tabel  # noqa: B018


@pytest.mark.parametrize("name", ["run", "records", "table", "load_city", "make_method", "forecast"])
def test_the_examples_of_the_face_run(name):
    found = doctest.DocTestFinder().find(getattr(stb, name), name, globs=dict(vars(stb)) | {n: getattr(stb, n) for n in SHOWN})
    examples = [one for one in found if one.examples]
    assert examples
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for one in examples:
        runner.run(one)
    assert runner.summarize().failed == 0


def test_python_and_the_command_line_share_their_runs(tmp_path):
    first = stb.run("last_value", "nyc", task="taxi_pick", preset="smoke", data="sim", results=tmp_path)
    assert {"mae", "rmse"} <= set(first["metric"])
    known = stb.records(tmp_path, suite="nyc", method="last_value", preset="smoke")
    assert set(known["source"]) == {"local"}
    with pytest.raises(stb.UserError, match="Did you mean last_value"):
        stb.run("last_valu", "nyc", results=tmp_path)
    assert running.run is stb.run
    assert frames.table is stb.table


def test_a_method_is_made_with_its_options_and_refused_with_a_sentence():
    city = stb.load_city("nyc", size="smoke")
    method = stb.make_method("stid", city, ["taxi_pick"], blocks=1)
    assert method.options.blocks == 1
    assert list(method.problem.tasks) == ["taxi_pick"]
    assert list(stb.make_method("cmust", city, preset="smoke").problem.tasks) == list(city.tasks)
    with pytest.raises(stb.UserError, match="Did you mean blocks"):
        stb.make_method("stid", city, blokcs=1)
    with pytest.raises(stb.UserError, match="keeps unseen"):
        stb.make_method("cmust", city, prompt_fit="all")
    encoder = stb.make_method("random", stb.load_city("xian", size="smoke"))
    assert len(encoder.problem.only.unlabelled) > 0
    with pytest.raises(stb.UserError, match="load them one by one"):
        stb.load_city("chengdu-xian")


def test_a_users_sentence_is_one_line_and_no_page():
    assert str(stb.UserError("two\nlines\x0bof it")) == "two lines of it"
    long = str(stb.UserError(f"The cell is '{'x' * 10_000}'; give a number."))
    assert len(long) < 1600
    assert long.startswith("The cell is 'xxx")
    assert long.endswith("xxx'; give a number.")
