"""The address of the graph."""

from strawberry.fastapi import GraphQLRouter

from lesson_app.config import Settings
from lesson_app.graphql.context import Context, get_context
from lesson_app.graphql.schema import make_schema

PATH = "/graphql"


def make_router(settings: Settings) -> GraphQLRouter[Context, None]:
    """Make the routes. Where the docs are off, GraphiQL and introspection are off too."""
    return GraphQLRouter(
        make_schema(introspection=settings.docs),
        path=PATH,
        graphql_ide="graphiql" if settings.docs else None,
        context_getter=get_context,
        # A page of another site can have a browser send a GET, and there is nothing to subscribe.
        allow_queries_via_get=False,
        subscription_protocols=(),
        include_in_schema=False,
    )
