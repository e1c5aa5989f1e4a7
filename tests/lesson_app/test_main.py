"""The app that `fastapi dev` and `fastapi run` start."""

import runpy

import pytest


@pytest.mark.anyio
async def test_the_server_app_runs_on_its_settings(
    running, sign_in, restored_logs, tmp_path, monkeypatch
):
    """The app in `main` keeps its data in a file across two runs."""
    monkeypatch.chdir(tmp_path)
    # Run and not imported: to import it once configures the logs of all tests of this process.
    app = runpy.run_module("lesson_app.main")["app"]
    async with running(app) as http:
        as_ada = await sign_in(http, "ada@example.com")
        await http.delete("/api/v1/items/1", headers=as_ada)
    async with running(app) as http:
        response = await http.get("/api/v1/items/1")
    assert response.status_code == 404
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shop.db", "uploads"]
