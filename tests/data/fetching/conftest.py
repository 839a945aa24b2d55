"""A server on loopback, and a source whose files lie there."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from made.file_server import Files, serving

from benchmark.data.fetching import transfer
from benchmark.data.fetching.fetch import fetch
from benchmark.data.fetching.offer import Download, Offer
from benchmark.data.sources import Source, Sources


@pytest.fixture(scope="session")
def one_server() -> Iterator[Files]:
    with serving() as files:
        yield files


@pytest.fixture
def server(one_server: Files, monkeypatch: pytest.MonkeyPatch) -> Iterator[Files]:
    """Bytes come in small blocks, and no proxy of the environment stands between."""
    monkeypatch.setattr(transfer, "BLOCK", 64)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    address = one_server.address
    one_server.__init__()  # type: ignore[misc]
    one_server.address = address
    yield one_server
    one_server.over.set()


@dataclass(frozen=True)
class Options:
    """Of the source that tests fetch."""

    # any text
    word: str = ""


@pytest.fixture
def offered(make_catalogue, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have a source called `mine` offer these files."""
    def offer(*files: Download, opens: str = "") -> None:
        module = types.ModuleType("mine_offers")
        module.offer = lambda options: Offer(files, "anybody", "https://terms.example", opens)
        module.build = lambda path, options, replace: path
        module.Options = Options
        monkeypatch.setitem(sys.modules, "mine_offers", module)
        listed = Source("mine", ("forecasting",), "all of mine", "CC0-1.0", "mine_offers:Options", "mine_offers:build", "files of mine",
                        "mine_offers:offer")
        known = Sources((make_catalogue("SOURCES", "mine_catalogue", listed),), "none")
        for module_name in ("sources", "fetching.fetch"):
            monkeypatch.setattr(f"benchmark.data.{module_name}.sources", lambda: known)

    return offer


@pytest.fixture
def fetch_mine(own_home: Path) -> Callable[..., list[str]]:
    """Fetch `mine`; the lines that were told."""
    def run(to: Path | None = None, watch=lambda name, done, total: None, timeout: float = 5.0) -> list[str]:
        said: list[str] = []
        fetch("mine", {}, to, said.append, watch, timeout)
        return said

    return run


@pytest.fixture
def folder(own_home: Path) -> Path:
    """Where the files of `mine` come to."""
    return own_home / "downloads" / "mine"
