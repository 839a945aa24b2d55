"""All that is known of a city as plain data: its card, who may use it, how it is cited, what its arrays tell, what papers say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.data.cards import LeftOut, find
from benchmark.data.folder import city_cards, read_card
from benchmark.errors import UserError
from benchmark.report.card.use import bibtex, citation, may_use
from benchmark.report.told import Told, papers_of, side_by_side

if TYPE_CHECKING:
    from benchmark.data.profile import Look


@dataclass(frozen=True)
class About:
    """One prepared edition of a city."""

    folder: Path
    # whole: with what cards of an earlier stbench lack
    card: Mapping[str, Any]
    left_out: list[LeftOut]
    look: Look
    # the paper's table that stands beside ours, such as cmust/table3 → each statistic; without a paper, one entry of no name
    told: Mapping[str, list[Told]]

    @property
    def facts(self) -> dict[str, Any]:
        """What comes first."""
        card = self.card
        return {"title": card["title"], "city": card["name"], "edition": card["edition"], "kind": card["kind"],
                "size": city_cards(card).facts(card)["size"], "licence": card["licence"], "who may use it": may_use(card["licence"]),
                "source": card["source"], "how to cite": citation(card), "fingerprint": card["fingerprint"], "folder": str(self.folder)}

    @property
    def plain(self) -> dict[str, Any]:
        """The whole as JSON holds it."""
        card = self.card
        return {"folder": str(self.folder), **card, "may_use": may_use(card["licence"]), "cite": citation(card), "bibtex": bibtex(card),
                "left_out": [asdict(one) for one in self.left_out],
                "statistics": {paper: [asdict(one) for one in told] for paper, told in self.told.items()},
                "profiles": [asdict(one) for one in self.look.profiles]}


def about(name: str, edition: str | None = None) -> list[About]:
    """Each prepared edition of a city; `edition`: the card's, or the folder's own name.

    Raises
    ------
    UserError: no such city or edition is prepared, or its arrays cannot be read.
    """
    return [_about(folder) for folder in find(name, edition)]


def about_one(name: str, edition: str | None = None) -> About:
    """The one edition that is asked for.

    Raises
    ------
    UserError: there is none, or there are several.
    """
    found = find(name, edition)
    if len(found) > 1:
        raise UserError(f"{name} is prepared {len(found)} times, and a page shows one; name it with --edition: "
                        f"{', '.join(folder.name for folder in found)}.")
    return _about(found[0])


def _about(folder: Path) -> About:
    card = read_card(folder)
    cards = city_cards(card)
    try:
        look = cards.look(folder)
    except ValueError as error:
        raise UserError(f"The files of {folder} cannot be read ({error}); `stbench data verify {card['name']}` says which.") from None
    papers = papers_of(card["name"]) or {"": {}}
    return About(folder, cards.whole(folder, card), cards.left_out(card), look,
                 {paper: list(side_by_side(look.statistics, told)) for paper, told in papers.items()})
