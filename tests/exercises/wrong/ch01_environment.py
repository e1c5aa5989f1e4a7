"""Wrong answers to the exercises of chapter 1, and what each is told."""

import hashlib
import re
from typing import Any

from workbook.proofs import wrong

# trusted_parcel


@wrong(
    "trusted_parcel",
    fails="trusts_every_listed_file",
    says="Expected True for file 1 of cup, got False. A package has a file for each kind of machine, and each file has its hash.",
)
def that_trusts_nobody():
    def is_locked(lock: str, name: str, content: bytes) -> bool:
        return False

    return is_locked


@wrong(
    "trusted_parcel",
    fails="trusts_every_listed_file",
    says="Expected True for file 2 of cup, got False. A package has a file for each kind of machine, and each file has its hash.",
)
def that_reads_only_the_first_hash():
    def is_locked(lock: str, name: str, content: bytes) -> bool:
        lines = lock.splitlines()
        for number, line in enumerate(lines):
            if line.startswith(f"{name}=="):
                return hashlib.sha256(content).hexdigest() in lines[number + 1]
        return False

    return is_locked


@wrong(
    "trusted_parcel",
    fails="trusts_every_listed_file",
    says="Expected True for file 1 of cup, got None. A package has a file for each kind of machine, and each file has its hash.",
)
def that_forgets_to_answer():
    def is_locked(lock: str, name: str, content: bytes) -> bool | None:
        if name in lock:
            hashlib.sha256(content).hexdigest()

    return is_locked


@wrong(
    "trusted_parcel",
    fails="trusts_every_listed_file",
    says="TypeError: Strings must be encoded before hashing",
)
def that_hashes_text():
    def is_locked(lock: str, name: str, content: bytes) -> bool:
        return hashlib.sha256(str(content)).hexdigest() in lock  # ty: ignore[invalid-argument-type]  # that is the mistake

    return is_locked


@wrong(
    "trusted_parcel",
    fails="refuses_a_changed_file",
    says="Expected False for a file of green-tea with one character too many, got True. The version is still the same; only the hash tells that somebody changed the file.",
)
def that_compares_names_only():
    def is_locked(lock: str, name: str, content: bytes) -> bool:
        return f"{name}==" in lock

    return is_locked


@wrong(
    "trusted_parcel",
    fails="refuses_a_swapped_file",
    says="Expected False for a file of tea-labels that is offered as tea, got True. A hash speaks for the package under whose name it stands, and for no other.",
)
def that_looks_everywhere():
    def is_locked(lock: str, name: str, content: bytes) -> bool:
        return name in lock and hashlib.sha256(content).hexdigest() in lock

    return is_locked


@wrong(
    "trusted_parcel",
    fails="refuses_a_swapped_file",
    says="Expected False for a file of tea-labels that is offered as tea, got True. A hash speaks for the package under whose name it stands, and for no other.",
)
def that_takes_a_name_for_another():
    def is_locked(lock: str, name: str, content: bytes) -> bool:
        inside = False
        for line in lock.splitlines():
            if not line.startswith(" "):
                inside = line.startswith(name)
            elif inside and hashlib.sha256(content).hexdigest() in line:
                return True
        return False

    return is_locked


@wrong(
    "trusted_parcel",
    fails="refuses_a_swapped_file",
    says="Expected False for a file of green-tea that is offered as tea, got True. A hash speaks for the package under whose name it stands, and for no other.",
)
def that_finds_the_name_inside_another():
    def is_locked(lock: str, name: str, content: bytes) -> bool:
        inside = False
        for line in lock.splitlines():
            if "==" in line:
                inside = f"{name}==" in line
            elif inside and hashlib.sha256(content).hexdigest() in line:
                return True
        return False

    return is_locked


@wrong("trusted_parcel", fails="refuses_an_unknown_name", says="ValueError: substring not found")
def that_needs_the_name():
    def is_locked(lock: str, name: str, content: bytes) -> bool:
        start = lock.index(f"{name}==")
        return hashlib.sha256(content).hexdigest() in lock[start:]

    return is_locked


@wrong(
    "trusted_parcel",
    fails="refuses_an_unknown_name",
    says="Expected False for pot, which is not in the lock, got True. Nobody has tested it, so there is nothing to compare with.",
)
def that_ignores_the_name():
    def is_locked(lock: str, name: str, content: bytes) -> bool:
        return hashlib.sha256(content).hexdigest() in lock

    return is_locked


@wrong(
    "trusted_parcel",
    fails="trusts_every_listed_file",
    says="Expected True for file 1 of cup, got <re.Match object; span=(0, 95), match='cup==7.7.0 \\\\\\n    --hash=sha256:25bc75c807e3f9ec>. A package has a file for each kind of machine, and each file has its hash.",
)
def that_answers_with_a_match():
    def is_locked(lock: str, name: str, content: bytes) -> Any:
        seal = hashlib.sha256(content).hexdigest()
        return re.search(rf"(?m)^{re.escape(name)}==.*\n(?: .*\n)*? .*{seal}", lock)

    return is_locked


@wrong(
    "trusted_parcel",
    fails="refuses_a_swapped_file",
    says="Expected False for a file of tea-labels that is offered as tea, got True. A hash speaks for the package under whose name it stands, and for no other.",
)
def that_remembers_what_it_trusted():
    trusted: set[str] = set()

    def is_locked(lock: str, name: str, content: bytes) -> bool:
        seal = hashlib.sha256(content).hexdigest()
        for entry in re.split(r"\n(?=\S)", lock):
            if entry.startswith(f"{name}==") and seal in entry:
                trusted.add(seal)
        return seal in trusted

    return is_locked


# fastapi_bounds


@wrong(
    "fastapi_bounds",
    fails="accepts_fixes",
    says="Expected 0.165.15 to be accepted, got ==0.165.0, which refuses it. The last number counts fixes, and you want those without asking.",
)
def pinned_to_one_version():
    return "fastapi[standard]==0.165.0"


@wrong(
    "fastapi_bounds",
    fails="accepts_fixes",
    says="Expected a requirement as Python's packages write it, got the answer: Expected semicolon (after name with no version specifier) or end. `^` and a single `=` belong to other tools; here it is `>=`, `<`, `~=` or `==`.",
)
def with_the_sign_of_another_tool():
    return "fastapi[standard]^0.165.0"


@wrong(
    "fastapi_bounds",
    fails="refuses_the_next_minor",
    says="Expected 0.166.0 to be refused, got >=0.165.0, which accepts it. While the first number is 0, a new middle number may break your code.",
)
def as_uv_wrote_it():
    return "fastapi[standard]>=0.165.0"


@wrong(
    "fastapi_bounds",
    fails="refuses_the_next_minor",
    says="Expected 0.166.0 to be refused, got ~=0.165, which accepts it. `~=` lets the last number that you write go up: here that is the middle one.",
)
def with_one_number_too_few():
    return "fastapi[standard]~=0.165"


@wrong(
    "fastapi_bounds",
    fails="refuses_the_next_minor",
    says="Expected 0.166.0 to be refused, got <=0.166.0,>=0.165.0, which accepts it. While the first number is 0, a new middle number may break your code.",
)
def with_the_bound_let_in():
    return "fastapi[standard]>=0.165.0,<=0.166.0"


@wrong(
    "fastapi_bounds",
    fails="refuses_the_next_minor",
    says="Expected 0.166.0 to be refused, got <1,>=0.165.0, which accepts it. While the first number is 0, a new middle number may break your code.",
)
def below_the_next_major():
    return "fastapi[standard]>=0.165.0,<1"


@wrong(
    "fastapi_bounds",
    fails="refuses_older",
    says="Expected 0.143.0 to be refused, got <0.166.0, which accepts it. Your code uses what came with 0.165, and was never run with less.",
)
def with_an_upper_bound_only():
    return "fastapi[standard]<0.166.0"


@wrong(
    "fastapi_bounds",
    fails="keeps_the_extra",
    says="Expected fastapi with the extra standard, got fastapi with no extra. Without the extra the server has neither the command nor form data.",
)
def without_the_extra():
    return "fastapi>=0.165.0,<0.166.0"


@wrong(
    "fastapi_bounds",
    fails="accepts_fixes",
    says="Expected 0.165.8273 to be accepted, got <=0.165.40,>=0.165.0, which refuses it. The last number counts fixes, and you want those without asking.",
)
def with_a_list_of_fixes_that_ends():
    return "fastapi[standard]>=0.165.0,<=0.165.40"


@wrong(
    "fastapi_bounds",
    fails="refuses_older",
    says="Expected 0.164.496 to be refused, got <0.166,>0.164, which accepts it. Your code uses what came with 0.165, and was never run with less.",
)
def with_the_fixes_of_the_version_before():
    return "fastapi[standard]>0.164,<0.166"


# start_line


@wrong(
    "start_line",
    fails="does_not_reload",
    says="Expected a server that does not watch its files, got `fastapi dev`, which does. Watching costs time, and half a copied file would restart the shop.",
)
def with_the_command_for_development():
    return "fastapi dev main.py --host 127.0.0.1 --port 8080"


@wrong(
    "start_line",
    fails="does_not_reload",
    says="Expected a command that `fastapi` understands, got the answer: No such option: --prot (Possible options: --host, --port). `fastapi run --help` lists what can be written.",
)
def with_a_misspelt_option():
    return "fastapi run main.py --prot 8080"


@wrong(
    "start_line",
    fails="does_not_reload",
    says="Expected a command that `fastapi` understands, got the answer: It begins with uvicorn, not with fastapi. `fastapi run --help` lists what can be written.",
)
def with_the_server_called_by_hand():
    return "uvicorn main:app --host 127.0.0.1 --port 8080 --workers 2"


@wrong(
    "start_line",
    fails="does_not_reload",
    says="Expected the file main.py, got shop.py. That is where the app is. Left out, `fastapi` finds main.py by itself.",
)
def with_another_file():
    return "fastapi run shop.py --host 127.0.0.1 --port 8080 --workers 2"


@wrong(
    "start_line",
    fails="does_not_reload",
    says="Expected a command that `fastapi` understands, got the answer: No such option: --TODO. `fastapi run --help` lists what can be written.",
)
def half_filled_in():
    return "fastapi run main.py --TODO"


@wrong(
    "start_line",
    fails="listens_to_itself",
    says="Expected the host 127.0.0.1, got the host 0.0.0.0. The proxy on the same machine speaks for it; others must not get past the proxy.",
)
def open_to_everybody():
    return "fastapi run main.py --port 8080 --workers 2"


@wrong(
    "start_line",
    fails="has_port_and_workers",
    says="Expected port 8080, got port 8000. The proxy was told 8080, and knocks at no other door.",
)
def on_the_default_port():
    return "fastapi run main.py --host 127.0.0.1 --workers 2"


@wrong(
    "start_line",
    fails="has_port_and_workers",
    says="Expected two worker processes, got one, since the option is left out. Each process uses one processor at a time. `fastapi dev` can have only one.",
)
def with_one_process():
    return "fastapi run main.py --host 127.0.0.1 --port 8080"


@wrong(
    "start_line",
    fails="has_port_and_workers",
    says="Expected two worker processes, got 0. Each process uses one processor at a time. `fastapi dev` can have only one.",
)
def with_no_process():
    return "fastapi run main.py --host 127.0.0.1 --port 8080 --workers 0"


@wrong(
    "start_line",
    fails="does_not_reload",
    says="Expected the file main.py, got shop.py. That is where the app is. Left out, `fastapi` finds main.py by itself.",
)
def with_the_app_of_another_file():
    return "fastapi run -e shop:app --host 127.0.0.1 --port 8080 --workers 2"


# project_steps


@wrong(
    "project_steps",
    fails="walks_to_the_end",
    says='Expected every command to work, got `uv add "fastapi[standard]"`, which says: error: No `pyproject.toml` found in current directory or any parent directory. uv changes the project of the folder that it is called in.',
)
def outside_of_the_project():
    return "E H D B G A"


@wrong(
    "project_steps",
    fails="walks_to_the_end",
    says="Expected every command to work, got `uv run fastapi dev`, which says: error: Failed to spawn: fastapi. `uv run` runs what is in the project's own environment, and nothing else.",
)
def with_pip():
    return "E B G C D A"


@wrong(
    "project_steps",
    fails="walks_to_the_end",
    says='Expected every command to work, got `uv run fastapi dev`, which says: To use the fastapi command, please install "fastapi[standard]". The command is not part of plain `fastapi`: the extra `standard` brings it.',
)
def without_the_extra_of_the_command():
    return "E B G F A"


@wrong(
    "project_steps",
    fails="walks_to_the_end",
    says="Expected every command to work, got `uv run fastapi dev`, which says: Could not find FastAPI app in module, try using --app. The `main.py` that `uv init` writes holds no app: the shop's code must come first.",
)
def with_the_file_that_uv_wrote():
    return "E B H D A"


@wrong(
    "project_steps",
    fails="walks_to_the_end",
    says="Expected every command to work, got `cd tea-shop`, which says: cd: tea-shop: No such file or directory. You are not where that file or folder is.",
)
def into_a_folder_that_is_not_there():
    return "B E G H D A"


@wrong(
    "project_steps",
    fails="walks_to_the_end",
    says="Expected a shop that answers, got no command that serves it. A project is done when it runs: one of the lines starts the server.",
)
def never_served():
    return "E B G H D"


@wrong(
    "project_steps",
    fails="walks_to_the_end",
    says="Expected every command to work, got `uv add --dev pytest`, which says: nothing: the server above it holds the terminal. `fastapi dev` runs until Ctrl+C, so it comes last.",
)
def with_a_command_after_the_server():
    return "E B G H A D"


@wrong(
    "project_steps",
    fails="installs_into_the_project",
    says="Expected packages that `uv add` installs, got a line with pip. pip installs into whichever environment the shell finds, and writes down nothing for the next machine.",
)
def with_pip_as_well():
    return "E B C G H D A"


@wrong(
    "project_steps",
    fails="keeps_pytest_off_the_server",
    says="Expected pytest in the group `dev` only, got pytest among the dependencies. What stands there is installed on the server too, where nobody runs tests.",
)
def with_pytest_for_everybody():
    return "E B G F H A"


@wrong(
    "project_steps",
    fails="keeps_pytest_off_the_server",
    says="Expected pytest in the group `dev`, got no pytest. You, and all who work with you, need the same test runner.",
)
def without_pytest():
    return "E B G H A"


# fresh_machine


def _pyproject(*lines: str, after: str = "") -> str:
    items = "".join(f'    "{line}",\n' for line in lines)
    return f'[project]\nname = "tea-shop"\nversion = "0.1.0"\ndependencies = [\n{items}]\n{after}'


DEV = '\n[dependency-groups]\ndev = ["pytest"]\n'


@wrong(
    "fresh_machine",
    fails="brings_command_and_forms",
    says="Expected fastapi-cli on the server, got a machine without it. It is the command `fastapi run`. One extra of FastAPI brings the command, forms and the server.",
)
def with_a_server_beside_the_framework():
    return _pyproject("fastapi", "uvicorn[standard]", "sqlalchemy[aiosqlite]", after=DEV)


@wrong(
    "fresh_machine",
    fails="brings_command_and_forms",
    says="Expected fastapi-cli on the server, got a machine without it. It is the command `fastapi run`. One extra of FastAPI brings the command, forms and the server.",
)
def with_the_form_and_no_command():
    return _pyproject("fastapi", "python-multipart", "uvicorn", "sqlalchemy[aiosqlite]", after=DEV)


@wrong(
    "fresh_machine",
    fails="brings_command_and_forms",
    says="Expected a pyproject.toml that can be read, got the answer: Unclosed array (at line 6, column 5). TOML wants quotes around text and a comma between the items of a list.",
)
def with_a_comma_too_few():
    text = _pyproject("fastapi[standard]", "sqlalchemy[aiosqlite]", after=DEV)
    return text.replace('",\n    "sql', '"\n    "sql')


@wrong(
    "fresh_machine",
    fails="brings_command_and_forms",
    says="Expected a pyproject.toml that can be read, got the answer: Expected matching RIGHT_PARENTHESIS for LEFT_PARENTHESIS, after version specifier in fastapi(standard]. TOML wants quotes around text and a comma between the items of a list.",
)
def with_the_wrong_bracket():
    return _pyproject("fastapi(standard]", "sqlalchemy[aiosqlite]", after=DEV)


@wrong(
    "fresh_machine",
    fails="brings_greenlet",
    says="Expected greenlet on the server, got a machine without it. Since SQLAlchemy 2.1 plain `sqlalchemy` brings no greenlet; an extra does.",
)
def with_the_driver_only():
    return _pyproject("fastapi[standard]", "sqlalchemy", "aiosqlite", after=DEV)


@wrong(
    "fresh_machine",
    fails="brings_greenlet",
    says="Expected sqlalchemy on the server, got a machine without it. A repair keeps what was there.",
)
def with_the_database_forgotten():
    return _pyproject("fastapi[standard]", after=DEV)


@wrong(
    "fresh_machine",
    fails="keeps_tests_at_home",
    says="Expected a server without pytest, got pytest on it. What a server does not need can't break there, nor be attacked.",
)
def with_pytest_on_the_server():
    return _pyproject("fastapi[standard]", "sqlalchemy[aiosqlite]", "pytest")


@wrong(
    "fresh_machine",
    fails="keeps_tests_at_home",
    says="Expected pytest on your machine, from the group `dev`, got a machine without it. `uv sync` brings the list `dev` of `[dependency-groups]`, but no optional dependency that nobody asks for.",
)
def with_pytest_nowhere():
    return _pyproject("fastapi[standard]", "sqlalchemy[aiosqlite]")


@wrong(
    "fresh_machine",
    fails="keeps_tests_at_home",
    says="Expected pytest on your machine, from the group `dev`, got a machine without it. `uv sync` brings the list `dev` of `[dependency-groups]`, but no optional dependency that nobody asks for.",
)
def with_pytest_as_an_extra():
    after = '\n[project.optional-dependencies]\ndev = ["pytest"]\n'
    return _pyproject("fastapi[standard]", "sqlalchemy[aiosqlite]", after=after)


SERVER = ("fastapi[standard]", "sqlalchemy[aiosqlite]")


@wrong(
    "fresh_machine",
    fails="keeps_tests_at_home",
    says="Expected a pyproject.toml that can be read, got the answer: There is no group `test` in [dependency-groups]. A group is a list of texts; it takes another one in by `{include-group = …}`.",
)
def with_a_group_that_is_not_there():
    after = '\n[dependency-groups]\ndev = ["pytest", {include-group = "test"}]\n'
    return _pyproject(*SERVER, after=after)


@wrong(
    "fresh_machine",
    fails="keeps_tests_at_home",
    says="Expected a pyproject.toml that can be read, got the answer: `dev` in [dependency-groups] is no list. A group is a list of texts; it takes another one in by `{include-group = …}`.",
)
def with_a_group_that_is_a_text():
    return _pyproject(*SERVER, after='\n[dependency-groups]\ndev = "pytest"\n')


@wrong(
    "fresh_machine",
    fails="keeps_tests_at_home",
    says="Expected a pyproject.toml that can be read, got the answer: {'include': 'test'} in the group `dev` is no text. A group is a list of texts; it takes another one in by `{include-group = …}`.",
)
def with_a_word_misspelt_in_a_group():
    after = '\n[dependency-groups]\ntest = ["pytest"]\ndev = [{include = "test"}]\n'
    return _pyproject(*SERVER, after=after)


@wrong(
    "fresh_machine",
    fails="keeps_tests_at_home",
    says="Expected pytest on your machine, from the group `dev`, got a machine without it. `uv sync` brings the list `dev` of `[dependency-groups]`, but no optional dependency that nobody asks for.",
)
def with_a_marker_in_place_of_a_group():
    return _pyproject(*SERVER, "pytest; extra == 'dev'")


@wrong(
    "fresh_machine",
    fails="brings_command_and_forms",
    says="Expected fastapi on the server, got a machine without it. It is FastAPI itself. One extra of FastAPI brings the command, forms and the server.",
)
def with_a_marker_that_never_holds():
    never = "fastapi[standard]; python_version < '3.12'"
    return _pyproject(never, "sqlalchemy[aiosqlite]", after=DEV)


@wrong(
    "fresh_machine",
    fails="brings_command_and_forms",
    says="Expected a pyproject.toml that can be read, got the answer: There is no `version` below [project]. uv wants a name, a version and that list there, and does nothing without them.",
)
def without_a_version():
    return _pyproject(*SERVER, after=DEV).replace('version = "0.1.0"\n', "")


# quiet_tools


@wrong(
    "quiet_tools",
    fails="computes_the_total",
    says="TypeError: can't multiply sequence by non-int of type 'float'",
)
def with_the_bug_left_in():
    return _shop('amount: Annotated[str, Query()] = "1"', "prices[item_id] * amount")


@wrong(
    "quiet_tools",
    fails="computes_the_total",
    says="Expected status 200, got status 422. The amount has a default, as it had before.",
)
def with_an_amount_that_is_required():
    return _shop("amount: Annotated[int, Query()]", "prices[item_id] * amount")


@wrong(
    "quiet_tools",
    fails="computes_the_total",
    says="Expected status 200, got status 422. The `loc` of the answer says which parameter was sought, and where.",
)
def with_the_prices_in_the_body():
    return _shop("amount: int = 1", "prices[item_id] * amount", prices="dict[int, float]")


@wrong(
    "quiet_tools",
    fails="refuses_words",
    says="ValueError: could not convert string to float: 'two'",
)
def with_a_conversion_by_hand():
    return _shop('amount: str = "1"', "prices[item_id] * float(amount)")


@wrong(
    "quiet_tools",
    fails="leaves_no_import_over",
    says="Expected a use of `Query`, or no import of it, got an import that nothing uses. Ruff calls it F401: who reads the file looks for the use in vain.",
)
def with_an_import_left_over():
    return """\
from typing import Annotated

from fastapi import Depends, FastAPI, Query

PRICES = {1: 3.5, 2: 4.0}
app = FastAPI()


def get_prices() -> dict[int, float]:
    return PRICES


@app.get("/total")
async def read_total(
    item_id: int,
    prices: Annotated[dict[int, float], Depends(get_prices)],
    amount: int = 1,
) -> float:
    return prices[item_id] * amount
"""


@wrong(
    "quiet_tools",
    fails="calls_nothing_in_a_default",
    says="Expected a plain default for `amount`, or none, got `Query(1)`. With `Annotated` the function can also be called from a test, as any other.",
)
def with_the_call_left_in_the_default():
    return """\
from fastapi import Depends, FastAPI, Query

PRICES = {1: 3.5, 2: 4.0}
app = FastAPI()


def get_prices() -> dict[int, float]:
    return PRICES


@app.get("/total")
async def read_total(
    item_id: int,
    amount: int = Query(1),
    prices: dict[int, float] = Depends(get_prices),
) -> float:
    return prices[item_id] * amount
"""


@wrong(
    "quiet_tools",
    fails="leaves_no_import_over",
    says="Expected a use of `Query`, or no import of it, got an import that nothing uses. Ruff calls it F401: who reads the file looks for the use in vain.",
)
def with_an_import_that_only_prose_mentions():
    return """\
'The shop: a Query names the amount.'

from typing import Annotated

from fastapi import Depends, FastAPI, Query

PRICES = {1: 3.5, 2: 4.0}
app = FastAPI()


def get_prices() -> dict[int, float]:
    return PRICES


@app.get("/total")
async def read_total(
    item_id: int,
    prices: Annotated[dict[int, float], Depends(get_prices)],
    amount: int = 1,
) -> float:
    return prices[item_id] * amount
"""


@wrong(
    "quiet_tools",
    fails="calls_nothing_in_a_default",
    says="Expected no default for `prices`, got None, which its type does not allow. The type checker reports it. A parameter without a default moves in front of those that have one.",
)
def with_none_for_what_has_no_default():
    return """\
from typing import Annotated

from fastapi import Depends, FastAPI, Query

PRICES = {1: 3.5, 2: 4.0}
app = FastAPI()


def get_prices() -> dict[int, float]:
    return PRICES


@app.get("/total")
async def read_total(
    item_id: int,
    amount: Annotated[int, Query()] = 1,
    prices: Annotated[dict[int, float], Depends(get_prices)] = None,
) -> float:
    return prices[item_id] * amount
"""


def _shop(
    amount: str,
    total: str,
    prices: str = "Annotated[dict[int, float], Depends(get_prices)]",
) -> str:
    return f"""\
from typing import Annotated

from fastapi import Depends, FastAPI, Query

PRICES = {{1: 3.5, 2: 4.0}}
app = FastAPI()


def get_prices() -> dict[int, float]:
    return PRICES


@app.get("/total")
async def read_total(item_id: int, prices: {prices}, {amount}) -> float:
    return {total}
"""
