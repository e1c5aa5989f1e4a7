"""Everything at once, one JSON object a line. Source of the format: jsonlines.org.

A client reads line by line, and so does the shop: neither holds the whole.
"""

from collections.abc import AsyncIterable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response, status
from fastapi.requests import HTTPConnection

from lesson_app.api.openapi import problems
from lesson_app.dependencies import CallerDep, CurrentUser, StreamSessionDep
from lesson_app.schemas.item import ItemOut
from lesson_app.schemas.order import OrderOut
from lesson_app.services.exports import stream_items, stream_orders
from lesson_app.services.outbox import Sessions

router = APIRouter(
    prefix="/exports",
    tags=["exports"],
    responses=problems(status.HTTP_401_UNAUTHORIZED, status.HTTP_403_FORBIDDEN),
)


def get_sessions(connection: HTTPConnection) -> Sessions:
    """Return what makes sessions, for a stream that needs more than one."""
    return connection.state.sessions


def _saved_as(name: str) -> Any:
    """Make a dependency that gives the download a name: once lines flow, headers are sent."""

    def set_header(response: Response) -> None:
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'

    return Depends(set_header)


@router.get("/items", dependencies=[_saved_as("items.jsonl")])
async def export_items(user: CurrentUser, session: StreamSessionDep) -> AsyncIterable[ItemOut]:
    """Export all items, oldest first."""
    async for item in stream_items(session):
        yield ItemOut.model_validate(item)


@router.get("/orders", dependencies=[_saved_as("orders.jsonl")])
async def export_orders(
    caller: CallerDep, sessions: Annotated[Sessions, Depends(get_sessions)]
) -> AsyncIterable[OrderOut]:
    """Export all of your orders, oldest first. An administrator gets everybody's."""
    buyer_id = None if caller.is_admin else caller.user.id
    async for order in stream_orders(sessions, buyer_id=buyer_id):
        yield OrderOut.model_validate(order)
