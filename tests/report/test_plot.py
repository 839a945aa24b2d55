"""Pictures: a prediction against the truth, of the right rows; without matplotlib a sentence."""

import sys

import numpy as np
import pytest
from made.kept_runs import HORIZON, NODES, SPEC, WINDOWS, keep_run

import benchmark as stb


@pytest.fixture
def results(tmp_path):
    return keep_run(tmp_path, NODES)


@pytest.mark.parametrize("node", [None, "b"])
def test_a_picture_shows_each_prediction_at_the_moment_that_it_is_of(results, monkeypatch, node):
    pytest.importorskip("matplotlib")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    axes = stb.plot(SPEC.id, node=node, steps=(1, 3), days=0.25, results=results)
    truth, next_step, third_step = axes.get_lines()
    higher, rows = 100 if node else 0, WINDOWS + HORIZON - 1
    last = np.arange(rows - 12, rows)  # a quarter of a day is twelve half hours
    assert truth.get_ydata().tolist() == (last + higher).tolist()
    # the last two rows lie more than one step after the last window
    assert next_step.get_ydata().tolist() == (last[:-2] + 1000 + higher).tolist()
    assert next_step.get_xdata().tolist() == truth.get_xdata()[:-2].tolist()
    assert third_step.get_ydata().tolist() == (last - 2 + 3000 + higher).tolist()
    assert third_step.get_xdata().tolist() == truth.get_xdata().tolist()
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["truth", "stid, 1 ahead", "stid, 3 ahead"]
    assert node is None or f"node {node}" in axes.get_title()
    assert stb.plot(SPEC.id, results=results, ax=axes) is axes


def test_a_node_of_a_nasty_name_is_drawn_as_text(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    axes = stb.plot(SPEC.id, results=keep_run(tmp_path, ["$\\frac$ {_^ \x1b", "b"]))
    axes.figure.canvas.draw()
    assert axes.get_title().endswith(r"node \$\frac\$ {_^ \x1b")


@pytest.mark.parametrize(("given", "sentence"), [({"task": "taxi_drop"}, "Unknown task of run"), ({"node": "c"}, "Unknown node of task"),
                                                 ({"steps": 4}, "the run predicts the steps 1 to 3"), ({"steps": (1, 0)}, "steps = 0")])
def test_what_is_not_there_is_refused(results, monkeypatch, given, sentence):
    pytest.importorskip("matplotlib")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    with pytest.raises(stb.UserError, match=sentence):
        stb.plot(SPEC.id, results=results, **given)


def test_without_matplotlib_the_error_names_the_extra(results, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(stb.UserError, match=r"Pictures need matplotlib; type `pip install 'stbench\[plot\]'`"):
        stb.plot(SPEC.id, results=results)
