"""Wrong answers to the exercises of chapter 2, and what each is told."""

import asyncio
import time
from enum import Enum, StrEnum
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Path, Query, Request
from pydantic import BaseModel, Field

from workbook.proofs import wrong

WAREHOUSE = {1: 12, 2: 0, 3: 7}
TAGS = {"tea": {"hot", "leaf"}, "cup": {"new"}, "pot": {"new", "hot"}}
ITEM_NUMBERS = list(range(1, 251))


def ask_warehouse(item_id: int) -> int:
    """The blocking call of the chapter's set-up cell."""
    time.sleep(0.2)
    return WAREHOUSE[item_id]


# frozen_shop


@wrong(
    "frozen_shop",
    fails="answers_others_meanwhile",
    says="Expected /health to go on answering while /stock/1 waits, got silence until /stock/1 was answered. One blocking call in `async def` holds up every other visitor.",
)
def as_it_was_found():
    app = FastAPI()

    @app.get("/stock/{item_id}")
    async def count_stock(item_id: int) -> dict[str, int]:
        return {"item_id": item_id, "left": ask_warehouse(item_id)}

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


@wrong(
    "frozen_shop",
    fails="answers_others_meanwhile",
    says="Expected /health to go on answering while /stock/1 waits, got silence until /stock/1 was answered. One blocking call in `async def` holds up every other visitor.",
)
def with_an_await_before_the_blocking_call():
    app = FastAPI()

    @app.get("/stock/{item_id}")
    async def count_stock(item_id: int) -> dict[str, int]:
        await asyncio.sleep(0)
        return {"item_id": item_id, "left": ask_warehouse(item_id)}

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


@wrong(
    "frozen_shop",
    fails="answers_others_meanwhile",
    says="Expected /health to go on answering while /stock/1 waits, got silence until /stock/1 was answered. One blocking call in `async def` holds up every other visitor.",
)
def with_the_wrong_function_made_plain():
    app = FastAPI()

    @app.get("/stock/{item_id}")
    async def count_stock(item_id: int) -> dict[str, int]:
        return {"item_id": item_id, "left": ask_warehouse(item_id)}

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


@wrong(
    "frozen_shop",
    fails="answers_others_meanwhile",
    says="Expected status 200, got status 404. A repair keeps what was there: `/health` is gone.",
)
def without_health():
    app = FastAPI()

    @app.get("/stock/{item_id}")
    def count_stock(item_id: int) -> dict[str, int]:
        return {"item_id": item_id, "left": ask_warehouse(item_id)}

    return app


@wrong(
    "frozen_shop",
    fails="still_counts",
    says="TypeError: object int can't be used in 'await' expression",
)
def with_an_await_on_a_plain_function():
    app = FastAPI()

    @app.get("/stock/{item_id}")
    async def count_stock(item_id: int) -> dict[str, int]:
        left = await ask_warehouse(item_id)  # ty: ignore[invalid-await]  # that is the mistake
        return {"item_id": item_id, "left": left}

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


@wrong(
    "frozen_shop",
    fails="still_counts",
    says='Expected the JSON {"item_id": 2, "left": 0}, got {"item_id": 2, "left": 1}. A repair keeps what the endpoint answered.',
)
def with_the_slow_call_left_out():
    app = FastAPI()

    @app.get("/stock/{item_id}")
    async def count_stock(item_id: int) -> dict[str, int]:
        await asyncio.sleep(0.2)
        return {"item_id": item_id, "left": 1}

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


# described_shop


@wrong(
    "described_shop",
    fails="has_title_and_version",
    says="Expected the title 'Tea shop', got 'FastAPI'. It is the first thing that a reader of your API sees.",
)
def with_the_default_title():
    return _shop(FastAPI(version="2.0.0", openapi_tags=[]))


@wrong(
    "described_shop",
    fails="has_title_and_version",
    says="Expected the version '2.0.0', got '0.1.0'. It is the first thing that a reader of your API sees.",
)
def with_the_default_version():
    return _shop(FastAPI(title="Tea shop"))


@wrong(
    "described_shop",
    fails="describes_the_tag",
    says="Expected GET /items with the tags ['items'], got the tags []. Operations without a tag end up in one long list called default.",
)
def without_a_tag_in_the_decorator():
    tags = [{"name": "items", "description": "What we sell, by name."}]
    return _shop(FastAPI(openapi_tags=tags))


@wrong(
    "described_shop",
    fails="describes_the_tag",
    says="Expected a sentence about the tag 'items', got a description of 'item'. The name in `openapi_tags` must be the name in `tags`, and say what is in it.",
)
def with_another_name_in_the_list_of_tags():
    tags = [{"name": "item", "description": "What we sell, by name."}]
    return _shop(FastAPI(openapi_tags=tags), tags=["items"])


@wrong(
    "described_shop",
    fails="hides_health",
    says="Expected a description without /health, got one that lists it. It is there for a monitor, and says nothing to a customer of the API.",
)
def with_health_in_the_description():
    return _shop(FastAPI(title="Tea shop", version="2.0.0"))


@wrong(
    "described_shop",
    fails="hides_health",
    says="Expected status 200, got status 404. To hide an operation is not to remove it: the monitor still calls it.",
)
def with_health_taken_away():
    app = FastAPI(title="Tea shop", version="2.0.0")

    @app.get("/items", tags=["items"])
    async def list_items() -> list[str]:
        return ["tea"]

    return app


def _shop(app: FastAPI, tags: list[str | Enum] | None = None) -> FastAPI:
    @app.get("/items", tags=tags)
    async def list_items() -> list[str]:
        return ["tea"]

    @app.get("/health")
    async def health() -> str:
        return "ok"

    return app


@wrong(
    "described_shop",
    fails="describes_the_tag",
    says="Expected status 200, got status 404. To describe an operation is not to change what it answers.",
)
def with_items_that_are_described_and_broken():
    app = FastAPI(
        title="Tea shop",
        version="2.0.0",
        openapi_tags=[{"name": "items", "description": "What stands on our shelves."}],
    )

    @app.get("/items", tags=["items"])
    async def list_items() -> list[str]:
        raise HTTPException(404)

    @app.get("/health", include_in_schema=False)
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


@wrong(
    "described_shop",
    fails="describes_the_tag",
    says="Expected GET /items with the tags ['items'], got the tags ['i', 't', 'e', 'm', 's']. `tags` is a list of words: a word by itself is taken for a list of letters.",
)
def with_the_tag_as_a_word():
    app = FastAPI(
        title="Tea shop",
        version="2.0.0",
        openapi_tags=[{"name": "items", "description": "What stands on our shelves."}],
    )

    @app.get("/items", tags="items")  # ty: ignore[invalid-argument-type]  # that is the mistake
    async def list_items() -> list[str]:
        return ["cup"]

    @app.get("/health", include_in_schema=False)
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


# warm_catalogue


@wrong(
    "warm_catalogue",
    fails="answers_from_the_catalogue",
    says="AttributeError: 'State' object has no attribute 'catalogue'",
)
def with_an_app_that_knows_no_lifespan():
    return "G D J F H I E A"


@wrong(
    "warm_catalogue",
    fails="answers_from_the_catalogue",
    says="NameError: name 'catalogue' is not defined",
)
def with_the_variable_of_another_function():
    return "G D J F B I E C"


@wrong(
    "warm_catalogue",
    fails="answers_from_the_catalogue",
    says="NameError: name 'lifespan' is not defined",
)
def with_the_app_before_its_lifespan():
    return "B G D J F I E A"


@wrong(
    "warm_catalogue",
    fails="answers_from_the_catalogue",
    says="NameError: name 'catalogue' is not defined",
)
def with_the_line_that_opens_left_out():
    return "G D F B I E A"


@wrong(
    "warm_catalogue",
    fails="answers_from_the_catalogue",
    says="Expected status 200, got status 404. The app has no such route: the lines for it come after the app.",
)
def without_a_route():
    return "G D J F B"


# own_operations


@wrong(
    "own_operations",
    fails="deletes_without_a_body",
    says="Expected status 204, got status 200. Without a `status_code` in the decorator every answer is a 200, here with the body `null`.",
)
def with_a_delete_that_is_200():
    app, shelf = _shelf()

    @app.delete("/items/{item_id}")
    async def delete(item_id: int) -> None:
        shelf.pop(item_id, None)

    return app


@wrong(
    "own_operations",
    fails="deletes_without_a_body",
    says='Expected null, or a 404, for an item that was deleted, got "qibbafxd". DELETE takes the item from the shelf.',
)
def with_a_delete_that_deletes_nothing():
    app, _ = _shelf()

    @app.delete("/items/{item_id}", status_code=204)
    async def delete(item_id: int) -> None: ...

    return app


@wrong(
    "own_operations",
    fails="answers_head",
    says="Expected status 200, got status 405. `@app.get` answers GET and nothing else: HEAD is an operation of its own.",
)
def without_head():
    app, _ = _shelf()
    return app


@wrong(
    "own_operations",
    fails="puts_and_gets",
    says='Expected the JSON "hpxwyydk", got null. What was put is there for the next GET.',
)
def with_a_put_that_stores_nothing():
    app = FastAPI()

    @app.get("/items/{item_id}")
    async def read(item_id: int) -> str | None:
        return {1: "tea"}.get(item_id)

    @app.put("/items/{item_id}")
    async def put(item_id: int, name: str) -> str:
        return name

    return app


@wrong(
    "own_operations",
    fails="one_function_each",
    says="Expected one operation for each function, got serve_item for DELETE and GET and PUT. Each operation then has its own parameters, status code and description.",
)
def with_one_function_for_three_methods():
    shelf: dict[int, str] = {}
    app = FastAPI()

    @app.api_route("/items/{item_id}", methods=["GET", "HEAD", "PUT", "DELETE"])
    async def serve_item(item_id: int, request: Request, name: str = "") -> str | None:
        if request.method == "PUT":
            shelf[item_id] = name
        return shelf.get(item_id)

    return app


@wrong(
    "own_operations",
    fails="one_function_each",
    says="Expected one operation for each function, got serve_item for GET and PUT. Each operation then has its own parameters, status code and description.",
)
def with_decorators_on_top_of_each_other():
    shelf: dict[int, str] = {}
    app = FastAPI()

    @app.get("/items/{item_id}")
    @app.put("/items/{item_id}")
    async def serve_item(item_id: int, request: Request, name: str = "") -> str | None:
        if request.method == "PUT":
            shelf[item_id] = name
        return shelf.get(item_id)

    return app


def _shelf() -> tuple[FastAPI, dict[int, str]]:
    shelf: dict[int, str] = {}
    app = FastAPI()

    @app.get("/items/{item_id}")
    async def read(item_id: int) -> str | None:
        return shelf.get(item_id)

    @app.put("/items/{item_id}")
    async def put(item_id: int, name: str) -> str:
        shelf[item_id] = name
        return name

    return app, shelf


@wrong(
    "own_operations",
    fails="puts_and_gets",
    says='Expected the JSON "hpxwyydk", got "kwvqbrqq". Each item has its own place: a PUT of another one leaves it alone.',
)
def with_one_place_for_all():
    app = FastAPI()
    shelf = {1: "tea"}

    @app.get("/items/{item_id}")
    @app.head("/items/{item_id}")
    async def read_item(item_id: int) -> str | None:
        return shelf.get(1)

    @app.put("/items/{item_id}")
    async def put_item(item_id: int, name: str) -> str:
        shelf[1] = name
        return name

    @app.delete("/items/{item_id}", status_code=204)
    async def delete_item(item_id: int) -> None:
        shelf.pop(item_id, None)

    return app


@wrong(
    "own_operations",
    fails="deletes_without_a_body",
    says='Expected the JSON "qlydscop", got null. DELETE takes one item from the shelf, and leaves the others there.',
)
def that_clears_the_shelf():
    app = FastAPI()
    shelf = {1: "tea"}

    @app.get("/items/{item_id}")
    @app.head("/items/{item_id}")
    async def read_item(item_id: int) -> str | None:
        return shelf.get(item_id)

    @app.put("/items/{item_id}")
    async def put_item(item_id: int, name: str) -> str:
        shelf[item_id] = name
        return name

    @app.delete("/items/{item_id}", status_code=204)
    async def delete_item(item_id: int) -> None:
        shelf.clear()

    return app


@wrong(
    "own_operations",
    fails="deletes_without_a_body",
    says="KeyError: 190",
)
def that_deletes_only_once():
    app = FastAPI()
    shelf = {1: "tea"}

    @app.get("/items/{item_id}")
    @app.head("/items/{item_id}")
    async def read_item(item_id: int) -> str | None:
        return shelf.get(item_id)

    @app.put("/items/{item_id}")
    async def put_item(item_id: int, name: str) -> str:
        shelf[item_id] = name
        return name

    @app.delete("/items/{item_id}", status_code=204)
    async def delete_item(item_id: int) -> None:
        del shelf[item_id]

    return app


@wrong(
    "own_operations",
    fails="answers_head",
    says='Expected the JSON "vugslxus", got null. HEAD changes nothing: a monitor that looks must not empty the shelf.',
)
def with_a_head_that_deletes():
    app = FastAPI()
    shelf = {1: "tea"}

    @app.get("/items/{item_id}")
    async def read_item(item_id: int) -> str | None:
        return shelf.get(item_id)

    @app.put("/items/{item_id}")
    async def put_item(item_id: int, name: str) -> str:
        shelf[item_id] = name
        return name

    @app.head("/items/{item_id}", status_code=200)
    @app.delete("/items/{item_id}", status_code=204)
    async def delete_item(item_id: int) -> None:
        shelf.pop(item_id, None)

    return app


@wrong(
    "own_operations",
    fails="one_function_each",
    says="Expected one operation for each function, got serve_item for GET and PUT. Each operation then has its own parameters, status code and description.",
)
def with_one_function_added_by_hand():
    app = FastAPI()
    shelf = {1: "tea"}

    async def serve_item(item_id: int, request: Request, name: str = "") -> str | None:
        if request.method == "PUT":
            shelf[item_id] = name
        return shelf.get(item_id)

    app.add_api_route("/items/{item_id}", serve_item, methods=["GET", "HEAD", "PUT"])

    @app.delete("/items/{item_id}", status_code=204)
    async def delete_item(item_id: int) -> None:
        shelf.pop(item_id, None)

    return app


@wrong(
    "own_operations",
    fails="one_function_each",
    says="Expected one operation for each function, got serve_item for GET and PUT. Each operation then has its own parameters, status code and description.",
)
def with_the_methods_in_a_variable():
    app = FastAPI()
    shelf = {1: "tea"}
    methods = ["GET", "HEAD", "PUT"]

    @app.api_route("/items/{item_id}", methods=methods)
    async def serve_item(item_id: int, request: Request, name: str = "") -> str | None:
        if request.method == "PUT":
            shelf[item_id] = name
        return shelf.get(item_id)

    @app.delete("/items/{item_id}", status_code=204)
    async def delete_item(item_id: int) -> None:
        shelf.pop(item_id, None)

    return app


@wrong(
    "own_operations",
    fails="one_function_each",
    says="Expected one operation for each function, got serve_item for GET and PUT. Each operation then has its own parameters, status code and description.",
)
def with_the_decorators_called():
    app = FastAPI()
    shelf = {1: "tea"}

    async def serve_item(item_id: int, request: Request, name: str = "") -> str | None:
        if request.method == "PUT":
            shelf[item_id] = name
        return shelf.get(item_id)

    app.get("/items/{item_id}")(serve_item)
    app.put("/items/{item_id}")(serve_item)
    app.head("/items/{item_id}")(serve_item)

    @app.delete("/items/{item_id}", status_code=204)
    async def delete_item(item_id: int) -> None:
        shelf.pop(item_id, None)

    return app


# order_labels


class OpenOnly(StrEnum):
    OPEN = "open"


class Status(StrEnum):
    OPEN = "open"
    PAID = "paid"
    SENT = "sent"


@wrong(
    "order_labels",
    fails="labels_every_status",
    says="Expected status 200, got status 422. Each status an order can have is a member of the enumeration.",
)
def with_one_status_only():
    app = FastAPI()

    @app.get("/orders/{status}/{number}")
    async def read_label(status: OpenOnly, number: int) -> dict[str, Any]:
        return {"status": status, "number": number}

    return app


@wrong(
    "order_labels",
    fails="labels_every_status",
    says="Expected status 200, got status 422. A parameter is taken from the path if its name is there, between braces.",
)
def with_a_name_that_is_not_in_the_path():
    app = FastAPI()

    @app.get("/orders/{order_status}/{number}")  # noqa: FAST003 - that is the mistake
    async def read_label(status: Status, number: int) -> dict[str, Any]:
        return {"status": status, "number": number}

    return app


@wrong(
    "order_labels",
    fails="refuses_other_statuses",
    says="Expected status 422, got status 200. A word that is no status must not get a label: type the parameter as `Status`.",
)
def with_any_word_as_a_status():
    app = FastAPI()

    @app.get("/orders/{status}/{number}")
    async def read_label(status: str, number: int) -> dict[str, Any]:
        return {"status": status, "number": number}

    return app


@wrong(
    "order_labels",
    fails="bounds_the_number",
    says="Expected status 200, got status 422. `gt` and `lt` leave the bound out; with `ge` and `le` 1 is in.",
)
def with_bounds_that_are_left_out():
    app = FastAPI()

    @app.get("/orders/{status}/{number}")
    async def read_label(
        status: Status, number: Annotated[int, Path(gt=1, lt=9999)]
    ) -> dict[str, Any]:
        return {"status": status, "number": number}

    return app


@wrong(
    "order_labels",
    fails="bounds_the_number",
    says="Expected status 422, got status 200. No order has the number 0, and `int` alone does not say so.",
)
def with_any_number():
    app = FastAPI()

    @app.get("/orders/{status}/{number}")
    async def read_label(status: Status, number: int) -> dict[str, Any]:
        return {"status": status, "number": number}

    return app


@wrong(
    "order_labels",
    fails="refuses_other_statuses",
    says="Expected status 422, got status 200. A word that is no status must not get a label: type the parameter as `Status`.",
)
def with_a_pattern_that_is_not_anchored():
    app = FastAPI()

    @app.get("/orders/{order_status}/{number}")
    async def read_label(
        order_status: Annotated[str, Path(pattern="open|paid|sent")],
        number: Annotated[int, Path(ge=1, le=9999)],
    ) -> dict[str, Any]:
        return {"status": order_status, "number": number}

    return app


@wrong(
    "order_labels",
    fails="refuses_other_statuses",
    says="Expected status 422, got status 200. A word that is no status must not get a label: type the parameter as `Status`.",
)
def with_words_of_four_letters():
    app = FastAPI()

    @app.get("/orders/{order_status}/{number}")
    async def read_label(
        order_status: Annotated[str, Path(max_length=4)],
        number: Annotated[int, Path(ge=1, le=9999)],
    ) -> dict[str, Any]:
        return {"status": order_status, "number": number}

    return app


@wrong(
    "order_labels",
    fails="bounds_the_number",
    says="Expected status 422, got status 200. Orders are counted, so their number is an `int`.",
)
def with_half_orders():
    class Status(StrEnum):
        OPEN = "open"
        PAID = "paid"
        SENT = "sent"

    app = FastAPI()

    @app.get("/orders/{order_status}/{number}")
    async def read_label(
        order_status: Status, number: Annotated[float, Path(ge=1, le=9999)]
    ) -> dict[str, Any]:
        return {"status": order_status, "number": number}

    return app


# my_account


@wrong(
    "my_account",
    fails="me_is_the_owner",
    says="Expected status 200, got status 422. `me` was read as a `user_id`: the other path operation came first and fits it too.",
)
def in_the_order_it_was_found():
    app = FastAPI()

    @app.get("/users/{user_id}")
    async def read_user(user_id: int) -> dict[str, int]:
        return {"user_id": user_id}

    @app.get("/users/me")
    async def read_me() -> dict[str, str]:
        return {"name": "Ada", "role": "owner"}

    return app


@wrong(
    "my_account",
    fails="me_is_the_owner",
    says='Expected the JSON {"name": "Ada", "role": "owner"}, got {"user_id": "me"}. The first path that fits answers, so the particular one must come first.',
)
def with_a_user_id_that_is_any_word():
    app = FastAPI()

    @app.get("/users/{user_id}")
    async def read_user(user_id: str) -> dict[str, str]:
        return {"user_id": user_id}

    @app.get("/users/me")
    async def read_me() -> dict[str, str]:
        return {"name": "Ada", "role": "owner"}

    return app


@wrong(
    "my_account",
    fails="refuses_other_words",
    says="Expected status 422, got status 200. With `user_id: str` every word would count as a user; the order is the bug, not the type.",
)
def with_a_special_case_inside():
    app = FastAPI()

    @app.get("/users/{user_id}")
    async def read_user(user_id: str) -> dict[str, Any]:
        if user_id == "me":
            return {"name": "Ada", "role": "owner"}
        return {"user_id": int(user_id) if user_id.isdigit() else user_id}

    return app


@wrong(
    "my_account",
    fails="finds_by_number",
    says="Expected status 200, got status 404. A repair keeps what worked before.",
)
def with_the_other_one_thrown_away():
    app = FastAPI()

    @app.get("/users/me")
    async def read_me() -> dict[str, str]:
        return {"name": "Ada", "role": "owner"}

    return app


@wrong(
    "my_account",
    fails="refuses_other_words",
    says="Expected status 422, got status 404. A repair keeps what was there, and 404 is another answer: the order is the bug, neither the path nor the type.",
)
def with_a_convertor_in_the_path():
    app = FastAPI()

    @app.get("/users/{user_id:int}")
    async def find_user(user_id: int) -> dict[str, int]:
        return {"user_id": user_id}

    @app.get("/users/me")
    async def find_me() -> dict[str, str]:
        return {"name": "Ada", "role": "owner"}

    return app


# my_account_test


@wrong(
    "my_account_test",
    fails="passes_when_repaired",
    says="Expected a test that passes on the repaired app, got AssertionError at `assert response.status_code == 201`. A test that fails on right code is switched off sooner or later.",
)
def with_a_status_that_never_comes():
    async def test_owner(http):
        response = await http.get("/users/me")
        assert response.status_code == 201

    return test_owner


@wrong(
    "my_account_test",
    fails="fails_on_the_bug",
    says="Expected a test that fails on the app with the bug, got one that passes. A test that can't fail tests nothing: send the request that went wrong, and compare its status with `assert`.",
)
def without_an_assert():
    async def test_owner(http):
        await http.get("/users/me")

    return test_owner


@wrong(
    "my_account_test",
    fails="fails_on_the_bug",
    says="Expected a test that fails on the app with the bug, got one that passes. A test that can't fail tests nothing: send the request that went wrong, and compare its status with `assert`.",
)
def on_the_request_that_never_failed():
    async def test_owner(http):
        response = await http.get("/users/1")
        assert response.status_code == 200

    return test_owner


@wrong(
    "my_account_test",
    fails="fails_on_the_wrong_repair",
    says='Expected a test that fails when /users/me is answered {"user_id": "me"}, got one that passes. A status of 200 does not say who answered: compare the body as well.',
)
def with_the_status_only():
    async def test_owner(http):
        response = await http.get("/users/me")
        assert response.status_code == 200

    return test_owner


# bounded_pages


@wrong(
    "bounded_pages",
    fails="refuses_large_limit",
    says="Expected status 422, got status 200. The limit must be bounded on the server.",
)
def limit_without_a_bound():
    app = FastAPI()

    @app.get("/items")
    async def read_page(skip: int = 0, limit: int = 10) -> list[int]:
        return ITEM_NUMBERS[skip : skip + limit]

    return app


@wrong(
    "bounded_pages",
    fails="refuses_large_limit",
    says="Expected status 422, got status 200. A page that is cut in silence looks like the end of the list: refuse it.",
)
def limit_cut_in_silence():
    app = FastAPI()

    @app.get("/items")
    async def read_page(skip: Annotated[int, Query(ge=0)] = 0, limit: int = 10) -> list[int]:
        return ITEM_NUMBERS[skip : skip + min(limit, 100)]

    return app


@wrong(
    "bounded_pages",
    fails="refuses_negative_skip",
    says="Expected status 422, got status 200. A slice with a negative start counts from the end of the list.",
)
def skip_without_a_bound():
    app = FastAPI()

    @app.get("/items")
    async def read_page(
        skip: int = 0, limit: Annotated[int, Query(ge=1, le=100)] = 10
    ) -> list[int]:
        return ITEM_NUMBERS[skip : skip + limit]

    return app


@wrong(
    "bounded_pages",
    fails="accepts_the_bounds",
    says="Expected status 200, got status 422. `gt` and `lt` leave the bound out; with `ge` and `le` 100 is in.",
)
def limit_that_must_be_less():
    app = FastAPI()

    @app.get("/items")
    async def read_page(
        skip: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, lt=100)] = 10,
    ) -> list[int]:
        return ITEM_NUMBERS[skip : skip + limit]

    return app


@wrong(
    "bounded_pages",
    fails="answers_the_right_page",
    says="Expected status 200, got status 422. A parameter without a default is required, and old callers send none.",
)
def without_defaults():
    app = FastAPI()

    @app.get("/items")
    async def read_page(
        skip: Annotated[int, Query(ge=0)],
        limit: Annotated[int, Query(ge=1, le=100)],
    ) -> list[int]:
        return ITEM_NUMBERS[skip : skip + limit]

    return app


@wrong(
    "bounded_pages",
    fails="answers_the_right_page",
    says="Expected the JSON [61, 62, 63, 64], got []. `skip` says where the page begins and `limit` how long it is.",
)
def slice_without_skip():
    app = FastAPI()

    @app.get("/items")
    async def read_page(
        skip: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=100)] = 10,
    ) -> list[int]:
        return ITEM_NUMBERS[skip:limit]

    return app


@wrong(
    "bounded_pages",
    fails="answers_the_right_page",
    says="Expected status 200, got status 422. `gt` leaves the bound out; with `ge` 0 is in.",
)
def with_the_first_place_left_out():
    app = FastAPI()

    @app.get("/items")
    async def read_page(
        skip: Annotated[int, Query(gt=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=100)] = 10,
    ) -> list[int]:
        return ITEM_NUMBERS[skip : skip + limit]

    return app


@wrong(
    "bounded_pages",
    fails="answers_the_right_page",
    says="Expected the JSON [246, 247, 248, 249, 250], got [246, 247, 248, 249, 250, 251, 252, 253, 254, 255]. The last page has what is left of the list; nobody asked for a bound above.",
)
def with_numbers_in_place_of_the_list():
    app = FastAPI()

    @app.get("/items")
    async def read_page(
        skip: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=100)] = 10,
    ) -> list[int]:
        return list(range(skip + 1, skip + limit + 1))

    return app


# tag_search


@wrong(
    "tag_search",
    fails="finds_by_tags",
    says="Expected status 200, got status 422. A list without `Query()` is sought in the body, and a GET request has none.",
)
def list_without_query():
    app = FastAPI()

    @app.get("/items")
    async def search(tag: list[str]) -> list[str]:
        return [name for name, has in TAGS.items() if has >= set(tag)]

    return app


@wrong(
    "tag_search",
    fails="finds_by_tags",
    says='Expected the JSON ["pot"], got ["tea", "cup", "pot"]. The tags were not heard: a list without `Query()` is sought in the body.',
)
def list_with_a_default_but_without_query():
    app = FastAPI()

    @app.get("/items")
    async def search(tag: list[str] = []) -> list[str]:  # noqa: B006 - as learners write it
        return [name for name, has in TAGS.items() if has >= set(tag)]

    return app


@wrong(
    "tag_search",
    fails="finds_by_tags",
    says='Expected the JSON ["pot"], got ["cup", "pot"]. Only the last tag was heard: as a `str` the parameter holds one value.',
)
def one_word_in_place_of_a_list():
    app = FastAPI()

    @app.get("/items")
    async def search(tag: str = "") -> list[str]:
        return [name for name, has in TAGS.items() if not tag or tag in has]

    return app


@wrong(
    "tag_search",
    fails="finds_by_one_or_none",
    says="Expected status 200, got status 422. Without a default the list is required: a search without tags fails.",
)
def list_that_is_required():
    app = FastAPI()

    @app.get("/items")
    async def search(tag: Annotated[list[str], Query()]) -> list[str]:
        return [name for name, has in TAGS.items() if has >= set(tag)]

    return app


@wrong(
    "tag_search",
    fails="finds_by_one_or_none",
    says="Expected status 200, got status 404. No item has both tags: an empty list is a good answer to a search.",
)
def that_finds_nothing_and_says_so():
    app = FastAPI()

    @app.get("/items")
    async def search_by_tags(tag: Annotated[list[str] | None, Query()] = None) -> list[str]:
        found = [name for name, has in TAGS.items() if has >= set(tag or [])]
        if not found:
            raise HTTPException(404)
        return found

    return app


# owner_orders


class PageQuery(BaseModel):
    model_config = {"extra": "forbid"}

    skip: int = Field(0, ge=0)
    limit: int = Field(10, ge=1, le=50)
    status: list[str] = []


@wrong(
    "owner_orders",
    fails="echoes_the_request",
    says="Expected status 200, got status 422. A list or a model without `Query()` is sought in the body.",
)
def with_a_model_but_without_query():
    app = FastAPI()

    @app.get("/owners/{owner_id}/orders")
    async def list_orders(owner_id: int, page: PageQuery) -> dict[str, Any]:
        return {"owner_id": owner_id, **page.model_dump()}

    return app


@wrong(
    "owner_orders",
    fails="echoes_the_request",
    says='Expected the JSON {"owner_id": 571, "skip": 61, "limit": 47, "status": ["open", "paid"]}, got {"owner_id": 571, "skip": 61, "limit": 47, "status": "paid"}. `status` came twice, and one was lost: its type has to be a list.',
)
def with_one_status_as_text():
    app = FastAPI()

    @app.get("/owners/{owner_id}/orders")
    async def list_orders(
        owner_id: int, skip: int = 0, limit: int = 10, status: str = ""
    ) -> dict[str, Any]:
        return {"owner_id": owner_id, "skip": skip, "limit": limit, "status": status}

    return app


@wrong(
    "owner_orders",
    fails="echoes_the_request",
    says='Expected the JSON {"owner_id": 571, "skip": 61, "limit": 47, "status": ["open", "paid"]}, got {"owner_id": 571, "page": {"skip": 61, "limit": 47, "status": ["open", "paid"]}}. A client compares what it asked for with what was understood.',
)
def with_the_model_inside_the_answer():
    app = FastAPI()

    @app.get("/owners/{owner_id}/orders")
    async def list_orders(owner_id: int, page: Annotated[PageQuery, Query()]) -> dict[str, Any]:
        return {"owner_id": owner_id, "page": page}

    return app


@wrong(
    "owner_orders",
    fails="echoes_the_request",
    says="Expected status 200, got status 404. No path operation fits: compare the path, letter by letter.",
)
def on_another_path():
    app = FastAPI()

    @app.get("/owner/{owner_id}/orders")
    async def list_orders(owner_id: int, page: Annotated[PageQuery, Query()]) -> dict[str, Any]:
        return {"owner_id": owner_id, **page.model_dump()}

    return app


@wrong(
    "owner_orders",
    fails="has_defaults",
    says="Expected status 200, got status 422. A parameter without a default is required.",
)
def with_statuses_that_are_required():
    class Required(PageQuery):
        status: list[str]

    app = FastAPI()

    @app.get("/owners/{owner_id}/orders")
    async def list_orders(owner_id: int, page: Annotated[Required, Query()]) -> dict[str, Any]:
        return {"owner_id": owner_id, **page.model_dump()}

    return app


@wrong(
    "owner_orders",
    fails="keeps_the_bounds",
    says="Expected status 422, got status 200. The server decides what is allowed, and an owner of 0 is not.",
)
def with_any_owner():
    app = FastAPI()

    @app.get("/owners/{owner_id}/orders")
    async def list_orders(owner_id: int, page: Annotated[PageQuery, Query()]) -> dict[str, Any]:
        return {"owner_id": owner_id, **page.model_dump()}

    return app


@wrong(
    "owner_orders",
    fails="refuses_unknown_names",
    says="Expected status 422, got status 200. A misspelt name is otherwise ignored, and the client believes it was heard.",
)
def with_a_model_that_ignores_other_names():
    class Lenient(BaseModel):
        skip: int = Field(0, ge=0)
        limit: int = Field(10, ge=1, le=50)
        status: list[str] = []

    app = FastAPI()

    @app.get("/owners/{owner_id}/orders")
    async def list_orders(
        owner_id: Annotated[int, Path(ge=1)], page: Annotated[Lenient, Query()]
    ) -> dict[str, Any]:
        return {"owner_id": owner_id, **page.model_dump()}

    return app


@wrong(
    "owner_orders",
    fails="echoes_the_request",
    says='Expected the JSON {"owner_id": 571, "skip": 61, "limit": 47, "status": ["paid", "open"]}, got {"owner_id": 571, "skip": 61, "limit": 47, "status": ["open", "paid"]}. A client compares what it asked for with what was understood.',
)
def that_sorts_the_statuses():
    class OrderQuery(BaseModel):
        model_config = {"extra": "forbid"}

        skip: int = Field(0, ge=0)
        limit: int = Field(10, ge=1, le=50)
        status: list[str] = []

    app = FastAPI()

    @app.get("/owners/{owner_id}/orders")
    async def list_orders(
        owner_id: Annotated[int, Path(ge=1)], query: Annotated[OrderQuery, Query()]
    ) -> dict[str, Any]:
        return {
            "owner_id": owner_id,
            "skip": query.skip,
            "limit": query.limit,
            "status": sorted(query.status),
        }

    return app


@wrong(
    "owner_orders",
    fails="keeps_the_bounds",
    says="Expected status 200, got status 422. The bound belongs to the range: a limit of 1 is allowed.",
)
def with_a_page_of_one_left_out():
    class OrderQuery(BaseModel):
        model_config = {"extra": "forbid"}

        skip: int = Field(0, ge=0)
        limit: int = Field(10, gt=1, le=50)
        status: list[str] = []

    app = FastAPI()

    @app.get("/owners/{owner_id}/orders")
    async def list_orders(
        owner_id: Annotated[int, Path(ge=1)], query: Annotated[OrderQuery, Query()]
    ) -> dict[str, Any]:
        return {
            "owner_id": owner_id,
            "skip": query.skip,
            "limit": query.limit,
            "status": query.status,
        }

    return app


@wrong(
    "owner_orders",
    fails="keeps_the_bounds",
    says="Expected status 200, got status 422. Nobody asked for a bound above: there may be many owners, and many orders.",
)
def with_a_bound_that_nobody_asked_for():
    class OrderQuery(BaseModel):
        model_config = {"extra": "forbid"}

        skip: int = Field(0, ge=0, le=99)
        limit: int = Field(10, ge=1, le=50)
        status: list[str] = []

    app = FastAPI()

    @app.get("/owners/{owner_id}/orders")
    async def list_orders(
        owner_id: Annotated[int, Path(ge=1)], query: Annotated[OrderQuery, Query()]
    ) -> dict[str, Any]:
        return {
            "owner_id": owner_id,
            "skip": query.skip,
            "limit": query.limit,
            "status": query.status,
        }

    return app


@wrong(
    "owner_orders",
    fails="refuses_unknown_names",
    says="Expected status 422, got status 200. A misspelt name is otherwise ignored, and the client believes it was heard.",
)
def that_knows_one_spelling_mistake():
    app = FastAPI()

    @app.get("/owners/{owner_id}/orders")
    async def list_orders(
        request: Request,
        owner_id: Annotated[int, Path(ge=1)],
        status: Annotated[list[str] | None, Query()] = None,
        skip: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=50)] = 10,
    ) -> dict[str, Any]:
        if "lmit" in request.query_params:
            raise HTTPException(422)
        return {"owner_id": owner_id, "skip": skip, "limit": limit, "status": status or []}

    return app
