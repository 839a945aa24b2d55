"""What is packed, what is refused, and what the records that are published already mean for a bundle."""

import io
import json
import shutil
import zipfile
from dataclasses import replace

import pytest
from made.bundles import CODE, ROOT, files_of, good_bundle, listed, records_of
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.errors import UserError
from benchmark.plain_json import read_json
from benchmark.registry import registry
from benchmark.store.check import decode
from benchmark.store.managing import zipped
from benchmark.store.records import Store, dumps
from benchmark.store.submissions import Submission
from benchmark.submission.bundle import DESCRIPTION, facts_of
from benchmark.submission.checking import check_file
from benchmark.submission.packing import About, pack


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    return good_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def local(good, tmp_path):
    """The local store that the good bundle was packed from."""
    shutil.copytree(good.parent / "local", tmp_path / "local")
    return Store(tmp_path / "local")


def check(content, published=None, listed=None):
    return check_file(io.BytesIO(content), published, listed or {}).problems


def packed(store, out, about=None, **chosen):
    return pack("stid", about or About(CODE), store, out, None, {}, **chosen)


def test_the_same_records_are_the_same_bytes(good, local, tmp_path):
    packed(local, tmp_path / "again.zip", presets=("quick",))
    assert (tmp_path / "again.zip").read_bytes() == good.read_bytes()


def test_a_bundle_says_the_registrys_facts_and_lists_what_it_holds(good):
    files = files_of(good)
    said = json.loads(files[DESCRIPTION])
    assert said["method"]["name"] == "stid"
    assert said["method"] == facts_of(registry().info("stid"))
    assert said["code"] == CODE
    assert set(said["files"]) == set(files) - {DESCRIPTION}
    assert len(records_of(files)) == 12


def test_all_presets_are_packed_and_smoke_runs_and_changed_options_are_left_out_and_counted(local, tmp_path):
    first = next(iter(local.records()))
    for one in (replace(first, spec=replace(first.spec, preset="smoke")), replace(first, notes={"user_overrides": {"blocks": 2}},
                spec=replace(first.spec, options={**first.spec.options, "blocks": 2}))):
        local.write(one)
    made = packed(local, tmp_path / "all.zip")
    assert made.records == 16
    assert made.left_out == {"smoke runs, which measure nothing": 1, "of changed options": 1}


def test_a_card_gives_the_title_and_may_name_who_to_write_to(local, tmp_path):
    (tmp_path / "card.md").write_text("# STID, again\n\nWrite to me@example.org; see <https://example.org>.\n", encoding="utf-8")
    packed(local, tmp_path / "a.zip", About(CODE, card=tmp_path / "card.md", licence="MIT", author_verified="https://example.org/yes"))
    said = json.loads(files_of(tmp_path / "a.zip")[DESCRIPTION])
    assert (said["title"], said["licence"], said["author_verified"]) == ("STID, again", "MIT", "https://example.org/yes")


@pytest.mark.parametrize(("about", "words"), [
    (About("http://example.org/x"), "no https"), (About(CODE, author_verified="yes"), "author_verified"),
    (About(CODE, licence="ask /home/me"), "holds a path")])
def test_what_would_not_pass_is_not_written(local, tmp_path, about, words):
    with pytest.raises(UserError, match=f"would not pass, and was not written: .*{words}"):
        packed(local, tmp_path / "a.zip", about)
    assert not (tmp_path / "a.zip").exists()


def test_incomplete_seeds_are_refused_before_a_bundle_is_there(local, tmp_path):
    run = next(iter(local.records()))
    local.path(run.spec).unlink()
    with pytest.raises(UserError, match=r"every task has the seeds 0 to|no run of task"):
        packed(local, tmp_path / "a.zip")


def test_a_dirty_checkout_and_a_smoke_run_that_is_asked_for_are_refused(local, tmp_path):
    run = next(iter(local.records()))
    local.write(replace(run, environment={**run.environment, "dirty": True}))
    with pytest.raises(UserError, match=f"{run.spec.id} .* cannot be published: made from a checkout with uncommitted changes"):
        packed(local, tmp_path / "a.zip")
    local.write(replace(run, spec=replace(run.spec, preset="smoke")))
    with pytest.raises(UserError, match="cannot be published: a smoke run measures nothing"):
        packed(local, tmp_path / "a.zip", presets=("smoke",))


def test_nothing_to_pack_and_a_file_that_is_there_are_sentences(local, tmp_path):
    with pytest.raises(UserError, match=r"no record of stid that can be packed; type: stbench run --method stid"):
        packed(local, tmp_path / "a.zip", suites=("nyc",))
    (tmp_path / "a.zip").write_text("mine")
    with pytest.raises(UserError, match="is there already"):
        packed(local, tmp_path / "a.zip")


def test_what_is_published_already_is_refused_unless_the_method_is_listed_and_nothing_changed(good, local):
    problems = check(good.read_bytes(), local)
    assert len(problems) == 12
    assert all(problem.endswith("is published already.") for problem in problems)
    before = Submission("stid", "STID", "a", CODE, "MIT", "0" * 64, None, {})
    assert check(good.read_bytes(), local, {"stid": before}) == []
    (problem,) = check(good.read_bytes(), local, {"stid": replace(before, code="https://example.org/another")})
    assert "is listed with https://example.org/another" in problem
    changed = next(one for one in local.records() if one.spec.preset == "quick")
    local.path(changed.spec).write_text(dumps(replace(changed, timings={"fit_s": 1.0})), encoding="utf-8")
    (problem,) = check(good.read_bytes(), local, {"stid": before})
    assert problem.endswith("is published already, with another content.")


def test_another_methods_numbers_and_another_number_of_targets_are_told_by_the_published_ones(good, tmp_path):
    files = files_of(good)
    one = decode(json.loads(files[records_of(files)[0]]))
    published = Store(tmp_path / "published")
    published.write(replace(one, spec=replace(one.spec, method="linear")))
    (problem,) = check(good.read_bytes(), published)
    assert problem.endswith(f"has the very sums of the published run {next(iter(published.records())).spec.id} of linear.")


def test_simulated_data_are_known_by_published_records(good, tmp_path):
    """Nothing is simulated for it."""
    shutil.copytree(ROOT / "results" / "runs" / "nyc" / "stid", tmp_path / "local" / "nyc" / "stid")
    shutil.copytree(ROOT / "results" / "runs" / "nyc" / "linear", tmp_path / "published" / "nyc" / "linear")
    published = Store(tmp_path / "published")
    pack("stid", About(CODE), Store(tmp_path / "local"), tmp_path / "a.zip", published, {})
    assert not (tmp_path / "home" / "cities").exists()
    files = files_of(tmp_path / "a.zip")
    for path in (tmp_path / "published").rglob("*.json"):
        other = decode(read_json(path))
        path.unlink()
        published.write(replace(other, spec=replace(other.spec, fingerprint="0123456789abcdef")))
    problems = check(zipped(listed(files)), published)
    assert all(problem.endswith("and those of nyc have 0123456789abcdef.") for problem in problems)
    assert len(problems) == 20


def test_the_commands_pack_and_check_and_end_with_2_where_a_bundle_fails(good, local, tmp_path, monkeypatch):
    monkeypatch.setattr("benchmark.store.records.checkout", lambda: tmp_path / "checkout")
    out = tmp_path / "a.zip"
    done = CliRunner().invoke(app, ["submit", "pack", "--method", "stid", "--code", CODE, "--out", str(out), "--results", str(local.root)])
    assert done.exit_code == 0, done.output
    assert "16 records packed" in done.output
    done = CliRunner().invoke(app, ["submit", "check", str(out)])
    assert done.exit_code == 0
    assert "The bundle passes: 16 records of stid" in done.output
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("../evil", "x")
    done = CliRunner().invoke(app, ["submit", "check", str(out), "--json"])
    assert done.exit_code == 2
    assert not (said := json.loads(done.output))["passes"]
    assert said["problems"][0] == "../evil has a name that leads out of the bundle."
    done = CliRunner().invoke(app, ["submit", "check", str(tmp_path / "nowhere.zip")])
    assert isinstance(done.exception, UserError)
