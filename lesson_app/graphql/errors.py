"""Which errors a client is told of, and which are ours: those are logged and masked."""

import logging
from collections.abc import Generator
from contextlib import contextmanager

import strawberry
from graphql import GraphQLError
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from strawberry.types import ExecutionContext

from lesson_app.core.contention import contention
from lesson_app.core.exceptions import Busy, ShopError

logger = logging.getLogger(__name__)


@contextmanager
def expected_errors() -> Generator[None]:
    """Tell the client what the shop refuses to do, with a code that programs can read.

    Raises:
        GraphQLError: instead of a `ShopError`, of arguments that are not valid, or of a database
            that is busy.
    """
    try:
        yield
    except ShopError as error:
        raise _refusal(error) from error
    except PoolTimeout as error:
        raise _refusal(Busy()) from error
    except DBAPIError as error:
        if contention(error) is None:
            raise
        raise _refusal(Busy()) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        message = f"{place}: {first['msg']}"
        raise GraphQLError(message, extensions={"code": "INVALID_REQUEST"}) from error


def _refusal(error: ShopError) -> GraphQLError:
    code = error.title.upper().replace(" ", "_")
    return GraphQLError(str(error), extensions={"code": code})


def is_bug(error: GraphQLError) -> bool:
    """Say whether nobody expected an error. What GraphQL itself refuses has no original one."""
    return not isinstance(error.original_error, GraphQLError | None)


class ShopSchema(strawberry.Schema):
    """A schema that logs what is a bug; Strawberry's own logs every mistake of a client too."""

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        for error in filter(is_bug, errors):
            # The path, and not the query: its arguments are what a person sent.
            path = ".".join(str(part) for part in error.path or ())
            logger.error("GraphQL failed at %s", path, exc_info=error.original_error)
