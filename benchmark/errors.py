"""The one exception a user may meet: a sentence, exit code 2, no traceback."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

# the longest name that is said whole, and the most names among which the nearest are looked for
LONGEST, MOST = 80, 2000
# of a longer sentence the middle is left out
BEGINNING, END = 1200, 300


class UserError(Exception):
    """Something the user gave or has is wrong; the message says what, and what to type next.

    It is one line, and no page: messages of libraries and texts of files that stand in it may have several.
    """

    def __init__(self, message: str) -> None:
        line = " ".join(message.splitlines())
        super().__init__(line if len(line) <= BEGINNING + END else f"{line[:BEGINNING]} … {line[-END:]}")


class TooSmall(UserError):
    """A city whose parts hold too little for a task as it is asked; the same on a larger one is fine."""


def unknown(kind: str, given: str, allowed: Iterable[str]) -> UserError:
    """The error for a name that is not in a list, with the nearest names; a long list is cut."""
    names = sorted(map(str, allowed))
    given = given if len(given) <= LONGEST else given[:LONGEST] + "…"
    near = difflib.get_close_matches(given, names, n=3, cutoff=0.5) if len(names) <= MOST else []
    hint = f" Did you mean {', '.join(near)}?" if near else ""
    more = f" … ({len(names)} in all)" if len(names) > 40 else ""
    return UserError(f"Unknown {kind} '{given}'.{hint} Known: {', '.join(name[:LONGEST] for name in names[:40]) or 'none'}{more}.")


def lacks(what: str, library: str, extra: str) -> UserError:
    """The error for a library that only an extra of the package installs."""
    return UserError(f'{what} needs the library {library}; type: pip install "stbench[{extra}]", '
                     f'or in a checkout: pip install --editable ".[{extra}]"')
