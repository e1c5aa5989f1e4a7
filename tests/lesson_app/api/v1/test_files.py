"""Uploading, downloading and deleting files."""

import asyncio
import hashlib
from pathlib import Path

import httpx
import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from lesson_app import InMemorySettings, create_app
from lesson_app.config import MIB
from lesson_app.services import files

pytestmark = pytest.mark.anyio

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
TEXT = b"0123456789"

FILES = "/api/v1/files"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the files of the shop are."""
    return tmp_path / "uploads"


@pytest.fixture
def app(settings: InMemorySettings, folder: Path):
    """A shop whose files the test can look at."""
    limits = {"upload_folder": folder, "upload_max_bytes": MIB}
    return create_app(settings.model_copy(update=limits))


def stored(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.iterdir()]


async def upload(
    http: httpx.AsyncClient, headers: dict, content: bytes = TEXT, name: str = "notes.txt"
) -> httpx.Response:
    return await http.post(FILES, files={"file": (name, content)}, headers=headers)


async def test_a_file_comes_back_as_it_was_sent(http, as_grace, folder):
    """Its row says what it is; its bytes are the same; it is saved and not shown."""
    response = await upload(http, as_grace, PNG, "Grüße 🫖.png")
    sent = response.json()
    file_id = sent.pop("id")
    assert sent.pop("created_at")
    assert (response.status_code, response.headers["location"]) == (201, f"{FILES}/{file_id}")
    assert sent == {
        "name": "Grüße 🫖.png",
        "media_type": "image/png",
        "size": len(PNG),
        "sha256": hashlib.sha256(PNG).hexdigest(),
        "is_public": False,
    }
    content = await http.get(f"{FILES}/{file_id}/content", headers=as_grace)
    assert (content.status_code, content.content) == (200, PNG)
    wanted = {
        "content-type": "image/png",
        "content-disposition": "attachment; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%F0%9F%AB%96.png",
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-cache",
        "accept-ranges": "bytes",
    }
    found = {name: content.headers[name] for name in wanted}
    assert {**found, "content-disposition": found["content-disposition"].lower()} == {
        **wanted,
        "content-disposition": wanted["content-disposition"].lower(),
    }
    assert stored(folder) == [PNG]


async def test_only_its_owner_and_administrators_see_a_file_until_it_is_public(
    http, as_ada, as_grace, as_alan
):
    """For other users and strangers it is not there."""
    location = (await upload(http, as_grace)).headers["location"]
    content = f"{location}/content"

    async def answers() -> list[int]:
        return [
            (await http.get(content, headers=headers)).status_code
            for headers in (as_ada, as_grace, as_alan, {})
        ]

    assert await answers() == [200, 200, 404, 404]
    for method in ("GET", "DELETE"):
        assert (await http.request(method, location, headers=as_alan)).status_code == 404
    change = {"is_public": True}
    assert (await http.patch(location, json=change, headers=as_alan)).status_code == 404
    published = await http.patch(location, json=change, headers=as_grace)
    assert (published.status_code, published.json()["is_public"]) == (200, True)
    assert await answers() == [200, 200, 200, 200]
    assert (await http.get(content)).headers["cache-control"] == "no-cache"
    # What is known of it stays with its owner, and so does the right to delete it.
    assert (await http.get(location, headers=as_alan)).status_code == 404
    assert (await http.delete(location, headers=as_alan)).status_code == 404
    assert (await http.get(content, headers={"Authorization": "Bearer x"})).status_code == 401
    # An administrator can take it back, and away.
    change = {"is_public": False}
    assert (await http.patch(location, json=change, headers=as_ada)).status_code == 200
    assert await answers() == [200, 200, 404, 404]
    assert (await http.get(location, headers=as_ada)).json()["name"] == "notes.txt"
    assert (await http.get(FILES, headers=as_ada)).json()["total"] == 0
    assert (await http.delete(location, headers=as_ada)).status_code == 204
    assert await answers() == [404, 404, 404, 404]


async def test_deleting_takes_the_row_and_the_bytes(http, as_grace, folder):
    """Afterwards nothing of it is there."""
    location = (await upload(http, as_grace)).headers["location"]
    assert (await http.delete(location, headers=as_grace)).status_code == 204
    assert (await http.get(location, headers=as_grace)).status_code == 404
    assert stored(folder) == []


@pytest.mark.parametrize(("method", "status"), [("PATCH", 404), ("DELETE", 204)])
async def test_a_file_that_is_deleted_meanwhile(
    http, as_grace, folder, monkeypatch, method: str, status: int
):
    """Who comes second, with the row read already, learns that it is gone; that is no failure."""
    location = (await upload(http, as_grace)).headers["location"]
    find = files.find_file

    async def find_and_come_second(*arguments):
        found = await find(*arguments)
        monkeypatch.undo()
        assert (await http.delete(location, headers=as_grace)).status_code == 204
        return found

    monkeypatch.setattr(files, "find_file", find_and_come_second)
    body = {"is_public": True} if method == "PATCH" else None
    answer = await http.request(method, location, headers=as_grace, json=body)
    assert (answer.status_code, stored(folder)) == (status, [])


async def test_the_list_has_ones_own_files_in_pages(http, as_grace, as_alan):
    """Oldest first, with the total; nobody else's."""
    await upload(http, as_alan)
    for number in range(3):
        await upload(http, as_grace, name=f"{number}.txt")
    page = (await http.get(FILES, params={"limit": 2, "offset": 1}, headers=as_grace)).json()
    assert ([one["name"] for one in page["items"]], page["total"]) == (["1.txt", "2.txt"], 3)
    one = (await http.get(f"{FILES}/{page['items'][0]['id']}", headers=as_grace)).json()
    assert one == page["items"][0]


async def test_audit_11_a_strange_name_is_no_error(http, as_grace):
    """Audit 11: each is stored, on each database, and can be downloaded."""
    for name in ("a" * 300 + ".txt", "a\0b.txt", "CON", "\u202etxt.exe", "🫖" * 99):
        response = await upload(http, as_grace, name=name)
        assert (response.status_code, response.json()["name"][-4:]) == (201, ".txt")
        content = await http.get(f"{response.headers['location']}/content", headers=as_grace)
        assert content.content == TEXT


@pytest.mark.parametrize(
    "error", [OperationalError("INSERT", {}, Exception()), asyncio.CancelledError()]
)
async def test_when_the_row_cannot_be_stored_the_bytes_go(
    http, as_grace, folder, monkeypatch, error
):
    """Whether the database fails or the server gives the request up."""

    async def flush(session: AsyncSession) -> None:
        assert len(stored(folder)) == 1
        raise error

    monkeypatch.setattr(AsyncSession, "flush", flush)
    if isinstance(error, OperationalError):
        assert (await upload(http, as_grace)).status_code == 500
    else:
        with pytest.raises(asyncio.CancelledError):
            await upload(http, as_grace)
    assert stored(folder) == []
    assert (await http.get(FILES, headers=as_grace)).json()["total"] == 0


@pytest.mark.parametrize("done", [True, False])
async def test_a_commit_that_breaks_off_leaves_no_row_without_bytes(
    http, as_grace, folder, monkeypatch, done
):
    """Nobody can know whether it was done: the bytes stay, and are orphans if it was not."""
    real, commits = AsyncSession.commit, 0

    async def commit(session: AsyncSession) -> None:
        nonlocal commits
        commits += 1
        # The first ends the question who asks.
        if done or commits == 1:
            await real(session)
        if commits == 2:
            raise OperationalError("COMMIT", {}, Exception())

    with monkeypatch.context() as patch:
        patch.setattr(AsyncSession, "commit", commit)
        assert (await upload(http, as_grace)).status_code == 500
    found = (await http.get(FILES, headers=as_grace)).json()["items"]
    assert (len(found), stored(folder)) == (int(done), [TEXT])
    for one in found:
        content = await http.get(f"{FILES}/{one['id']}/content", headers=as_grace)
        assert content.content == TEXT


async def test_when_the_row_cannot_be_deleted_the_bytes_stay(http, as_grace, folder, monkeypatch):
    """Then the file is as it was."""
    location = (await upload(http, as_grace)).headers["location"]

    async def commit(session: AsyncSession) -> None:
        raise OperationalError("COMMIT", {}, Exception())

    with monkeypatch.context() as patch:
        patch.setattr(AsyncSession, "commit", commit)
        assert (await http.delete(location, headers=as_grace)).status_code == 500
    assert (await http.get(f"{location}/content", headers=as_grace)).content == TEXT


async def test_no_connection_of_the_database_waits_for_a_slow_client(app, sign_in):
    """While the body comes in, the pool has all its connections."""
    async with app.router.lifespan_context(app) as state:
        pool = state["sessions"].kw["bind"].pool
        idle = pool.checkedout()
        seen: list[int] = []

        async def pieces():
            yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
            for _ in range(3):
                seen.append(pool.checkedout())
                yield b"a"
            yield b"\r\n--x--\r\n"

        async def app_with_state(scope, receive, send):
            await app({**scope, "state": dict(state)}, receive, send)

        transport = httpx.ASGITransport(app_with_state)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as http:
            headers = await sign_in(http, "grace@example.com")
            headers["Content-Type"] = "multipart/form-data; boundary=x"
            assert (await http.post(FILES, content=pieces(), headers=headers)).status_code == 201
    assert seen == [idle] * 3
