"""Cities that go from one machine to another: a folder ↔ its files as bytes, laid down once a machine and compared with its SHA-256."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from filelock import FileLock

from benchmark.data.folder import CARD, opened, verify
from benchmark.errors import UserError
from benchmark.files import disk_errors, home
from benchmark.folders import new_folder
from benchmark.suites.cities import CityRef, carried_folder, find_city, locate


def files_of(ref: CityRef) -> dict[str, bytes]:
    """The files of a city that is here, its card among them."""
    folder, card = opened(locate(ref))
    return {name: (folder / name).read_bytes() for name in (*card["files"], CARD)}


def have(ref: CityRef, sent: Callable[[], Mapping[str, bytes]] | None) -> None:
    """See to it that a city is here: found, else made by its recipe, else laid down as it was sent.

    Processes of one machine wait for each other, so that it is done once.

    Raises
    ------
    UserError: it can neither be found nor made and was not sent, or what came is not what its card says.
    """
    if find_city(ref) is not None:
        return
    lock = home() / ".carried.lock"
    with disk_errors(lock):
        lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):
        if ref.recipe is not None or sent is None or find_city(ref) is not None:
            locate(ref)
        else:
            _lay(ref, sent())


def _lay(ref: CityRef, files: Mapping[str, bytes]) -> Path:
    folder = carried_folder(ref)
    with new_folder(folder) as scratch:
        for name, content in files.items():
            if Path(name).name != name:
                raise UserError(f"A file of the city {ref.name} is called '{name}', which is no plain name; prepare the city again.")
            (scratch / name).write_bytes(content)
        verify(scratch)
    return folder
