"""What a provider gives away, as a source declares it: plain data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Download:
    """A file that a source is made from."""

    # as it is called in the folder
    name: str
    # https addresses of the same bytes, the provider's own first; none: it is got by hand
    urls: tuple[str, ...] = ()
    # bytes, a round number where the SHA-256 is not known; None: not known
    size: int | None = None
    # hex digest; empty: not known, and then the first download's is kept and compared with
    sha256: str = ""
    # whether its first address was seen to give it
    verified: bool = False
    # of a .zip: files in it, by their names alone, that are laid beside it
    holds: tuple[str, ...] = ()
    # without addresses: where a person gets it, to end a sentence
    by_hand: str = ""

    @property
    def address(self) -> str:
        """Its first address, as lists show it; else where a person gets it."""
        return self.urls[0] + ("" if self.verified else "  (address not verified)") if self.urls else f"by hand, {self.by_hand}"


@dataclass(frozen=True)
class Offer:
    """The files of a source, and on which terms they are given."""

    files: tuple[Download, ...]
    # who may use them, and for what
    use: str
    # the page of the terms, or the provider's own
    terms: str
    # the file that is built from; empty: the whole folder
    opens: str = ""

    @property
    def fetched(self) -> tuple[Download, ...]:
        """The files that have an address."""
        return tuple(file for file in self.files if file.urls)

    @property
    def by_hand(self) -> tuple[Download, ...]:
        """The others."""
        return tuple(file for file in self.files if not file.urls)
