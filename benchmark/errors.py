"""The one exception a user may meet: a sentence, exit code 2, no traceback."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Something the user gave or has is wrong; the message says what, and what to type next."""


def unknown(kind: str, given: str, allowed: Iterable[str]) -> UserError:
    """The error for a name that is not in a list, with the nearest names; a long list is cut."""
    names = sorted(allowed)
    near = difflib.get_close_matches(given, names, n=3, cutoff=0.5)
    hint = f" Did you mean {', '.join(near)}?" if near else ""
    more = f" … ({len(names)} in all)" if len(names) > 40 else ""
    return UserError(f"Unknown {kind} '{given}'.{hint} Known: {', '.join(names[:40]) or 'none'}{more}.")


def lacks(what: str, library: str, extra: str) -> UserError:
    """The error for a library that only an extra of the package installs."""
    return UserError(f'{what} needs the library {library}; type: pip install "stbench[{extra}]", '
                     f'or in a checkout: pip install --editable ".[{extra}]"')
