"""What can be asked for and changed, and how much of it at once."""

import strawberry
from pydantic import BaseModel
from strawberry.extensions import (
    DisableIntrospection,
    MaskErrors,
    MaxAliasesLimiter,
    MaxTokensLimiter,
    QueryDepthLimiter,
)

from lesson_app.crud import item as item_crud
from lesson_app.crud import order as order_crud
from lesson_app.crud.item_listing import list_items
from lesson_app.graphql.errors import ShopSchema, expected_errors, is_bug
from lesson_app.graphql.types import (
    ItemPageType,
    ItemType,
    OrderLineInput,
    OrderPageType,
    OrderType,
    ShopInfo,
)
from lesson_app.schemas.item_query import ItemSort, OffsetItemQuery
from lesson_app.schemas.order import IdempotencyKey, OrderCreate, OrderQuery
from lesson_app.services import orders

# A query is one request, whatever it asks for: so what it may ask for is bounded.
MAX_DEPTH = 6
"""`orders { orders { lines { item { owner { displayName } } } } }` is 5 levels below the root."""
MAX_TOKENS = 500
MAX_ALIASES = 10


class _Named(BaseModel):
    """What a client calls its request, if anything: by the rule of the API's header."""

    key: IdempotencyKey | None


@strawberry.type
class Query:
    """Everything that can be read."""

    @strawberry.field(description="What is for sale, one page at a time.")
    async def items(
        self,
        info: ShopInfo,
        q: str | None = None,
        in_stock: bool | None = None,
        sort: ItemSort = ItemSort.OLDEST,
        limit: int = 20,
        offset: int = 0,
    ) -> ItemPageType:
        with expected_errors():
            query = OffsetItemQuery(q=q, in_stock=in_stock, sort=sort, limit=limit, offset=offset)
            async with info.context.session() as session:
                found, total = await list_items(session, query)
        return ItemPageType(items=[ItemType.of(item) for item in found], total=total)

    @strawberry.field(description="One item.")
    async def item(self, info: ShopInfo, id: int) -> ItemType:
        with expected_errors():
            async with info.context.session() as session:
                return ItemType.of(await item_crud.get_item(session, id))

    @strawberry.field(description="Your orders, newest first. Needs a token.")
    async def orders(self, info: ShopInfo, limit: int = 20, offset: int = 0) -> OrderPageType:
        with expected_errors():
            buyer_id = info.context.user_id
            query = OrderQuery(buyer_id=buyer_id, limit=limit, offset=offset)
            async with info.context.session() as session:
                found, total = await order_crud.list_orders(session, query)
        return OrderPageType(orders=[OrderType.of(order) for order in found], total=total)


@strawberry.type
class Mutation:
    """Everything that can be changed. Several changes of one request are done one by one."""

    @strawberry.mutation(description="Buy what is in stock, all lines or none. Needs a token.")
    async def place_order(
        self, info: ShopInfo, lines: list[OrderLineInput], key: str | None = None
    ) -> OrderType:
        context = info.context
        with expected_errors():
            buyer_id = context.user_id
            data = OrderCreate.model_validate({"lines": [vars(line) for line in lines]})
            wanted = {line.item_id: line.quantity for line in data.lines}
            key = _Named(key=key).key
            async with context.session() as session:
                try:
                    order, _ = await orders.place_order(session, buyer_id, wanted, key=key)
                    placed = OrderType.of(order)
                except BaseException:
                    # The answer is 200 all the same, so nobody else rolls it back.
                    await session.rollback()
                    raise
                # Now: what a later change of this request does must not take it back.
                await session.commit()
        await context.relay.wake()
        return placed


def make_schema(*, introspection: bool) -> strawberry.Schema:
    """Make the schema.

    Args:
        introspection: whether it tells what is in it.
    """
    hidden = [] if introspection else [DisableIntrospection]
    return ShopSchema(
        query=Query,
        mutation=Mutation,
        extensions=[
            *hidden,
            lambda: QueryDepthLimiter(MAX_DEPTH),
            lambda: MaxTokensLimiter(MAX_TOKENS),
            lambda: MaxAliasesLimiter(MAX_ALIASES),
            lambda: MaskErrors(is_bug, "Something went wrong on our side."),
        ],
    )
