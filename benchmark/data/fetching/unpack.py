"""Files of a .zip, laid beside it: each is whole or not there."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import IO, cast

from benchmark.data.bounds import Bounded, reading
from benchmark.errors import UserError
from benchmark.files import atomic_file


def unpack(path: Path, names: Sequence[str]) -> None:
    """Lay the files of these names beside an archive, unless they are there; in which folder of it they lie does not matter.

    Raises
    ------
    UserError: it is no .zip, or lacks one of them.
    """
    wanted = [name for name in names if not path.with_name(name).exists()]
    if not wanted:
        return
    with reading(path, "no .zip", again="remove it and fetch again"), zipfile.ZipFile(path) as archive:
        members = {PurePosixPath(member).name: member for member in archive.namelist()}
        lacking = [name for name in wanted if name not in members]
        if lacking:
            raise UserError(f"{path} does not hold {lacking[0]}; its provider has changed it. Lay the file beside it by hand.")
        for name in wanted:
            with archive.open(members[name]) as content, atomic_file(path.with_name(name)) as file:
                shutil.copyfileobj(cast("IO[bytes]", Bounded(content, path)), file)
