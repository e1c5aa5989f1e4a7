"""GraphQL at /graphql, with Strawberry: items, and the orders of who asks.

Another way in to the same shop: queries and changes go through the same functions as the API's.
Needs the extra `graphql`, and is imported only when `settings.graphql` is on.
"""
