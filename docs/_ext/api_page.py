"""The public names of `benchmark`: the face, and what stands in the signatures of it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import benchmark

HEAD = """# Python API

What `import benchmark as stb` gives; everything else is private. Names are loaded when they are first used, so importing it imports no
torch.
"""
PARTS = (("For users and authors", "What `dir(benchmark)` shows.", True),
         ("In the signatures of these", "What the author of a method or a source meets.", False))


def pages() -> Iterator[tuple[str, str]]:
    """The one page."""
    parts, face = [HEAD], set(dir(benchmark))
    for title, meaning, shown in PARTS:
        parts.append(f"## {title}\n\n{meaning}\n")
        parts += [_entry(name) for name in benchmark.__all__ if (name in face) == shown and not name.startswith("__")]
    yield "api.md", "\n".join(parts)


def _entry(name: str) -> str:
    is_class = inspect.isclass(getattr(benchmark, name))
    kind, more = ("autoclass", "   :members:\n") if is_class else ("autofunction", "")
    return f"### {name}\n\n```{{eval-rst}}\n.. {kind}:: benchmark.{name}\n{more}```\n"
