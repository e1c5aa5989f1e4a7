"""The address of the graph."""

from json import JSONDecodeError

from strawberry.fastapi import GraphQLRouter

from lesson_app.config import Settings
from lesson_app.graphql.context import Context, get_context
from lesson_app.graphql.schema import make_schema

PATH = "/graphql"


class ShopRouter(GraphQLRouter[Context, None]):
    """Routes that answer 400 to whatever is no JSON, and not 500 to some of it."""

    def decode_json(self, data: str | bytes) -> object:
        try:
            return super().decode_json(data)
        # Bytes that are no text and a number of too many digits are the first; too many brackets
        # are the second. Strawberry expects neither.
        except (ValueError, RecursionError) as error:
            raise JSONDecodeError(str(error), "", 0) from error


def make_router(settings: Settings) -> GraphQLRouter[Context, None]:
    """Make the routes. Where the docs are off, GraphiQL and introspection are off too."""
    return ShopRouter(
        make_schema(introspection=settings.docs),
        path=PATH,
        graphql_ide="graphiql" if settings.docs else None,
        context_getter=get_context,
        # A page of another site can have a browser send a GET, and there is nothing to subscribe.
        allow_queries_via_get=False,
        subscription_protocols=(),
        include_in_schema=False,
    )
