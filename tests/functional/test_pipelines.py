"""The recipes for pipelines, of projects and of a release: nobody runs them here."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
from typing import Any

import pytest
from support import BIN, PYTHON, ROOT

RELEASE = ROOT / ".github/workflows/release.yml"
GITHUB, GITLAB = (ROOT / "deploy/ci" / name for name in ("github-actions.yml", "gitlab-ci.yml"))
EACH = pytest.mark.parametrize("file", [RELEASE, GITHUB, GITLAB], ids=lambda file: file.stem)
# All values as texts: "on" is a key there, not a truth value.
READ = "import json, sys, yaml; print(json.dumps(yaml.load(open(sys.argv[1]), yaml.BaseLoader)))"


def parsed(file: pathlib.Path) -> dict[str, Any]:
    """Returns what a YAML file says."""
    told = subprocess.run([PYTHON, "-c", READ, file], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def jobs(file: pathlib.Path) -> dict[str, dict[str, Any]]:
    """Returns the jobs of a recipe by name."""
    recipe = parsed(file)
    if "jobs" in recipe:
        return recipe["jobs"]
    return {name: job for name, job in recipe.items() if isinstance(job, dict) and "script" in job}


def scripts(file: pathlib.Path) -> list[str]:
    """Returns the shell scripts of a recipe, with a word where GitHub puts a value in."""
    steps = [step for job in jobs(file).values() for step in job.get("steps", [])]
    found = [step["run"] for step in steps if "run" in step]
    found += parsed(file).get("default", {}).get("before_script", [])
    found += [line for job in jobs(file).values() for line in job.get("script", [])]
    return [re.sub(r"\$\{\{.*?\}\}", "value", script) for script in found]


@pytest.mark.parametrize("file", [RELEASE, GITHUB], ids=lambda file: file.stem)
def test_workflows_of_github_are_whole(file):
    assert set(parsed(file)) >= {"name", "on", "jobs"}
    made = jobs(file)
    assert {job["needs"] for job in made.values() if "needs" in job} <= set(made)
    for job in made.values():
        assert job["runs-on"]
        assert all(("run" in step) != ("uses" in step) for step in job["steps"])


def test_the_pipeline_of_gitlab_checks_every_change_and_deploys_tags():
    assert set(jobs(GITLAB)) == {"check", "deploy"}
    assert "rules" not in jobs(GITLAB)["check"]
    assert jobs(GITLAB)["deploy"]["rules"] == [{"if": "$CI_COMMIT_TAG"}]


@EACH
def test_their_scripts_are_shell(file):
    assert scripts(file)
    for script in scripts(file):
        checked = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True)
        assert (checked.returncode, checked.stderr) == (0, ""), script


@EACH
def test_the_programs_of_this_repository_that_they_call_are_there(file):
    for script in scripts(file):
        for program in re.findall(r"(?:^|\s)((?:deploy|scripts)/[\w/-]+)(?=\s|$)", script):
            assert os.access(ROOT / program, os.X_OK) or (ROOT / program / "Chart.yaml").exists(), program


@pytest.mark.parametrize("file", [GITHUB, GITLAB], ids=lambda file: file.stem)
def test_commands_of_leoflow_have_the_options_that_they_give(file):
    calls = [line for script in scripts(file) for line in script.splitlines() if line.strip().startswith("leoflow ")]
    assert {call.split()[1] for call in calls} == {"setup", "validate", "deploy"}
    for call in calls:
        told = subprocess.run([BIN / "leoflow", call.split()[1], "--help"], capture_output=True, text=True, check=True).stdout
        assert set(re.findall(r"\s(--[a-z-]+)", call)) <= set(re.findall(r"--[a-z-]+", told)), call


@pytest.mark.parametrize("file", [GITHUB, GITLAB], ids=lambda file: file.stem)
def test_their_images_are_of_this_version_and_of_a_python_that_is_released(file):
    version = re.search(r"^project\(leoflow VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)[1]
    images = re.findall(r"/leoflow/(\w+):(\S+)-py(\S+)", file.read_text())
    assert {(kind, tag) for kind, tag, _ in images} == {("cli", version), ("task", version)}
    for loop in re.findall(r"for python in (.*);", RELEASE.read_text()):
        assert {python for _, _, python in images} <= set(loop.split())
