"""The command line: one small module a command; each parses and calls one function of the Python API."""

from __future__ import annotations

import sys

from benchmark.errors import UserError


def main() -> None:
    """Entry point of `stbench`: a UserError becomes one sentence on stderr and exit code 2."""
    from benchmark.cli.app import app

    try:
        app()
    except UserError as error:
        if "--debug" in sys.argv:
            raise
        print(f"stbench: {error}", file=sys.stderr)
        raise SystemExit(2) from None
