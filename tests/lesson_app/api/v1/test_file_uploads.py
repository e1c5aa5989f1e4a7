"""What may be uploaded, and what is told and done about it: the same on every database."""

import asyncio
import hashlib
import threading
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from starlette.types import Message

from lesson_app import InMemorySettings, create_app
from lesson_app.config import MIB
from lesson_app.core.file_store import FileStore
from lesson_app.services.files import delete_file, store_file

pytestmark = pytest.mark.anyio

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
TEXT = b"0123456789"

FILES = "/api/v1/files"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the files of the shop are."""
    return tmp_path / "uploads"


@pytest.fixture
def app(folder: Path):
    """A shop on one database only."""
    return create_app(InMemorySettings(upload_folder=folder, upload_max_bytes=MIB))


def stored(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.iterdir()]


async def upload(
    http: httpx.AsyncClient, headers: dict, content: bytes = TEXT, name: str = "notes.txt"
) -> httpx.Response:
    return await http.post(FILES, files={"file": (name, content)}, headers=headers)


@pytest.mark.parametrize(
    ("wanted", "status", "content", "content_range"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=20-", 416, None, "bytes */10"),
    ],
)
async def test_parts_of_a_file(http, as_grace, wanted, status, content, content_range):
    """A download that broke off can go on; beyond the end there is a problem document."""
    location = (await upload(http, as_grace)).headers["location"]
    response = await http.get(f"{location}/content", headers={**as_grace, "Range": wanted})
    assert (response.status_code, response.headers["content-range"]) == (status, content_range)
    if content is None:
        assert response.headers["content-type"] == "application/problem+json"
    else:
        assert response.content == content


async def test_several_parts_at_once(http, as_grace):
    """Each with its own place, in one answer."""
    location = (await upload(http, as_grace)).headers["location"]
    headers = {**as_grace, "Range": "bytes=0-1,8-9"}
    response = await http.get(f"{location}/content", headers=headers)
    assert response.status_code == 206
    assert response.headers["content-type"].startswith("multipart/byteranges; boundary=")
    for part in ("bytes 0-1/10\r\n\r\n01\r\n", "bytes 8-9/10\r\n\r\n89\r\n"):
        assert part in response.text


@pytest.mark.parametrize("wanted", ["bytes=4-2", "lines=1-2", "nonsense"])
async def test_a_range_that_cannot_be_read(http, as_grace, wanted):
    """400, as a problem document."""
    location = (await upload(http, as_grace)).headers["location"]
    response = await http.get(f"{location}/content", headers={**as_grace, "Range": wanted})
    assert (response.status_code, response.json()["status"]) == (400, 400)


async def test_a_download_goes_on_if_the_file_is_the_same(http, as_grace):
    """`If-Range` names what the client has a part of; of anything else it gets the whole."""
    location = (await upload(http, as_grace)).headers["location"]
    etag = (await http.get(f"{location}/content", headers=as_grace)).headers["etag"]
    assert etag == f'"{hashlib.sha256(TEXT).hexdigest()}"'
    for tag, status, content in ((etag, 206, b"789"), ('"another"', 200, TEXT)):
        headers = {**as_grace, "Range": "bytes=7-", "If-Range": tag}
        response = await http.get(f"{location}/content", headers=headers)
        assert (response.status_code, response.content) == (status, content)


async def test_what_the_client_has_is_not_sent_again(http, as_grace, as_alan):
    """304, for who may have the file."""
    content = (await upload(http, as_grace)).headers["location"] + "/content"
    etag = (await http.get(content, headers=as_grace)).headers["etag"]
    known = {"If-None-Match": f'"another", W/{etag}'}
    response = await http.get(content, headers={**as_grace, **known})
    assert (response.status_code, response.content) == (304, b"")
    assert (response.headers["etag"], response.headers["cache-control"]) == (
        etag,
        "private, no-cache",
    )
    assert (await http.get(content, headers={**as_alan, **known})).status_code == 404
    other = {"If-None-Match": '"another"'}
    assert (await http.get(content, headers={**as_grace, **other})).content == TEXT


async def test_head_tells_what_a_download_would_bring(http, as_grace):
    """The same headers, and no body."""
    content = (await upload(http, as_grace)).headers["location"] + "/content"
    head = await http.head(content, headers=as_grace)
    assert (head.status_code, head.content) == (200, b"")
    names = ("content-length", "content-type", "etag", "accept-ranges", "content-disposition")
    get = await http.get(content, headers=as_grace)
    assert [head.headers[name] for name in names] == [get.headers[name] for name in names]
    assert (await http.head(content)).status_code == 404


@pytest.mark.parametrize(
    "name",
    ["../../evil.txt", "/tmp/evil.txt", "..\\evil.txt", "C:\\evil.txt", "%2e%2e%2fevil.txt"],
)
async def test_audit_11_a_name_cannot_lead_out_of_the_folder(http, as_grace, folder, name):
    """Audit 11: the bytes are under a generated name, whatever the file was called."""
    response = await upload(http, as_grace, name=name)
    assert response.json()["name"] in ("evil.txt", "%2e%2e%2fevil.txt")
    assert [path.parent for path in folder.parent.rglob("*") if path.is_file()] == [folder]


async def test_audit_11_the_same_name_twice_writes_over_nothing(http, as_grace, folder):
    """Audit 11: two files of one name are two files."""
    for content in (b"first", b"second"):
        assert (await upload(http, as_grace, content)).status_code == 201
    assert sorted(stored(folder)) == [b"first", b"second"]


async def upload_raw(http: httpx.AsyncClient, headers: dict, name: bytes) -> httpx.Response:
    """Send a file whose name no client would quote like this."""
    part = b'--x\r\nContent-Disposition: form-data; name="file"' + name
    body = part + b"\r\n\r\n0123456789\r\n--x--\r\n"
    headers = {**headers, "Content-Type": "multipart/form-data; boundary=x"}
    return await http.post(FILES, content=body, headers=headers)


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        (b'; filename=""', "file.txt"),
        (b"; filename=", "file.txt"),
        (b'; filename="a\0b.txt"', "ab.txt"),
        (b'; filename="C:\\evil.txt"', "evil.txt"),
        (b'; filename="..\\..\\evil.txt"', "evil.txt"),
        (b'; filename="\xff.txt"', "ÿ.txt"),
    ],
)
async def test_audit_11_a_name_that_is_written_strangely_is_no_error(http, as_grace, sent, name):
    """Audit 11: empty, with a NUL, with backslashes, in no known encoding."""
    response = await upload_raw(http, as_grace, sent)
    assert (response.status_code, response.json()["name"]) == (201, name)


@pytest.mark.parametrize(
    ("sent", "status"), [(b"", 422), (b'; filename="' + b"a" * 9999 + b'"', 400)]
)
async def test_audit_11_no_name_or_an_endless_one_is_refused(http, as_grace, folder, sent, status):
    """Audit 11: without a name it is a text and no file; a header has an end. Nothing is stored."""
    response = await upload_raw(http, as_grace, sent)
    assert (response.status_code, response.json()["status"]) == (status, status)
    assert stored(folder) == []


async def test_a_form_in_which_no_file_was_chosen_is_refused(http, as_grace, folder):
    """A browser sends an empty file without a name then; an empty file that has one is a file."""
    response = await upload(http, as_grace, b"", "")
    assert (response.status_code, response.json()["errors"][0]["loc"]) == (422, ["body", "file"])
    assert stored(folder) == []
    assert (await upload(http, as_grace, b"", "empty.txt")).json()["size"] == 0


@pytest.mark.parametrize(
    ("content", "media_type"),
    [(PNG, "image/png"), (b"<script>alert(1)</script>", "text/plain"), (b"", "text/plain")],
)
async def test_audit_11_the_type_is_told_from_the_bytes(http, as_grace, content, media_type):
    """Audit 11: the client's own claim, here a page, is not believed."""
    form = {"file": ("page.html", content, "text/html")}
    response = await http.post(FILES, files=form, headers=as_grace)
    assert (response.status_code, response.json()["media_type"]) == (201, media_type)


@pytest.mark.parametrize("content", [b"MZ\x90\0", b"GIF89a\x01\0\x01\0"], ids=["unknown", "known"])
async def test_a_type_that_is_not_accepted_leaves_nothing(http, as_grace, folder, content):
    """415, also for one that the shop could tell but does not want."""
    response = await upload(http, as_grace, content, "photo.png")
    assert (response.status_code, response.json()["title"]) == (415, "Unsupported file type")
    assert stored(folder) == []


async def test_a_text_called_csv_is_csv(http, as_grace):
    """No byte tells them apart."""
    response = await upload(http, as_grace, b"a,b\n1,2\n", "Table.CSV")
    assert (response.json()["media_type"], response.json()["name"]) == ("text/csv", "Table.CSV")


@pytest.mark.parametrize("size", [MIB + 1, 3 * MIB], ids=["file", "body"])
@pytest.mark.parametrize("chunked", [False, True])
async def test_audit_11_a_file_that_is_too_large_is_refused(http, as_grace, folder, size, chunked):
    """Audit 11: 413, told by the file or by the whole body, with or without a length in advance."""
    request = http.build_request("POST", FILES, files={"file": ("a.txt", b"a" * size)})
    body = request.read()

    async def pieces():
        for start in range(0, len(body), 2**16):
            yield body[start : start + 2**16]

    headers = {**as_grace, "Content-Type": request.headers["content-type"]}
    response = await http.post(FILES, content=pieces() if chunked else body, headers=headers)
    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"
    assert stored(folder) == []


@pytest.mark.parametrize("length", [None, 100 * MIB])
async def test_audit_11_a_body_that_is_too_large_is_not_read_whole(http, as_grace, folder, length):
    """Audit 11: nothing of it when it says its length in advance; else no more than may come."""
    read = 0

    async def pieces():
        nonlocal read
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(100):
            read += MIB
            yield b"a" * MIB

    headers = {**as_grace, "Content-Type": "multipart/form-data; boundary=x"}
    if length is not None:
        headers["Content-Length"] = str(length)
    response = await http.post(FILES, content=pieces(), headers=headers)
    assert (response.status_code, read) == (413, 2 * MIB if length is None else 0)
    assert stored(folder) == []


async def test_audit_11_an_upload_that_breaks_off_leaves_nothing(http, as_grace, folder, caplog):
    """Audit 11: neither a file nor a row, nor an error in the log: the client has gone."""
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    arriving = [
        {"type": "http.request", "body": head + b"a" * 2**16, "more_body": True},
        {"type": "http.disconnect"},
    ]
    answered: list[int] = []

    async def receive() -> Message:
        return arriving.pop(0)

    async def send(message: Message) -> None:
        answered.append(message.get("status", 0))

    headers = {**as_grace, "Content-Type": "multipart/form-data; boundary=x"}
    request = http.build_request("POST", FILES, headers=headers)
    scope = {
        "type": "http", "method": "POST", "path": FILES, "raw_path": FILES.encode(),
        "query_string": b"", "root_path": "", "scheme": "http", "http_version": "1.1",
        "headers": [(key.lower(), value) for key, value in request.headers.raw],
        "client": ("test", 1), "server": ("shop.test", 80),
    }  # fmt: skip
    await http._transport.app(scope, receive, send)
    assert (answered, arriving, stored(folder)) == ([400, 0], [], [])
    assert (await http.get(FILES, headers=as_grace)).json()["total"] == 0
    assert "Traceback" not in caplog.text


async def test_a_file_of_the_largest_size_is_accepted(http, as_grace):
    """The limit is about the file; the form around it comes on top."""
    assert (await upload(http, as_grace, b"a" * MIB)).status_code == 201


async def test_strangers_cannot_fill_the_disk(http):
    """Who has no token is refused before the body is read."""
    read = 0

    async def pieces():
        nonlocal read
        for _ in range(10):
            read += 1
            yield b"a" * 2**16

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    response = await http.post(FILES, content=pieces(), headers=headers)
    assert (response.status_code, read) == (401, 0)


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"files": {"other": ("a.txt", b"a")}}, 422),
        ({"data": {"file": "a text"}}, 422),
        ({"data": {"more": "a text"}, "files": {"file": ("a.txt", b"a")}}, 422),
        ({"json": {"file": "a"}}, 422),
        ({"files": [("file", ("a.txt", b"a")), ("file", ("b.txt", b"b"))]}, 400),
        ({"content": b"--x\r\nnonsense", "headers": {"Content-Type": "multipart/form-data"}}, 400),
    ],
    ids=["other field", "no file", "more than a file", "json", "two files", "broken"],
)
async def test_a_request_without_one_file_is_refused(http, as_grace, form, status):
    """The answer is a problem document that says what is missing."""
    form = {**form, "headers": {**form.get("headers", {}), **as_grace}}
    response = await http.post(FILES, **form)
    assert (response.status_code, response.json()["status"]) == (status, status)
    if status == 422:
        assert response.json()["errors"][0]["loc"] == ["body", "file"]


async def test_bytes_that_were_lost_are_not_found(http, as_grace, folder):
    """Someone cleared the folder: 404, and the owner can still delete the row."""
    location = (await upload(http, as_grace)).headers["location"]
    next(folder.iterdir()).unlink()
    assert (await http.get(f"{location}/content", headers=as_grace)).status_code == 404
    assert (await http.delete(location, headers=as_grace)).status_code == 204


def test_audit_11_saving_blocks_no_event_loop(monkeypatch, folder):
    """Audit 11: all of it happens in a worker thread."""
    threads: set[str] = set()
    for method in ("save", "remove"):
        real = getattr(FileStore, method)

        def noted(self, *args, real=real):
            threads.add(threading.current_thread().name)
            return real(self, *args)

        monkeypatch.setattr(FileStore, method, noted)

    async def use() -> None:
        app = create_app(InMemorySettings(upload_folder=folder))
        async with AsyncExitStack() as stack:
            state = await stack.enter_async_context(app.router.lifespan_context(app))
            assert state is not None
            session = await stack.enter_async_context(state["sessions"]())
            with folder.parent.joinpath("a.txt").open("wb+") as source:
                row = await store_file(
                    session, state["files"], source, owner_id=1, name=None, max_bytes=1,
                    accepted=["text/plain"],
                )  # fmt: skip
            await delete_file(session, state["files"], row)

    folder.parent.mkdir(exist_ok=True)
    asyncio.run(use())
    assert threads
    assert "MainThread" not in threads
