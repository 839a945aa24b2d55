"""`stbench verify`: whether a record can be made again."""

from __future__ import annotations

from typing import Annotated

import typer

from benchmark.cli.options import Device, Isolated, Results
from benchmark.cli.saying import Saying


def verify(
    record: Annotated[str, typer.Argument(help="A run by its id or the beginning of it, local or published, or the path of a record.")],
    rescore: Annotated[bool, typer.Option("--rescore", help="Score again what the run predicted, if it was made with --keep.")] = False,
    isolated: Isolated = None,
    device: Device = None,
    results: Results = None,
) -> None:
    """Do a record's run again and say whether it gives the same: bits on an equal machine, else 1e-3. Ends with 1 where it does not.

    Example: stbench verify 03fefa0e27bd
    """
    from benchmark.errors import UserError
    from benchmark.store.records import Store, local_root, published_root

    if rescore and (isolated is not None or device):
        raise UserError("--rescore runs no method; leave --isolated and --device out.")
    local, published = Store(local_root(results)), published_root()
    with Saying() as saying:
        # the line is there before torch is
        from benchmark.cli.verdict import Epochs, print_verdict
        from benchmark.submission import verifying

        found = verifying.find_record(record, (local, Store(published) if published else None))
        verdict = (verifying.rescore(found, local) if rescore
                   else verifying.verify(found, isolated=isolated, device=device, watcher=Epochs(saying)))
    print_verdict(verdict)
    if verdict.how is None:
        raise typer.Exit(1)
