"""One type of table: every form holds every text, and the terminal splits or folds what it cannot take, but cuts nothing."""

import csv
import io
import json
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import replace
from html import unescape
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made.nasty import plain_markdown
from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement

from benchmark.errors import UserError
from benchmark.report.latex import SYMBOLS
from benchmark.report.render import FORMATS, render
from benchmark.report.sheet import BEST, DIM, FLOOR, SECOND, Sheet
from benchmark.report.terminal import LEVELS, _made, _width

ALPHABET = "abcXYZ019éß漢±≥†✕–_%&#${}[]()<>|\\/~^*,.:;=+-'\""


def texts(longest, shortest=0):
    """Words of one line, with single spaces between them."""
    return st.text(ALPHABET + "  ", min_size=shortest, max_size=longest).map(lambda text: " ".join(text.split()))


# a ± beside a number would be read as the number's own
SHORT = texts(12).filter(lambda text: "±" not in text)
LONG = SHORT | texts(100, 30)
NUMBERS = st.decimals(-10**6, 10**6, places=2).map("{} ± 0.25".format)


@st.composite
def sheets(draw, word=LONG, numbers=LONG):
    """Any sheet: sections or none, blocks or none, marks anywhere; its data and its whole say what its rows say."""
    sections = draw(st.booleans())
    n_words = draw(st.integers(1, 2)) + sections
    keys = n_words + draw(st.integers(0, 1))
    n = keys + draw(st.integers(0, 7))
    heads = [draw(word if j < n_words else numbers) for j in range(n)]
    rows = [[draw(word if j < n_words else numbers) for j in range(n)] for _ in range(draw(st.integers(0, 5)))]
    name = draw(word)
    blocks = {j: f"{name}{(j - keys) // 2}" for j in range(keys, n)} if draw(st.booleans()) else {}
    marks = {(k, j): draw(st.sampled_from((0, BEST, SECOND, FLOOR, DIM))) for k in range(len(rows)) for j in range(n)}
    columns = [f"column {j}" for j in range(n)]
    return Sheet(draw(texts(120)), heads, rows, n_words, keys, sections, blocks, marks, draw(st.lists(texts(120), max_size=2)),
                 draw(st.integers(0, 1)), columns, [dict(zip(columns, row, strict=True)) for row in rows], {"rows": rows})


def in_width(made, width):
    """The lines of the terminal, of which none is wider than it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        lines = render(made, "rich").splitlines()
    assert max(map(cell_len, lines)) <= width
    assert "…" not in "".join(lines)
    return lines


def characters(*parts):
    return Counter("".join("".join(parts).split()))


def shown(sheet):
    """What the terminal must show of a sheet, at the least: heads, blocks' names, rows; a section's name once."""
    first = int(sheet.sections)
    sections = [name for name, _ in groupby(row[0] for row in sheet.rows)] if sheet.sections else []
    # of a block's name a dot is the end of a line
    blocks = [name.replace(".", "") for name in dict.fromkeys(sheet.blocks.values())]
    return [*sheet.heads[first:], *blocks, *sections, *(text for row in sheet.rows for text in row[first:])]


@pytest.mark.parametrize("width", [80, 160])
@settings(deadline=None, max_examples=100)
@given(st.lists(sheets(), min_size=1, max_size=3))
def test_the_terminal_shows_every_character_of_any_sheets_and_is_never_exceeded(width, made):
    found = characters(*in_width(made, width))
    for sheet in made:
        assert characters(sheet.title, *sheet.notes) <= found
    assert characters(*(text for sheet in made for text in shown(sheet))) <= found


@settings(deadline=None, max_examples=60)
@given(sheets(SHORT, NUMBERS))
def test_what_fits_in_parts_is_split_between_its_columns_and_every_number_stands_in_one_line(sheet):
    words = [word for line in in_width([sheet], 80) for word in line.replace(" ± ", "±").split()]
    numbers = Counter(row[j].replace(" ± ", "±") for row in sheet.rows for j in range(sheet.words, len(sheet.heads)))
    assert numbers <= Counter(word.rstrip("*+") for word in words)


@settings(deadline=None, max_examples=60)
@given(sheets(SHORT, NUMBERS), st.integers(34, 59))  # 33: two names folded to six, and the longest of the numbers' heads
def test_on_the_narrowest_terminals_names_are_folded_and_no_number_is(sheet, width):
    alone = replace(sheet, keys=sheet.words, blocks={})
    words = [word for line in in_width([alone], width) for word in line.replace(" ± ", "±").split()]
    numbers = Counter(row[j].replace(" ± ", "±") for row in alone.rows for j in range(alone.words, len(alone.heads)))
    assert numbers <= Counter(word.rstrip("*+") for word in words)


@settings(deadline=None, max_examples=60)
@given(st.lists(sheets(), min_size=1, max_size=2), st.sampled_from(LEVELS), st.integers(1, 3), st.booleans())
def test_a_grid_is_as_wide_as_rich_measures_it(made, level, parts, signed):
    console = Console(width=10_000)
    for grid in _made(made, parts, level, signed):
        assert _width(grid) == Measurement.get(console, console.options, grid).maximum


@settings(deadline=None, max_examples=60)
@given(sheets())
def test_text_formats_hold_every_cell_and_data_formats_the_data(sheet):
    heads = [" ".join(filter(None, (sheet.blocks.get(j), head))) for j, head in enumerate(sheet.heads)]
    # in LaTeX and HTML a head's brackets stand below it, and a block's name above its columns
    parts = [part for text in sheet.heads[int(sheet.sections):] for part in re.split(r" (?=\()", text, maxsplit=1)]
    cells = [text for row in sheet.rows for text in row]
    markdown, latex, html = (render([sheet], format) for format in ("markdown", "latex", "html"))
    for text in (*heads, *cells):
        assert text in plain_markdown(markdown)
    for text in (sheet.title, *sheet.notes, *sheet.blocks.values(), *parts, *cells):
        assert text in unescape(html)
        assert text.translate(SYMBOLS) in latex
    alone = render([replace(sheet, title="", notes=(), marks={})], "markdown").splitlines()
    assert {line.replace(r"\|", "").count("|") for line in alone} == {len(sheet.heads) + 1}, "a cell's bar ends no cell"
    assert [list(row.values()) for row in csv.DictReader(io.StringIO(render([sheet], "csv")))] == sheet.rows
    assert json.loads(render([sheet], "json")) == [{"rows": sheet.rows}]
    assert json.loads(render(sheet, "json")) == {"rows": sheet.rows}, "a sheet alone is an object"


def test_marks_are_shown_in_every_form_that_has_them():
    marks = {(0, 1): BEST, (1, 1): SECOND, (2, 1): FLOOR, (3, 1): DIM}
    sheet = Sheet("title", ["name", "MAE"], [["a", "1"], ["b", "2"], ["c", "3"], ["d", "4"]], marks=marks)
    assert [line.split("|")[2].strip() for line in render([sheet], "markdown").splitlines()[4:8]] == ["**1**", "<ins>2</ins>", "*3*", "4"]
    assert all(part in render([sheet], "latex") for part in (r"\textbf{1}", r"\underline{2}", r"\textit{3}", "& 4 "))
    assert all(f"<td>{part}</td>" in render([sheet], "html") for part in ("<b>1</b>", "<u>2</u>", "<i>3</i>", "4"))


FOUR = Sheet("title", ["name", "MAE"], [["a", "1.00"], ["b", "12.00"], ["c", "3.00"], ["d", "4.00"]],
             marks={(0, 1): BEST, (1, 1): SECOND, (2, 1): FLOOR, (3, 1): DIM}, notes=["a note"])


def lines_of(text):
    return [line for line in text.splitlines() if line.startswith((" a ", " b", " c", " d"))]


def test_marks_are_styles_on_a_terminal_and_the_notes_say_so(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    text = render([FOUR], "rich")
    assert [line.split("\x1b[")[1][0] for line in lines_of(text)] == ["1", "4", "2", "2"]
    assert "Best bold, second underlined." in text
    assert "*" not in text


@pytest.mark.parametrize("environment", [{}, {"FORCE_COLOR": "1", "TERM": "dumb"}])
def test_marks_are_signs_where_no_style_is_seen_and_digits_stay_below_each_other(monkeypatch, environment):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    text = render([FOUR], "rich")
    assert [line.rstrip() for line in lines_of(text)] == [" a      1.00*", " b     12.00+", " c      3.00", " d      4.00"]
    assert "* best, + second." in text
    assert "bold" not in text
    assert text.index("* best") < text.index("a note")


def test_a_head_above_signs_stands_above_the_digits():
    lines = render([replace(FOUR, heads=["name", "ME"])], "rich").splitlines()
    (head,) = [line for line in lines if "name" in line]
    assert head.index("E") == lines_of("\n".join(lines))[0].index("*") - 1


@pytest.mark.parametrize("format", ["rich", "markdown", "latex", "html"])
def test_where_nothing_is_marked_no_mark_is_explained(format):
    text = render([replace(FOUR, marks={(2, 1): FLOOR})], format)
    assert "best" not in text.lower().replace("continued", "")
    only = render([replace(FOUR, marks={(0, 1): BEST})], format)
    assert "best" in only.lower()
    assert "second" not in only.lower()


def test_html_is_one_whole_page_that_needs_nothing_else():
    text = render([FOUR, replace(FOUR, title="another <one>", group=1)], "html")
    assert text.startswith('<!doctype html>\n<html lang="en">')
    assert text.endswith("</html>\n")
    assert '<meta charset="utf-8">' in text
    assert "width=device-width" in text
    assert "<title>title and 1 more</title>" in text
    assert "another &lt;one&gt;" in text
    assert "th, td { padding: .2rem .6rem; text-align: right;" in text
    assert text.count("overflow-x: auto") == 1
    assert text.count('<div class="wide">') == 2
    assert not re.search(r"src=|href=|@import|url\(|<script", text)


SPLIT = Sheet("T [1] <a|b>", ["task", "method", "MAE ↓ (y≠0)", "Δ %", "MAE ↓", "Δ %"],
              [["x_1", "[a]", "1 ± 2", "−1", "3", "+4"], ["x_1", "*b", "1", "2", "3", "4"], ["y", "c", "", "✕", "", ""]], words=2, keys=2,
              sections=True, blocks={2: "in", 3: "in", 4: "out", 5: "out"}, notes=["100 % of a_b"])


def test_latex_has_heading_notes_and_rules_between_tasks_and_names_its_packages():
    text = render([SPLIT, replace(SPLIT, heads=[*SPLIT.heads[:5], "last"])], "latex")
    assert text.splitlines()[0] == (r"% The preamble needs \usepackage{booktabs,threeparttable}; "
                                    r"before TeX Live 2018 also \usepackage[utf8]{inputenc}.")
    assert text.count("%") - text.count(r"\%") == 1, "nothing else is a comment"
    first, second = text.split("\n\n")[1:]
    assert r"\caption{T {[}1{]} \textless{}a\textbar{}b\textgreater{}}" in first
    assert r"\caption{(continued)}" in second
    assert "tablenotes" not in first
    assert r"\item 100 \% of a\_b" in second
    assert first.count(r"\midrule") == 2, "one a task"
    assert r"\multicolumn{5}{l}{\textbf{x\_1}} \\" in first
    assert r" & \multicolumn{2}{c}{in} & \multicolumn{2}{c}{out} \\" in first
    assert r"\cmidrule(lr){2-3}\cmidrule(lr){4-5}" in first
    assert r"{[}a{]} & 1 $\pm$ 2 & $-$1 & 3 & +4 \\" in first
    for part in (first, second):
        for what in ("table", "tabular", "threeparttable"):
            assert part.count(rf"\begin{{{what}}}") == part.count(rf"\end{{{what}}}") == 1
        rows = [line for line in part.splitlines() if line.endswith(r"\\") and "multicolumn" not in line]
        assert {line.count(" & ") for line in rows} == {4}


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX here")
def test_latex_compiles_and_fits_a_page_of_two_centimetre_margins(tmp_path):
    heads = ["task", "method", "n", "MAE ↓", "RMSE ↓", "MAPE % ↓ (y≥1)", "WAPE % ↓", "paper (real, y≠0)"]
    rows = [[task, method, "5", "114.08 ± 10.10", "123.88 ± 10.16", "150.8 ± 13.8", "125.0 ± 10.2", "11.15"]
            for task in ("crowd_in", "crowd_out", "taxi_pick", "taxi_drop")
            for method in ("last_value†", "historical_average†", "linear†", "stid†", "cmust†", "cmust (profile=text)†")]
    sheet = Sheet("nyc@1 · data sim", heads, rows, 2, 3, True, marks={(3, 3): BEST}, notes=["A long note … – of a city. " * 9])
    (tmp_path / "page.tex").write_text("\n".join([
        r"\documentclass[a4paper]{article}", r"\usepackage[margin=2cm]{geometry}", r"\usepackage{booktabs,threeparttable}",
        r"\begin{document}", render([sheet, replace(SPLIT, group=1)], "latex"), r"\end{document}"]))
    done = subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"], cwd=tmp_path, capture_output=True,
                          text=True, check=False, errors="replace")
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout
    assert "1 page" in done.stdout


def test_what_belongs_to_a_special_character_is_no_markup():
    sheet = Sheet("[b]title[/b]", ["name", "n"], [["[red]x", ":smile:"], [r"50 % & \alpha_1", "#1"]], notes=["see [1]"])
    assert all(part in render([sheet], "rich") for part in ("[b]title[/b]", "[red]x", ":smile:", "see [1]"))
    assert r"50 \% \& \textbackslash{}alpha\_1 & \#1 \\" in render([sheet], "latex")


def test_sheets_of_one_group_say_title_and_notes_once_and_others_each_their_own():
    one, two = (Sheet("a title", ["name", "n"], [[name, "1"]], notes=["a note"]) for name in ("first", "second"))
    other = Sheet("a title", ["name", "n"], [["third", "1"]], notes=["a note"], group=1)
    for format in ("rich", "markdown", "latex", "html"):
        text = render([one, two, other], format).replace("<title>a title</title>", "")
        assert text.count("a title") == text.count("a note") == 2, format
        assert text.index("first") < text.index("second") < text.rindex("a title") < text.index("third")


def test_sections_stand_once_above_their_rows_on_the_terminal_and_beside_each_in_text():
    rows = [["taxi", "stid", "1"], ["taxi", "gwnet", "2"], ["risk", "stid", "3"]]
    sheet = Sheet("t", ["task", "method", "MAE"], rows, words=2, keys=2, sections=True)
    lines = [line.split() for line in render([sheet], "rich").splitlines() if line.strip()]
    assert [line for line in lines if "─" not in line[0]] == [
        ["t"], ["method", "MAE"], ["taxi"], ["stid", "1"], ["gwnet", "2"], ["risk"], ["stid", "3"]]
    assert render([sheet], "markdown").count("| taxi |") == 2


def test_a_split_sheet_repeats_its_keys_and_parts_no_block(monkeypatch):
    heads = ["variant", "n", *["MAE", "change"] * 5]
    blocks = {2 + j: f"city.task_{j // 2}" for j in range(10)}
    sheet = Sheet("t", heads, [["whole", "3", *["1234.56 ± 123.45", "+12.3"] * 5]], keys=2, blocks=blocks)
    lines = in_width(sheet, 80)
    rows = [line.split() for line in lines if "whole" in line]
    assert rows == [["whole", "3", *["1234.56±123.45", "+12.3"] * 3], ["whole", "3", *["1234.56±123.45", "+12.3"] * 2]]
    assert [line.split() for line in lines if "task" in line] == [["task_0", "task_1", "task_2"], ["task_3", "task_4"]]


def test_parts_and_notes_are_set_apart_by_empty_lines_at_every_width():
    heads = ["name", *["MAE"] * 12]
    sheet = Sheet("t", heads, [["a" * 30, *["123456.78"] * 12]], notes=["note"])
    for width in (45, 50, 80, 120, 200):
        lines = [line.strip() for line in in_width(sheet, width)]
        titles = [k for k, line in enumerate(lines) if line.startswith(("name", "note"))]
        assert all(lines[k - 1] == "" for k in titles), width


def test_nothing_to_show_says_so_on_the_terminal_and_keeps_the_columns_of_a_csv():
    nothing = Sheet("No records match.", (), (), columns=("suite", "mean"))
    assert render([], "rich", nothing) == "No records match.\n"
    assert render([], "csv", nothing) == "suite,mean\n"
    assert render([], "json", nothing) == "[]\n"
    assert render([], "markdown", nothing) == "No records match.\n"
    assert render([], "latex", nothing) == "% No records match.\n"
    assert "<p>No records match.</p>" in render([], "html", nothing)


def test_csv_has_the_columns_of_all_sheets_and_leaves_empty_what_one_lacks():
    made = [Sheet("t", (), (), columns=(name, "n"), data=[{name: 0.5, "n": None}]) for name in ("mean", "seconds")]
    assert render(made, "csv") == "mean,n,seconds\n0.5,,\n,,0.5\n"


@pytest.mark.parametrize("made", [[], Sheet("t", (), ())])
def test_an_unknown_format_names_the_known_ones(made):
    with pytest.raises(UserError, match="Did you mean latex"):
        render(made, "latx")
    assert set(FORMATS) == {"rich", "markdown", "latex", "csv", "html", "json"}
