"""The exercises of chapter 1, environment and toolchain, in the order in which it sets them."""

import ast
import base64
import hashlib
import inspect
import linecache
import shlex
import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import dropwhile
from pathlib import PurePath
from random import Random
from typing import Annotated, Any

import httpx
import typer
from fastapi import Body, FastAPI, HTTPException
from fastapi_cli.cli import app as fastapi_command
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from typer.exceptions import TyperException

from workbook.adapters import WrongKind, chosen_letters
from workbook.asgi import ASGIApp
from workbook.client import Client
from workbook.exercise import Exercise
from workbook.expectations import ensure, expect
from workbook.packages import brings

# trusted_parcel: a function, called through JSON.


def _taking_parcels(function: Any) -> ASGIApp:
    _must_be_a_function(function, "is_locked", 3, "the lock, a name and the content")
    app = FastAPI(openapi_url=None)

    @app.post("/parcels")
    def judge(
        lock: Annotated[str, Body()], name: Annotated[str, Body()], content: Annotated[str, Body()]
    ) -> dict[str, Any]:
        answer = function(lock, name, base64.b64decode(content))
        # Told in words, since an answer such as a regular expression's match is no JSON.
        return {"answer": answer if isinstance(answer, bool) else None, "shown": repr(answer)}

    return app


trusted_parcel = Exercise(
    "trusted_parcel",
    title="Look at the seal before you open the parcel",
    kind="make",
    section="1.2",
    serve=_taking_parcels,
    hints=(
        (
            "What can you compute from the content alone? And where in the lock does the thing that "
            "you computed have to stand, so that it speaks for this package and for no other?"
        ),
        (
            "`hashlib.sha256(…).hexdigest()` computes the seal. `str.splitlines`, `str.startswith` and "
            "`str.partition` are enough to read the lock. Section 1.2, under the heading on the lock "
            "file."
        ),
        (
            "Go through the lines and remember the name of the last line that was not indented: what "
            "stands before `==`. On an indented line, compare: is it the right name, and does the line "
            "end with the seal? Answer False when the lines are over."
        ),
    ),
)


@trusted_parcel.requirement("a file whose hash stands under its name is trusted", points=2)
async def trusts_every_listed_file(client: Client, rng: Random) -> None:
    lock, files = _made_lock(rng)
    for name, contents in files.items():
        for number, content in enumerate(contents, 1):
            ensure(
                (judged := await _judged(client, lock, name, content))["answer"] is True,
                f"True for file {number} of {name}",
                got=judged["shown"],
                because="A package has a file for each kind of machine, and each file has its hash.",
            )


@trusted_parcel.requirement("a file that was changed is not trusted")
async def refuses_a_changed_file(client: Client, rng: Random) -> None:
    lock, files = _made_lock(rng)
    name = rng.choice(sorted(files))
    changed = files[name][0] + b"#"
    ensure(
        (judged := await _judged(client, lock, name, changed))["answer"] is False,
        f"False for a file of {name} with one character too many",
        got=judged["shown"],
        because="The version is still the same; only the hash tells that somebody changed the file.",
    )


@trusted_parcel.requirement("a file of another package is not trusted")
async def refuses_a_swapped_file(client: Client, rng: Random) -> None:
    lock, files = _made_lock(rng)
    for name, other in (("tea", "tea-labels"), ("tea", "green-tea"), ("cup", "tea")):
        await _judged(client, lock, other, files[other][0])  # under its own name first
        ensure(
            (judged := await _judged(client, lock, name, files[other][0]))["answer"] is False,
            f"False for a file of {other} that is offered as {name}",
            got=judged["shown"],
            because="A hash speaks for the package under whose name it stands, and for no other.",
        )


@trusted_parcel.requirement("a package that the lock does not name is not trusted")
async def refuses_an_unknown_name(client: Client, rng: Random) -> None:
    lock, files = _made_lock(rng)
    ensure(
        (judged := await _judged(client, lock, "pot", files["cup"][0]))["answer"] is False,
        "False for pot, which is not in the lock",
        got=judged["shown"],
        because="Nobody has tested it, so there is nothing to compare with.",
    )


def _made_lock(rng: Random) -> tuple[str, dict[str, list[bytes]]]:
    """A lock of four packages, two files each, in the form of `requirements.lock`."""
    names = ("cup", "green-tea", "tea", "tea-labels")
    files = {name: [rng.randbytes(20) for _ in range(2)] for name in names}
    lines = []
    for name, contents in files.items():
        seals = [f"    --hash=sha256:{hashlib.sha256(one).hexdigest()}" for one in contents]
        head = f"{name}=={rng.randint(1, 9)}.{rng.randint(0, 9)}.0"
        lines += [f"{line} \\" for line in (head, *seals[:-1])] + [seals[-1]]
    return "\n".join(lines) + "\n", files


async def _judged(client: Client, lock: str, name: str, content: bytes) -> dict[str, Any]:
    text = base64.b64encode(content).decode()
    return await _answer(
        client.post("/parcels", json={"lock": lock, "name": name, "content": text})
    )


# fastapi_bounds: a requirement, read as an installer reads it.


def _read_requirement(text: Any) -> ASGIApp:
    _must_be_text(text, "the requirement")
    app = FastAPI(openapi_url=None)

    def requirement() -> Requirement:
        try:
            return Requirement(str(text).strip())
        except InvalidRequirement as wrong:
            raise HTTPException(400, str(wrong).partition("\n")[0]) from None

    @app.get("/requirement")
    async def read_requirement() -> dict[str, Any]:
        read = requirement()
        return {
            "name": canonicalize_name(read.name),
            "extras": sorted(map(canonicalize_name, read.extras)),
            "specifier": str(read.specifier) or "no bound",
        }

    @app.get("/accepts")
    async def accepts(version: str) -> bool:
        return requirement().specifier.contains(version)

    return app


fastapi_bounds = Exercise(
    "fastapi_bounds",
    title="Fixes yes, surprises no",
    kind="change",
    section="1.2",
    serve=_read_requirement,
    hints=(
        (
            "Which is the oldest version that is to be accepted, and which is the first that is not? "
            "A requirement can name both ends."
        ),
        (
            "Bounds are joined by a comma: `>=` for the lower, `<` for the upper one. `~=` is short "
            "for such a pair and depends on how many numbers you write. Section 1.2, the table of "
            "bounds."
        ),
        (
            "Keep the name and the brackets. Keep the lower bound that is there. After a comma, "
            "exclude the next minor version, which is the middle number plus one, and everything "
            "above it."
        ),
    ),
)


@fastapi_bounds.requirement("0.165.0 and its fixes are accepted")
async def accepts_fixes(client: Client, rng: Random) -> None:
    for version in ("0.165.0", f"0.165.{rng.randint(1, 40)}", f"0.165.{rng.randint(1000, 9999)}"):
        ensure(
            await _accepts(client, version),
            f"{version} to be accepted",
            got=f"{await _specifier(client)}, which refuses it",
            because="The last number counts fixes, and you want those without asking.",
        )


@fastapi_bounds.requirement("0.166.0 and everything later is refused", points=2)
async def refuses_the_next_minor(client: Client, rng: Random) -> None:
    for version in ("0.166.0", f"0.{rng.randint(167, 190)}.2", "1.0.0"):
        specifier = await _specifier(client)
        ensure(
            not await _accepts(client, version),
            f"{version} to be refused",
            got=f"{specifier}, which accepts it",
            because="`~=` lets the last number that you write go up: here that is the middle one."
            if specifier == "~=0.165"
            else "While the first number is 0, a new middle number may break your code.",
        )


@fastapi_bounds.requirement("what is older than 0.165.0 is refused")
async def refuses_older(client: Client, rng: Random) -> None:
    # The last one is a fix of 0.164: `>0.164` lets it in.
    for version in (
        f"0.{rng.randint(100, 164)}.{rng.randint(0, 3)}",
        f"0.164.{rng.randint(100, 999)}",
    ):
        ensure(
            not await _accepts(client, version),
            f"{version} to be refused",
            got=f"{await _specifier(client)}, which accepts it",
            because="Your code uses what came with 0.165, and was never run with less.",
        )


@fastapi_bounds.requirement("it still asks for FastAPI with the extra `standard`")
async def keeps_the_extra(client: Client) -> None:
    read = await _answer(_understood(client.get("/requirement")))
    ensure(
        read["name"] == "fastapi" and "standard" in read["extras"],
        "fastapi with the extra standard",
        got=f"{read['name']} with {', '.join(read['extras']) or 'no extra'}",
        because="Without the extra the server has neither the command nor form data.",
    )


async def _accepts(client: Client, version: str) -> bool:
    return await _answer(_understood(client.get("/accepts", params={"version": version})))


async def _specifier(client: Client) -> str:
    return (await _answer(_understood(client.get("/requirement"))))["specifier"]


async def _understood(call: Any) -> httpx.Response:
    response: httpx.Response = await call
    ensure(
        response.status_code == 200,
        "a requirement as Python's packages write it",
        got=f"the answer: {_detail(response)}",
        because="`^` and a single `=` belong to other tools; here it is `>=`, `<`, `~=` or `==`.",
    )
    return response


# start_line: a command line, read by the parser of the `fastapi` command itself.


def _read_command(line: Any) -> ASGIApp:
    _must_be_text(line, "the command")
    app = FastAPI(openapi_url=None)

    @app.get("/server")
    async def read_server() -> dict[str, Any]:
        try:
            return _parsed(str(line))
        except ValueError as wrong:
            raise HTTPException(400, str(wrong)) from None

    return app


_PROGRAMS = ("fastapi", "python", "python3")


def _parsed(line: str) -> dict[str, Any]:
    """What the `fastapi` command understands of a line; ValueError with its words otherwise."""
    words = shlex.split(line.replace("\\\n", " ").strip().removeprefix("$"))
    if words[:2] == ["uv", "run"]:
        words = words[2:]
        if words[:1] and words[0].startswith("-"):  # options of uv, some of them with a value
            words = list(dropwhile(lambda word: PurePath(word).name not in _PROGRAMS, words))
    if words[:1] and words[0] in _PROGRAMS[1:] and words[1:2] == ["-m"]:
        words = words[2:]
    if not words or PurePath(words[0]).name != "fastapi":
        raise ValueError(f"It begins with {words[0] if words else 'nothing'}, not with fastapi")
    commands: dict[str, Any] = vars(typer.main.get_command(fastapi_command))["commands"]
    name, rest = (words[1] if words[1:] else ""), words[2:]
    if name not in ("dev", "run"):
        raise ValueError(f"No such command '{name}'")
    if "--help" in rest:
        raise ValueError("--help explains the command and starts nothing")
    for parameter in commands[name].params:
        parameter.envvar = None  # such as PORT, which the machine of the check may have
    try:
        context = commands[name].make_context(name, rest)
    except TyperException as error:
        told = getattr(error, "format_message", error.__str__)()
        raise ValueError(told.rstrip(".")) from None
    kept = ("reload", "host", "port", "workers")
    module = (context.params["entrypoint"] or "main").partition(":")[0]
    file = str(context.params["path"] or f"{module.replace('.', '/')}.py")
    return {"command": name, "file": file} | {key: context.params.get(key) for key in kept}


start_line = Exercise(
    "start_line",
    title="The line that starts the shop on the server",
    kind="complete",
    section="1.2",
    serve=_read_command,
    hints=(
        (
            "Two commands serve an app. Which one watches your files, and would you want that where "
            "nobody edits files? And whom does the server listen to if you say nothing?"
        ),
        (
            "`fastapi run` takes `--host`, `--port` and `--workers`. The table of defaults in section "
            "1.2 says what each of them is when you leave it out."
        ),
        (
            "Write the command for servers, then the file, then three options with a value each. The "
            "host is the address at which a machine reaches only itself, as in the table's first "
            "column."
        ),
    ),
)


@start_line.requirement("it is the command for a server: it does not watch the files")
async def does_not_reload(client: Client) -> None:
    server = await _server(client)
    ensure(
        not server["reload"],
        "a server that does not watch its files",
        got=f"`fastapi {server['command']}`, which does",
        because="Watching costs time, and half a copied file would restart the shop.",
    )
    ensure(
        PurePath(server["file"]).name == "main.py",
        "the file main.py",
        got=server["file"],
        because="That is where the app is. Left out, `fastapi` finds main.py by itself.",
    )


@start_line.requirement("only the machine itself can reach it")
async def listens_to_itself(client: Client) -> None:
    server = await _server(client)
    ensure(
        server["host"] in ("127.0.0.1", "localhost", "::1"),
        "the host 127.0.0.1",
        got=f"the host {server['host']}",
        because="The proxy on the same machine speaks for it; others must not get past the proxy.",
    )


@start_line.requirement("it listens on port 8080, with two worker processes")
async def has_port_and_workers(client: Client) -> None:
    server = await _server(client)
    ensure(
        server["port"] == 8080,
        "port 8080",
        got=f"port {server['port']}",
        because="The proxy was told 8080, and knocks at no other door.",
    )
    ensure(
        server["workers"] == 2,
        "two worker processes",
        got="one, since the option is left out"
        if server["workers"] is None
        else str(server["workers"]),
        because="Each process uses one processor at a time. `fastapi dev` can have only one.",
    )


async def _server(client: Client) -> dict[str, Any]:
    response = await client.get("/server")
    ensure(
        response.status_code == 200,
        "a command that `fastapi` understands",
        got=f"the answer: {_detail(response)}",
        because="`fastapi run --help` lists what can be written.",
    )
    return response.json()


# project_steps: commands in order, walked through by a small model of uv and the shell.

PROJECT_STEPS_LINES = {
    "A": "uv run fastapi dev",
    "B": "cd tea-shop",
    "C": 'pip install "fastapi[standard]"',
    "D": "uv add --dev pytest",
    "E": "uv init --no-package tea-shop",
    "F": "uv add fastapi pytest",
    "G": "cp ../shop.py main.py",
    "H": 'uv add "fastapi[standard]"',
}

_NO_PROJECT = "error: No `pyproject.toml` found in current directory or any parent directory"
_NO_COMMAND = "error: Failed to spawn: fastapi"
_NO_EXTRA = 'To use the fastapi command, please install "fastapi[standard]"'
_NO_APP = "Could not find FastAPI app in module, try using --app"
_BUSY = "nothing: the server above it holds the terminal"


@dataclass
class _Walk:
    """What a folder holds while the commands are walked through, and what the last one said."""

    made: bool = False
    inside: bool = False
    has_app: bool = False
    serves: bool = False
    pip: bool = False
    dependencies: set[str] = field(default_factory=set)
    dev: set[str] = field(default_factory=set)
    command: str = ""
    error: str = ""

    def step(self, letter: str) -> None:
        """Do what one line does; its error text is what the real command prints."""
        self.command, self.error = PROJECT_STEPS_LINES[letter], ""
        in_project = self.made and self.inside
        if self.serves:
            self.error = _BUSY
            return
        match letter:
            case "E":
                self.made = True
            case "B":
                self.inside = self.made
                self.error = "" if self.made else "cd: tea-shop: No such file or directory"
            case "G":
                self.has_app = in_project
                self.error = "" if in_project else "cp: cannot stat '../shop.py'"
            case "C":
                self.pip = True
            case "D" | "F" | "H" if not in_project:
                self.error = _NO_PROJECT
            case "D":
                self.dev.add("pytest")
            case "F":
                self.dependencies |= {"fastapi", "pytest"}
            case "H":
                self.dependencies.add("fastapi[standard]")
            case "A":
                self._serve(in_project)

    def _serve(self, in_project: bool) -> None:
        if not in_project or not self.dependencies & {"fastapi", "fastapi[standard]"}:
            self.error = _NO_COMMAND
        elif "fastapi[standard]" not in self.dependencies:
            self.error = _NO_EXTRA
        elif not self.has_app:
            self.error = _NO_APP
        self.serves = not self.error


def _walked(order: Any) -> ASGIApp:
    letters = chosen_letters(order, PROJECT_STEPS_LINES)
    walk = _Walk()
    for letter in letters:
        walk.step(letter)
        if walk.error:
            break
    app = FastAPI(openapi_url=None)

    @app.get("/walk")
    async def read_walk() -> dict[str, Any]:
        shown = asdict(walk)
        return shown | {"dependencies": sorted(walk.dependencies), "dev": sorted(walk.dev)}

    return app


project_steps = Exercise(
    "project_steps",
    title="From one file to a shop that answers",
    kind="arrange",
    section="1.2",
    serve=_walked,
    lines=PROJECT_STEPS_LINES,
    hints=(
        (
            "Which command makes the folder, and where do you have to stand for the next ones? Then "
            "ask of each package: does the server need it, or only you?"
        ),
        (
            "`uv add` changes the project of the folder that you stand in, and `--dev` puts a package "
            "into a group that the server leaves out. Section 1.2: its first table, and the four "
            "messages above the exercise."
        ),
        (
            "Six of the eight lines are used. Make the project and go into it; bring the shop's code; "
            "add the framework with its extra; add the test runner to the group for development; "
            "serve last."
        ),
    ),
)

_WHY_AN_ERROR = {
    _NO_PROJECT: "uv changes the project of the folder that it is called in.",
    _NO_COMMAND: "`uv run` runs what is in the project's own environment, and nothing else.",
    _NO_EXTRA: "The command is not part of plain `fastapi`: the extra `standard` brings it.",
    _BUSY: "`fastapi dev` runs until Ctrl+C, so it comes last.",
    _NO_APP: "The `main.py` that `uv init` writes holds no app: the shop's code must come first.",
}


@project_steps.requirement("every command works, and at the end the shop answers", points=2)
async def walks_to_the_end(client: Client) -> None:
    walk = await _answer(client.get("/walk"))
    ensure(
        not walk["error"],
        "every command to work",
        got=f"`{walk['command']}`, which says: {walk['error']}",
        because=_WHY_AN_ERROR.get(walk["error"], "You are not where that file or folder is."),
    )
    ensure(
        walk["serves"],
        "a shop that answers",
        got="no command that serves it",
        because="A project is done when it runs: one of the lines starts the server.",
    )


@project_steps.requirement("nothing is installed outside of the project")
async def installs_into_the_project(client: Client) -> None:
    walk = await _answer(client.get("/walk"))
    ensure(
        not walk["pip"],
        "packages that `uv add` installs",
        got="a line with pip",
        because="pip installs into whichever environment the shell finds, and writes down nothing "
        "for the next machine.",
    )


@project_steps.requirement("pytest is installed for you, and left out on the server")
async def keeps_pytest_off_the_server(client: Client) -> None:
    walk = await _answer(client.get("/walk"))
    ensure(
        "pytest" not in walk["dependencies"],
        "pytest in the group `dev` only",
        got="pytest among the dependencies",
        because="What stands there is installed on the server too, where nobody runs tests.",
    )
    ensure(
        "pytest" in walk["dev"],
        "pytest in the group `dev`",
        got="no pytest",
        because="You, and all who work with you, need the same test runner.",
    )


# fresh_machine: a pyproject.toml, followed through the metadata of what is installed here.


def _installed(text: Any) -> ASGIApp:
    _must_be_text(text, "the text of pyproject.toml")
    app = FastAPI(openapi_url=None)

    @app.get("/machines/{machine}")
    async def read_machine(machine: str) -> list[str]:
        try:
            lines = list(_needed(tomllib.loads(str(text)), machine))
            wanted = [line for line in lines if _counts_here(line)]
            return sorted(set().union(*(brings(line).names for line in wanted)))
        except (tomllib.TOMLDecodeError, InvalidRequirement) as wrong:
            told = [part.strip() for part in str(wrong).splitlines()[:2]]  # and the line, if named
            raise HTTPException(400, " in ".join(told)) from None
        except _Malformed as wrong:
            raise HTTPException(400, str(wrong)) from None

    return app


class _Malformed(ValueError):
    """Good TOML, and no good project; the message says where."""


def _needed(document: dict[str, Any], machine: str) -> Iterator[str]:
    """The lines that a machine's packages follow from: yours has the group `dev` as well."""
    project = document.get("project", {})
    lines = project.get("dependencies") if isinstance(project, dict) else None
    if not isinstance(project, dict) or not isinstance(lines, list):
        raise _Malformed("There is no list `dependencies` below [project]")
    for field_name in ("name", "version"):
        if field_name not in project and field_name not in project.get("dynamic", []):
            raise _Malformed(f"There is no `{field_name}` below [project]")
    yield from _texts(lines, "`dependencies`")
    groups = document.get("dependency-groups", {})
    if not isinstance(groups, dict):
        raise _Malformed("`dependency-groups` is a table: write [dependency-groups]")
    found: dict[str, Any] = {canonicalize_name(name): group for name, group in groups.items()}
    if machine == "yours" and "dev" in found:
        yield from _group(found, "dev")


def _texts(lines: list[Any], where: str) -> Iterator[str]:
    for line in lines:
        if not isinstance(line, str):
            raise _Malformed(f"{line!r} in {where} is no text")
        yield line


def _group(groups: dict[str, Any], name: str, above: tuple[str, ...] = ()) -> Iterator[str]:
    """The lines of a dependency group, with those of the groups that it includes."""
    if name in above:
        raise _Malformed(f"The group `{name}` of [dependency-groups] includes itself")
    if name not in groups:
        raise _Malformed(f"There is no group `{name}` in [dependency-groups]")
    if not isinstance(groups[name], list):
        raise _Malformed(f"`{name}` in [dependency-groups] is no list")
    for one in groups[name]:
        match one:
            case {"include-group": str(other), **more} if not more:
                yield from _group(groups, canonicalize_name(other), (*above, name))
            case _:
                yield from _texts([one], f"the group `{name}`")


def _counts_here(line: str) -> bool:
    """Whether an installer takes a line into account: its marker, if it has one, holds."""
    marker = Requirement(line).marker
    return marker is None or marker.evaluate({"extra": ""})


fresh_machine = Exercise(
    "fresh_machine",
    title="It works on my machine",
    kind="bug hunt",
    section="1.3",
    serve=_installed,
    hints=(
        (
            "Each of the three errors names something that is missing, and most of them say what to "
            "install. Which of the five lines should have brought it along?"
        ),
        (
            "An extra is written in brackets after the name: `name[extra]`. A package that only you "
            "need stands in a list called `dev` in the table `dependency-groups`. Section 1.3, the figure "
            "and the table."
        ),
        (
            "Two lines get brackets: the framework asks for its standard extra, the database library "
            "for its asynchronous one. Then cut the test runner out of the first list and give it a "
            "table of its own at the end."
        ),
    ),
)


@fresh_machine.requirement("the server gets the `fastapi` command and form data")
async def brings_command_and_forms(client: Client) -> None:
    server = await _machine(client, "server")
    for name, what in (
        ("fastapi", "FastAPI itself"),
        ("fastapi-cli", "the command `fastapi run`"),
        ("python-multipart", "form data"),
        ("uvicorn", "the server"),
    ):
        ensure(
            name in server,
            f"{name} on the server",
            got="a machine without it",
            because=f"It is {what}. One extra of FastAPI brings the command, forms and the server.",
        )


@fresh_machine.requirement("the server gets what SQLAlchemy's asyncio side is built on")
async def brings_greenlet(client: Client) -> None:
    server = await _machine(client, "server")
    for name in ("sqlalchemy", "aiosqlite", "greenlet"):
        ensure(
            name in server,
            f"{name} on the server",
            got="a machine without it",
            because="Since SQLAlchemy 2.1 plain `sqlalchemy` brings no greenlet; an extra does."
            if name == "greenlet"
            else "A repair keeps what was there.",
        )


@fresh_machine.requirement("pytest is for you, and not for the server")
async def keeps_tests_at_home(client: Client) -> None:
    ensure(
        "pytest" not in await _machine(client, "server"),
        "a server without pytest",
        got="pytest on it",
        because="What a server does not need can't break there, nor be attacked.",
    )
    ensure(
        "pytest" in await _machine(client, "yours"),
        "pytest on your machine, from the group `dev`",
        got="a machine without it",
        because="`uv sync` brings the list `dev` of `[dependency-groups]`, but no optional "
        "dependency that nobody asks for.",
    )


async def _machine(client: Client, which: str) -> list[str]:
    response = await client.get(f"/machines/{which}")
    ensure(
        response.status_code == 200,
        "a pyproject.toml that can be read",
        got=f"the answer: {_detail(response)}",
        because=_why_unreadable(_detail(response)),
    )
    return response.json()


def _why_unreadable(told: str) -> str:
    if told.startswith("There is no") and told.endswith("[project]"):
        return "uv wants a name, a version and that list there, and does nothing without them."
    if "group" in told:
        return "A group is a list of texts; it takes another one in by `{include-group = …}`."
    return "TOML wants quotes around text and a comma between the items of a list."


# quiet_tools: a file's text, run as an app; what a tool would say is read off its syntax tree.


_FILE = "<answer shop.py>"


def _run_file(text: Any) -> ASGIApp:
    _must_be_text(text, "the text of the file")
    namespace: dict[str, Any] = {"__name__": "shop"}
    lines = str(text).splitlines(keepends=True)
    linecache.cache[_FILE] = (len(text), None, lines, _FILE)  # so that an error shows its line
    exec(compile(str(text), _FILE, "exec"), namespace)  # noqa: S102 - running the learner's file is the exercise
    if not isinstance(namespace.get("app"), FastAPI):
        raise WrongKind("The file makes no app called `app`.")
    return namespace["app"]


quiet_tools = Exercise(
    "quiet_tools",
    title="Three findings before the first request",
    kind="change",
    section="1.3",
    serve=_run_file,
    hints=(
        (
            "The type checker points at one operator and says what stands to its left and to its "
            "right. Which of the two has a type that nobody wanted?"
        ),
        (
            "`Annotated[type, Query()]` and `Annotated[type, Depends(…)]` move a call out of the "
            "default, which is what Ruff asks for. A number that comes from a query is an `int`. "
            "Section 1.3."
        ),
        (
            "Import `Annotated`. Both parameters get the form name, colon, `Annotated` with two "
            "things in its brackets. One of them keeps a default, a number without quotes; Python "
            "wants that one last."
        ),
    ),
)


@quiet_tools.requirement("the total is right, for the amount that was asked for and for one")
async def computes_the_total(client: Client, rng: Random) -> None:
    amount = rng.randint(2, 9)
    for item_id, price in ((1, 3.5), (2, 4.0)):
        expect(
            await client.get("/total", params={"item_id": item_id, "amount": amount}),
            status=200,
            json=price * amount,
            because="A price times a number is a number.",
            mistakes={
                404: "The file has no path operation for `/total` any more.",
                422: "The `loc` of the answer says which parameter was sought, and where.",
            },
        )
        expect(
            await client.get("/total", params={"item_id": item_id}),
            status=200,
            json=price,
            because="Who names no amount wants one.",
            mistakes={422: "The amount has a default, as it had before."},
        )


@quiet_tools.requirement("an amount that is no number is refused with 422")
async def refuses_words(client: Client) -> None:
    expect(
        await client.get("/total", params={"item_id": 1, "amount": "two"}),
        status=422,
        because="With the right type FastAPI refuses it before your code runs.",
        mistakes={
            500: "The word reached your code: the type of the parameter lets it through.",
        },
    )


@quiet_tools.source_requirement("no default is a call or a wrong None, which the tools report")
def calls_nothing_in_a_default(tree: ast.Module) -> None:
    for parameter, default in _defaults(tree):
        name = parameter.arg
        ensure(
            not (ast.unparse(default) == "None" and _excludes_none(parameter.annotation)),
            f"no default for `{name}`",
            got="None, which its type does not allow",
            because="The type checker reports it. A parameter without a default moves in front of "
            "those that have one.",
        )
        ensure(
            not isinstance(default, ast.Call),
            f"a plain default for `{name}`, or none",
            got=f"`{ast.unparse(default)}`",
            because="With `Annotated` the function can also be called from a test, as any other.",
        )


@quiet_tools.source_requirement("no import is left over, which Ruff reports as well")
def leaves_no_import_over(tree: ast.Module) -> None:
    nodes = [node for file in _files(tree) for node in ast.walk(file)]
    used = {name for node in nodes for name in _names(node)}
    for name in _imported(nodes):
        ensure(
            name in used,
            f"a use of `{name}`, or no import of it",
            got="an import that nothing uses",
            because="Ruff calls it F401: who reads the file looks for the use in vain.",
        )


def _names(node: ast.AST) -> set[str]:
    """The name that a node uses, or those in an annotation in quotes; prose in quotes has none."""
    if isinstance(node, ast.Name):
        return {node.id}
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            quoted = ast.parse(node.value, mode="eval")
        except (SyntaxError, ValueError):
            return set()
        return {one.id for one in ast.walk(quoted) if isinstance(one, ast.Name)}
    return set()


def _imported(nodes: list[ast.AST]) -> Iterator[str]:
    """The names that import lines bind."""
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((one.asname or one.name).partition(".")[0] for one in node.names)


def _files(tree: ast.Module) -> Iterator[ast.Module]:
    """The texts in an answer that are Python code."""
    for text in ast.walk(tree):
        if isinstance(text, ast.Constant) and isinstance(text.value, str):
            try:
                yield ast.parse(textwrap.dedent(text.value))
            except SyntaxError:
                continue


def _excludes_none(annotation: ast.expr | None) -> bool:
    """Whether a type is spelt out, and has no None in it; what a mere name stands for is unknown."""
    if not isinstance(annotation, ast.Subscript):
        return False
    words = {
        getattr(node, "id", None) or getattr(node, "attr", None) or str(getattr(node, "value", ""))
        for node in ast.walk(annotation)
    }
    return not words & {"None", "Optional", "Any", "object"}


def _defaults(tree: ast.Module) -> Iterator[tuple[ast.arg, ast.expr]]:
    """The parameters with a default, of all functions in the text that the answer holds."""
    for file in _files(tree):
        for node in ast.walk(file):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                of = node.args
                positional = [*of.posonlyargs, *of.args]
                last = positional[len(positional) - len(of.defaults) :]
                yield from zip(last, of.defaults, strict=True)
                for one, value in zip(of.kwonlyargs, of.kw_defaults, strict=True):
                    if value is not None:
                        yield one, value


# What several of them use.


def _must_be_text(value: Any, what: str) -> None:
    if not isinstance(value, str):
        raise WrongKind(
            f"This is of the type {type(value).__name__}. Pass {what}, as text in quotes."
        )


def _must_be_a_function(value: Any, name: str, parameters: int, which: str) -> None:
    if isinstance(value, bool):
        raise WrongKind(f"This is {value}, what the function answered. Pass `{name}` itself.")
    if not callable(value) or inspect.isclass(value) or isinstance(value, FastAPI):
        raise WrongKind(
            f"This is of the type {type(value).__name__}. Pass a function, such as `{name}`."
        )
    if inspect.iscoroutinefunction(value):
        raise WrongKind(f"`{name}` has nothing to await: begin it with `def`.")
    try:
        inspect.signature(value).bind(*range(parameters))
    except TypeError:
        raise WrongKind(f"`{name}` takes {parameters} arguments: {which}.") from None


def _detail(response: httpx.Response) -> str:
    """What an adapter says of an answer that it can't read."""
    return response.json()["detail"] if response.status_code == 400 else response.text


async def _answer(call: Any) -> Any:
    response: httpx.Response = await call
    expect(response, status=200, because="Your answer has to run before it can be judged.")
    return response.json()
