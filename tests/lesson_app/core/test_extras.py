"""What to install, said where it is missing."""

import subprocess
import sys

import pytest

from lesson_app import InMemorySettings, create_app
from lesson_app.core.extras import MissingExtra, needs_extra


def test_a_missing_package_names_its_extra():
    """The message can be pasted into a shell."""
    with pytest.raises(MissingExtra) as caught, needs_extra("admin", "SHOP_ADMIN_PANEL"):
        import no_such_package  # ty: ignore[import-not-found]  # noqa: F401
    assert str(caught.value) == (
        "SHOP_ADMIN_PANEL needs the extra 'admin' (no_such_package is not installed):"
        " uv sync --extra admin, or pip install 'fastapi-workbook[admin]'"
    )


async def start(settings: InMemorySettings) -> None:
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        pass


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("extra", "package", "settings"),
    [
        ("telemetry", "opentelemetry.exporter.otlp.proto.http.trace_exporter", {"telemetry": True}),
        ("sentry", "sentry_sdk", {"sentry_dsn": "http://key@sentry.test/1"}),
        ("admin", "lesson_app.admin.site", {"admin_panel": True}),
        ("graphql", "lesson_app.graphql.router", {"graphql": True}),
    ],
)
async def test_a_shop_without_its_extra_does_not_start(monkeypatch, extra, package, settings):
    """It says so at once, and not with the first request."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=f"uv sync --extra {extra}"):
        await start(InMemorySettings.model_validate(settings))


@pytest.mark.parametrize("package", ["sqladmin", "strawberry", "sentry_sdk", "alembic", "redis"])
def test_what_is_not_used_is_not_imported(package: str):
    """A lesson that makes a shop waits for none of these, and needs none of the extras."""
    code = f"import sys, lesson_app; lesson_app.create_app(); print({package!r} in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"
