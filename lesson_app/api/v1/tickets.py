"""Tickets for WebSockets."""

from fastapi import APIRouter, Response, status

from lesson_app.api.openapi import problems
from lesson_app.core.tickets import TicketHolder
from lesson_app.dependencies import CallerDep, SettingsDep, TicketsDep
from lesson_app.schemas.auth import TicketOut

router = APIRouter(
    prefix="/ws-tickets",
    tags=["auth"],
    responses=problems(status.HTTP_401_UNAUTHORIZED, status.HTTP_403_FORBIDDEN),
)


@router.post("", status_code=status.HTTP_201_CREATED)
async def create_ticket(
    caller: CallerDep, tickets: TicketsDep, settings: SettingsDep, response: Response
) -> TicketOut:
    """Get a ticket that opens one WebSocket, soon: `wss://…?ticket=…`."""
    ticket = await tickets.issue(TicketHolder(caller.user.id, caller.login_id, caller.scopes))
    response.headers["Cache-Control"] = "no-store"
    lifetime = settings.websocket_ticket_lifetime
    return TicketOut(ticket=ticket, expires_in=int(lifetime.total_seconds()))
