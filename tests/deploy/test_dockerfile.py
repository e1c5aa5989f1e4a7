"""What the Dockerfile says, read and linted; test_image.py does it."""

import re
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

from lesson_app.config import Settings
from tests.deploy.dockerfile import Instruction, is_sent, read_stages, variables
from tests.deploy.environments import DEPLOY, KNOWN_VARIABLES, ROOT

BUILDER, RUNTIME = read_stages(DEPLOY / "Dockerfile")


def values(stage: list[Instruction], name: str) -> list[str]:
    """What a stage says with one instruction."""
    return [one.value for one in stage if one.name == name]


def test_hadolint_has_nothing_to_say():
    """No rule of it is ignored."""
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [hadolint, "--no-color", DEPLOY / "Dockerfile"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.returncode) == ("", 0)
    assert "hadolint ignore" not in (DEPLOY / "Dockerfile").read_text()


def test_dependencies_need_no_source():
    """Audit 17.1: the libraries are installed from the lock file alone, before the code is there.

    `uv sync` wants to install the project too, and stops at a source that is not copied yet.
    """
    names = [(one.name, one.words[0]) for one in BUILDER]
    install = next(n for n, one in enumerate(BUILDER) if "uv pip sync" in one.value)
    copied = [one.words[0] for one in BUILDER[:install] if one.name == "COPY"]
    assert copied == ["/uv", "deploy/requirements.txt"]
    assert ("COPY", "lesson_app/") in names[install:]


def test_what_is_installed_is_pinned():
    """Audit 17.1: hashes are required, and the tools have a version, which is not `latest`."""
    assert "uv pip sync --require-hashes requirements.txt" in "\n".join(values(BUILDER, "RUN"))
    images = [value.split()[0] for value in values(BUILDER, "FROM") + values(RUNTIME, "FROM")]
    images += re.findall(r"--from=(\S+/\S+)", "\n".join(values(BUILDER, "COPY")))
    assert [one for one in images if not re.search(r":\d+\.\d+", one)] == []


def test_both_stages_have_the_python_of_the_tests():
    """A compiled module is of one version, and so are the links of a virtual environment."""
    version = (ROOT / ".python-version").read_text().strip()
    images = [value.split()[0] for value in values(BUILDER, "FROM") + values(RUNTIME, "FROM")]
    assert [f"python:{version}-slim-trixie"] * 2 == images


def test_the_user_is_not_root():
    """Audit 17.1: a fixed number, so that Kubernetes can see that it is not root's."""
    assert values(RUNTIME, "USER") == ["10001:10001"]
    assert "--uid 10001" in values(RUNTIME, "RUN")[0]
    after = RUNTIME[[one.name for one in RUNTIME].index("USER") :]
    assert values(after, "RUN") + values(after, "COPY") == []


def test_no_build_tools_in_the_image():
    """The running image has what the builder made, and installs nothing."""
    assert values(RUNTIME, "COPY") == ["--from=builder /app /app"]
    assert not re.search(r"apt-get|pip|uv |curl", "\n".join(values(RUNTIME, "RUN")))


def test_there_is_a_health_check():
    """Audit 17.1: Docker asks whether the shop answers; test_check_health.py sees it fail."""
    (check,) = (one for one in RUNTIME if one.name == "HEALTHCHECK")
    assert check.command == ["python", "check_health.py"]


def test_the_signal_to_stop_reaches_the_server():
    """The shell makes way for it, and its requests end before Docker loses patience."""
    (command,) = (one.command for one in RUNTIME if one.name == "CMD")
    assert command[:2] == ["sh", "-c"]
    assert command[2].startswith("exec uvicorn ")
    assert values(RUNTIME, "STOPSIGNAL") == ["SIGTERM"]
    assert "--timeout-graceful-shutdown 20" in command[2]


def test_its_variables_are_settings():
    """Production is the default of the image, and no variable is misspelt."""
    (environment,) = (variables(one) for one in RUNTIME if one.name == "ENV")
    shop = {name for name in environment if name.startswith("SHOP_")}
    assert set() == shop - KNOWN_VARIABLES
    assert environment["SHOP_ENVIRONMENT"] == "production"
    assert "upload_folder" in Settings.model_fields


@pytest.mark.parametrize(
    "path",
    [
        ".venv/bin/python",
        ".env",
        "deploy/.env",
        ".git/config",
        "shop.db",
        "uploads/1",
        "lesson_app/__pycache__/main.cpython-312.pyc",
        "tests/services.py",
        "workbook/cli.py",
        "chapters/02_fastapi_basics.ipynb",
    ],
)
def test_what_is_not_sent_to_the_builder(path: str):
    """Audit 17.1: neither a local .venv nor a secret nor a database gets into an image."""
    patterns = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    patterns = [line for line in patterns if line and not line.startswith("#")]
    assert not is_sent(PurePosixPath(path), patterns)
    assert is_sent(PurePosixPath("lesson_app/api/health.py"), patterns)
