"""Right answers to the exercises of chapter 2, written differently from the solutions."""

import asyncio
import time
from enum import Enum
from typing import Annotated, Any, Literal

from fastapi import APIRouter, FastAPI, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt

from workbook.proofs import right

WAREHOUSE = {1: 12, 2: 0, 3: 7}
TAGS = {"tea": {"hot", "leaf"}, "cup": {"new"}, "pot": {"new", "hot"}}
ITEM_NUMBERS = list(range(1, 251))


def ask_warehouse(item_id: int) -> int:
    """The blocking call of the chapter's set-up cell."""
    time.sleep(0.2)
    return WAREHOUSE[item_id]


@right("frozen_shop")
def handed_to_a_thread():
    app = FastAPI()

    @app.get("/stock/{item_id}")
    async def count_stock(item_id: int) -> dict[str, int]:
        left = await asyncio.to_thread(ask_warehouse, item_id)
        return {"item_id": item_id, "left": left}

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


@right("described_shop")
def described_by_a_router():
    app = FastAPI(
        title="Tea shop",
        version="2.0.0",
        openapi_tags=[
            {"name": "orders", "description": "What was bought, and by whom."},
            {"name": "items", "description": "The things that we sell."},
        ],
    )
    router = APIRouter(prefix="/items", tags=["items"])

    @router.get("")
    async def list_items() -> list[str]:
        return ["tea"]

    app.include_router(router)

    @app.get("/health", include_in_schema=False)
    def health() -> str:
        return "ok"

    return app


@right("described_shop")
def with_two_words_and_two_groups():
    tags = [{"name": "items", "description": "Our shelves."}, {"name": "shop"}]
    app = FastAPI(title="Tea shop", version="2.0.0", openapi_tags=tags)

    @app.get("/items", tags=["shop", "items"])
    def list_items() -> list[str]:
        return ["cup"]

    @app.get("/health", include_in_schema=False)
    def health() -> str:
        return "ok"

    return app


@right("warm_catalogue")
def in_lower_case_without_spaces():
    return "gdjfbiea"


@right("warm_catalogue")
def without_the_decorator_that_fastapi_adds_by_itself():
    return "D J F B I E A"


@right("own_operations")
def with_a_head_of_its_own():
    shelf = {1: "tea"}
    app = FastAPI()

    @app.head("/items/{item_id}")
    def look(item_id: int) -> None: ...

    @app.api_route("/items/{item_id}", methods=["GET"])
    def read(item_id: int) -> str | None:
        return shelf.get(item_id)

    @app.put("/items/{item_id}")
    def put(item_id: int, name: str) -> str:
        shelf[item_id] = name
        return name

    @app.delete("/items/{item_id}")
    def delete(item_id: int) -> Response:
        shelf.pop(item_id, None)
        return Response(status_code=204)

    return app


@right("order_labels")
def with_literal_and_other_bounds():
    app = FastAPI()

    @app.get("/orders/{status}/{number}")
    async def read_label(
        status: Literal["open", "paid", "sent"],
        number: Annotated[int, Path(gt=0, lt=10_000)],
    ) -> dict[str, Any]:
        return {"status": status, "number": number}

    return app


@right("my_account")
def with_a_router_that_comes_first():
    app = FastAPI()
    router = APIRouter(prefix="/users")

    @router.get("/me")
    def read_me() -> dict[str, str]:
        return {"name": "Ada", "role": "owner"}

    app.include_router(router)

    @app.get("/users/{user_id}")
    def read_user(user_id: int) -> dict[str, int]:
        return {"user_id": user_id}

    return app


@right("my_account_test")
def one_assert_for_the_name():
    async def test_owner(http):
        answer = await http.get("/users/me")
        assert answer.is_success, answer.text
        assert answer.json()["name"] == "Ada"

    return test_owner


@right("bounded_pages")
def with_pydantic_types():
    app = FastAPI()

    @app.get("/items")
    def read_page(
        skip: NonNegativeInt = 0,
        limit: Annotated[int, Query(gt=0, lt=101)] = 10,
    ) -> list[int]:
        return ITEM_NUMBERS[skip:][:limit]

    return app


@right("tag_search")
def with_a_list_that_may_be_none():
    app = FastAPI()

    @app.get("/items")
    async def search(tag: Annotated[list[str] | None, Query()] = None) -> list[str]:
        return [name for name, has in TAGS.items() if not tag or set(tag) <= has]

    return app


@right("owner_orders")
def with_a_model_for_the_answer():
    class Status(Enum):
        OPEN = "open"
        PAID = "paid"
        SENT = "sent"

    class Page(BaseModel):
        model_config = ConfigDict(extra="forbid")

        limit: Annotated[int, Field(gt=0, le=50)] = 10
        skip: NonNegativeInt = 0
        status: list[Status] = Field(default_factory=list)

    class OwnersPage(Page):
        owner_id: int

    app = FastAPI()

    @app.get("/owners/{owner_id}/orders")
    def list_orders(
        owner_id: Annotated[int, Path(ge=1)], page: Annotated[Page, Query()]
    ) -> OwnersPage:
        return OwnersPage(owner_id=owner_id, **page.model_dump())

    return app
