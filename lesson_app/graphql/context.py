"""What a resolver can ask for: the session, who asks, and loaders that read many rows at once."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.dataloader import DataLoader
from strawberry.fastapi import BaseContext

from lesson_app.core.exceptions import InvalidToken
from lesson_app.crud import item as item_crud
from lesson_app.crud import user as user_crud
from lesson_app.dependencies import OptionalCaller, SessionDep
from lesson_app.graphql.errors import expected_errors
from lesson_app.models import Item, User
from lesson_app.services.logins import Caller
from lesson_app.services.relay import Relay


class Context(BaseContext):
    """What belongs to one request.

    Args:
        session: its transaction.
        caller: who asks, if there is a token.
        relay: sends what a change writes to the outbox.
    """

    def __init__(self, session: AsyncSession, caller: Caller | None, relay: Relay) -> None:
        super().__init__()
        self._session = session
        self._turn = asyncio.Lock()
        # Kept, because a change that is rolled back makes the session forget what it has read.
        self._user_id = caller.user.id if caller else None
        self.relay = relay
        # A loader collects the ids that all resolvers ask for, then reads them in one statement.
        self.items = DataLoader(load_fn=self._load_items)
        self.users = DataLoader(load_fn=self._load_users)

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[AsyncSession]:
        """Lend the session to one resolver at a time: fields are resolved concurrently."""
        async with self._turn:
            yield self._session

    @property
    def user_id(self) -> int:
        """The id of who asks.

        Raises:
            InvalidToken: there is no token.
        """
        if self._user_id is None:
            raise InvalidToken
        return self._user_id

    async def _load_items(self, ids: list[int]) -> Sequence[Item]:
        with expected_errors():
            async with self.session() as session:
                return await item_crud.get_items(session, ids)

    async def _load_users(self, ids: list[int]) -> Sequence[User]:
        with expected_errors():
            async with self.session() as session:
                return await user_crud.get_users(session, ids)


async def get_context(request: Request, session: SessionDep, caller: OptionalCaller) -> Context:
    """Make the context of a request; a token that is not good is refused as by the API."""
    return Context(session, caller, request.state.relay)
