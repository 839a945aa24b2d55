"""What a table says of a listed method: who made which of its runs again, and whether its authors stand by the numbers."""

import pytest
from made.forecasting_records import record

from benchmark.report.choice import Filter
from benchmark.report.suite import sheets_of
from benchmark.store.records import Store
from benchmark.store.submissions import Submission, write_submission

RUNS = [record("stid", seed, mae=1.0 + seed) for seed in range(3)]


@pytest.fixture
def notes(tmp_path, monkeypatch):
    """The lines under the table of three published runs, and whatever lies in a local store."""
    monkeypatch.setattr("benchmark.report.listed.results_root", lambda: tmp_path / "results")
    published, local = Store(tmp_path / "results" / "runs"), Store(tmp_path / "local")
    for one in RUNS:
        published.write(one)

    def read():
        (sheet,) = sheets_of(local, published, Filter())
        return [line for line in sheet.notes if "from outside" in line]

    read.local, read.results = local, tmp_path / "results"
    return read


def listed(results, runs, verified=None):
    said = {run.spec.id: {"by": by, "how": how, "environment": {}} for run, by, how in runs}
    write_submission(results, Submission("stid", "STID", "a", "https://example.org/stid", "MIT", "0" * 64, verified, said))


def test_a_line_names_who_made_how_many_runs_again_and_how(notes):
    assert notes() == []
    listed(notes.results, [(RUNS[0], "A. Reader", "bits"), (RUNS[1], "B. Reader", "within 1e-3")], "https://example.org/yes")
    assert notes() == ["stid: from outside (https://example.org/stid); reproduced: 1 of 3 runs by A. Reader (bits), 1 of 3 runs by "
                       "B. Reader (within 1e-3); author verified: yes (https://example.org/yes)."]


def test_runs_of_other_tables_do_not_count_and_local_rows_say_nothing(notes):
    listed(notes.results, [(record("stid", 9), "A. Reader", "bits")])
    assert notes() == ["stid: from outside (https://example.org/stid); reproduced: none of these runs; author verified: no."]
    notes.local.write(RUNS[0])
    assert notes() == []
