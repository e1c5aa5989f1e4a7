"""The files of deploy/, and what they put into the environment of a container."""

import re
from pathlib import Path
from typing import Any

import yaml

from lesson_app.config import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"

KNOWN_VARIABLES = {f"SHOP_{name.upper()}" for name in Settings.model_fields} | {
    # Uvicorn's own.
    "FORWARDED_ALLOW_IPS",
}
"""The variables that something reads: any other in a container is a misspelt one."""

SECRETS = {
    "SHOP_JWT_SECRET": "jwt-secret-of-a-test-that-is-long-enough",
    "DATABASE_PASSWORD": "database-password",
    "POSTGRES_PASSWORD": "administrator-password",
    "REDIS_PASSWORD": "redis-password",
    "RABBITMQ_PASSWORD": "rabbitmq-password",
    "SHOP_ALLOWED_HOSTS": "shop.example, www.shop.example",
}
"""A filled-in deploy/.env."""


class MissingVariable(Exception):
    """Compose stops: a variable that it needs is not set."""


def interpolate(value: Any, variables: dict[str, str]) -> Any:
    """Put variables into a Compose file as Compose does: `${A:?message}`, `${A:-default}`, `$$`.

    Raises:
        MissingVariable: a required one is not set, or is empty.
    """
    if isinstance(value, dict):
        return {key: interpolate(one, variables) for key, one in value.items()}
    if isinstance(value, list):
        return [interpolate(one, variables) for one in value]
    if not isinstance(value, str):
        return value

    def put(found: re.Match[str]) -> str:
        if found["name"] is None:
            return "$"
        text = variables.get(found["name"], "")
        if not text and found["sign"] == ":?":
            raise MissingVariable(f"{found['name']}: {found['rest']}")
        return text or found["rest"]

    return re.sub(r"\$\$|\$\{(?P<name>\w+)(?P<sign>:[?-])(?P<rest>[^}]*)\}", put, value)


def read_compose(name: str = "compose.yaml", variables: dict[str, str] = SECRETS) -> dict[str, Any]:
    """Return a Compose file as Compose sees it."""
    return interpolate(yaml.safe_load((DEPLOY / name).read_text()), variables)


def read_kubernetes() -> list[dict[str, Any]]:
    """Return every resource of deploy/kubernetes."""
    return [
        resource
        for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
        for resource in yaml.safe_load_all(path.read_text())
    ]
