"""Build the documentation: `python docs/_ext build/docs/html`; a warning is an error.

The pages of `docs/`, the README, and what is generated from the code itself are put together in a temporary folder; nothing generated is
committed, so it cannot go stale.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1]


def main() -> int:
    """Write all pages, then let Sphinx build them; the exit code is Sphinx's."""
    parser = argparse.ArgumentParser(prog="python docs/_ext", description=__doc__)
    parser.add_argument("out", type=Path, help="folder of the HTML")
    parser.add_argument("--board", action="store_true", help="link to the leaderboard, which lies in the folder above")
    given = parser.parse_args()
    try:
        from sphinx.cmd.build import build_main
    except ImportError:
        parser.error("Sphinx is not installed; type pip install -e '.[docs]'.")
    import assemble

    with tempfile.TemporaryDirectory(prefix="docs-") as work:
        # what this machine has prepared and measured stands on no page
        os.environ.update(STBENCH_HOME=f"{work}/home", STBENCH_RESULTS=f"{work}/results")
        assemble.write(DOCS.parent, Path(work, "source"))
        tags = ["-t", "board"] if given.board else []
        return build_main(["-W", "--keep-going", "-q", *tags, "-c", str(DOCS), "-d", f"{work}/doctrees", f"{work}/source", str(given.out)])


if __name__ == "__main__":
    sys.exit(main())
