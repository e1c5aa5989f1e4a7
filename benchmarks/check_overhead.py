"""What a check costs: `await check(…)` against its own requests made bare.

Every exercise's solution is checked as a learner checks it, progress stored on disk included.
Beside it, in the same run and in turn, the requests that the check made are sent through a plain
`httpx.ASGITransport`. Run: python benchmarks/check_overhead.py
"""

import asyncio
import os
import statistics
import sys
import tempfile
from time import perf_counter

import httpx

from workbook import chapters
from workbook.asgi import ASGIApp, Receive, Scope, Send
from workbook.client import Client, client
from workbook.exercise import Exercise, exercises
from workbook.judging import judge_all
from workbook.lifespan import Lifespan
from workbook.notebook import check
from workbook.serving import Answer

ROUNDS = 30


async def requests_of(exercise: Exercise, app) -> list[httpx.Request]:
    """The requests that a check of this exercise sends."""
    async with client(app) as http:
        assert isinstance(http, Client)
        await judge_all(exercise, http, source=None, seed=1)
        return [exchange.request for exchange in http.transcript]


async def send_bare(app: ASGIApp, requests: list[httpx.Request]) -> None:
    """The same requests, one after the other, around them the lifespan that the app needs."""
    async with Lifespan(app) as running:

        async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
            scope["state"] = dict(running.state)
            await app(scope, receive, send)

        async with httpx.AsyncClient(transport=httpx.ASGITransport(with_state)) as http:
            for request in requests:
                await http.request(
                    request.method, request.url, headers=request.headers, content=request.content
                )


async def main() -> None:
    """Print a row for each exercise: both medians in milliseconds and their ratio."""
    print(f"{'exercise':<24}{'requests':>9}{'bare ms':>9}{'check ms':>9}{'ratio':>7}")
    ratios = []
    for exercise in exercises():
        path = chapters.chapter(exercise.chapter).solution_path
        code = chapters.prelude(path) + "\n" + chapters.solution_code(exercise.id, exercise.chapter)
        name = chapters.checked_name(path, exercise.id)
        value = await Answer(exercise.id, name, code=code).make()
        app = exercise.serve(value)
        requests = await requests_of(exercise, app)
        if not requests or any(not hasattr(request, "_content") for request in requests):
            continue
        bare, checked = [], []
        for _ in range(ROUNDS):
            began = perf_counter()
            await send_bare(app, requests)
            middle = perf_counter()
            await check(exercise.id, value, seed=1)
            checked.append(perf_counter() - middle)
            bare.append(middle - began)
        ratios.append(statistics.median(checked) / statistics.median(bare))
        print(
            f"{exercise.id:<24}{len(requests):>9}{statistics.median(bare) * 1000:>9.2f}"
            f"{statistics.median(checked) * 1000:>9.2f}{ratios[-1]:>7.2f}"
        )
    print(f"median ratio {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ["WORKBOOK_HOME"] = home
        sys.exit(asyncio.run(main()))
