"""What the Compose files say, and the settings that they make."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from dotenv import dotenv_values
from sqlalchemy.engine import make_url

from lesson_app import create_app
from lesson_app.config import Settings
from tests.deploy.dockerfile import read_stages
from tests.deploy.environments import DEPLOY, ROOT, SECRETS, MissingVariable, read_compose
from tests.services import SERVICES

COMPOSE = read_compose()
SERVICE = COMPOSE["services"]
OURS = ("migrate", "app", "worker")


def seconds(text: str) -> int:
    """How many seconds `30s` is."""
    return int(text.removesuffix("s"))


def test_the_files_follow_the_specification():
    """Checked with the schema of Compose."""
    check = Path(sys.executable).with_name("check-jsonschema")
    files = sorted(DEPLOY.glob("compose*.yaml"))
    assert len(files) == 2
    done = subprocess.run(
        [check, "--builtin-schema", "vendor.compose-spec", *files],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.returncode) == ("ok -- validation done\n", 0)


@pytest.mark.parametrize("service", OURS)
def test_its_variables_start_a_shop(service: str, settings_from):
    """Audit 17.2: every setting that production requires is passed, the JWT secret included."""
    settings = settings_from(SERVICE[service]["environment"])
    assert settings.environment == "production"
    assert SECRETS["SHOP_JWT_SECRET"] == settings.jwt_secret.get_secret_value()
    assert settings.allowed_hosts == ["shop.example", "www.shop.example"]
    assert not settings.create_tables
    create_app(settings)


@pytest.mark.parametrize(
    ("setting", "host", "password"),
    [
        ("database_url", "postgresql", "DATABASE_PASSWORD"),
        ("redis_url", "redis", "REDIS_PASSWORD"),
        ("broker_url", "rabbitmq", "RABBITMQ_PASSWORD"),
    ],
)
def test_addresses_name_a_service_and_its_password(setting, host, password, settings_from):
    """Each service is called by its name in the file, with the password that it was given."""
    settings: Settings = settings_from(SERVICE["app"]["environment"])
    url = make_url(getattr(settings, setting).get_secret_value())
    assert (host, SECRETS[password]) == (url.host, url.password)
    assert host in SERVICE


@pytest.mark.parametrize("name", list(SECRETS))
def test_nothing_starts_without_a_secret(name: str):
    """Audit 17.2: a variable that is not set, or is empty, stops Compose and not the shop."""
    with pytest.raises(MissingVariable, match=name):
        read_compose(variables=SECRETS | {name: ""})


def test_the_file_holds_no_secret():
    """Audit 17.2: no root:root, no password at all: they come from outside."""
    for service in yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"].values():
        for name, value in service["environment"].items():
            if re.search("PASS|SECRET|URL|DSN", name):
                assert re.search(r"\$\{\w+:[?-]", value), name


def test_the_example_asks_for_what_is_required():
    """deploy/.env.example names every variable, and gives no secret that somebody might keep."""
    example = dotenv_values(DEPLOY / ".env.example")
    assert dict.fromkeys(SECRETS, "") == example
    used = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text()))
    text = (DEPLOY / ".env.example").read_text()
    assert set() == {name for name in used if not re.search(rf"^#?{name}=", text, re.MULTILINE)}


def test_the_shop_is_not_the_administrator_of_the_database(settings_from):
    """Audit 17.2: the app does not use root; create_shop.sh makes it a user of its own."""
    settings = settings_from(SERVICE["app"]["environment"])
    assert make_url(settings.database_url.get_secret_value()).username == "shop"
    mounts = SERVICE["postgresql"]["volumes"]
    script = next(one for one in mounts if "initdb" in one).split(":")[0]
    assert "CREATE ROLE shop LOGIN" in (DEPLOY / script).read_text()
    assert (DEPLOY / script).stat().st_mode & 0o111 == 0o111


@pytest.mark.parametrize("service", OURS)
def test_the_build_finds_the_dockerfile(service: str):
    """Audit 17.2: the context is the folder that the Dockerfile copies from."""
    build = SERVICE[service]["build"]
    context = DEPLOY / build["context"]
    assert context.resolve() == ROOT
    assert (context / build["dockerfile"]).samefile(DEPLOY / "Dockerfile")


def test_tables_are_made_before_the_shop_starts():
    """Audit 17.2: migrations run once, and app and worker wait until they have succeeded."""
    migrate = SERVICE["migrate"]
    assert migrate["command"] == ["alembic", "upgrade", "head"]
    assert migrate["restart"] == "no"
    assert migrate["depends_on"]["postgresql"]["condition"] == "service_healthy"
    for service in ("app", "worker"):
        waits_for = SERVICE[service]["depends_on"]["migrate"]["condition"]
        assert waits_for == "service_completed_successfully"


@pytest.mark.parametrize(
    ("service", "folder"),
    [
        ("postgresql", "/var/lib/postgresql/data"),
        ("rabbitmq", "/var/lib/rabbitmq"),
        ("app", "/data"),
    ],
)
def test_data_outlives_a_container(service: str, folder: str):
    """Audit 17.2: what is stored is in a named volume."""
    volumes = dict(one.split(":")[:2] for one in SERVICE[service]["volumes"])
    name = next(name for name, target in volumes.items() if target == folder)
    assert name in COMPOSE["volumes"]


@pytest.mark.parametrize("service", list(SERVICE))
def test_a_container_may_do_little(service: str):
    """No capabilities, no more rights than at its start, a limit, and not the user root."""
    its = SERVICE[service]
    assert its["cap_drop"] == ["ALL"]
    assert its["security_opt"] == ["no-new-privileges:true"]
    assert service in OURS or its["user"] not in ("root", "0")
    assert service == "migrate" or set(its["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert service == "rabbitmq" or its["read_only"] is True


def test_only_the_app_can_be_reached():
    """By this machine alone, where a proxy speaks TLS; databases are in a network of their own."""
    assert [name for name, service in SERVICE.items() if "ports" in service] == ["app"]
    assert SERVICE["app"]["ports"] == ["127.0.0.1:8000:8000"]
    assert COMPOSE["networks"]["inside"]["internal"]
    for service in ("postgresql", "redis", "rabbitmq"):
        assert SERVICE[service]["networks"] == ["inside"]


def test_a_stop_waits_for_open_requests():
    """Docker's patience is longer than the time that Uvicorn gives to requests."""
    (command,) = (
        one.command for one in read_stages(DEPLOY / "Dockerfile")[-1] if one.name == "CMD"
    )
    found = re.search(r"--timeout-graceful-shutdown (\d+)", command[2])
    assert found
    assert int(found[1]) < seconds(SERVICE["app"]["stop_grace_period"])


def test_the_services_of_the_tests_are_where_tests_look_for_them():
    """The ports of compose.services.yaml are those of the addresses in tests/services.py."""
    services = read_compose("compose.services.yaml")["services"]
    for service in SERVICES:
        port = make_url(service.default).port
        assert [f"127.0.0.1:{port}:{port}"] == services[service.name.lower()]["ports"]
