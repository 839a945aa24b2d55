"""Sources: where cities come from, registered like methods and run by one command.

A source is a module with its options (a frozen dataclass) and a function that builds a city, and one entry: in `benchmark.data.catalogue`,
or, of an outside package, under the entry point ``stbench.sources``. Light: its modules are imported when it is used.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.data.cards import in_lines
from benchmark.data.fetching.fetched import downloaded
from benchmark.data.folder import read_card
from benchmark.errors import UserError, unknown
from benchmark.options import resolve
from benchmark.registry import Catalogue

if TYPE_CHECKING:
    from benchmark.data.fetching.offer import Offer

# modules of this project that list sources; each holds `SOURCES`, a sequence of Source. Others use the entry point.
CATALOGUES = ("benchmark.data.catalogue",)
ENTRY_POINTS = "stbench.sources"


@dataclass(frozen=True)
class Source:
    """What lists need to know of a source, as plain data."""

    # lower_snake name used everywhere
    name: str
    # the families of the cities that it makes
    kinds: tuple[str, ...]
    # one line: what comes out
    summary: str
    # of the data
    licence: str
    # "package.module:Options", a frozen dataclass that explains every field
    options: str
    # "package.module:function": (path, options, replace) → Built; the path is None where no files are needed
    build: str
    # what the user must have, in words; empty: nothing
    files: str = ""
    # "package.module:function": options, the defaults too → Offer, where its files come from; empty: nothing is known of that
    downloads: str = ""


@dataclass(frozen=True)
class Built:
    """A city that was just built, and what its user should know."""

    folder: Path
    # what its card does not say by itself, and what to type next; a line each
    more: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """All there is to tell, from the card on."""
        return (*in_lines(read_card(self.folder)), f"It lies in {self.folder}.", *self.more)


class Sources(Catalogue[Source]):
    """All sources by name."""

    noun, listed, holds = "source", "SOURCES", Source

    def __init__(self, catalogues: tuple[str, ...] = CATALOGUES, group: str = ENTRY_POINTS) -> None:
        super().__init__(catalogues, group)

    def options(self, name: str) -> type:
        """The class of a source's options."""
        found: type = self.follow(name, self.info(name).options)
        return found


@cache
def sources() -> Sources:
    """The one registry of sources of this process, filled at first use."""
    return Sources()


def build_city(name: str, path: Path | None, given: Mapping[str, Any], *, replace: bool = False) -> Built:
    """Have a source build a city.

    Parameters
    ----------
    path: the files that it needs; None: it needs none, or they were fetched.
    given: options; text values are converted.
    replace: overwrite a city whose content differs.

    Raises
    ------
    UserError: the source or an option is unknown, files are missing or in vain, or the files are wrong; nothing is written then.
    """
    known = sources()
    source = known.info(name)
    options = resolve(known.options(name), given, name)
    if source.files and path is None:
        path = _fetched(source, options)
    if path is not None and not source.files:
        raise UserError(f"Source {name} needs no files, but --from is {path}. Type the command without it.")
    built: Built = known.follow(name, source.build)(path, options, replace)
    return built


def offer_of(name: str, options: Any) -> Offer:
    """What is offered of a source's files under these options."""
    found: Offer = sources().follow(name, sources().info(name).downloads)(options)
    return found


def _fetched(source: Source, options: Any) -> Path:
    """Where the files of a source were fetched to."""
    folder = downloaded(source.name) if source.downloads else None
    if folder is None:
        other = f" Or see what can be fetched: stbench data fetch {source.name}." if source.downloads else ""
        raise UserError(f"Source {source.name} is made from files: {source.files}. Type where they lie: stbench data build {source.name} "
                        f"--from PATH.{other}")
    return folder / offer_of(source.name, options).opens


def pick(source: str, option: str, given: str | None, allowed: Iterable[str]) -> str:
    """The value of an option that has no default; one of the allowed names."""
    names = list(allowed)
    if given is None:
        raise UserError(f"Source {source} needs its option {option}, one of {', '.join(names)}; type e.g. --set {option}={names[0]}.")
    if given not in names:
        raise unknown(f"{option} of source {source}", given, names)
    return given


def command(source: str, path: Path | None, options: Any) -> str:
    """What was typed to have a source build with these options."""
    changed = {field.name: value for field in fields(options) if (value := getattr(options, field.name)) != field.default}
    words = [word for key, value in changed.items()
             for word in ("--set", f"{key}={','.join(map(str, value)) if isinstance(value, tuple) else value}")]
    return shlex.join(["stbench", "data", "build", source, *(["--from", str(path)] if path else []), *words])
