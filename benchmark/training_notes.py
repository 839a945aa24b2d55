"""What a fit's notes say of its training, read one way by tables and searches.

A method of one stage notes `training`: {epochs, best_epoch, steps, validation_mae, seconds, best_seconds}. One of several notes, under its
own name, `stages`: a list of the same facts with the `task` that each stage trained, in their order. Seconds are wall time from the first
step to the end of the last epoch, and to the end of the best one; older records do not say them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# a best epoch beyond this share of all epochs means that the validation error still fell
SETTLED_BY = 0.9


def last_training(notes: Mapping[str, Any], task: str) -> Mapping[str, Any]:
    """The facts of the last stage that trained for a task; empty where nothing was trained."""
    stages = [stage for note in notes.values() if isinstance(note, Mapping) and isinstance(note.get("stages"), list)
              for stage in note["stages"] if isinstance(stage, Mapping) and stage.get("task") == task]
    return stages[-1] if stages else notes.get("training", {})


def has_settled(notes: Mapping[str, Any], task: str) -> bool:
    """Whether the validation error no longer fell in the last tenth of the epochs of a task's last stage."""
    training = last_training(notes, task)
    best, epochs = training.get("best_epoch"), training.get("epochs")
    return not (isinstance(best, int) and isinstance(epochs, int)) or best <= SETTLED_BY * epochs
