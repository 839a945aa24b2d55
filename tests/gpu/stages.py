"""Commands that follow each other within a limit of time, some of them at once; what a limit ends goes on when it is called again."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# seconds that a command has to end after it was interrupted; a stage for which less than `LEAST` is left does not begin
GRACE, LEAST = 20.0, 10.0
DONE, STOPPED, FAILED, NOT_BEGUN, BEFORE = "done", "stopped: its time was over", "FAILED", "not begun: no time was left", "done before"


@dataclass(frozen=True)
class Stage:
    """Commands that run at once; the stage is over when all of them are."""

    # name of each → what is typed; the name is that of its log as well
    commands: Mapping[str, Sequence[str]]
    # of the time that is left when it begins, at most so much
    share: float = 1.0
    # those that are not done again once they are done: they leave no records of their own
    once: tuple[str, ...] = ()


@dataclass
class Stages:
    """Does stages, one after the other. Logs and what is done once stand in a folder."""

    folder: Path
    # what a stage that is done once was done with, e.g. a commit: with another one it is done again
    origin: str
    environment: Mapping[str, str]
    # of each command, when it is over
    tell: Callable[[str], None]

    def run(self, stages: Sequence[Stage], seconds: float) -> dict[str, str]:
        """Name of a command → what became of it."""
        deadline = time.monotonic() + seconds
        became: dict[str, str] = {}
        self.folder.mkdir(parents=True, exist_ok=True)
        for stage in stages:
            there = {name for name in stage.once if self._done().get(name) == self.origin}
            todo = {name: command for name, command in stage.commands.items() if name not in there}
            left = deadline - GRACE - time.monotonic()
            found = dict.fromkeys(there, BEFORE)
            found |= self._at_once(todo, stage.share * left) if left >= LEAST else dict.fromkeys(todo, NOT_BEGUN)
            for name, what in found.items():
                self.tell(f"{name}: {what}" + (f", see {self.folder / name}.log" if what == FAILED else ""))
            self._keep([name for name in stage.once if found[name] == DONE])
            became |= found
        return became

    def _at_once(self, commands: Mapping[str, Sequence[str]], seconds: float) -> dict[str, str]:
        """Run all at once, and end what still runs when the time is over."""
        with contextlib.ExitStack() as open_ones:
            running = {name: open_ones.enter_context(_Command(command, self.folder / f"{name}.log", self.environment))
                       for name, command in commands.items()}
            deadline = time.monotonic() + seconds
            return {name: command.wait(deadline) for name, command in running.items()}

    def _done(self) -> dict[str, str]:
        path = self.folder / "done.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}

    def _keep(self, names: Sequence[str]) -> None:
        (self.folder / "done.json").write_text(json.dumps(self._done() | dict.fromkeys(names, self.origin)), encoding="utf-8")


class _Command:
    """A process with children of its own, which never outlives the block."""

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        self._log = log.open("ab")
        self._process = subprocess.Popen(command, stdout=self._log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                         env={**os.environ, **environment}, start_new_session=True)

    def __enter__(self) -> _Command:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        self._log.close()

    def wait(self, deadline: float) -> str:
        """Until it is over, or its time is."""
        try:
            return DONE if self._process.wait(max(deadline - time.monotonic(), 0)) == 0 else FAILED
        except subprocess.TimeoutExpired:
            self._end()
            return STOPPED

    def _end(self) -> None:
        """Interrupt it as Ctrl-C does; kill what is left of its group afterwards. Stages of fits are saved at every epoch."""
        if self._process.poll() is None:
            self._signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE)
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)
