"""The authors' archive layout of a suite: pre-cut windows, one folder a task.

    NYC/TAXIPICK/train.npz, val.npz, test.npz   x [window, 12, node, 3 or >= 11] and y [window, 12, node, >= 1], floats in raw units
    NYC/TAXIPICK/prompt.pth                     optional: a bare float tensor [12, node, width]

The channels of x: value, time of day in [0, 1), weekday (Monday 0 … Sunday 6, or a seventh of it), two coordinates, six timestamp numbers.
Here: which folder is which task, and the prompt. `windows` reads the windows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmark.data.bounds import check_file
from benchmark.errors import UserError, unknown
from benchmark.families import forecasting_protocol

# steps a window shows and steps it asks for, as the archive cuts them
HISTORY, HORIZON = forecasting_protocol("paper").history, forecasting_protocol("paper").horizon
PARTS = ("train", "val", "test")
PROMPT = "prompt.pth"
# folder names, without case and separators
CITIES = {"nyc": ("nyc",), "chicago": ("chi", "chicago"), "sip": ("sip",)}
TASKS = {
    "crowdin": "crowd_in", "crowdout": "crowd_out", "taxipick": "taxi_pick", "taxidrop": "taxi_drop", "flow": "traffic_flow",
    "trafficflow": "traffic_flow", "speed": "traffic_speed", "trafficspeed": "traffic_speed", "risk": "risk",
}


def find_tasks(path: Path, suite: str, tasks: Sequence[str], task_map: Mapping[str, str]) -> dict[str, Path]:
    """The folder of each task, in the suite's order.

    Parameters
    ----------
    path: the suite's folder, or the one above it.
    task_map: folder name -> task, for folders that are named otherwise.

    Raises
    ------
    UserError: says what was found, what is needed and what to type, if a task has no folder, two, or a folder is no task of the suite.
    """
    root = _suite_folder(path, suite)
    folders = {folder.name: folder for folder in _folders(root)}
    for name, task in task_map.items():
        if name not in folders:
            raise unknown(f"folder of {root} in task_map", name, folders)
        if task not in tasks:
            raise unknown(f"task of {suite} in task_map", task, tasks)
    # a folder of another name is no task unless windows lie in it
    known = {name: task_map.get(name, TASKS.get(_plain(name), "")) for name, folder in folders.items()
             if name in task_map or _plain(name) in TASKS or any(folder.glob("*.npz"))}
    found: dict[str, Path] = {}
    for name, task in known.items():
        if task in found and task in tasks:
            raise UserError(f"Folders {found[task].name} and {name} of {root} both hold {task}; take one out, or name it in task_map.")
        found[task] = folders[name]
    absent = [task for task in tasks if task not in found]
    strangers = [name for name, task in known.items() if task not in tasks]
    if absent or strangers:
        raise UserError(_mismatch(root, suite, tasks, list(folders), absent, strangers, known))
    return {task: found[task] for task in tasks}


def parse_task_map(texts: Sequence[str]) -> dict[str, str]:
    """``("PICKUPS=taxi_pick", "DROPS=taxi_drop")`` -> folder name -> task."""
    pairs = [text.strip().partition("=") for text in texts]
    names = [name.strip() for name, _, _ in pairs]
    if any(not name.strip() or not task.strip() for name, _, task in pairs) or len(set(names)) < len(names):
        raise UserError("Option task_map takes different folders and their tasks, such as TAXIPICK=taxi_pick,TAXIDROP=taxi_drop, "
                        f"got '{','.join(texts)}'.")
    return {name.strip(): task.strip() for name, _, task in pairs}


def read_prompt(folder: Path, nodes: int) -> np.ndarray | None:
    """float32 [12, node, width] of the task's prompt.pth, None if there is none; nothing but a tensor is ever unpickled.

    Raises
    ------
    UserError: if the file is anything but a bare, finite float tensor of that shape.
    """
    import torch

    path, name = folder / PROMPT, f"{folder.name}/{PROMPT}"
    if not path.exists():
        return None
    check_file(path)
    try:
        given = torch.load(path, map_location="cpu", weights_only=True)
        bare = isinstance(given, torch.Tensor) and given.is_floating_point()
        prompt = given.detach().to(torch.float32).numpy() if bare else None
    except OSError as error:
        raise UserError(f"{path} could not be read: {error.strerror or error}.") from None
    except Exception as error:  # a damaged file may raise anything
        raise UserError(f"{name} is damaged or holds more than a tensor ({type(error).__name__}), and only a bare tensor is ever "
                        "loaded; take the file out, or save the tensor alone: torch.save(tensor, path).") from error
    if prompt is None:
        raise UserError(f"{name} holds {_kind(given)}; it must hold one bare float tensor [{HISTORY}, node, width].")
    if prompt.ndim != 3 or prompt.shape[:2] != (HISTORY, nodes) or not prompt.size:
        raise UserError(f"{name} holds a tensor of shape {prompt.shape}; with {nodes} nodes it must be ({HISTORY}, {nodes}, width).")
    if not np.isfinite(prompt).all():
        raise UserError(f"{name} holds NaN or an infinite value; take the file out, or write it again.")
    return prompt


def _suite_folder(path: Path, suite: str) -> Path:
    inside = [folder for folder in _folders(path) if _plain(folder.name) in CITIES[suite]]
    if len(inside) > 1:
        raise UserError(f"{path} holds {' and '.join(folder.name for folder in inside)}, both of suite {suite}; give the path of one.")
    return inside[0] if inside else path


def _folders(path: Path) -> list[Path]:
    """Folders by name, without hidden ones and those that a packer leaves (__MACOSX)."""
    try:
        return sorted(entry for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith((".", "__")))
    except NotADirectoryError:
        raise UserError(f"{path} is a file; give the unpacked folder that holds NYC, CHI or SIP, or one of them.") from None
    except OSError as error:
        raise UserError(f"{path} could not be read ({error.strerror}); "
                        "give the folder that holds NYC, CHI or SIP, or one of them.") from None


def _mismatch(root: Path, suite: str, tasks: Sequence[str], folders: list[str], absent: list[str], strangers: list[str],
              known: Mapping[str, str]) -> str:
    """What was found, what is needed, what to type."""
    foreign = [name for name in strangers if known[name]]
    nameless = [name for name in strangers if not known[name]]
    said = f"{root} holds {', '.join(folders) or 'no folder'}; suite {suite} needs one folder for each of {', '.join(tasks)}"
    if absent:
        said += f"; no folder of {', '.join(absent)} was found"
    if foreign:
        said += f"; no task of {suite}: {', '.join(foreign)} (take it out, or correct suite={suite})"
    if nameless and absent:
        typed = ",".join(f"{name}={task}" for name, task in zip(nameless, absent, strict=False))
        said += f"; if folders are only named otherwise, say which is which: --set task_map={typed}"
    elif nameless:
        said += f"; not known: {', '.join(nameless)} (take it out, or say what it is, such as --set task_map={nameless[0]}={tasks[0]})"
    return said + "."


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def _kind(given: object) -> str:
    dtype = getattr(given, "dtype", None)
    return f"a tensor of {dtype}" if dtype is not None else f"a {type(given).__name__}"
