"""Fitted methods beside their records, for whoever asked to keep them; never published.

    <store>/<suite>/<method>/<id>.state.safetensors  all that predicting needs: tensors, and facts as JSON in the file's metadata
    <store>/<suite>/<method>/<id>.predictions.npz    predictions of the test part, and its truth
    <store>/<suite>/<method>/<id>.arrays.npz         what the method keeps for figures, e.g. attention maps
    <store>/<suite>/<method>/<id>.kept.json          spec, metrics and cities of the fit, and the SHA-256 of the other files

The last one is removed first and written last: a state is kept only if it is there, whatever was killed when.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.errors import UserError
from benchmark.files import sha256, write_atomic
from benchmark.folders import below
from benchmark.shapes import each, fields_of, read_shaped, text
from benchmark.spec import Record, RunSpec
from benchmark.store.campaigns import label
from benchmark.store.check import SPEC, VALUES, read_record
from benchmark.store.records import Store

if TYPE_CHECKING:
    import numpy as np

KEPT = fields_of({"id": text, "spec": SPEC, "metrics": each(VALUES), "files": each(text)})
STATE, PREDICTIONS, ARRAYS, SIDECAR = ".state.safetensors", ".predictions.npz", ".arrays.npz", ".kept.json"


@dataclass(frozen=True)
class Kept:
    """The kept files of one fit."""

    # of the sidecar
    path: Path
    spec: RunSpec
    metrics: Mapping[str, Any]
    # suffix -> SHA-256
    files: Mapping[str, str]

    def file(self, suffix: str) -> Path:
        """One of the files, compared with its SHA-256.

        Raises
        ------
        UserError: it is not kept, missing or changed.
        """
        path = self.path.with_name(f"{self.spec.id}{suffix}")
        if suffix not in self.files:
            raise UserError(f"Run {self.spec.id} ({self.spec.method} on {self.spec.suite}) keeps no {suffix[1:]}; "
                            f"it keeps {', '.join(sorted(name[1:] for name in self.files))}.")
        if not path.is_file():
            raise UserError(f"{path} is missing; remove {self.path} and type the command of the run again with --keep.")
        if sha256(path) != self.files[suffix]:
            raise UserError(f"{path} has changed since it was kept (SHA-256 differs); remove {self.path} and type the command of the run "
                            "again with --keep.")
        return path

    def fits_its_record(self) -> bool:
        """Whether the record beside it, if there is one, is of the same fit and not of a later one of the same run."""
        record = self.path.with_name(f"{self.spec.id}.json")
        return not record.is_file() or same_metrics(self.metrics, read_record(record).metrics)


def write_kept(store: Store, record: Record, files: Mapping[str, bytes]) -> None:
    """Write the files (suffix -> content) of a record's fit; those of an earlier one are replaced."""
    sidecar = _sidecar(store, record.spec)
    sidecar.unlink(missing_ok=True)
    for suffix, content in files.items():
        write_atomic(sidecar.with_name(f"{record.spec.id}{suffix}"), content)
    digests = {suffix: hashlib.sha256(content).hexdigest() for suffix, content in files.items()}
    said = {"id": record.spec.id, "spec": record.spec.to_json(), "metrics": record.metrics, "files": digests}
    write_atomic(sidecar, json.dumps(said, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def is_kept(store: Store, spec: RunSpec) -> bool:
    """Whether the fit of a finished run's record is kept, and not that of an earlier record of the same run."""
    sidecar = _sidecar(store, spec)
    if not (store.has(spec) and sidecar.is_file()):
        return False
    try:
        found = read_kept(sidecar)
    except UserError:  # it is written anew
        return False
    return all(sidecar.with_name(f"{spec.id}{suffix}").is_file() for suffix in found.files) and found.fits_its_record()


def same_metrics(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two fits agree in every bit of every metric."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def read_kept(sidecar: Path) -> Kept:
    """Read a sidecar.

    Raises
    ------
    UserError: it is unreadable, incomplete, or its id does not fit its spec.
    """
    said = read_shaped(sidecar, KEPT, "It is not whole; remove it and type the command of the run again with --keep.")
    found = Kept(sidecar, RunSpec.from_json(said["spec"]), said["metrics"], said["files"])
    if found.spec.id != said["id"]:
        raise UserError(f"{sidecar}: the id {said['id']} does not fit its spec ({found.spec.id}); the file was edited.")
    return found


def find_kept(store: Store, run: str | Path) -> Kept:
    """A kept run by its id, by the beginning of it, or by the path of one of its files.

    Raises
    ------
    UserError: there is none, there are several, it is finished and was not kept, or what was kept is of an earlier fit.
    """
    kept = read_kept(_find_sidecar(store, run))
    if not kept.fits_its_record():
        raise UserError(f"The kept state of run {kept.spec.id} is of an earlier fit, with other metrics than the record beside it. "
                        "Type the command of the run again with --keep.")
    return kept


def _find_sidecar(store: Store, run: str | Path) -> Path:
    path, beginning = Path(run), str(run)
    if path.is_file():
        run_id = path.name.split(".")[0]
        if not (sidecar := path.with_name(run_id + SIDECAR)).is_file():
            raise _not_kept(run_id)
        return sidecar
    every = _in_store(store, SIDECAR)
    found = [one for one in every if beginning and one.name.startswith(beginning)]
    if len(found) > 1:
        raise UserError(f"'{run}' is the beginning of {len(found)} kept runs: {_listed(found)}. Give more of the id.")
    if found:
        return found[0]
    if done := [one for one in _in_store(store, ".json") if beginning and one.name.startswith(beginning) and "." not in one.stem]:
        raise _not_kept(done[0].stem)
    raise UserError(f"No run '{run}' in {store.root}. Kept runs: {_listed(every) or 'none'}. `stbench run … --keep` keeps what it fits.")


def unpack_predictions(kept: Kept) -> dict[str, np.ndarray]:
    """What the method predicted of the test part, the truth, its times and nodes; raises as `unpack_arrays`."""
    return unpack_arrays(kept, PREDICTIONS)


def unpack_arrays(kept: Kept, suffix: str = ARRAYS) -> dict[str, np.ndarray]:
    """What the method keeps for figures.

    Raises
    ------
    UserError: they are not kept, missing or changed.
    """
    import numpy as np

    with np.load(kept.file(suffix), allow_pickle=False) as arrays:
        return dict(arrays)


def _sidecar(store: Store, spec: RunSpec) -> Path:
    return store.path(spec).with_name(f"{spec.id}{SIDECAR}")


def _in_store(store: Store, suffix: str) -> list[Path]:
    return [path for path in below(store.root, 3) if path.name.endswith(suffix)]


def _listed(sidecars: Sequence[Path]) -> str:
    """Ids and what they are, at most eight."""
    specs = []
    for sidecar in sidecars[:8]:
        try:
            specs.append(read_kept(sidecar).spec)
        except (UserError, FileNotFoundError):  # it says so when it is asked for
            continue
    more = [f"… ({len(sidecars)} in all)"] if len(sidecars) > 8 else []
    return ", ".join([*(f"{spec.id} ({label(spec, {})} on {spec.suite})" for spec in specs), *more])


def _not_kept(run_id: str) -> UserError:
    return UserError(f"The state of run {run_id} was not kept. Type the command that made it again with --keep: it is trained again, and "
                     "its record stays.")
