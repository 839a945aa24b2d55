"""A text with everything in it, put wherever text comes from, is shown by every format as text, and by no terminal obeyed."""

import csv
import io
import json
import re

import pytest
from made.nasty import SHOWN_WORSE, WORSE, Page, acts, cells_of_markdown, plain_latex, plain_markdown

from benchmark.report.console import plain_facts, plain_table
from benchmark.report.render import FORMATS, render
from benchmark.report.sheet import BEST, SECOND, Sheet
from benchmark.report.visible import visible

SHEET = Sheet(WORSE, ["task", "method", f"MAE {WORSE}", "n"], [[WORSE, WORSE, WORSE, "1"], ["risk", WORSE, "2", WORSE]], words=2, keys=2,
              sections=True, blocks={2: WORSE, 3: WORSE}, marks={(0, 2): BEST, (1, 3): SECOND}, notes=[WORSE, f"a note: {WORSE}"],
              columns=["task", "n"], data=[{"task": WORSE, "n": 1}], whole={"task": WORSE})
# what a page is made of
TAGS = ("html", "head", "meta", "title", "style", "body", "h2", "div", "table", "thead", "tbody", "tr", "th", "td", "p", "b", "u", "i",
        "br")


def test_a_visible_text_is_one_line_and_says_what_it_holds():
    assert visible(WORSE) == SHOWN_WORSE
    assert visible("Zürich 漢 ±") == "Zürich 漢 ±"
    assert visible(visible(WORSE)) == visible(WORSE)
    assert not acts(visible("".join(map(chr, range(0x110000)))))


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("sheets", [[SHEET], []])
def test_no_format_holds_what_a_terminal_acts_on_and_each_can_be_written(format, sheets):
    text = render(sheets, format, Sheet(WORSE, (), (), columns=["task"]))
    assert acts(text) == []
    assert text.encode()
    assert text.count("\n") < 100


def test_html_holds_it_as_text():
    page = Page(render([SHEET], "html"))
    assert page.open == []
    assert page.tags <= {*TAGS}
    assert page.texts.count(SHOWN_WORSE) >= 6, "title, heading, blocks, section, method, number, note"
    assert Page(render([], "html", Sheet(WORSE, (), ()))).texts.count(SHOWN_WORSE) == 2


def test_latex_prints_it_and_obeys_nothing():
    text = render([SHEET], "latex")
    (caption,) = re.findall(r"^\\caption\{(.*)\}$", text, re.MULTILINE)
    assert plain_latex(caption) == SHOWN_WORSE
    notes = re.findall(r"^\\item (.*)$", text, re.MULTILINE)
    assert [plain_latex(note) for note in notes] == ["Best bold, second underlined.", SHOWN_WORSE, f"a note: {SHOWN_WORSE}"]
    rows = [line.removesuffix(r" \\").split(" & ") for line in text.splitlines() if line.endswith(r"\\") and r"\multicolumn{3}" not in line]
    names, numbers = rows[-2], rows[-1]
    assert len(names) == len(numbers) == 3
    assert plain_latex(names[0]) == plain_latex(numbers[0]) == SHOWN_WORSE
    assert plain_latex(re.fullmatch(r"\\textbf\{(.*)\}", names[1])[1]) == SHOWN_WORSE
    assert plain_latex(re.fullmatch(r"\\underline\{(.*)\}", numbers[2])[1]) == SHOWN_WORSE
    assert render([], "latex", Sheet(WORSE, (), ())) == f"% {SHOWN_WORSE}\n"


def test_markdown_has_as_many_cells_as_columns_and_no_tag_but_ours():
    title, _, heads, rule, *rows, _, _, first, second = render([SHEET], "markdown").splitlines()
    assert plain_markdown(title) == f"**{SHOWN_WORSE}**"
    assert cells_of_markdown(heads) == ["task", "method", f"{SHOWN_WORSE} MAE {SHOWN_WORSE}", f"{SHOWN_WORSE} n"]
    assert rule == "|---|---|---:|---:|"
    assert [cells_of_markdown(row) for row in rows] == [[SHOWN_WORSE, SHOWN_WORSE, f"**{SHOWN_WORSE}**", "1"],
                                                        ["risk", SHOWN_WORSE, "2", f"<ins>{SHOWN_WORSE}</ins>"]]
    assert plain_markdown(first) == SHOWN_WORSE
    assert plain_markdown(second) == f"a note: {SHOWN_WORSE}"
    bare = re.sub(r"\\.", "", "\n".join([title, heads, *rows, first]).replace("<ins>", "").replace("</ins>", "").replace("**", ""))
    assert not set(bare) & set("<>`[*_~$")


def test_csv_and_json_hold_the_data():
    (row,) = csv.DictReader(io.StringIO(render([SHEET], "csv")))
    assert row == {"task": SHOWN_WORSE, "n": "1"}
    text = render(SHEET, "json")
    assert json.loads(text) == {"task": WORSE}, "data are whole"
    assert text.isascii()


def test_lists_and_facts_show_it():
    rows = [{"family": WORSE, "name": WORSE, "holds": 1}, {"family": "b", "name": WORSE, "meaning": WORSE}]
    for text in (plain_table(rows, section="family", prose=("meaning",)), plain_facts({WORSE: {"options": {WORSE: {
            "default": WORSE, "meaning": WORSE, "choices": [WORSE]}}, "list": [WORSE]}, "source": WORSE})):
        assert acts(text) == []
        assert "[/h] [red]:smile:\\x1b[31m" in " ".join(text.split())
