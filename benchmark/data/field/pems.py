"""PEMS03, 04, 07 and 08, as ASTGCN's and STSGCN's authors gave them away: an .npz [step, node, channel] and a table of distances."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmark.data.field.build import NAN, ZERO, beside, build, moment, name_of
from benchmark.data.own.city_file import AdjacencyFile, CityFile, NodeFile, TaskFile
from benchmark.data.readers.tables import array_shape, read_frame
from benchmark.data.sources import Built
from benchmark.errors import UserError

NAME = "pems"
# first day of each data set
STARTS = {"pems03": "2018-09-01", "pems04": "2018-01-01", "pems07": "2017-05-01", "pems08": "2016-07-01"}
# task and unit of each channel
CHANNELS = (("traffic_flow", "vehicles per 5 min"), ("occupancy", "share of the time"), ("traffic_speed", "mph"))
# every paper on them cuts 6:2:2
SPLIT = (6, 2, 2)


@dataclass(frozen=True)
class Options:
    """What the file does not say, where it is not as usual."""

    # of the city; none: the file's name
    name: str | None = None
    # local day of the first row; none: as published of PEMS03, 04, 07 and 08
    start: str | None = None
    # a .csv of from, to and a cost or distance; none: the one of the same name beside the file, if it is there
    graph: Path | None = None
    # a .txt of the detectors' ids, which from and to are; none: the one of the same name beside the file, else they are numbers
    ids: Path | None = None
    # whether a zero marks a missing entry, as the field takes it
    zero_missing: bool = True


def build_pems(path: Path, options: Options, replace: bool = False) -> Built:
    """Build a city of one task a channel; every listed pair of detectors is a link of weight 1, both ways, as in STSGCN.

    Raises
    ------
    UserError: a file is missing or wrong, or other data are there already; nothing is written then.
    """
    if path.suffix.lower() != ".npz":
        raise UserError(f"{path} is no .npz file; give the path of PEMS08.npz, or of another of the four.")
    shape = array_shape(path, "data")
    if len(shape) != 3 or not 1 <= shape[2] <= len(CHANNELS):
        raise UserError(f"'data' of {path.name} has shape {shape}; it must be [step, node, channel] with channels of "
                        f"{', '.join(task for task, _ in CHANNELS)}.")
    name = options.name or name_of(path.stem)
    start = options.start or STARTS.get(name_of(path.stem))
    if start is None:
        raise UserError(f"When {path.name} starts is not known; type its first day: --set start=2016-07-01.")
    graph, ids = beside(path, options.graph, f"{path.stem}.csv"), beside(path, options.ids, f"{path.stem}.txt")
    tasks = {task: TaskFile(path.name, unit, 5, "America/Los_Angeles", moment(start), key="data", channel=channel, rows=shape[0],
                            missing=ZERO if options.zero_missing else NAN,
                            zero="a missing entry" if options.zero_missing else "not stated; it counts as a value")
             for channel, (task, unit) in enumerate(CHANNELS[:shape[2]])}
    city = CityFile(name, path.resolve().parent, tasks, None if ids is None else NodeFile(ids),
                    None if graph is None else _edges(path.resolve().parent, graph), SPLIT, f"Detectors of {path.stem}",
                    "Caltrans PeMS, as papers share it", "not stated by the file")
    return build(NAME, path, options, city, replace)


def _edges(folder: Path, file: str) -> AdjacencyFile:
    """Some of the tables say `cost`, others `distance`; as links both mean the same."""
    heads = [str(head) for head in read_frame(folder / file).columns]
    if heads[:2] != ["from", "to"]:
        raise UserError(f"{file} has the columns {', '.join(heads[:5])}; it must begin with from, to.")
    return AdjacencyFile(file, layout="edges", both_ways=True)
