"""One text of everything that means something to somebody: a terminal, rich, LaTeX, Markdown, HTML, JSON, a screen that turns lines."""

import re
from html import unescape
from html.parser import HTMLParser

# what a record, a card or a city file may hold
NASTY = ("km/h [/h] [red]:smile:\x1b[31m\x07\r\n\t| <script>alert(1)</script> &amp; \\ \\\\ # $x$ {y} ~ ^ % _z_ **b** `c` ![d](e) "
         "\x9b31m \u202e é ± 漢")
# and what an exception may say, or an argument
WORSE = f"{NASTY} \ud800 \ue000 \u2028 end"
# the same as every format shows it
SHOWN = ("km/h [/h] [red]:smile:\\x1b[31m\\x07   | <script>alert(1)</script> &amp; \\ \\\\ # $x$ {y} ~ ^ % _z_ **b** `c` ![d](e) "
         "\\x9b31m \\u202e é ± 漢")
SHOWN_WORSE = f"{SHOWN} \\ud800 \\ue000   end"


def acts(text):
    """Characters of a text that a terminal, or its reader's eye, would take for something else than a character."""
    return sorted({one for one in text.replace("\n", "") if not one.isprintable()})


def plain_markdown(text):
    """What Markdown shows of text without markup of its own."""
    return unescape(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text))


def cells_of_markdown(line):
    """The texts of the cells of a row, as they are shown."""
    inside = line.strip().removeprefix("|").removesuffix("|")
    return [plain_markdown(cell).strip() for cell in re.findall(r"((?:\\.|[^\\|])*)\|", inside + "|")]


class Page(HTMLParser):
    """The tags of a page, and what stands between them outside of its style."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.open, self.texts = set(), [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag not in ("meta", "br", "link", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.texts.append(data)


# a sign in LaTeX → the character that it prints
PRINTS = {r"\textbackslash{}": "\\", r"\{": "{", r"\}": "}", r"\$": "$", r"\&": "&", r"\#": "#", r"\_": "_", r"\%": "%",
          r"\textasciitilde{}": "~", r"\textasciicircum{}": "^", r"\textless{}": "<", r"\textgreater{}": ">", r"\textbar{}": "|",
          "{[}": "[", "{]}": "]", "{*}": "*", r"$\pm$": "±"}
SIGN = re.compile("|".join(map(re.escape, PRINTS)))


def plain_latex(text):
    """What LaTeX prints of a text without commands of its own; a special that stands bare is an error."""
    rest = SIGN.sub("", text)
    assert not set(rest) & set("\\{}$&#_%~^"), rest
    return SIGN.sub(lambda found: PRINTS[found[0]], text)
