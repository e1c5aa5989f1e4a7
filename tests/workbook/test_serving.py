"""Answers served by another process, behind a socket."""

import asyncio
import os

import pytest
from anyio import to_thread

from workbook.exercise import exercises
from workbook.serving import Answer, AnswerServer, CouldNotServe

pytestmark = pytest.mark.anyio

APP = """
import os
from fastapi import FastAPI

app = FastAPI()


@app.get("/pid")
async def pid() -> int:
    return os.getpid()
"""

FAILING_LIFESPAN = """
from contextlib import asynccontextmanager
from fastapi import FastAPI


@asynccontextmanager
async def lifespan(app):
    raise OSError
    yield


app = FastAPI(lifespan=lifespan)
"""


@pytest.fixture
def exercise_id() -> str:
    """The id of any exercise that takes an app as it is."""
    from workbook.adapters import asgi_app

    return next(one.id for one in exercises() if one.serve is asgi_app)


async def test_answer_runs_in_a_process_of_its_own(exercise_id: str) -> None:
    """Two answers at once are two processes, and neither is this one."""
    async with AnswerServer() as server:
        answer = Answer(exercise_id, "app", code=APP)
        async with server.serve(answer) as one, server.serve(answer) as other:
            pids = {(await http.get("/pid")).json() for http in (one, other)}
    assert len(pids | {os.getpid()}) == 3


async def test_children_end_with_the_server(exercise_id: str) -> None:
    """Nothing is left running after the block."""
    async with AnswerServer() as server, server.serve(Answer(exercise_id, "app", code=APP)) as http:
        pid = (await http.get("/pid")).json()
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        await asyncio.sleep(0.05)
    pytest.fail("the child still runs")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("app = 'app'", "without quotes"),
        ("other = 1", "KeyError: 'app'"),
        (
            FAILING_LIFESPAN,
            "its lifespan failed at start-up",
        ),
    ],
)
async def test_answer_that_cannot_be_served_says_why(
    exercise_id: str, code: str, words: str
) -> None:
    """What the other process has to say arrives here."""
    async with AnswerServer() as server:
        with pytest.raises(CouldNotServe, match=words):
            async with server.serve(Answer(exercise_id, "app", code=code)):
                pass


async def test_temporary_folders_of_an_answer_go_with_the_server(exercise_id: str) -> None:
    """An answer's set-up may make one, and its process is killed before it could clear it away."""
    code = f"import tempfile\nfolder = tempfile.mkdtemp()\n{APP}\napp.title = folder"
    async with AnswerServer() as server:
        async with server.serve(Answer(exercise_id, "app", code=code)) as http:
            folder = (await http.get("/openapi.json")).json()["info"]["title"]
        assert await to_thread.run_sync(os.path.isdir, folder)
    assert not await to_thread.run_sync(os.path.exists, folder)
