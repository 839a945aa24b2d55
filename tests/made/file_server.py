"""A server of files on this machine that behaves as it is told: it cuts, stalls, moves, forgets ranges."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Files:
    """What a test tells the server, and what it was asked."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.version = '"one"'
        self.modified = ""
        self.ranges = True
        # bytes after which each of the next answers breaks off
        self.cuts: list[int] = []
        # path → what is done instead of giving a file: a status, or a word that `answer` knows
        self.instead: dict[str, int | str] = {}
        # (path, its Range) of every request
        self.asked: list[tuple[str, str | None]] = []
        self.over = threading.Event()
        self.address = ""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    files: Files

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""

    def do_GET(self) -> None:
        self.close_connection = True
        files, path = self.files, self.path
        files.asked.append((path, self.headers["Range"]))
        instead = files.instead.get(path)
        if isinstance(instead, int):
            self.head(instead, {"Content-Length": "0"})
        elif instead == "stall":
            files.over.wait(5)
        elif instead == "stall in the middle":
            self.head(200, {"Content-Length": str(len(files.content[path])), "ETag": files.version})
            self.wfile.write(files.content[path][:len(files.content[path]) // 2])
            self.wfile.flush()
            files.over.wait(5)
        elif instead == "page":
            self.head(200, {"Content-Length": "4", "Content-Type": "text/html; charset=utf-8"})
            self.wfile.write(b"<p/>")
        elif instead == "no length":
            self.head(200, {})
            self.wfile.write(b"some of it")
        elif instead == "elsewhere":
            self.head(206, {"Content-Length": "3", "Content-Range": "bytes 7-9/10"})
            self.wfile.write(b"abc")
        elif isinstance(instead, str):  # an address
            self.head(302, {"Location": instead, "Content-Length": "0"})
        elif path not in files.content:
            self.head(404, {"Content-Length": "0"})
        else:
            self.give(files.content[path])

    def head(self, status: int, fields: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()

    def give(self, content: bytes) -> None:
        files, asked = self.files, self.headers["Range"]
        first = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        same = self.headers["If-Range"] in (files.version, files.modified)
        version = {"ETag": files.version} if files.version else {}
        version |= {"Last-Modified": files.modified} if files.modified else {}
        if files.ranges and asked and same:
            if first >= len(content):
                self.head(416, {"Content-Length": "0"})
                return
            said = f"bytes {first}-{len(content) - 1}/{len(content)}"
            self.head(206, {**version, "Content-Range": said, "Content-Length": str(len(content) - first)})
        else:
            first = 0
            self.head(200, {**version, "Content-Length": str(len(content))})
        end = first + files.cuts.pop(0) if files.cuts else len(content)
        self.wfile.write(content[first:end])


@contextmanager
def serving() -> Iterator[Files]:
    """A server while the block runs."""
    files = Files()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Its", (Handler,), {"files": files}))
    server.daemon_threads = True
    files.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield files
    finally:
        files.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
