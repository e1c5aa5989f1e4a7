"""Orders: place one, see what became of it, pay, ship, cancel."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response, status

from lesson_app.api.openapi import headers, problems
from lesson_app.crud import order as order_crud
from lesson_app.dependencies import AdminUser, CallerDep, EmptyOutbox, SessionDep
from lesson_app.models import OrderStatus
from lesson_app.schemas.fields import Id
from lesson_app.schemas.order import IdempotencyKey, OrderCreate, OrderOut, OrderQuery
from lesson_app.schemas.page import Page
from lesson_app.services import orders
from lesson_app.services.logins import Caller

router = APIRouter(
    prefix="/orders",
    tags=["orders"],
    responses=problems(
        status.HTTP_401_UNAUTHORIZED,
        status.HTTP_403_FORBIDDEN,
        status.HTTP_422_UNPROCESSABLE_CONTENT,
    ),
)

OrderId = Annotated[Id, Path(description="The id of an order.")]

_LOCATED = headers({"Location": "The order"})
_NOT_FOUND = problems(status.HTTP_404_NOT_FOUND)
_NOT_FOUND_OR_CONFLICT = problems(status.HTTP_404_NOT_FOUND, status.HTTP_409_CONFLICT)


def _visible_to(caller: Caller) -> int | None:
    """Return whose orders a caller may see: None means everybody's."""
    return None if caller.is_admin else caller.user.id


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    dependencies=[EmptyOutbox],
    responses={
        status.HTTP_200_OK: {
            "model": OrderOut,
            "description": "The order that was placed with this key before",
            **_LOCATED,
        },
        status.HTTP_201_CREATED: _LOCATED,
        **problems(status.HTTP_409_CONFLICT),
    },
)
async def place_order(
    data: OrderCreate,
    caller: CallerDep,
    session: SessionDep,
    request: Request,
    response: Response,
    idempotency_key: Annotated[
        IdempotencyKey | None,
        Header(
            description="A name of your own for this request, such as a UUID. Sent again after "
            "an answer that was lost, it gets the same order and buys nothing twice."
        ),
    ] = None,
) -> OrderOut:
    """Buy what is in stock, all lines or none, at the prices of this moment."""
    wanted = {line.item_id: line.quantity for line in data.lines}
    order, new = await orders.place_order(session, caller.user.id, wanted, key=idempotency_key)
    if not new:
        response.status_code = status.HTTP_200_OK
    response.headers["Location"] = request.url_for("read_order", order_id=order.id).path
    return OrderOut.model_validate(order)


@router.get("")
async def list_orders(
    query: Annotated[OrderQuery, Query()], caller: CallerDep, session: SessionDep
) -> Page[OrderOut]:
    """List your orders, newest first. An administrator sees everybody's."""
    if not caller.is_admin:
        query.buyer_id = caller.user.id
    found, total = await order_crud.list_orders(session, query)
    return Page(
        items=[OrderOut.model_validate(order) for order in found],
        total=total,
        limit=query.limit,
        offset=query.offset,
    )


@router.get("/{order_id}", responses=_NOT_FOUND)
async def read_order(order_id: OrderId, caller: CallerDep, session: SessionDep) -> OrderOut:
    """Show one of your orders. Somebody else's is not found, so that nobody learns of it."""
    order = await order_crud.get_order(session, order_id, buyer_id=_visible_to(caller))
    return OrderOut.model_validate(order)


@router.post("/{order_id}/pay", responses=_NOT_FOUND_OR_CONFLICT)
async def pay_order(order_id: OrderId, caller: CallerDep, session: SessionDep) -> OrderOut:
    """Pay a placed order. This shop takes your word for it."""
    order = await orders.move_order(
        session, order_id, OrderStatus.PAID, buyer_id=_visible_to(caller)
    )
    return OrderOut.model_validate(order)


@router.post("/{order_id}/cancel", responses=_NOT_FOUND_OR_CONFLICT)
async def cancel_order(order_id: OrderId, caller: CallerDep, session: SessionDep) -> OrderOut:
    """Cancel an order that is not shipped. Its units go back into stock, once."""
    order = await orders.move_order(
        session, order_id, OrderStatus.CANCELLED, buyer_id=_visible_to(caller)
    )
    return OrderOut.model_validate(order)


@router.post("/{order_id}/ship", responses=_NOT_FOUND_OR_CONFLICT)
async def ship_order(order_id: OrderId, admin: AdminUser, session: SessionDep) -> OrderOut:
    """Ship a paid order; for administrators."""
    order = await orders.move_order(session, order_id, OrderStatus.SHIPPED)
    return OrderOut.model_validate(order)
