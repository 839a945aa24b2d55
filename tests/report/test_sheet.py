"""One type of table: every form holds every text, and the terminal splits or folds what it cannot take, but cuts nothing."""

import csv
import io
import json
from collections import Counter
from dataclasses import replace
from html import unescape
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from benchmark.errors import UserError
from benchmark.report.render import FORMATS, SYMBOLS, render
from benchmark.report.sheet import BEST, DIM, FLOOR, SECOND, Sheet

ALPHABET = "abcXYZ019éß漢±≥†✕–_%&#${}[]()<>|\\/~^*,.:;=+-'\""


def texts(longest, shortest=0):
    """Words of one line, with single spaces between them."""
    return st.text(ALPHABET + "  ", min_size=shortest, max_size=longest).map(lambda text: " ".join(text.split()))


SHORT = texts(12)
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
    assert numbers <= Counter(words)


@settings(deadline=None, max_examples=60)
@given(sheets())
def test_text_formats_hold_every_cell_and_data_formats_the_data(sheet):
    heads = [" ".join(filter(None, (sheet.blocks.get(j), head))) for j, head in enumerate(sheet.heads)]
    everything = [*heads, *(text for row in sheet.rows for text in row)]
    markdown, latex, html = (render([sheet], format) for format in ("markdown", "latex", "html"))
    for text in everything:
        assert text in markdown.replace(r"\|", "|")
        assert text in unescape(html)
        assert text.translate(SYMBOLS) in latex
    alone = render([replace(sheet, title="", notes=())], "markdown").splitlines()
    assert {line.replace(r"\|", "").count("|") for line in alone} == {len(sheet.heads) + 1}, "a cell's bar ends no cell"
    assert [list(row.values()) for row in csv.DictReader(io.StringIO(render([sheet], "csv")))] == sheet.rows
    assert json.loads(render([sheet], "json")) == [{"rows": sheet.rows}]
    assert json.loads(render(sheet, "json")) == {"rows": sheet.rows}, "a sheet alone is an object"


def test_marks_are_shown_in_every_form_that_has_them():
    marks = {(0, 1): BEST, (1, 1): SECOND, (2, 1): FLOOR, (3, 1): DIM}
    sheet = Sheet("title", ["name", "MAE"], [["a", "1"], ["b", "2"], ["c", "3"], ["d", "4"]], marks=marks)
    assert [line.split("|")[2].strip() for line in render([sheet], "markdown").splitlines()[-4:]] == ["**1**", "<u>2</u>", "*3*", "4"]
    assert all(part in render([sheet], "latex") for part in (r"\textbf{1}", r"\underline{2}", r"\textit{3}", "& 4 "))
    assert all(f"<td>{part}</td>" in render([sheet], "html") for part in ("<b>1</b>", "<u>2</u>", "<i>3</i>", "4"))


def test_marks_are_styles_on_a_terminal(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    marks = {(0, 1): BEST, (1, 1): SECOND, (2, 1): FLOOR, (3, 1): DIM}
    text = render([Sheet("title", ["name", "MAE"], [["a", "1"], ["b", "2"], ["c", "3"], ["d", "4"]], marks=marks)], "rich")
    styles = [line.split("\x1b[")[1][0] for line in text.splitlines() if line.startswith((" a", " b", " c", " d"))]
    assert styles == ["1", "4", "2", "2"]


def test_what_belongs_to_a_special_character_is_no_markup():
    sheet = Sheet("[b]title[/b]", ["name", "n"], [["[red]x", ":smile:"], [r"50 % & \alpha_1", "#1"]], notes=["see [1]"])
    assert all(part in render([sheet], "rich") for part in ("[b]title[/b]", "[red]x", ":smile:", "see [1]"))
    assert r"50 \% \& \textbackslash{}alpha\_1 & \#1 \\" in render([sheet], "latex")


def test_sheets_of_one_group_say_title_and_notes_once_and_others_each_their_own():
    one, two = (Sheet("a title", ["name", "n"], [[name, "1"]], notes=["a note"]) for name in ("first", "second"))
    other = Sheet("a title", ["name", "n"], [["third", "1"]], notes=["a note"], group=1)
    for format in ("rich", "markdown", "latex", "html"):
        text = render([one, two, other], format)
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


def test_csv_has_the_columns_of_all_sheets_and_leaves_empty_what_one_lacks():
    made = [Sheet("t", (), (), columns=(name, "n"), data=[{name: 0.5, "n": None}]) for name in ("mean", "seconds")]
    assert render(made, "csv") == "mean,n,seconds\n0.5,,\n,,0.5\n"


@pytest.mark.parametrize("made", [[], Sheet("t", (), ())])
def test_an_unknown_format_names_the_known_ones(made):
    with pytest.raises(UserError, match="Did you mean latex"):
        render(made, "latx")
    assert set(FORMATS) == {"rich", "markdown", "latex", "csv", "html", "json"}
