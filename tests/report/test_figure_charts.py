"""Charts: each draws what it is given, as text and not as mathematics, and gives the same bytes for the same data."""

import math
import sys

import numpy as np
import pytest
from made.nasty import SHOWN_WORSE, WORSE

from benchmark.errors import UserError
from benchmark.report.figures.charts.attention import Attention
from benchmark.report.figures.charts.bars import Bars
from benchmark.report.figures.charts.cost import Cost, CostPanel, Point, front
from benchmark.report.figures.charts.lines import TRUTH, Line, Lines, Panel
from benchmark.report.figures.charts.nodes import NodeErrors, NodeMap
from benchmark.report.figures.charts.ranks import RankLine, joined
from benchmark.report.figures.save import check_picture_suffix, figure_bytes, page_png, write_figure
from benchmark.report.figures.style import COLOURS, looks, short_number, wrapped

pytest.importorskip("matplotlib")

LINES = Lines("nyc@1 · data sim", "steps ahead", [
    Panel("taxi_pick", "MAE (trips)", [Line("stid", [1, 2, 3], [4.0, 5.0, 7.0], [0.5, 0.5, 1.0]),
                                       Line("cmust", [1, 2, 3], [5, math.nan, 6])]),
    Panel("taxi_drop", "MAE (trips)", [Line("cmust", [1, 2], [3, 4])])])
BARS = Bars("ablation", "change of MAE (%)", {"taxi_pick": {"no_prompt": [1.0, 2.0, 6.0], "no_consistency": [-1.0, 1.0], "broken": []}})
MAP = NodeMap("map", [NodeErrors("taxi_pick", "MAE (trips)", [-74, -73.99, -73.98], [40.7, 40.71, 40.72],
                                 {"stid": [1, 2, math.nan], "cmust": [3, 2, 1]})])
RANKS = RankLine("ranks", "mean rank", {"stid": 1.5, "cmust": 1.75, "linear": 3.0}, [["stid", "cmust"]], 1.2)
COST = Cost("cost", "training (s)", [CostPanel("taxi_pick", "MAE (trips)", [Point("linear", 0.1, 9), Point("stid", 10, 5, 0.2),
                                                                               Point("slow", 20, 8)])])
ATTENTION = Attention("maps", ["1. select", "2. roll"], ["temporal", "spatial"], {
    ("1. select", "temporal"): np.eye(3, dtype=np.float32), ("2. roll", "temporal"): np.full((3, 3), 2, np.float32),
    ("2. roll", "spatial"): np.eye(5, dtype=np.float32)})
CHARTS = {"lines": LINES, "bars": BARS, "map": MAP, "ranks": RANKS, "cost": COST, "attention": ATTENTION}


def texts(figure):
    """All that is written in a figure."""
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


@pytest.mark.parametrize(("name", "suffix"), [("lines", ".pdf"), *((name, suffix) for name in CHARTS for suffix in (".svg", ".png"))])
def test_the_same_data_give_the_same_bytes(name, suffix):
    one = figure_bytes(CHARTS[name].draw(), suffix, 60)
    assert one == figure_bytes(CHARTS[name].draw(), suffix, 60)
    assert not any(word in one for word in (b"matplotlib v", b"Matplotlib v", b"CreationDate"))


def test_a_users_own_settings_change_no_byte():
    import matplotlib

    plain = figure_bytes(LINES.draw(), ".svg")
    with matplotlib.rc_context({"font.size": 20, "axes.grid": False, "lines.linewidth": 9, "savefig.dpi": 30}):
        assert figure_bytes(LINES.draw(), ".svg") == plain


def test_the_image_of_a_page_is_small_and_the_same_twice():
    assert page_png(LINES.draw(), 100) == page_png(LINES.draw(), 100)
    assert len(page_png(LINES.draw(), 100)) < len(figure_bytes(LINES.draw(), ".png", 100))


def test_lines_go_through_their_points_and_bands_around_them():
    figure = LINES.draw()
    first, second = figure.axes
    stid, cmust = first.get_lines()
    assert stid.get_xdata().tolist() == [1, 2, 3]
    assert stid.get_ydata().tolist() == [4, 5, 7]
    np.testing.assert_array_equal(cmust.get_ydata(), [5, math.nan, 6])
    (band,) = first.collections
    assert {tuple(point) for point in band.get_paths()[0].vertices} >= {(1, 3.5), (1, 4.5), (3, 6), (3, 8)}
    assert (first.get_title(), first.get_ylabel(), second.get_xlabel()) == ("taxi_pick", "MAE (trips)", "steps ahead")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["stid", "cmust"]
    (other,) = second.get_lines()
    assert other.get_color() == cmust.get_color() != stid.get_color()
    assert figure.get_suptitle() == "nyc@1 · data sim"


def test_a_page_gives_a_name_one_look_in_all_figures():
    shown_as = looks(["slow", "linear", "stid", "cmust"])
    (cmust,) = LINES.draw(shown_as).axes[1].get_lines()
    assert cmust.get_color() == COLOURS[3]
    assert len({(one.colour, one.marker, one.dashes) for one in looks([str(k) for k in range(28)]).values()}) == 28


def test_truth_steps_ticks_and_marks_are_drawn():
    chart = Lines("t", "x", [Panel("p", "y", [Line(TRUTH, [0, 1], [1, 2]), Line("a", [0, 1], [2, 3])])], steps=True,
                  ticks={0: "8", 1: "16"}, marked=1)
    (axes,) = chart.draw().axes
    truth, line, mark = axes.get_lines()
    assert line.get_drawstyle() == "steps-post" != truth.get_drawstyle()
    assert [text.get_text() for text in axes.get_xticklabels()] == ["8", "16"]
    assert list(mark.get_xdata()) == [1, 1]


@pytest.mark.parametrize(("days", "last"), [(2, "01-03 00:00"), (30, "01-27")])
def test_moments_are_named_by_half_days_or_days(days, last):
    times = np.datetime64("2016-01-01T00:00:00") + np.arange(days * 24 + 1) * np.timedelta64(1, "h")
    figure = Lines("t", "time", [Panel("p", "y", [Line("a", times, np.zeros(len(times)))])], times=True).draw()
    figure.canvas.draw()
    shown = [text.get_text() for text in figure.axes[0].get_xticklabels()]
    assert last in shown
    assert len(shown) <= 9


def test_bars_reach_the_mean_and_every_seed_is_a_dot():
    (axes,) = BARS.draw().axes
    assert [bar.get_width() for bar in axes.patches] == [3.0, 0.0]
    dots = [line.get_xdata().tolist() for line in axes.get_lines() if line.get_marker() == "o"]
    assert dots == [[1, 2, 6], [-1, 1]]
    # a whisker only of three seeds: their sample deviation is the root of 7
    (whisker,) = [container for container in axes.containers if getattr(container, "errorbar", None) is not None]
    (segment,) = whisker.errorbar.lines[2][0].get_segments()
    assert segment[:, 0].tolist() == pytest.approx([3 - 7**0.5, 3 + 7**0.5])
    assert "no result" in texts(axes.figure)
    assert [text.get_text() for text in axes.get_yticklabels()] == ["no_prompt", "no_consistency", "broken"]


def test_a_map_shows_each_method_at_the_nodes_with_one_scale_a_task():
    figure = MAP.draw()
    stid, cmust, bar = figure.axes
    points = cmust.collections[0]
    # the largest error lies on top
    assert points.get_offsets().tolist() == [[-73.98, 40.72], [-73.99, 40.71], [-74, 40.7]]
    assert points.get_array().tolist() == [1, 2, 3]
    assert stid.collections[0].get_clim() == points.get_clim()
    assert stid.get_aspect() == pytest.approx(1 / math.cos(math.radians(40.71)))
    assert (bar.get_ylabel(), stid.get_ylabel(), stid.get_xlabel()) == ("MAE (trips)", "latitude (°)", "longitude (°)")
    assert (stid.get_title(), cmust.get_title()) == ("taxi_pick · stid", "taxi_pick · cmust")


def test_a_rank_line_joins_what_is_not_told_apart():
    figure = RANKS.draw()
    bars = [line for line in figure.axes[0].get_lines() if line.get_linewidth() == 3]
    assert [[round(x, 2) for x in bar.get_xdata()] for bar in bars] == [[1.47, 1.78]]
    markers = {line.get_xdata()[0] for line in figure.axes[0].get_lines() if line.get_marker() not in ("None", "")}
    assert markers == {1.5, 1.75, 3.0}
    assert {"stid", "cmust", "linear", "1.50", "1.75", "3.00", "critical difference 1.20"} <= set(texts(figure))


@pytest.mark.parametrize(("apart", "runs"), [
    (lambda one, other: False, [["a", "b", "c"]]), (lambda one, other: True, []),
    (lambda one, other: {one, other} == {"a", "c"}, [["a", "b"], ["b", "c"]])])
def test_bars_join_the_longest_runs_of_methods_that_are_alike(apart, runs):
    assert joined({"c": 3, "a": 1, "b": 2}, apart) == runs


def test_the_front_holds_whom_nobody_beats_in_both():
    points = [Point("a", 1, 5), Point("b", 2, 5), Point("c", 3, 2), Point("d", 4, 9), Point("e", 1, 6)]
    assert [point.name for point in front(points)] == ["a", "c"]
    assert [point.name for point in front(points, higher_is_better=True)] == ["e", "d"]


def test_costs_are_logarithmic_and_who_is_beaten_is_hollow():
    figure = COST.draw()
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    drawn = {tuple(map(float, (line.get_xdata()[0], line.get_ydata()[0]))): line.get_markerfacecolor()
             for line in axes.get_lines() if line.get_marker() in "osD"}
    assert {point for point, colour in drawn.items() if colour == "white"} == {(20, 8)}
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["linear", "stid", "slow", "not beaten in both (filled)"]


def test_the_maps_of_a_layer_share_one_scale():
    figure = ATTENTION.draw()
    images = [axes.images[0] for axes in figure.axes if axes.images]
    assert [image.get_array().shape for image in images] == [(3, 3), (3, 3), (5, 5)]
    assert images[0].get_clim() == images[1].get_clim() == (0, 2)
    assert images[2].get_clim() == (0, 1)
    assert {"temporal", "spatial", "1. select\nasking position", "asked position", "weight"} <= set(texts(figure))


def test_letters_are_large_enough_in_print_and_no_figure_is_wider_or_higher_than_a_page():
    from matplotlib.text import Text

    tall = NodeMap("t", [MAP.tasks[0]] * 9)
    for chart in (*CHARTS.values(), tall, Attention("t", [str(k) for k in range(9)], ["a"], {(str(k), "a"): np.eye(2) for k in range(9)})):
        figure = chart.draw()
        assert min(text.get_fontsize() for text in figure.findobj(Text)) >= 8
        assert figure.get_figwidth() <= 7.17
        assert figure.get_figheight() <= 9.3


NASTY = [Lines(WORSE, WORSE, [Panel(WORSE, WORSE, [Line(WORSE, [1], [2]), Line("_hidden", [1], [2])])]),
         Bars(WORSE, WORSE, {WORSE: {WORSE: [1.0]}}), RankLine(WORSE, WORSE, {WORSE: 1.0, "_b": 2.0}),
         Cost(WORSE, WORSE, [CostPanel(WORSE, WORSE, [Point(WORSE, 1, 2)])]),
         NodeMap(WORSE, [NodeErrors(WORSE, WORSE, [1, 2], [3, 4], {WORSE: [5, 6]})]),
         Attention(WORSE, [WORSE], [WORSE], {(WORSE, WORSE): np.eye(2)})]


@pytest.mark.parametrize("chart", NASTY, ids=lambda chart: type(chart).__name__)
@pytest.mark.filterwarnings("ignore:constrained_layout not applied")
def test_a_nasty_name_is_drawn_as_text(chart):
    figure = chart.draw()
    assert figure_bytes(figure, ".png", 40)
    assert "".join(SHOWN_WORSE.split()) in ["".join(text.split()) for text in texts(figure)]


def test_a_name_that_begins_with_an_underscore_stands_in_the_legend():
    assert [text.get_text().strip() for text in NASTY[0].draw().legends[0].get_texts()][1] == "_hidden"


def test_numbers_and_names_are_shown_short():
    assert [short_number(one) for one in (0.1 + 0.2, 1500, 20000, -3e6)] == ["0.3", "1.5k", "20k", "-3M"]
    assert wrapped("a" * 20 + " " + "b" * 40).split("\n") == ["a" * 20, "b" * 40]


def test_a_file_is_written_by_its_suffix_and_another_is_refused(tmp_path):
    write_figure(LINES.draw(), tmp_path / "one.svg")
    assert (tmp_path / "one.svg").read_bytes().startswith(b"<?xml")
    with pytest.raises(UserError, match=r"give a name that ends in \.pdf, \.svg or \.png"):
        check_picture_suffix(tmp_path / "one.jpg")


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UserError, match=r"pip install 'stbench\[plot\]'"):
        LINES.draw()
