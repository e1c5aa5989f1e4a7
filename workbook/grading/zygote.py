"""The process that has the libraries loaded and forks a child for each submission.

It is started with a clean environment, reads `zygote.json` once, confines itself, and then takes
orders from the grader: one JSON object a message, with the child's socket beside it.
"""

import asyncio
import contextlib
import ctypes
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from workbook.grading import child, kernel
from workbook.grading.limits import Limits
from workbook.grading.sandbox import namespaces
from workbook.grading.sandbox.confinement import Confinement, Level, address_space
from workbook.grading.sandbox.syscalls import libc, prctl

_REFUSED = 3
"""Exit code of a process that could not confine itself."""

_M_ARENA_MAX = -8
_PR_SET_PDEATHSIG = 1
_LONGEST_ORDER = 4096


def main(folder: str, control: int) -> None:
    """Run until the grader closes the control socket.

    Args:
        folder: holds `zygote.json`, an empty folder `root`, and a folder `scratch`.
        control: the file descriptor of the control socket.
    """
    grader = socket.socket(fileno=control)
    config = json.loads(Path(folder, "zygote.json").read_text(encoding="utf-8"))
    # Each arena reserves 64 MiB of address space, which is what a child's memory is counted in.
    libc.mallopt(ctypes.c_int(_M_ARENA_MAX), ctypes.c_int(2))
    adapters = _preload(config)
    if threading.active_count() != 1:
        raise RuntimeError("a library started a thread; a fork would lose it")
    refusals = {}
    for level in config["levels"]:
        reading, writing = os.pipe()
        if (attempt := os.fork()) == 0:
            os._exit(_attempt(Level(level), config, folder, grader, adapters, writing, refusals))
        os.close(writing)
        with open(reading, encoding="utf-8") as told:
            why = told.read()
        code = os.waitstatus_to_exitcode(os.waitpid(attempt, 0)[1])
        if code != _REFUSED:
            sys.exit(code)
        refusals[level] = why
    _say(grader, {"refused": refusals})


def _preload(config: dict[str, Any]) -> dict[str, Any]:
    for name in config["modules"]:
        # What can't be imported here raises in the learner's cell, where it is told.
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    adapters = {}
    for exercise, (code, expression) in config["adapters"].items():
        namespace: dict[str, Any] = {"__name__": "workbook.answers_served"}
        exec(compile(code, "<adapter>", "exec"), namespace)  # noqa: S102 - the workbook's own code
        adapters[exercise] = eval(expression, namespace)
    kernel.silence_lessons()
    asyncio.run(_warm_up())
    return adapters


async def _warm_up() -> None:
    """Do once what every child would do for the first time."""
    from fastapi import FastAPI
    from pydantic import BaseModel

    from workbook.client import client

    class Item(BaseModel):
        name: str
        price: float = 1.0

    app = FastAPI()

    @app.post("/items/{number}")
    async def make_item(number: int, item: Item, q: str | None = None) -> Item:
        return item

    async with client(app) as http:
        await http.post("/items/1", json={"name": "tea"})
        await http.get("/openapi.json")
    kernel.prepare("await check(1)")


def _attempt(
    level: Level,
    config: dict[str, Any],
    folder: str,
    grader: socket.socket,
    adapters: dict[str, Any],
    refusal: int,
    refused: dict[str, str],
) -> int:
    """Confine this process and take orders; return its exit code."""
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    readable, limits = tuple(config["readable"]), Limits(**config["limits"])
    root, process_ids, space = os.geteuid() == 0, -1, address_space()
    try:
        if level is Level.NAMESPACES:
            try:
                os.unshare(os.CLONE_NEWPID)
            except PermissionError:
                root = False
                namespaces.become_user_namespace_root()
                os.unshare(os.CLONE_NEWPID)
            if (first := os.fork()) != 0:
                return os.waitstatus_to_exitcode(os.waitpid(first, 0)[1])
            # As the first process of these ids it takes all others with it when it ends.
            prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            # Opened while the machine's /proc is still in sight; afterwards there is none.
            process_ids = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
            namespaces.change_root(f"{folder}/root", readable)
        confinement = Confinement(
            level, readable, f"{folder}/scratch", root, limits, space, process_ids
        )
        why = _trouble(confinement, 0)
        if why and root and level is Level.LANDLOCK:
            # Where the libraries lie in root's own folder, nobody else can reach them.
            confinement = replace(confinement, drops_user=False)
            why = _trouble(confinement, -1)
    except OSError as error:
        why = str(error)
    if why:
        os.write(refusal, why.encode())
        return _REFUSED
    gc.collect()
    gc.freeze()
    _say(grader, {"ready": level, "refused": refused})
    _take_orders(grader, confinement, adapters)
    return 0


def _trouble(confinement: Confinement, job: int) -> str:
    """Why a child with that number can't be confined in this way, or empty if one could."""
    reading, writing = os.pipe()
    confinement.before_fork()
    if (tried := os.fork()) == 0:
        try:
            confinement.confine_child(job)
            for module in (os, child, importlib.import_module("fastapi")):
                with open(str(module.__file__), "rb") as file:
                    file.read(1)
        except Exception as error:  # noqa: BLE001 - it is told, and this process ends here
            os.write(writing, f"{type(error).__name__}: {error}".encode())
        os._exit(0)
    os.close(writing)
    with open(reading, encoding="utf-8") as told:
        why = told.read()
    code = os.waitstatus_to_exitcode(os.waitpid(tried, 0)[1])
    return why or (f"a child ended with {code}" if code else "")


def _take_orders(grader: socket.socket, confinement: Confinement, adapters: dict[str, Any]) -> None:
    """Fork and end children, until the grader is gone."""
    watched = selectors.DefaultSelector()
    watched.register(grader, selectors.EVENT_READ)
    running: dict[int, int] = {}
    while True:
        for key, _ in watched.select():
            if key.fileobj is grader:
                message, files, _, _ = socket.recv_fds(grader, _LONGEST_ORDER, 1)
                if not message:
                    return
                order = json.loads(message)
                if "end" in order:
                    if (process := running.get(order["end"])) is not None:
                        signal.pidfd_send_signal(process, signal.SIGKILL)
                    continue
                job = order["start"]
                try:
                    process = _fork(job, socket.socket(fileno=files[0]), confinement, adapters)
                except OSError as error:
                    _say(grader, {"job": job, "ended": "", "trouble": str(error)})
                else:
                    running[job] = process
                    watched.register(process, selectors.EVENT_READ, job)
            else:
                process, job = int(key.fd), key.data
                watched.unregister(process)
                ended = os.waitid(os.P_PIDFD, process, os.WEXITED)
                os.close(process)
                del running[job]
                _say(grader, {"job": job, "ended": _how(ended)})


def _fork(
    job: int,
    connection: socket.socket,
    confinement: Confinement,
    adapters: dict[str, Any],
) -> int:
    """Start a child; return a file descriptor of its process."""
    with connection:
        confinement.before_fork()
        process = os.fork()
        if process == 0:
            _be_child(job, connection, confinement, adapters)
        return os.pidfd_open(process)


def _be_child(
    job: int,
    connection: socket.socket,
    confinement: Confinement,
    adapters: dict[str, Any],
) -> NoReturn:
    try:
        # Nothing of the grader or of another child stays open.
        mine = os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(mine, 1)
        os.dup2(mine, 2)
        os.dup2(connection.detach(), 3)
        os.closerange(4, 1024)
        gc.enable()
        confinement.confine_child(job)
        child.serve_grader(socket.socket(fileno=3), adapters, confinement.home(job))
    except BaseException:  # noqa: BLE001 - whatever was done to the loop; nobody could be told
        os._exit(1)
    os._exit(0)


def _how(ended: os.waitid_result | None) -> str:
    if ended is None:
        return "it ended"
    if ended.si_code == os.CLD_EXITED:
        return f"exit code {ended.si_status}"
    with contextlib.suppress(ValueError):
        return f"signal {signal.Signals(ended.si_status).name}"
    return f"signal {ended.si_status}"


def _say(grader: socket.socket, message: dict[str, Any]) -> None:
    grader.send(json.dumps(message).encode())
