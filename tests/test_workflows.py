"""The workflows for a code host call make and nothing else, with no right to write and no secret."""

import re

import pytest
import yaml
from made.pages import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def read(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps(path):
    return [step for job in read(path)["jobs"].values() for step in job["steps"]]


def test_there_are_workflows_for_tests_submissions_and_the_site():
    assert [path.stem for path in WORKFLOWS] == ["site", "submissions", "test"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_targets_of_make_that_exist(path):
    runs = [step["run"] for step in steps(path) if "run" in step]
    assert runs
    for line in runs:
        found = re.fullmatch(r"make ([a-z-]+)", line)
        assert found, line
        assert found[1] in TARGETS, line


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_only_read_and_pins_its_actions(path):
    text = path.read_text(encoding="utf-8")
    assert read(path)["permissions"] == {"contents": "read"}
    assert all("permissions" not in job for job in read(path)["jobs"].values())
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]) for step in steps(path) if "uses" in step)
    assert "secrets" not in text
    assert "pull_request_target" not in text


def test_results_and_bundles_of_a_pull_request_are_checked():
    # YAML 1.1 reads the key `on` as true
    asked = read(ROOT / ".github" / "workflows" / "submissions.yml")[True]
    assert asked == {"pull_request": {"paths": ["results/**", "submissions/**"]}}
