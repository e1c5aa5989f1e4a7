"""Right answers to the exercises of chapter 1, written differently from the solutions."""

import hashlib
import re

from workbook.proofs import right

# trusted_parcel


@right("trusted_parcel")
def with_the_entry_cut_out():
    def is_locked(lock: str, name: str, content: bytes) -> bool:
        entry = re.search(rf"^{re.escape(name)}==.*\n((?:[ \t].*\n?)*)", lock, re.MULTILINE)
        return bool(entry) and hashlib.sha256(content).hexdigest() in entry.group(1)

    return is_locked


@right("trusted_parcel")
def with_a_default_of_its_own():
    def is_locked(lock, name, content, algorithm="sha256"):
        digest = hashlib.new(algorithm, content).hexdigest()
        listed = {}
        for line in lock.splitlines():
            if "==" in line:
                current = listed.setdefault(line.split("==")[0].strip(), [])
            else:
                current.append(line.strip().rstrip("\\").strip())
        return f"--hash={algorithm}:{digest}" in listed.get(name, [])

    return is_locked


# fastapi_bounds


@right("fastapi_bounds")
def with_the_short_sign():
    return "fastapi[standard]~=0.165.0"


@right("fastapi_bounds")
def with_a_star():
    return "FastAPI[standard]==0.165.*"


@right("fastapi_bounds")
def on_a_line_of_its_own():
    return """
    fastapi[Standard] >=0.165, <0.166
    """


# start_line


@right("start_line")
def by_uv_with_equals_signs():
    return "$ uv run --no-dev fastapi run --workers=2 \\\n  --port=8080 --host=localhost"


@right("start_line")
def without_the_file_by_another_path():
    return "python -m fastapi run --port 8080 --host ::1 --workers 2"


@right("start_line")
def by_uv_with_an_option_that_has_a_value():
    return "uv run --project . -- fastapi run --host 127.0.0.1 --port 8080 --workers 2"


@right("start_line")
def by_the_entrypoint():
    return "python3 -m fastapi run -e main:app --host 127.0.0.1 --port 8080 --workers 2"


# project_steps


@right("project_steps")
def with_the_file_brought_last():
    return "ebdhga"


# fresh_machine


@right("fresh_machine")
def with_each_package_named():
    return """
[project]
name = "tea-shop"
version = "0.1.0"
dependencies = ["fastapi[standard]>=0.165", "sqlalchemy[asyncio]", "aiosqlite", "uvicorn"]

[dependency-groups]
dev = ["ruff", "pytest>=9"]
"""


@right("fresh_machine")
def with_a_group_that_includes_another():
    return """
[project]
name = "tea-shop"
version = "0.1.0"
dependencies = ["fastapi", "fastapi-cli", "python-multipart", "uvicorn", "greenlet", "sqlalchemy",
    "aiosqlite"]

[dependency-groups]
test = ["pytest"]
dev = [{include-group = "test"}]
"""


@right("fresh_machine")
def with_a_capital_in_the_group():
    return """
[project]
name = "tea-shop"
version = "0.1.0"
dependencies = ["fastapi[standard]", "sqlalchemy[aiosqlite]", "colorama; sys_platform == 'win32'"]

[dependency-groups]
Dev = ["pytest"]
"""


# quiet_tools


@right("quiet_tools")
def with_names_for_the_types():
    return """\
from typing import Annotated

from fastapi import Depends, FastAPI

app = FastAPI()


def get_prices() -> dict[int, float]:
    return {1: 3.5, 2: 4.0}


PricesDep = Annotated[dict[int, float], Depends(get_prices)]


@app.get("/total")
def read_total(prices: PricesDep, item_id: int, amount: int = 1) -> float:
    return prices[item_id] * amount
"""


@right("quiet_tools")
def with_an_annotation_in_quotes():
    return """\
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, FastAPI

if TYPE_CHECKING:
    from collections.abc import Mapping

app = FastAPI()


def get_prices() -> dict[int, float]:
    return {1: 3.5, 2: 4.0}


def multiplied(prices: "Mapping[int, float]", item_id: int, amount: int) -> float:
    return prices[item_id] * amount


@app.get("/total")
def read_total(
    item_id: int, prices: Annotated[dict[int, float], Depends(get_prices)], amount: int = 1
) -> float:
    return multiplied(prices, item_id, amount)
"""
