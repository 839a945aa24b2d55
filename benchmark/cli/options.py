"""Options that several commands share, each with one help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

# what is measured
Seeds = Annotated[str, typer.Option(help="A number of seeds (5: 0 to 4) or a list (0,3,7; one seed: 3,).")]
Preset = Annotated[str | None, typer.Option(help="smoke, quick, medium or full; default quick on CPU, full on CUDA.")]
Protocol = Annotated[str, typer.Option(help="The rules of measuring.")]
Data = Annotated[str | None, typer.Option(help="Edition: sim, own, …; default a real one before sim.")]
Device = Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, mps.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes; default one a core on CPU.")]
EngineName = Annotated[str | None, typer.Option("--engine", help="What does the runs: here, processes or ray; default processes where "
                                                "there are several workers.")]
Address = Annotated[str | None, typer.Option(help="Of a Ray cluster, host:port; default one of this machine alone.")]
Cpus = Annotated[float | None, typer.Option("--cpus-per-run", min=0, help="Cores that a run takes of a Ray cluster; default 1.")]
Gpus = Annotated[float | None, typer.Option("--gpus-per-run", min=0, help="GPUs, or a part of one, that a run takes of a Ray cluster; "
                                            "default 1 on CUDA.")]
SharedStore = Annotated[bool, typer.Option("--shared-store", help="Every node of the Ray cluster reaches the folder of results: a run goes "
                                           "on at its last epoch when its node is lost.")]
Isolated = Annotated[bool | None, typer.Option("--isolated/--not-isolated", help="Methods in processes of their own, which never have a "
                                               "target of the test part; default those of outside packages.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")]

Experiments = Annotated[str | None, typer.Argument(metavar="[EXPERIMENT]", help="A table or figure of a paper, cmust/table1, several, or "
                                                   "all; see stbench list experiments.")]

# which records
Suites = Annotated[str | None, typer.Option("--suite", help="Only these suites.")]
Methods = Annotated[str | None, typer.Option("--method", help="Only these methods.")]
Tasks = Annotated[str | None, typer.Option("--task", help="Only these tasks, e.g. taxi_pick; road_label means that of each city.")]
Metrics = Annotated[str | None, typer.Option("--metric", help="These columns, e.g. mae,mae_nonzero.")]
Editions = Annotated[str | None, typer.Option("--data", help="Only this edition.")]
Presets = Annotated[str | None, typer.Option("--preset", help="Only this preset.")]
Protocols = Annotated[str | None, typer.Option("--protocol", help="Only this protocol.")]
Scenarios = Annotated[str | None, typer.Option("--scenario", help="Only this scenario (see stbench list scenarios).")]
Variants = Annotated[bool | None, typer.Option("--variants/--no-variants", help="Only rows of changed options, or only the others; "
                                               "default both.")]
Horizon = Annotated[int | None, typer.Option("--horizon", min=1, help="This step of the horizon alone (forecasting); default all.")]

# what is shown, and from where
Results = Annotated[Path | None, typer.Option(help="Folder of the records.")]
Format = Annotated[str, typer.Option(help="rich, markdown, latex, csv or html.")]
AsJson = Annotated[bool, typer.Option("--json", help="As data.")]
Strict = Annotated[bool, typer.Option("--strict", help="End with exit code 2 where a broken record was left out.")]

# what is made with a kept run
Kept = Annotated[str, typer.Argument(help="A run made with --keep: its id, the beginning of it, or a path of one of its files.")]
Edition = Annotated[str | None, typer.Option(help="Of the city; default that of the run.")]
Out = Annotated[Path | None, typer.Option(help="A file to write, .csv, .npz or .parquet; default CSV on the terminal.")]
