"""A built site on this machine, for a look."""

from __future__ import annotations

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmark.errors import UserError
from benchmark.report.site.writing import LIST


class Quiet(SimpleHTTPRequestHandler):
    """Says nothing of what it serves."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def server(folder: Path, port: int) -> ThreadingHTTPServer:
    """A server of a site's folder, for this machine alone; port 0: any that is free.

    Raises
    ------
    UserError: there is no site in the folder, or the port is taken.
    """
    if not (folder / LIST).is_file():
        raise UserError(f"There is no leaderboard in {folder}; make it: stbench leaderboard build --out {folder}")
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), partial(Quiet, directory=str(folder)))
    except (OSError, OverflowError) as error:
        raise UserError(f"Port {port} cannot be listened to: {error}. Give another with --port; 0 takes any that is free.") from None
