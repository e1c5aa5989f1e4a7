"""What the workflows of GitHub say: valid, with few rights, and the same tests as everywhere."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy.engine import make_url

from tests.deploy.environments import DEPLOY, ROOT, read_compose
from tests.services import SERVICES

PATHS = sorted((ROOT / ".github/workflows").glob("*.yml"))
WORKFLOW: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
TEST = WORKFLOW["jobs"]["test"]


def test_the_workflows_are_valid():
    """Checked with the schema of GitHub."""
    check = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run(
        [check, "--builtin-schema", "vendor.github-workflows", *PATHS],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.returncode) == ("ok -- validation done\n", 0)


def test_it_runs_what_everybody_runs():
    """Audit 17.5: one script, with what the lock file pins; no tool that is not installed."""
    assert ".ci/run" in [step.get("run") for step in TEST["steps"]]
    assert "exec make test" in (ROOT / ".ci/run").read_text()


def test_the_tests_have_all_the_services():
    """Audit 17.5: not on SQLite alone; each one is where the tests look for it, and healthy."""
    assert set(TEST["services"]) == {service.name.lower() for service in SERVICES}
    for service in SERVICES:
        its = TEST["services"][service.name.lower()]
        port = make_url(service.default).port
        assert its["ports"] == [f"{port}:{port}"]
        assert "--health-cmd" in its["options"]
    ours = read_compose("compose.services.yaml")["services"]
    images = {name: service["image"] for name, service in TEST["services"].items()}
    assert images == {name: service["image"] for name, service in ours.items()}


def test_the_rights_are_few():
    """Its token reads the repository, and no step keeps it."""
    assert WORKFLOW["permissions"] == {"contents": "read"}
    for job in WORKFLOW["jobs"].values():
        assert "permissions" not in job
        assert "timeout-minutes" in job
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"] == {"persist-credentials": False}


def test_what_is_used_has_a_version():
    """Audit 17.5: no `latest`, neither of an action nor of a machine; all actions are GitHub's."""
    for job in WORKFLOW["jobs"].values():
        assert re.fullmatch(r"ubuntu-\d+\.\d+", job["runs-on"])
        for step in job["steps"]:
            assert re.fullmatch(r"actions/[\w-]+@v\d+", step.get("uses", "actions/none@v0"))


def test_the_image_is_started_with_docker():
    """Audit 17.5: it is built and run, and not pushed from a branch with a password."""
    runs = [step.get("run", "") for step in WORKFLOW["jobs"]["image"]["steps"]]
    assert any("up --build --detach --wait" in run for run in runs)
    (names,) = re.findall(r"^for name in (.*);", "\n".join(runs), re.MULTILINE)
    example = (DEPLOY / ".env.example").read_text()
    empty = set(re.findall(r"^(\w+)=$", example, re.MULTILINE))
    assert empty == {*names.split(), "SHOP_ALLOWED_HOSTS"}
