"""`stbench submit`: records of a method for the published ones; packed, checked, listed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.options import AsJson, Results
from benchmark.cli.parse import names
from benchmark.cli.saying import Saying
from benchmark.cli.streams import put, say

if TYPE_CHECKING:
    from benchmark.store.records import Store
    from benchmark.store.submissions import Submission
    from benchmark.submission.checking import Checked

app = typer.Typer(no_args_is_help=True)

Bundle = Annotated[Path, typer.Argument(metavar="BUNDLE.zip", help="A bundle that `stbench submit pack` wrote.")]


@app.callback()
def group() -> None:
    """Submissions."""


@app.command()
def pack(
    method: Annotated[str, typer.Option(help="Whose records.")],
    code: Annotated[str, typer.Option(help="Where the method's code is: an https:// address.")],
    out: Annotated[Path, typer.Option(help="A new file that ends in .zip.")],
    suite: Annotated[str | None, typer.Option(help="Only these suites.")] = None,
    preset: Annotated[str | None, typer.Option(help="Only these presets.")] = None,
    card: Annotated[Path | None, typer.Option(help="What the method is, in Markdown.")] = None,
    licence: Annotated[str | None, typer.Option(help="Of the code; default the registry's.")] = None,
    author_verified: Annotated[str | None, typer.Option(help="Where the method's authors say that the numbers are theirs.")] = None,
    predictions: Annotated[bool, typer.Option("--predictions", help="Also what runs made with --keep predicted.")] = False,
    results: Results = None,
) -> None:
    """Pack the finished records of a method into one file, which is checked before it is there; no smoke runs, no changed options.

    Example: stbench submit pack --method my_method --code https://github.com/me/my-method --out my-method.zip
    """
    from benchmark.store.records import Store, local_root
    from benchmark.submission.packing import About
    from benchmark.submission.packing import pack as write

    made = write(method, About(code, licence, author_verified, card), Store(local_root(results)), out, *_published(),
                 suites=names(suite, "--suite"), presets=names(preset, "--preset"), predictions=predictions)
    say(f"{made.records} records packed to {out}; SHA-256 {made.sha256}.")
    for line in (*(f"Left out: {count} {why}." for why, count in made.left_out.items()), *made.notes):
        say(line)


@app.command()
def check(bundle: Bundle, json: AsJson = False) -> None:
    """Look at everything in a bundle, offline, and name what is wrong; nothing of it is executed. Ends with exit code 2 where it fails.

    Example: stbench submit check my-method.zip
    """
    from benchmark.submission.checking import check_bundle

    checked = check_bundle(bundle, *_published())
    if json:
        from benchmark.report.visible import as_json

        put(as_json({"bundle": str(bundle), "sha256": checked.sha256, "method": checked.bundle.method["name"] if checked.bundle else None,
                     "records": len(checked.records), "passes": not checked.problems, "problems": checked.problems,
                     "notes": checked.notes}))
    else:
        _print(checked)
    if checked.problems:
        raise typer.Exit(2)


@app.command("list")
def list_(
    bundle: Bundle,
    by: Annotated[str, typer.Option(help="Who makes the sample again, as tables will say it.")],
    verify: Annotated[int, typer.Option(min=1, help="Records of the sample, which the bundle's hash draws.")] = 2,
) -> None:
    """Check a bundle, do some of its runs again, and copy its records to results/ of this checkout, to be committed and reviewed.

    Example: stbench submit list my-method.zip --by "A. Reader"
    """
    from benchmark.errors import UserError
    from benchmark.store.records import checkout

    root = checkout()
    if root is None:
        raise UserError("There is no checkout to publish to; clone the project and run stbench there.")
    with Saying() as saying:
        from benchmark.cli.verdict import Epochs, print_verdict
        from benchmark.submission.listing import list_bundle
        from benchmark.submission.verifying import verify as again

        listed = list_bundle(bundle, by, root / "results", verify, lambda record: again(record, watcher=Epochs(saying)))
    if listed.checked.problems:
        _print(listed.checked)
        raise typer.Exit(2)
    for verdict in listed.verdicts:
        print_verdict(verdict)
    if not listed.written:
        say("Nothing was written.", err=True)
        raise typer.Exit(1)
    for path in listed.written:
        say(f"  {path.relative_to(root)}")
    say(f"{len(listed.written)} files written; commit them.")


def _published() -> tuple[Store | None, dict[str, Submission]]:
    """The records that are there already, and the methods that are listed."""
    from benchmark.store.records import Store, published_root, results_root
    from benchmark.store.submissions import submissions

    published = published_root()
    return Store(published) if published else None, submissions(results_root())


def _print(checked: Checked) -> None:
    for problem in checked.problems:
        say(problem, err=True)
    for note in checked.notes:
        say(note)
    if checked.problems:
        say("The bundle is refused.", err=True)
    elif checked.bundle:
        say(f"The bundle passes: {len(checked.records)} records of {checked.bundle.method['name']}; SHA-256 {checked.sha256}.")
